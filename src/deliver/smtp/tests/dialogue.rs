//! Servers that follow the protocol.

use super::*;
use crate::fact::DeliveryPhase;

fn refused(phase: DeliveryPhase, code: u16, enhanced: Option<&str>, words: &str) -> DeliveryProblem {
    DeliveryProblem::Refused { phase, code, enhanced: enhanced.map(str::to_owned), words: words.to_owned() }
}

#[tokio::test]
async fn a_server_without_extensions_gets_one_command_at_a_time() {
    let script = [
        c(MAIL),
        s("250 ok"),
        c(RCPT),
        s("250 ok"),
        c("DATA"),
        s("354 go"),
        c("a: b\r\n\r\n..hej\r\n."),
        s("250 2.0.0 queued as 4711"),
        c("QUIT"),
        s("221 bye"),
    ];
    let (result, rest) = play(steps(&[&hello(""), &script]), async |stream| {
        let mut session = Session::open(stream, &terms()).await.unwrap();
        assert_eq!(session.greeting(), "mx.l.se");
        let sent = send(&mut session, b"a: b\r\n\r\n.hej\r\n").await;
        assert!(session.is_ready().await);
        session.quit().await;
        sent
    })
    .await;
    let accepted = Accepted {
        code: 250,
        enhanced: Some("2.0.0".to_owned()),
        words: "queued as 4711".to_owned(),
        line_ends_repaired: 0,
        last_line_end_added: false,
    };
    assert_eq!((result, rest.as_str()), (Ok(accepted), ""));
}

#[tokio::test]
async fn pipelining_and_parameters_are_used_where_offered() {
    let script = [
        C("MAIL FROM:<> SIZE=12 BODY=8BITMIME\r\nRCPT TO:<jobb@l.se>\r\nDATA\r\n".to_owned()),
        S("250 ok\r\n250 ok\r\n354 go\r\n".to_owned()),
        c("a: b\r\n\r\nå\r\n."),
        s("250 ok"),
    ];
    let opening = hello("PIPELINING SIZE_100 8BITMIME SMTPUTF8");
    let (result, rest) = deliver(&terms(), steps(&[&opening, &script]), "a: b\r\n\r\nå".as_bytes()).await;
    assert!(result.unwrap().last_line_end_added);
    assert_eq!(rest, "");
    // An ASCII mail is not announced as 8-bit, since a later server might then have to convert it.
    let script = [
        C("MAIL FROM:<> SIZE=3\r\nRCPT TO:<jobb@l.se>\r\nDATA\r\n".to_owned()),
        S("250 ok\r\n250 ok\r\n354 go\r\n".to_owned()),
        c("x\r\n."),
        s("250 ok"),
    ];
    let (result, rest) = deliver(&terms(), steps(&[&opening, &script]), b"x\r\n").await;
    assert_eq!((result.is_ok(), rest.as_str()), (true, ""));
}

#[tokio::test]
async fn smtputf8_is_requested_for_an_address_only() {
    let script = |mail: &str, rcpt: &str| {
        [c(mail), s("250 ok"), c(rcpt), s("250 ok"), c("DATA"), s("354 go"), c("Å: å\r\n."), s("250 ok")]
    };
    for (to, mail, rcpt) in [
        ("jobb@l.se", "MAIL FROM:<>", "RCPT TO:<jobb@l.se>"),
        ("jobb@åmål.se", "MAIL FROM:<>", "RCPT TO:<jobb@xn--ml-xiab.se>"),
        ("jörgen@l.se", "MAIL FROM:<> SMTPUTF8", "RCPT TO:<jörgen@l.se>"),
    ] {
        let (result, rest) = play(steps(&[&hello("SMTPUTF8"), &script(mail, rcpt)]), async |stream| {
            send_to(&mut Session::open(stream, &terms()).await?, to, "Å: å\r\n".as_bytes()).await
        })
        .await;
        assert!(result.is_ok(), "{to}: {result:?}");
        assert_eq!(rest, "");
    }
}

#[tokio::test]
async fn bdat_carries_any_bytes_unchanged() {
    for mail in [&b"a\n.\r\nb\rc\0"[..], b"", b"x"] {
        let script = [
            C(format!("MAIL FROM:<> SIZE={}\r\nRCPT TO:<jobb@l.se>\r\n", mail.len())),
            S("250 ok\r\n250 ok\r\n".to_owned()),
            C(format!("BDAT {} LAST\r\n{}", mail.len(), String::from_utf8_lossy(mail))),
            s("250 ok"),
        ];
        let opening = hello("PIPELINING CHUNKING SIZE");
        let (result, rest) = deliver(&terms(), steps(&[&opening, &script]), mail).await;
        let accepted = result.unwrap();
        assert_eq!((accepted.line_ends_repaired, accepted.last_line_end_added, rest.as_str()), (0, false, ""));
    }
}

