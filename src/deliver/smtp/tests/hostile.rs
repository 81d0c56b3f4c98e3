//! Servers that violate the protocol.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::ReadBuf;

use super::*;
use crate::fact::{DeliveryPhase, ReplyFault};

fn not_understood(phase: DeliveryPhase, fault: ReplyFault, words: &str) -> DeliveryProblem {
    DeliveryProblem::NotUnderstood { phase, fault, words: words.to_owned() }
}

fn code(problem: &DeliveryProblem) -> Option<(DeliveryPhase, u16)> {
    match problem {
        DeliveryProblem::Refused { phase, code, .. } => Some((*phase, *code)),
        _ => None,
    }
}

/// The problem of opening a session, and the text that the client sent.
async fn opening(steps: Vec<Step>) -> (DeliveryProblem, String) {
    play(steps, async |stream| Session::open(stream, &terms()).await.err().unwrap()).await
}

#[tokio::test]
async fn an_invalid_greeting_ends_the_session() {
    use DeliveryPhase::Greeting;
    for (greeting, problem) in [
        ("* OK IMAP4rev1", not_understood(Greeting, ReplyFault::NoCode, "* OK IMAP4rev1")),
        ("HTTP/1.1 400 Bad", not_understood(Greeting, ReplyFault::NoCode, "HTTP/1.1 400 Bad")),
        ("354 go", not_understood(Greeting, ReplyFault::UnexpectedCode, "354 go")),
        ("120 wait", not_understood(Greeting, ReplyFault::CodeOutOfRange, "120 wait")),
        ("220-a\r\n250 b", not_understood(Greeting, ReplyFault::OtherCode, "250 b")),
    ] {
        assert_eq!(opening(vec![s(greeting)]).await, (problem, String::new()), "{greeting}");
    }
    for (greeting, number) in [("421 busy", 421), ("554 5.7.1 go away", 554), ("450 later", 450)] {
        let (problem, said) = opening(vec![s(greeting)]).await;
        assert_eq!((code(&problem), said.as_str()), (Some((Greeting, number)), ""));
    }
    let closed = DeliveryProblem::Closed { phase: Greeting };
    assert_eq!(opening(vec![Close]).await.0, closed);
    assert_eq!(opening(vec![Bytes(b"220 mx".to_vec()), Close]).await.0, closed);
}

#[tokio::test]
async fn replies_are_bounded() {
    for (flood, fault) in [
        (vec![b'2'; 100_000], ReplyFault::LineTooLong),
        (b"220-x\r\n".repeat(20_000), ReplyFault::TooManyLines),
        ([b"220-".to_vec(), vec![b'x'; 3000], b"\r\n".to_vec()].concat().repeat(30), ReplyFault::TooLong),
    ] {
        let (ours, mut theirs) = tokio::io::duplex(1 << 14);
        let serving = tokio::spawn(async move {
            let _ = theirs.write_all(&flood).await; // the client closes in the middle
        });
        let problem = Session::open(ours, &terms()).await.err().unwrap();
        serving.await.unwrap();
        let DeliveryProblem::NotUnderstood { phase, fault: found, words } = problem else { panic!("{problem:?}") };
        assert_eq!((phase, found), (DeliveryPhase::Greeting, fault));
        assert!(words.len() <= 200);
    }
}

