//! The functions that the fuzz targets in `fuzz/` call. They feed arbitrary bytes to a parser and assert its
//! invariants. The first byte of the data selects how the rest is split.

#![expect(clippy::unwrap_used, reason = "a fuzz target reports a failure by a panic")]

use std::pin::Pin;
use std::sync::{LazyLock, Once};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::runtime::{Builder, Runtime};

use crate::config::{self, Config, Overrides};
use crate::imap::folder_name::{decode, encode, quoted, unescaped};
use crate::imap::guard::{Guard, GuardLimits};
use crate::imap::in_flight::InFlight;
use crate::imap::quirk;
use crate::imap::{ImapError, ListForm, Session, Terms, UidSet};
use crate::mail::{digest, parse};
use crate::{reading, wiring};

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Builder::new_current_thread().enable_time().build().unwrap());
static CONFIG: LazyLock<Config> = LazyLock::new(|| config::load(&Overrides::default()).unwrap());

/// Lets the fuzzer stop only at panics that nobody catches, since the code under test catches some on purpose.
fn ignore_caught_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| drop(std::panic::take_hook()));
}

/// A server that sends these bytes, a few at a time, and ignores its input.
#[derive(Debug)]
struct ScriptedServer {
    bytes: Vec<u8>,
    at: usize,
    piece: usize,
}