#[tokio::test]
async fn a_large_mail_is_sent_in_chunks_that_are_answered_one_by_one() {
    let mail = "0123456789abcde\n".repeat((5 << 20) / 32).into_bytes(); // 2.5 MiB
    let (one, two) = (&mail[..1 << 20], &mail[1 << 20..2 << 20]);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let script = [
        c(MAIL),
        s("250 ok"),
        c(RCPT),
        s("250 ok"),
        C(format!("BDAT 1048576\r\n{}", text(one))),
        s("250 one"),
        C(format!("BDAT 1048576\r\n{}", text(two))),
        s("250 two"),
        C(format!("BDAT 524288 LAST\r\n{}", text(&mail[2 << 20..]))),
        s("250 all"),
    ];
    for piece in [1 << 20, 777_777, 100_000] {
        let (result, rest) = play(steps(&[&hello("CHUNKING"), &script]), async |stream| {
            let mut session = Session::open(stream, &terms()).await?;
            let to: Address = "jobb@l.se".parse().unwrap();
            let mut transaction = session.begin(&Envelope { from: None, to: &to }, &scan(&mail)).await?;
            for piece in mail.chunks(piece) {
                transaction.push(piece).await?;
            }
            transaction.finish().await
        })
        .await;
        assert_eq!((result.unwrap().words.as_str(), rest.as_str()), ("all", ""), "pieces of {piece}");
    }
}

#[tokio::test]
async fn a_refused_mail_leaves_the_session_usable_for_the_next() {
    let next = [c(MAIL), s("250 ok"), c(RCPT), s("250 ok"), c("DATA"), s("354 go"), c("x\r\n."), s("250 ok")];
    let reset = [c("RSET"), s("250 ok")];
    for (refusal, problem) in [
        (
            steps(&[&[c(MAIL), s("451 4.3.0 later")], &reset]),
            refused(DeliveryPhase::Sender, 451, Some("4.3.0"), "later"),
        ),
        (
            steps(&[&[c(MAIL), s("250 ok"), c(RCPT), s("550-5.1.1 no\r\n550 5.1.1 user")], &reset]),
            refused(DeliveryPhase::Recipient, 550, Some("5.1.1"), "no user"),
        ),
        (
            steps(&[&[c(MAIL), s("250 ok"), c(RCPT), s("250 ok"), c("DATA"), s("554 no")], &reset]),
            refused(DeliveryPhase::Data, 554, None, "no"),
        ),
        (
            steps(&[&next[..6], &[c("x\r\n."), s("552 5.2.2 full")]]),
            refused(DeliveryPhase::Answer, 552, Some("5.2.2"), "full"),
        ),
    ] {
        let (results, rest) = play(steps(&[&hello(""), &refusal, &next]), async |stream| {
            let mut session = Session::open(stream, &terms()).await.unwrap();
            let first = send(&mut session, b"x\r\n").await;
            assert!(session.is_ready().await);
            (first, send(&mut session, b"x\r\n").await.map(|accepted| accepted.code))
        })
        .await;
        assert_eq!(results, (Err(problem), Ok(250)));
        assert_eq!(rest, "");
    }
}

#[tokio::test]
async fn the_first_refusal_of_a_pipeline_is_the_reason() {
    let all = C(format!("{MAIL}\r\n{RCPT}\r\nDATA\r\n"));
    for (answers, problem) in [
        ("250 ok\r\n550 who\r\n554 none", refused(DeliveryPhase::Recipient, 550, None, "who")),
        ("450 wait\r\n503 first\r\n503 first", refused(DeliveryPhase::Sender, 450, None, "wait")),
        ("250 ok\r\n250 ok\r\n451 disk", refused(DeliveryPhase::Data, 451, None, "disk")),
    ] {
        let script = [all.clone(), s(answers), c("RSET"), s("250 ok")];
        let ((result, is_ready), rest) = play(steps(&[&hello("PIPELINING"), &script]), async |stream| {
            let mut session = Session::open(stream, &terms()).await.unwrap();
            (send(&mut session, b"x\r\n").await, session.is_ready().await)
        })
        .await;
        assert_eq!((result, is_ready, rest.as_str()), (Err(problem), true, ""));
    }
}