#[tokio::test]
async fn a_reply_before_its_command_ends_the_session() {
    use DeliveryPhase::{Body, Hello, Recipient, Sender};
    let pipelined = C(format!("{MAIL}\r\n{RCPT}\r\nDATA\r\n"));
    for (script, problem) in [
        (vec![s("220 mx\r\n250 mx")], not_understood(Hello, ReplyFault::Unasked, "250 mx")),
        (steps(&[&hello(""), &[s("250 early")]]), not_understood(Sender, ReplyFault::Unasked, "250 early")),
        (
            steps(&[&hello(""), &[c(MAIL), s("250 ok\r\n250 early")]]),
            not_understood(Recipient, ReplyFault::Unasked, "250 early"),
        ),
        (
            steps(&[&hello(""), &[c(MAIL), s("250 ok"), c(RCPT), s("250 ok"), c("DATA"), s("354 go\r\n250 early")]]),
            not_understood(Body, ReplyFault::Unasked, "250 early"),
        ),
        (
            steps(&[&hello("PIPELINING"), &[pipelined, s("250 ok\r\n250 ok\r\n354 go\r\n250 early")]]),
            not_understood(Body, ReplyFault::Unasked, "250 early"),
        ),
        (
            steps(&[&hello("CHUNKING"), &[c(MAIL), s("250 ok"), c(RCPT), s("250 ok\r\n250 early")]]),
            not_understood(Body, ReplyFault::Unasked, "250 early"),
        ),
    ] {
        let (result, rest) = deliver(&terms(), script, b"x\r\n").await;
        assert_eq!(result, Err(problem));
        assert!(!rest.ends_with("\n.\r\n") && !rest.contains("LAST\r\nx\r\n"), "no dot is sent: {rest:?}");
    }
}

#[tokio::test]
async fn replies_of_the_wrong_kind_are_not_taken_for_success() {
    use DeliveryPhase::{Answer, Data, Hello, Recipient, Sender};
    let ok = |command: &str| [c(command), s("250 ok")];
    let at_mail = hello("");
    let at_rcpt = steps(&[&at_mail, &ok(MAIL)]);
    let at_data = steps(&[&at_rcpt, &ok(RCPT)]);
    let at_answer = steps(&[&at_data, &[c("DATA"), s("354 go"), c("x\r\n.")]]);
    for (before, command, reply, phase) in [
        (&at_mail[..1], "EHLO mf.test", "354 go", Hello),
        (&at_mail, MAIL, "354 go", Sender),
        (&at_rcpt, RCPT, "354 go", Recipient),
        (&at_data, "DATA", "250 ok", Data),
        (&at_answer, "", "354 go", Answer),
    ] {
        let command = if command.is_empty() { vec![] } else { vec![c(command)] };
        let (result, rest) = deliver(&terms(), steps(&[before, &command, &[s(reply)]]), b"x\r\n").await;
        assert_eq!(result, Err(not_understood(phase, ReplyFault::UnexpectedCode, reply)));
        assert_eq!(rest, "");
    }
}

#[tokio::test]
async fn a_421_ends_the_session_at_any_step() {
    use DeliveryPhase::{Answer, Data, Hello, Recipient, Sender};
    let at_mail = hello("");
    let at_rcpt = steps(&[&at_mail, &[c(MAIL), s("250 ok")]]);
    let at_data = steps(&[&at_rcpt, &[c(RCPT), s("250 ok")]]);
    let at_answer = steps(&[&at_data, &[c("DATA"), s("354 go"), c("x\r\n.")]]);
    for (before, phase) in [
        (steps(&[&at_mail[..1], &[c("EHLO mf.test")]]), Hello),
        (steps(&[&at_mail, &[c(MAIL)]]), Sender),
        (steps(&[&at_rcpt, &[c(RCPT)]]), Recipient),
        (steps(&[&at_data, &[c("DATA")]]), Data),
        (at_answer, Answer),
        (at_mail.clone(), Sender), // before the client says anything
    ] {
        let (result, rest) = play(steps(&[&before, &[s("421 4.3.2 bye")]]), async |stream| {
            let mut session = Session::open(stream, &terms()).await?;
            let result = send(&mut session, b"x\r\n").await;
            assert!(!session.is_ready().await);
            session.quit().await;
            result
        })
        .await;
        assert_eq!(code(&result.unwrap_err()), Some((phase, 421)));
        assert_eq!(rest, "");
    }
    // Also in a pipeline, after positive answers.
    let script = [C(format!("{MAIL}\r\n{RCPT}\r\nDATA\r\n")), s("250 ok\r\n421 bye")];
    let (result, _) = deliver(&terms(), steps(&[&hello("PIPELINING"), &script]), b"x\r\n").await;
    assert_eq!(code(&result.unwrap_err()), Some((Recipient, 421)));
}

