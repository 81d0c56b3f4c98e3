//! SMTP: a session with a server that sends these bytes, and the form of a mail in DATA.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::RUNTIME;
use crate::address::Address;
use crate::deliver::smtp::{
    Accepted, Deadlines, DotStuffing, Encryption, Envelope, Login, Protocol, Scan, Scanner, Session, Terms,
};
use crate::fact::{DeliveryPhase, DeliveryProblem};
use crate::tls::Trust;

/// Separates what the server says in one breath from what it says later. It never occurs in UTF-8.
const PAUSE: u8 = 0xfe;

/// A server that sends each turn in small pieces after a pause, in which a client that does not wait sees silence.
struct Turns {
    turns: VecDeque<Vec<u8>>,
    piece: usize,
    is_pausing: bool,
    written: Arc<Mutex<Vec<u8>>>,
}

impl AsyncRead for Turns {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        let piece = self.piece.min(buf.remaining());
        let Some(turn) = self.turns.front_mut() else { return Poll::Ready(Ok(())) };
        if !turn.is_empty() {
            let said: Vec<u8> = turn.drain(..piece.min(turn.len())).collect();
            buf.put_slice(&said);
            return Poll::Ready(Ok(()));
        }
        self.is_pausing = !self.is_pausing;
        if !self.is_pausing {
            self.turns.pop_front();
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl AsyncWrite for Turns {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<std::io::Result<usize>> {
        self.written.lock().unwrap().extend_from_slice(buf);
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// A session with a server that sends these bytes ends, and each of its mails is complete at the server exactly if the result
/// says so or does not know it.
pub fn smtp(data: &[u8]) {
    let Some((first, bytes)) = data.split_first() else { return };
    RUNTIME.block_on(converse(*first, bytes));
}

async fn converse(first: u8, bytes: &[u8]) {
    let is_set = |bit: u8| first & (1 << bit) != 0;
    let login = Login { username: "anna".to_owned(), password: "hemligt-ord".into() };
    let terms = Terms {
        protocol: if is_set(0) { Protocol::Lmtp } else { Protocol::Smtp },
        encryption: if is_set(1) { Encryption::StartTls } else { Encryption::Local },
        host: "mx.l.se".to_owned(),
        trust: Trust::Pin([0; 32]),
        hello: "mf.test".to_owned(),
        login: is_set(2).then_some(login),
        deadlines: Deadlines::default(),
        chunking: !is_set(3),
        repair_line_ends: is_set(4),
    };
    let written = Arc::new(Mutex::new(Vec::new()));
    let server = Turns {
        turns: bytes.split(|byte| *byte == PAUSE).map(<[u8]>::to_vec).collect(),
        piece: if is_set(5) { 1 } else { usize::MAX },
        is_pausing: false,
        written: written.clone(),
    };
    let mut session = match Session::open(server, &terms).await {
        Ok(session) => session,
        Err(problem) => return check(&problem),
    };
    let large = [b"0123456789abcd\r\n".repeat(1 << 16), b"hej\r\n".to_vec()].concat(); // more than one BDAT
    for mail in [&b"a: b\r\n\r\n.hej\r\n"[..], b"a\n.\nhej\r\n", if is_set(6) { &large } else { b"hej\r\n" }] {
        if !session.is_ready().await {
            break;
        }
        written.lock().unwrap().clear();
        let result = send(&mut session, mail).await;
        let is_complete = {
            let written = written.lock().unwrap();
            written.ends_with(b"\r\n.\r\n") || (written.ends_with(b"hej\r\n") && contains(&written, b" LAST\r\n"))
        };
        match result {
            Ok(accepted) => assert!(is_complete && (200..300).contains(&accepted.code)),
            Err(problem) => {
                assert!(!is_complete || phase(&problem) == Some(DeliveryPhase::Answer), "{problem:?}");
                check(&problem);
            }
        }
    }
    session.quit().await;
}

async fn send(session: &mut Session, mail: &[u8]) -> Result<Accepted, DeliveryProblem> {
    let to: Address = "jobb@l.se".parse().unwrap();
    let mut transaction = session.begin(&Envelope { from: None, to: &to }, &scan(mail)).await?;
    for piece in mail.chunks(1 << 19) {
        transaction.push(piece).await?;
    }
    transaction.finish().await
}

fn scan(mail: &[u8]) -> Scan {
    let mut scanner = Scanner::default();
    scanner.update(mail);
    scanner.finish()
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

fn phase(problem: &DeliveryProblem) -> Option<DeliveryPhase> {
    match problem {
        DeliveryProblem::NotUnderstood { phase, .. }
        | DeliveryProblem::Closed { phase }
        | DeliveryProblem::TimedOut { phase }
        | DeliveryProblem::Refused { phase, .. } => Some(*phase),
        _ => None,
    }
}

/// A problem's text is short, printable, and has no password.
fn check(problem: &DeliveryProblem) {
    let (DeliveryProblem::NotUnderstood { words, .. } | DeliveryProblem::Refused { words, .. }) = problem else {
        return;
    };
    assert!(words.len() <= 2048 && !words.contains(char::is_control), "{words:?}");
    if phase(problem) == Some(DeliveryPhase::Login) {
        assert!(!words.contains("hemligt-ord"), "{words:?}");
    }
}

/// The form of a mail in DATA has one end for every receiver, and a receiver gets the mail back.
pub fn smtp_body(data: &[u8]) {
    let Some((first, mail)) = data.split_first() else { return };
    let scan = scan(mail);
    for repair in [false, true] {
        let whole = stuffed(&[mail], repair);
        let pieces: Vec<&[u8]> = mail.chunks(1 + usize::from(*first)).collect();
        assert_eq!(stuffed(&pieces, repair), whole);
        assert_eq!(whole.is_some(), repair || scan.has_crlf_only());
        let Some(body) = whole else { continue };
        let mut received = Vec::new();
        for line in body.split_inclusive(|byte| *byte == b'\n') {
            let text = line.strip_suffix(b"\r\n").unwrap();
            assert!(!text.contains(&b'\r') && text != b".");
            received.extend_from_slice(line.strip_prefix(b".").unwrap_or(line));
        }
        assert_eq!(received.len() as u64, scan.size_in_data());
        if scan.has_crlf_only() {
            assert!(received.starts_with(mail));
        }
    }
}

fn stuffed(pieces: &[&[u8]], repair: bool) -> Option<Vec<u8>> {
    let (mut stuffing, mut out) = (DotStuffing::new(repair), Vec::new());
    for piece in pieces {
        stuffing.push(piece, &mut out).ok()?;
    }
    stuffing.finish(&mut out).ok()?;
    Some(out)
}
