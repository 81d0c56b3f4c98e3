//! Tests that reading a line takes linear time, whatever its content: no server can cause quadratic work.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::config::{self, Overrides};
use crate::imap::Session;
use crate::wiring::terms;

/// A server that sends these bytes in packets.
#[derive(Debug)]
struct Script(Vec<u8>, usize);

impl AsyncRead for Script {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        const PACKET: usize = 1400;
        let rest = &self.0[self.1..];
        let read = rest.len().min(PACKET).min(buf.remaining());
        buf.put_slice(&rest[..read]);
        self.1 += read;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Script {
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

/// CPU time of this thread.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap(), u32::try_from(time.tv_nsec).unwrap())
}

/// CPU time for reading these lines as the answer to a command, or until one of them ends the session.
fn cost(lines: &[u8]) -> Duration {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let config = config::load(&Overrides::default()).unwrap();
    let mut terms = terms(&config.deadlines, &config.limits, 1);
    (terms.limits.answer, terms.limits.line, terms.limits.untagged) = (1 << 30, 2 << 20, 1_000_000);
    let script = [lines, b"F1 OK done\r\n"].concat();
    runtime.block_on(async {
        let mut session = Session::greeted(Box::new(Script(script, 0)), &terms);
        session.wire.logged_in();
        let start = processor_time();
        let _result = session.run("LIST", "LIST", |_| Ok(())).await;
        processor_time() - start
    })
}

/// Maximum ratio between the CPU times of a doubled line and the line itself. Quadratic time would give 4.
const MAX_RATIO: f64 = 2.3;
/// A line length that stays within the limits when doubled.
const LINE_LENGTH: usize = 31_000;

/// Shorter CPU times depend on caches more than on the work done, so they are not compared.
const NEGLIGIBLE: Duration = Duration::from_micros(500);

/// Compares the CPU times of a text and one twice as long. Disturbances only make a measurement larger, so the smallest
/// of several is used.
fn assert_linear(what: &str, once: &[u8], twice: &[u8]) -> Result<(), String> {
    assert!(
        (1.9..2.1).contains(&(twice.len() as f64 / once.len() as f64)),
        "{what}: the second text is not twice as long"
    );
    let mut least = [Duration::MAX; 2];
    let mut ratio = f64::MAX;
    for _ in 0..20 {
        for (least, lines) in least.iter_mut().zip([once, twice]) {
            *least = (*least).min(cost(lines));
        }
        ratio = least[1].as_secs_f64() / least[0].as_secs_f64();
        if ratio <= MAX_RATIO || least[1] < NEGLIGIBLE {
            return Ok(());
        }
    }
    Err(format!("{what}: {:?}, twice as long {:?}, ratio {ratio:.2}", least[0], least[1]))
}

/// A line of about this many bytes: a start, a repeated piece, and an end.
fn line((start, piece, end): (&str, &str, &str), bytes: usize) -> Vec<u8> {
    let text = piece.repeat((bytes - start.len() - end.len()) / piece.len());
    format!("{start}{text}{end}\r\n").into_bytes()
}

/// Every kind of answer that the parser knows, and some that cannot be parsed.
const LINES: &[(&str, &str, &str)] = &[
    ("* CAPABILITY IMAP4rev1", " A", ""),
    ("* CAPABILITY IMAP4rev1", " AUTH=X", ""),
    ("* CAPABILITY", " A", ""),
    ("* CAPABILITY IMAP4rev1", "  A", ""),
    ("* LIST (", "\\A ", "\\B) \"/\" INBOX"),
    ("* LIST () \"/\" \"", "\\\"", "\""),
    ("* LIST () \"/\" \"", "&-", "\""),
    ("* LIST () \"/\" ", "a", ""),
    ("* LSUB (", "\\A ", "\\B) \"/\" INBOX"),
    ("* STATUS INBOX (", "MESSAGES 1 ", "UNSEEN 1)"),
    ("* STATUS INBOX (MESSAGES 1)", " ", ""),
    ("* FLAGS (", "\\A ", "\\B)"),
    ("* FLAGS (", "a ", ""),
    ("* SEARCH", " 1", ""),
    ("* SEARCH", " 4294967295", ""),
    ("* SEARCH", " 1", " x"),
    ("* SEARCH", "  1", ""),
    ("* SEARCH", " 1", " (MODSEQ 1)"),
    ("* SORT", " 1", ""),
    ("* ESEARCH (TAG \"F1\") UID ALL 1", ",3:5", ""),
    ("* 1 FETCH (FLAGS (", "\\A ", "\\B))"),
    ("* 1 FETCH (", "UID 1 ", "UID 1)"),
    ("* 1 FETCH (", "XFOO 1 ", "UID 1)"),
    ("* 1 FETCH (", "RFC822.SIZE -1 ", "UID 1)"),
    ("* 1 FETCH (", "INTERNALDATE NIL ", "UID 1)"),
    ("* 1 FETCH (", "BODY[]<0.1> \"x\" ", "UID 1)"),
    ("* 1 FETCH (BODY[HEADER.FIELDS (", "A ", "B)] \"x\")"),
    ("* 1 FETCH (BODY[1", ".1", "] \"x\")"),
    ("* 1 FETCH (BODY[] \"", "x", "\")"),
    ("* 1 FETCH (BODY[]<0>", ">{", ")"),
    ("* 1 FETCH (X-GM-LABELS (", "\"a\" ", "\"b\"))"),
    ("* 1 FETCH (BODYSTRUCTURE (\"TEXT\" \"PLAIN\" (", "\"a\" \"b\" ", "\"c\" \"d\") NIL NIL \"7BIT\" 1 1))"),
    ("* 1 FETCH (BODYSTRUCTURE (\"TEXT\" \"PLAIN\" (", "\"a\" \"b\" ", ""),
    ("* 1 FETCH (ENVELOPE (\"", "x", "\" NIL NIL NIL NIL NIL NIL NIL NIL NIL))"),
    ("* 1 FETCH (UID 1", " ", ")"),
    ("* ", "1", " EXISTS"),
    ("* 1", " ", "EXISTS"),
    ("* VANISHED (EARLIER) 1", ",3:5", ""),
    ("* ID (", "\"a\" \"b\" ", "\"c\" \"d\")"),
    ("* ENABLED", " A", ""),
    ("* NAMESPACE ((\"", "x", "\" \"/\")) NIL NIL"),
    ("* QUOTA \"\" (", "STORAGE 1 2 ", "MESSAGE 1 2)"),
    ("* QUOTAROOT INBOX", " a", ""),
    ("* ACL INBOX", " a lr", ""),
    ("* LISTRIGHTS INBOX a", " lr", ""),
    ("* MYRIGHTS INBOX ", "l", ""),
    ("* METADATA \"INBOX\" (", "/private/comment \"x\" ", "/private/comment \"y\")"),
    ("* METADATA \"INBOX\"", " /private/comment", ""),
    ("* METADATA \"INBOX\" /private/vendor/a", "/", ""),
    ("* OK [PERMANENTFLAGS (", "\\A ", "\\*)] x"),
    ("* OK [PERMANENTFLAGS (", "\\A ", ""),
    ("* OK [CAPABILITY IMAP4rev1", " A", "] x"),
    ("* OK [COPYUID 1 1", ",3", " 1,3] x"),
    ("* OK [COPYUID 1 1", ",3:5", ""),
    ("* OK [APPENDUID 1 1", ",3", "] x"),
    ("* OK [BADCHARSET (", "a ", "b)] x"),
    ("* OK [XFOO", " x", "] x"),
    ("* OK ", "[", ""),
    ("* OK ", "]", ""),
    ("* OK [ALERT]", "å", ""),
    ("* OK ", "{1}", ""),
    ("* NO ", "x ", ""),
    ("* BYE ", "x", ""),
    ("F1 OK [COPYUID 1 1", ",3", " 1] x"),
    ("F1 OK ", "[MESSAGELIMIT ", ""),
    ("F", "1", " OK"),
    ("+ ", "YQ", "=="),
    ("+ [", "x", ""),
    ("", "\0", "* OK"),
    ("", " ", ""),
    ("* ", "\"", ""),
    ("* ", "\\", ""),
    ("* 1 FETCH (X \"", "\\\\", "\")"),
    ("* ", "]<0.1>", ""),
    ("* ", "x", " LITERAL +"),
];

#[test]
fn every_kind_of_line_costs_linear_time() {
    let failed = LINES.iter().filter_map(|parts| {
        let [once, twice] = [1, 2].map(|times| line(*parts, times * LINE_LENGTH).repeat(2));
        assert_linear(&format!("{}{}…{}", parts.0, parts.1, parts.2), &once, &twice).err()
    });
    assert_eq!(failed.collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn a_line_with_all_uids_of_a_large_folder_costs_linear_time() {
    let [once, twice] = [1, 2].map(|times| line(("* SEARCH", " 1234567", ""), times * 500_000));
    assert_eq!(assert_linear("* SEARCH", &once, &twice), Ok(()));
}

#[test]
fn literals_cost_linear_time() {
    let literal = |size: usize| format!("BODY[] {{{size}}}\r\n{} ", "x".repeat(size));
    let answer =
        |literals: usize, size: usize| format!("* 1 FETCH (UID 1 {}FLAGS ())\r\n", literal(size).repeat(literals));
    for (what, once, twice) in [
        ("one literal", answer(1, 400_000), answer(1, 800_000)),
        ("several literals", answer(8, 50_000), answer(8, 100_000)),
        ("many answers of small literals", answer(8, 1).repeat(1000), answer(8, 1).repeat(2000)),
    ] {
        assert_eq!(assert_linear(what, once.as_bytes(), twice.as_bytes()), Ok(()));
    }
    for literal in ["* LIST () \"/\" {SIZE}\r\n", "* OK {SIZE}\r\n", "* STATUS {SIZE}\r\n"] {
        let lines =
            |size: usize| [literal.replace("SIZE", &size.to_string()), "a".repeat(size), "\r\n".to_owned()].concat();
        let [once, twice] = [lines(200_000), lines(400_000)];
        assert_eq!(assert_linear(literal, once.as_bytes(), twice.as_bytes()), Ok(()));
    }
}

#[test]
fn nested_structures_cost_little() {
    let part = |inner: &str| {
        format!("(\"MESSAGE\" \"RFC822\" NIL NIL NIL \"7BIT\" 1 (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL) {inner} 1)")
    };
    let message = (0..11).fold("(\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 1 1)".to_owned(), |inner, _| part(&inner));
    let multipart = (0..11)
        .fold("(\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 1 1)".to_owned(), |inner, _| format!("({inner} \"MIXED\")"));
    let lists = format!("(\"a\" \"b\" NIL NIL NIL \"7BIT\" 1 NIL NIL NIL NIL {}1{})", "(".repeat(20), ")".repeat(20));
    for structure in [message, multipart, lists] {
        let whole = format!("* 1 FETCH (BODYSTRUCTURE {structure})\r\n");
        let cut = |at: usize| structure.split_at(at).0.to_owned();
        let broken = [cut(structure.len() - 1), cut(structure.len() / 2), structure.replace(" 1)", " x)")];
        for text in broken.map(|half| format!("* 1 FETCH (BODYSTRUCTURE {half})\r\n")).iter().chain([&whole]) {
            let took = (0..5).map(|_| cost(text.as_bytes())).min().unwrap();
            assert!(took < Duration::from_millis(20), "{took:?} for {text}");
        }
    }
}

#[test]
fn input_before_the_login_costs_little() {
    let config = config::load(&Overrides::default()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    for (parts, bytes) in LINES.iter().map(|parts| (*parts, LINE_LENGTH)).chain([(("* OK", " still here", ""), 100)]) {
        let script = [b"* OK ready\r\n".to_vec(), line(parts, bytes).repeat((1 << 20) / bytes)].concat();
        runtime.block_on(async {
            let mut session = Session::new(Box::new(Script(script, 0)), &terms(&config.deadlines, &config.limits, 1));
            let start = processor_time();
            session.greeting().await.unwrap();
            assert!(session.login("u", &"p".into()).await.is_err());
            let (took, received) = (processor_time() - start, session.received());
            assert!(received <= (128 << 10) + (16 << 10), "{received} bytes of {parts:?}");
            assert!(took < Duration::from_secs(1), "{took:?} for {parts:?}");
        });
    }
}