#[tokio::test]
async fn a_session_that_the_server_has_closed_is_not_ready() {
    for end in [vec![Close], vec![s("421 idle"), Close]] {
        let (ours, theirs) = tokio::io::duplex(1 << 14);
        let serving = tokio::spawn(serve(theirs, steps(&[&hello(""), &end])));
        let mut session = Session::open(ours, &terms()).await.unwrap();
        serving.await.unwrap();
        assert!(!session.is_ready().await);
    }
}

#[tokio::test]
async fn a_lost_connection_leaves_the_result_unknown_only_after_the_last_byte() {
    use DeliveryPhase::{Answer, Body, Data, Recipient, Sender};
    let at_rcpt = steps(&[&hello(""), &[c(MAIL), s("250 ok")]]);
    let at_data = steps(&[&at_rcpt, &[c(RCPT), s("250 ok")]]);
    let sending = steps(&[&at_data, &[c("DATA"), s("354 go")]]);
    for (script, phase) in [
        (hello(""), Sender),
        (at_rcpt, Recipient),
        (at_data, Data),
        (sending.clone(), Body),
        (steps(&[&sending, &[c("x\r\n.")]]), Answer),
    ] {
        let (result, _) = deliver(&terms(), steps(&[&script, &[Close]]), b"x\r\n").await;
        assert_eq!(result, Err(DeliveryProblem::Closed { phase }));
    }
    let chunking = steps(&[&hello("CHUNKING"), &[c(MAIL), s("250 ok"), c(RCPT), s("250 ok")]]);
    for (script, phase) in
        [(chunking.clone(), Body), (steps(&[&chunking, &[C("BDAT 3 LAST\r\nx\r\n".to_owned())]]), Answer)]
    {
        let (result, _) = deliver(&terms(), steps(&[&script, &[Close]]), b"x\r\n").await;
        assert_eq!(result, Err(DeliveryProblem::Closed { phase }));
    }
    // A server that can no longer answer does not get the dot.
    let (result, rest) = deliver(&terms(), steps(&[&sending, &[Shut]]), b"x\r\n").await;
    assert_eq!((result, rest.as_str()), (Err(DeliveryProblem::Closed { phase: Body }), "x\r\n"));
    // A truncated reply does not count.
    let cut = [c("x\r\n."), Bytes(b"250 o".to_vec()), Close];
    let (result, _) = deliver(&terms(), steps(&[&sending, &cut]), b"x\r\n").await;
    assert_eq!(result, Err(DeliveryProblem::Closed { phase: Answer }));
    let continued = [c("x\r\n."), s("250-ok"), Close];
    let (result, _) = deliver(&terms(), steps(&[&sending, &continued]), b"x\r\n").await;
    assert_eq!(result, Err(DeliveryProblem::Closed { phase: Answer }));
}

