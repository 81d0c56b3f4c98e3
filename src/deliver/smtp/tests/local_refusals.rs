//! Mails that Mailferry refuses before it sends a command for them.

use super::*;
use crate::fact::DeliveryPhase;

/// The reason why a mail is refused. Asserts that nothing was sent and that the session can still be used.
async fn refusal(terms: &Terms, offers: &str, to: &str, mail: &[u8]) -> DeliveryProblem {
    let (problem, rest) = play(hello(offers), async |stream| {
        let mut session = Session::open(stream, terms).await.unwrap();
        let problem = send_to(&mut session, to, mail).await.unwrap_err();
        assert!(session.is_ready().await);
        problem
    })
    .await;
    assert_eq!(rest, "", "nothing is sent");
    problem
}

#[tokio::test]
async fn a_mail_that_the_server_cannot_take_is_not_offered() {
    let to = "jobb@l.se";
    assert_eq!(
        refusal(&terms(), "SIZE_10", to, b"0123456789").await,
        DeliveryProblem::TooLarge { size: 12, limit: 10 },
        "with the CRLF that DATA adds"
    );
    assert_eq!(
        refusal(&terms(), "SIZE_10 CHUNKING", to, b"01234567890").await,
        DeliveryProblem::TooLarge { size: 11, limit: 10 }
    );
    for mail in [&b"a\nb\r\n"[..], b"a\rb\r\n", b"a\r\n\r"] {
        assert_eq!(refusal(&terms(), "SIZE", to, mail).await, DeliveryProblem::BareLineEnds);
        let without = Terms { chunking: false, ..terms() };
        assert_eq!(refusal(&without, "CHUNKING", to, mail).await, DeliveryProblem::BareLineEnds);
    }
    let address = "jörgen@l.se".to_owned();
    assert_eq!(refusal(&terms(), "8BITMIME", &address, b"").await, DeliveryProblem::AddressNeedsUtf8 { address });
}

#[tokio::test]
async fn line_ends_are_repaired_if_configured() {
    let script = [
        c("MAIL FROM:<> SIZE=15"),
        s("250 ok"),
        c(RCPT),
        s("250 ok"),
        c("DATA"),
        s("354 go"),
        c("a\r\n..\r\nb\r\nc\r\nd\r\n."),
        s("250 ok"),
    ];
    let repairing = Terms { repair_line_ends: true, ..terms() };
    let (result, rest) = deliver(&repairing, steps(&[&hello("SIZE"), &script]), b"a\n.\r\nb\rc\r\nd").await;
    let accepted = result.unwrap();
    assert_eq!((accepted.line_ends_repaired, accepted.last_line_end_added), (2, true));
    assert_eq!(rest, "");
}

#[tokio::test]
async fn a_mail_that_has_changed_since_the_scan_is_not_delivered() {
    let script = [c(MAIL), s("250 ok"), c(RCPT), s("250 ok"), c("DATA"), s("354 go")];
    for (pieces, read) in [(&[&b"x\r\n"[..]][..], 3), (&[b"xyz\r\n", b"more"], 9)] {
        let (result, rest) = play(steps(&[&hello(""), &script]), async |stream| {
            let mut session = Session::open(stream, &terms()).await.unwrap();
            let to: Address = "jobb@l.se".parse().unwrap();
            let envelope = Envelope { from: None, to: &to };
            let mut transaction = session.begin(&envelope, &scan(b"xyz\r\n")).await.unwrap();
            let mut failed = None;
            for piece in pieces {
                failed = failed.or(transaction.push(piece).await.err());
            }
            let finished = transaction.finish().await.unwrap_err();
            assert_eq!(failed.is_some(), read > 5, "surplus bytes are noticed at once");
            assert!(failed.is_none_or(|failed| failed == finished));
            assert!(!session.is_ready().await);
            finished
        })
        .await;
        assert_eq!(result, DeliveryProblem::Incomplete { size: 5, read });
        assert_eq!(rest, "");
    }
    // A scan of another mail does not let a lone LF through.
    let (result, _) = play(steps(&[&hello(""), &script]), async |stream| {
        let mut session = Session::open(stream, &terms()).await.unwrap();
        let to: Address = "jobb@l.se".parse().unwrap();
        let mut transaction = session.begin(&Envelope { from: None, to: &to }, &scan(b"xyz\r\n")).await.unwrap();
        transaction.push(b"a\n.\r\n").await
    })
    .await;
    assert_eq!(result, Err(DeliveryProblem::BareLineEnds));
    assert_ne!(result, Err(DeliveryProblem::Closed { phase: DeliveryPhase::Body }));
}
