//! Sessions with scripted servers.

mod deadlines;
mod dialogue;
mod hostile;
mod local_refusals;
mod login;
mod round_trip;
mod starttls;

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream};

use super::*;
use crate::address::Address;
use crate::fact::DeliveryProblem;

/// A step of a scripted server.
#[derive(Debug, Clone)]
enum Step {
    /// The server sends this text.
    S(String),
    /// The client sends exactly this text.
    C(String),
    /// The server sends these bytes one at a time, with this pause after each.
    Trickle(Vec<u8>, Duration),
    /// The server sends these bytes.
    Bytes(Vec<u8>),
    /// The server reads a KiB at a time, with this pause in between.
    Sip(Duration),
    /// The server neither reads nor sends, until the client has timed out.
    Hang,
    /// The server closes the connection.
    Close,
    /// The server closes its sending side, but still reads.
    Shut,
}

use Step::{Bytes, C, Close, Hang, S, Shut, Sip, Trickle};

fn s(text: &str) -> Step {
    S(format!("{text}\r\n"))
}

fn c(text: &str) -> Step {
    C(format!("{text}\r\n"))
}

/// Plays the steps. Returns the text that the client sent after them.
async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin, steps: Vec<Step>) -> String {
    for step in steps {
        match step {
            S(text) => stream.write_all(text.as_bytes()).await.unwrap(),
            Bytes(bytes) => stream.write_all(&bytes).await.unwrap(),
            C(text) => {
                let mut said = vec![0; text.len()];
                let read = stream.read_exact(&mut said).await;
                assert!(read.is_ok(), "the client closed instead of {text:?}");
                assert_eq!(String::from_utf8_lossy(&said), text);
            }
            Trickle(bytes, pause) => {
                for byte in bytes {
                    if stream.write_all(&[byte]).await.is_err() {
                        break;
                    }
                    tokio::time::sleep(pause).await;
                }
            }
            Sip(pause) => {
                let mut sip = [0; 1 << 10];
                while stream.read(&mut sip).await.is_ok_and(|read| read > 0) {
                    tokio::time::sleep(pause).await;
                }
            }
            Hang => tokio::time::sleep(Duration::from_hours(100)).await,
            Close => return String::new(),
            Shut => stream.shutdown().await.unwrap(),
        }
    }
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest).await;
    String::from_utf8_lossy(&rest).into_owned()
}

/// Runs the client against the steps. Returns its result, and the text that it sent after them.
async fn play<R>(steps: Vec<Step>, client: impl AsyncFnOnce(DuplexStream) -> R) -> (R, String) {
    let (ours, theirs) = tokio::io::duplex(1 << 14);
    let serving = tokio::spawn(serve(theirs, steps));
    let result = client(ours).await;
    let is_hanging = tokio::time::timeout(Duration::from_hours(1), serving).await;
    (result, is_hanging.map(Result::unwrap).unwrap_or_default())
}

fn terms() -> Terms {
    Terms {
        protocol: Protocol::Smtp,
        encryption: Encryption::Local,
        host: "mx.l.se".to_owned(),
        trust: Trust::System,
        hello: "mf.test".to_owned(),
        login: None,
        deadlines: Deadlines::default(),
        chunking: true,
        repair_line_ends: false,
    }
}

fn lmtp() -> Terms {
    Terms { protocol: Protocol::Lmtp, ..terms() }
}

/// The greeting and EHLO of a server that offers these extensions.
fn hello(offers: &str) -> Vec<Step> {
    let lines: String = offers.split_whitespace().map(|offer| format!("250-{}\r\n", offer.replace('_', " "))).collect();
    vec![s("220 mx.l.se"), c("EHLO mf.test"), S(format!("250-mx.l.se\r\n{lines}250 HELP\r\n"))]
}

fn steps(parts: &[&[Step]]) -> Vec<Step> {
    parts.concat()
}

fn scan(mail: &[u8]) -> Scan {
    let mut scanner = Scanner::default();
    scanner.update(mail);
    scanner.finish()
}

/// Sends one mail from `<>` to jobb@l.se.
async fn send(session: &mut Session, mail: &[u8]) -> Result<Accepted, DeliveryProblem> {
    send_to(session, "jobb@l.se", mail).await
}

async fn send_to(session: &mut Session, to: &str, mail: &[u8]) -> Result<Accepted, DeliveryProblem> {
    let to: Address = to.parse().unwrap();
    let mut transaction = session.begin(&Envelope { from: None, to: &to }, &scan(mail)).await?;
    transaction.push(mail).await?;
    transaction.finish().await
}

/// Opens a session and sends one mail.
async fn deliver(terms: &Terms, steps: Vec<Step>, mail: &[u8]) -> (Result<Accepted, DeliveryProblem>, String) {
    play(steps, async |stream| send(&mut Session::open(stream, terms).await?, mail).await).await
}

const MAIL: &str = "MAIL FROM:<>";
const RCPT: &str = "RCPT TO:<jobb@l.se>";