/// A connection that breaks on a write of these bytes.
struct Breaking(DuplexStream, &'static [u8]);

impl AsyncRead for Breaking {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Breaking {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<std::io::Result<usize>> {
        match buf == self.1 {
            true => Poll::Ready(Err(std::io::ErrorKind::BrokenPipe.into())),
            false => Pin::new(&mut self.0).poll_write(cx, buf),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

#[tokio::test(start_paused = true)]
async fn a_failed_write_leaves_the_result_unknown_from_the_last_byte_on() {
    use DeliveryPhase::{Answer, Body};
    for (offers, breaks_at, phase) in [
        ("", &b"x\r\n"[..], Body),
        ("", b".\r\n", Answer),
        ("CHUNKING", b"BDAT 3 LAST\r\nx\r", Body),
        ("CHUNKING", b"\n", Answer),
    ] {
        let data = if offers.is_empty() { vec![c("DATA"), s("354 go")] } else { vec![] };
        let script = steps(&[&hello(offers), &[c(MAIL), s("250 ok"), c(RCPT), s("250 ok")], &data]);
        let (result, _) = play(script, async |stream| {
            let mut session = Session::open(Breaking(stream, breaks_at), &terms()).await?;
            send(&mut session, b"x\r\n").await
        })
        .await;
        assert_eq!(result, Err(DeliveryProblem::Closed { phase }), "{offers}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_in_the_middle_of_a_mail_is_reported() {
    let mail = b"0123456789abcd\r\n".repeat(1 << 14); // 256 KiB
    let until_data = [c(MAIL), s("250 ok"), c(RCPT), s("250 ok"), c("DATA"), s("354 go"), c("0123456789abcd")];
    for (end, wanted) in [
        (vec![s("552 5.3.4 too large"), Hang], Some((DeliveryPhase::Body, 552))),
        (vec![s("421 bye"), Close], Some((DeliveryPhase::Body, 421))),
        (vec![Close], None),
    ] {
        let (result, rest) = deliver(&terms(), steps(&[&hello(""), &until_data, &end]), &mail).await;
        let problem = result.unwrap_err();
        assert_eq!(code(&problem), wanted);
        if wanted.is_none() {
            assert_eq!(problem, DeliveryProblem::Closed { phase: DeliveryPhase::Body });
        }
        assert!(!rest.ends_with("\n.\r\n"));
    }
}

#[tokio::test]
async fn a_chunk_refused_in_the_middle_ends_the_session() {
    let mail = vec![b'x'; (1 << 20) + 1];
    let script = [
        c(MAIL),
        s("250 ok"),
        c(RCPT),
        s("250 ok"),
        C(format!("BDAT 1048576\r\n{}", "x".repeat(1 << 20))),
        s("552 5.2.2 full"),
    ];
    let ((result, is_ready), rest) = play(steps(&[&hello("CHUNKING"), &script]), async |stream| {
        let mut session = Session::open(stream, &terms()).await.unwrap();
        let result = send(&mut session, &mail).await;
        (result, session.is_ready().await)
    })
    .await;
    assert_eq!(code(&result.unwrap_err()), Some((DeliveryPhase::Body, 552)));
    assert_eq!((is_ready, rest.as_str()), (false, ""));
}

#[tokio::test(start_paused = true)]
async fn a_server_may_send_one_byte_at_a_time() {
    let slowly = |text: &str| Trickle(text.as_bytes().to_vec(), Duration::from_millis(100));
    let script = vec![
        slowly("220 mx\r\n"),
        c("EHLO mf.test"),
        slowly("250-mx\r\n250-SIZE 100\r\n250 HELP\r\n"),
        c("MAIL FROM:<> SIZE=3"),
        slowly("250 ok\r\n"),
        c(RCPT),
        slowly("250 ok\r\n"),
        c("DATA"),
        slowly("354 go\r\n"),
        c("x\r\n."),
        slowly("250 queued\r\n"),
    ];
    let (result, rest) = deliver(&terms(), script, b"x\r\n").await;
    assert_eq!((result.unwrap().words.as_str(), rest.as_str()), ("queued", ""));
}

#[tokio::test]
async fn texts_that_are_not_utf8_are_kept_printable() {
    let script = steps(&[
        &hello(""),
        &[c(MAIL), Bytes(b"550 5.7.1 f\xf6rbjudet\0 \x1b[2J\r\n".to_vec()), c("RSET"), s("250 ok")],
    ]);
    let (result, _) = deliver(&terms(), script, b"x\r\n").await;
    let Err(DeliveryProblem::Refused { words, code: 550, .. }) = result else { panic!("{result:?}") };
    assert_eq!(words, "f\u{fffd}rbjudet   [2J");
}