impl AsyncRead for ScriptedServer {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        let take = self.piece.min(self.bytes.len() - self.at).min(buf.remaining());
        buf.put_slice(self.bytes.get(self.at..self.at + take).unwrap());
        self.at += take;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for ScriptedServer {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<std::io::Result<usize>> {
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Limits that short inputs reach.
const SMALL: GuardLimits = GuardLimits {
    literal: 256,
    line: 128,
    search_line: 256,
    nesting: 5,
    silence: Duration::from_secs(60),
    answer: u64::MAX,
    before_login: u64::MAX,
    throughput: 0,
};
/// Additional bytes that a guard may hold: one read of 16 KiB, and the lines around the literals of a response, which a
/// repair may lengthen.
const READ: usize = 2 * (16 << 10);

fn in_flight() -> InFlight {
    InFlight::new(1 << 20, 1 << 16, 1)
}

/// The output of a guard, or the error with which it closed.
fn run_guard(bytes: &[u8], piece: usize, skip_noise: bool) -> Result<Vec<u8>, String> {
    RUNTIME.block_on(async {
        let mut guard = Guard::new(ScriptedServer { bytes: bytes.to_vec(), at: 0, piece }, SMALL, in_flight());
        if skip_noise {
            guard.skip_noise();
        }
        let mut out = Vec::new();
        while let Some(whole) = guard.answer().await.map_err(|error| error.to_string())? {
            let max = SMALL.search_line + usize::try_from(SMALL.literal).unwrap() + READ;
            assert!(guard.held() + whole.bytes.len() <= max, "it holds {} bytes", guard.held());
            let unreadable = quirk::read(&whole.bytes).is_none();
            if !(unreadable && guard.leaves_out(&whole).map_err(|tripped| tripped.to_string())?) {
                out.extend_from_slice(&whole.bytes);
            }
        }
        Ok(out)
    })
}

/// The guard: its memory is bounded, its output does not depend on how the input is split, and well-formed input passes
/// unchanged.
pub fn guard(data: &[u8]) {
    ignore_caught_panics();
    let Some((first, bytes)) = data.split_first() else { return };
    let piece = 1 + usize::from(*first);
    for skip_noise in [false, true] {
        let whole = run_guard(bytes, usize::MAX, skip_noise);
        assert_eq!(run_guard(bytes, piece, skip_noise), whole, "cut in pieces of {piece}");
    }
    let mut good = Vec::new();
    for literal in bytes.chunks(200) {
        good.extend_from_slice(format!("* 1 FETCH (UID 1 X {{{}}}\r\n", literal.len()).as_bytes());
        good.extend_from_slice(literal);
        good.extend_from_slice(b" FLAGS ())\r\n* OK ((( {9}\r\n");
    }
    assert_eq!(run_guard(&good, piece, true), Ok(good));
}

/// A session with a server that sends these bytes: all commands in turn, until one fails.
pub fn reader(data: &[u8]) {
    ignore_caught_panics();
    let Some((first, bytes)) = data.split_first() else { return };
    let server = ScriptedServer { bytes: bytes.to_vec(), at: 0, piece: if first & 0x80 == 0 { usize::MAX } else { 7 } };
    let _outcome = RUNTIME.block_on(converse(usize::from(first & 0x7f), server));
}

async fn converse(first: usize, server: ScriptedServer) -> Result<(), ImapError> {
    let total = server.bytes.len() as u64;
    let mut terms = Terms { in_flight: in_flight(), ..wiring::terms(&CONFIG.deadlines, &CONFIG.limits, 1) };
    terms.limits.literal = 1 << 16;
    let mut session = match first {
        0 => Session::new(Box::new(server), &terms),
        _ => Session::greeted(Box::new(server), &terms),
    };
    let Some(set) = UidSet::cut(&[1, 2, 3, 7], 10).pop() else { return Ok(()) };
    for step in (0..9).cycle().skip(first % 9).take(9) {
        match step {
            0 if first == 0 => drop(session.greeting().await?),
            0 => session.know_capabilities().await?,
            1 => session.login("u", &"p".into()).await.map_err(|_| ImapError::Silent)?,
            2 => drop(session.select("a&b", true).await?),
            3 => {
                let found = session.search(10, 20, "", ListForm::Star).await?.uids.unwrap_or_default();
                assert!(found.is_sorted_by(|a, b| a < b) && found.iter().all(|uid| (10..=20).contains(uid)));
            }
            4 => {
                let mut metas = std::collections::BTreeMap::new();
                session.fetch_meta(&set, &mut metas).await?;
                assert!(metas.keys().all(|uid| set.uids.contains(uid)));
            }
            5 => {
                let mut fetching = session.fetch_bodies(&set).await?;
                while let Some(fetched) = fetching.next(&mut session).await? {
                    assert!(fetched.body.is_none_or(|body| body.len() as u64 <= total));
                }
            }
            6 => drop(session.fetch_chunk(7, 10, 100).await?),
            7 => {
                assert!(session.fetch_header(7, 100).await?.len() <= 100);
                for fetched in session.fetch_headers(&set, 100).await?.into_values() {
                    assert!(fetched.body.is_none_or(|header| header.len() <= 100));
                }
            }
            _ => drop((session.folders().await?, session.message_count("INBOX").await?, session.identify().await?)),
        }
        assert!(session.received() <= total);
    }
    Ok(())
}

/// Folder names: every name survives encoding and decoding, and arbitrary input does not crash the decoder.
pub fn folder_name(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let _ = unescaped(&decode(&text));
    let wire = encode(&text);
    assert!(wire.bytes().all(|byte| (0x20..0x7f).contains(&byte)), "{wire:?}");
    assert_eq!(decode(&wire), text);
    let quoted = quoted(&text);
    let inner = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap();
    assert_eq!(unescaped(inner), text);
}

/// A mail: hashing in chunks gives the same as in one piece, and the parsed header fields can be stored.
pub fn header(data: &[u8]) {
    ignore_caught_panics();
    let Some((first, mail)) = data.split_first() else { return };
    let mut digester = digest::Digester::default();
    mail.chunks(1 + usize::from(*first)).for_each(|piece| digester.update(piece));
    let digest = digester.finish();
    assert_eq!(digest, digest::Digest::from_bytes(mail));
    assert!(mail.starts_with(&digest.header) && digest.size == mail.len() as u64);
    let header = parse::header(&digest.header);
    assert_eq!(parse::identity(&digest, &header), parse::identity(&digest, &parse::header(&digest.header)));
    let texts = [&header.message_id, &header.from, &header.subject];
    for text in texts.into_iter().flatten() {
        assert!(!text.is_empty() && !text.contains(char::is_control) && text.chars().count() <= 1000, "{text:?}");
    }
    assert!(header.recipients.iter().all(|(_, addresses)| !addresses.is_empty() && addresses.len() <= 1000));
    let _ = header.is_exchange_substitute();
}

/// A mail as it is shown: sanitising its HTML again changes nothing, and every attachment has the reported size.
pub fn reading(data: &[u8]) {
    ignore_caught_panics();
    let Ok(reading) = reading::read(data) else { return };
    if let Some(cleaned) = reading::html(data).unwrap() {
        let clean = cleaned.html.to_ascii_lowercase();
        assert!(["<script", "<svg", "<math", "<iframe", "<style"].iter().all(|tag| !clean.contains(tag)), "{clean}");
        assert_eq!(reading::cleaned_again(&cleaned.html).len(), cleaned.html.len(), "{clean}");
        assert!(reading::frame_document(&cleaned, "sv", false, "").ends_with("</body></html>\n"));
    }
    for attachment in reading.attachments {
        let content = reading::attachment(data, attachment.index).unwrap().unwrap();
        let disposition = reading::content_disposition(content.name.as_deref());
        for header in [&disposition, reading::FRAME_POLICY] {
            assert!(header.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()), "{header:?}");
        }
        assert_eq!((content.size, &content.name), (Some(attachment.size), &attachment.name));
        assert_eq!(content.bytes(data).len() as u64, attachment.size);
    }
}