#[tokio::test]
async fn no_dot_is_sent_for_a_refused_recipient() {
    let script = [C(format!("{MAIL}\r\n{RCPT}\r\nDATA\r\n")), s("250 ok\r\n550 who\r\n354 go")];
    let ((result, is_ready), rest) = play(steps(&[&hello("PIPELINING"), &script]), async |stream| {
        let mut session = Session::open(stream, &terms()).await.unwrap();
        (send(&mut session, b"x\r\n").await, session.is_ready().await)
    })
    .await;
    assert_eq!(result, Err(refused(DeliveryPhase::Recipient, 550, None, "who")));
    assert_eq!((is_ready, rest.as_str()), (false, ""));
}

#[tokio::test]
async fn a_mail_refused_after_bdat_is_reset() {
    let script = [
        c(MAIL),
        s("250 ok"),
        c(RCPT),
        s("250 ok"),
        C("BDAT 3 LAST\r\nx\r\n".to_owned()),
        s("554 spam"),
        c("RSET"),
        s("250 ok"),
    ];
    let ((result, is_ready), rest) = play(steps(&[&hello("CHUNKING"), &script]), async |stream| {
        let mut session = Session::open(stream, &terms()).await.unwrap();
        (send(&mut session, b"x\r\n").await, session.is_ready().await)
    })
    .await;
    assert_eq!(result, Err(refused(DeliveryPhase::Answer, 554, None, "spam")));
    assert_eq!((is_ready, rest.as_str()), (true, ""));
}

#[tokio::test]
async fn lmtp_uses_lhlo_and_has_one_answer_for_one_recipient() {
    let opening = [s("220 l"), c("LHLO mf.test"), S("250-l\r\n250 PIPELINING\r\n".to_owned())];
    let all = C(format!("{MAIL}\r\n{RCPT}\r\nDATA\r\n"));
    let one = [all, S("250 ok\r\n250 ok\r\n354 go\r\n".to_owned()), c("x\r\n.")];
    for (answers, is_accepted, is_ready) in [
        ("250 2.0.0 <jobb@l.se> saved", true, true),
        ("552 5.2.2 <jobb@l.se> quota", false, true),
        ("250 saved\r\n250 saved", true, false), // an extra answer would be taken for that of the next mail
        ("250 saved\r\n552 quota", true, false),
    ] {
        let ((result, was_ready), rest) = play(steps(&[&opening, &one, &[s(answers)]]), async |stream| {
            let mut session = Session::open(stream, &lmtp()).await.unwrap();
            (send(&mut session, b"x\r\n").await, session.is_ready().await)
        })
        .await;
        assert_eq!((result.is_ok(), was_ready, rest.as_str()), (is_accepted, is_ready, ""), "{answers}");
    }
    // No answer at all: the mail may have arrived.
    let (result, _) = deliver(&lmtp(), steps(&[&opening, &one, &[Close]]), b"x\r\n").await;
    assert_eq!(result, Err(DeliveryProblem::Closed { phase: DeliveryPhase::Answer }));
}

#[tokio::test]
async fn a_transaction_that_is_dropped_delivers_nothing() {
    for offers in ["", "CHUNKING"] {
        let script = match offers {
            "" => vec![c(MAIL), s("250 ok"), c(RCPT), s("250 ok"), c("DATA"), s("354 go")],
            _ => vec![c(MAIL), s("250 ok"), c(RCPT), s("250 ok")],
        };
        let (is_ready, rest) = play(steps(&[&hello(offers), &script]), async |stream| {
            let mut session = Session::open(stream, &terms()).await.unwrap();
            let to: Address = "jobb@l.se".parse().unwrap();
            let envelope = Envelope { from: None, to: &to };
            let mut transaction = session.begin(&envelope, &scan(b"x\r\n")).await.unwrap();
            transaction.push(b"x\r\n").await.unwrap();
            drop(transaction);
            let again = session.begin(&envelope, &scan(b"x\r\n")).await;
            assert!(matches!(again, Err(DeliveryProblem::Closed { phase: DeliveryPhase::Sender })));
            let is_ready = session.is_ready().await;
            session.quit().await;
            is_ready
        })
        .await;
        assert_eq!((is_ready, rest.as_str()), (false, ""), "{offers}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_failed_quit_is_ignored() {
    for end in [vec![Close], vec![c("QUIT"), Close], vec![c("QUIT"), s("500 what")], vec![c("QUIT"), Hang]] {
        play(steps(&[&hello(""), &end]), async |stream| {
            Session::open(stream, &terms()).await.unwrap().quit().await;
        })
        .await;
    }
}

#[test]
fn a_session_can_move_between_threads() {
    fn is_send<T: Send>(_: T) {}
    let (ours, _) = tokio::io::duplex(1);
    is_send(async move {
        let mut session = Session::open(ours, &terms()).await?;
        send(&mut session, b"").await.map(drop)
    });
}
