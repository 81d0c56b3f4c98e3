//! Replies (RFC 5321 4.2), read as bytes within limits and stored as printable text.

use crate::fact::{DeliveryPhase, DeliveryProblem, ReplyFault};
use crate::shown::shown_within;

/// Maximum length of a line. RFC 5321 4.5.3.1.5 says 512, but EHLO lines and policy texts are longer in practice.
pub const MAX_LINE: usize = 4 << 10;
/// Maximum number of lines of a reply.
const MAX_LINES: usize = 100;
/// Maximum total size of the lines of a reply.
const MAX_REPLY: usize = 64 << 10;
/// Maximum size of the text that is kept.
const MAX_TEXT: usize = 2 << 10;
/// Maximum length of an unreadable line that is shown.
const MAX_EXCERPT: usize = 200;

/// A complete reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    pub code: u16,
    /// Enhanced status code (RFC 3463), such as `5.1.1`.
    pub enhanced: Option<String>,
    /// The text of each line, printable. Bytes that are not UTF-8 are replaced.
    pub lines: Vec<String>,
}

/// A reply that breaks the syntax or a limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    pub fault: ReplyFault,
    /// The beginning of the faulty line, printable.
    pub words: String,
}

/// Collects the lines of a reply.
#[derive(Debug, Default)]
pub struct ReplyReader {
    code: Option<u16>,
    lines: Vec<String>,
    size: usize,
}

/// The reply class that a command requires. A client decides by the first digit (RFC 5321 4.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// 2xx
    Completion,
    /// 3xx
    Continuation,
}

impl ReplyReader {
    /// Takes a line without its LF. Returns the complete reply after the last line.
    pub fn line(&mut self, line: &[u8]) -> Result<Option<Reply>, Malformed> {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let malformed = |fault| Malformed { fault, words: excerpt(line) };
        self.size += line.len();
        if line.len() > MAX_LINE {
            return Err(malformed(ReplyFault::LineTooLong));
        }
        if self.size > MAX_REPLY {
            return Err(malformed(ReplyFault::TooLong));
        }
        if self.lines.len() == MAX_LINES {
            return Err(malformed(ReplyFault::TooManyLines));
        }
        let (code, is_last, text) = split(line).ok_or_else(|| malformed(ReplyFault::NoCode))?;
        if !(200..600).contains(&code) {
            return Err(malformed(ReplyFault::CodeOutOfRange));
        }
        if *self.code.get_or_insert(code) != code {
            return Err(malformed(ReplyFault::OtherCode));
        }
        self.lines.push(shown_within(&String::from_utf8_lossy(text), MAX_LINE));
        if !is_last {
            return Ok(None);
        }
        let lines = std::mem::take(&mut self.lines);
        let enhanced = lines.iter().rev().find_map(|line| enhanced_code(code, line)).map(str::to_owned);
        Ok(Some(Reply { code, enhanced, lines }))
    }
}

/// Splits a line into its code, whether it is the last line of the reply, and its text. A code alone is valid (RFC 5321 4.2).
fn split(line: &[u8]) -> Option<(u16, bool, &[u8])> {
    let (digits, rest) = line.split_at_checked(3)?;
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let code = digits.iter().fold(0, |code, digit| 10 * code + u16::from(digit - b'0'));
    match rest {
        [] => Some((code, true, &[])),
        [b' ', text @ ..] => Some((code, true, text)),
        [b'-', text @ ..] => Some((code, false, text)),
        _ => None,
    }
}

/// The enhanced status code at the beginning of a text. Its class must be that of the reply code (RFC 2034 4).
fn enhanced_code(code: u16, text: &str) -> Option<&str> {
    let word = text.split(' ').next()?;
    let mut parts = word.split('.');
    let (class, subject, detail) = (parts.next()?, parts.next()?, parts.next()?);
    let is_number = |part: &str| (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    let fits = parts.next().is_none() && class == (code / 100).to_string() && matches!(code / 100, 2 | 4 | 5);
    (fits && is_number(subject) && is_number(detail)).then_some(word)
}

/// The beginning of a line, printable.
fn excerpt(line: &[u8]) -> String {
    shown_within(&String::from_utf8_lossy(line.get(..MAX_EXCERPT).unwrap_or(line)), MAX_EXCERPT)
}

impl Malformed {
    pub fn from_line(fault: ReplyFault, line: &[u8]) -> Self {
        Self { fault, words: excerpt(line) }
    }

    pub fn into_problem(self, phase: DeliveryPhase) -> DeliveryProblem {
        DeliveryProblem::NotUnderstood { phase, fault: self.fault, words: self.words }
    }
}

impl Reply {
    /// The text of all lines without their enhanced codes, within a limit.
    pub fn words(&self) -> String {
        let text = |line: &String| {
            let code = enhanced_code(self.code, line).unwrap_or_default();
            line.strip_prefix(code).unwrap_or(line).trim().to_owned()
        };
        let texts: Vec<String> = self.lines.iter().map(text).filter(|text| !text.is_empty()).collect();
        let mut words = texts.join(" ");
        words.truncate(words.floor_char_boundary(MAX_TEXT));
        words
    }

    /// Whether the server announces that it closes the connection, which it may do at any time (RFC 5321 3.8).
    pub fn is_closing(&self) -> bool {
        self.code == 421
    }

    /// Whether the reply is a refusal, temporary or permanent.
    pub fn is_refusal(&self) -> bool {
        self.code >= 400
    }

    pub fn into_refusal(self, phase: DeliveryPhase) -> DeliveryProblem {
        let words = self.words();
        DeliveryProblem::Refused { phase, code: self.code, enhanced: self.enhanced, words }
    }

    /// The problem that this reply was not allowed here.
    pub fn unexpected(&self, phase: DeliveryPhase, fault: ReplyFault) -> DeliveryProblem {
        let words = shown_within(&format!("{} {}", self.code, self.words()), MAX_EXCERPT);
        DeliveryProblem::NotUnderstood { phase, fault, words }
    }

    /// Returns the reply if it has the expected class.
    pub fn expect(self, expected: Expected, phase: DeliveryPhase) -> Result<Self, DeliveryProblem> {
        match (self.code / 100, expected) {
            (2, Expected::Completion) | (3, Expected::Continuation) => Ok(self),
            (4 | 5, _) => Err(self.into_refusal(phase)),
            _ => Err(self.unexpected(phase, ReplyFault::UnexpectedCode)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &[u8]) -> Result<Option<Reply>, ReplyFault> {
        let mut reader = ReplyReader::default();
        for line in text.split_inclusive(|byte| *byte == b'\n') {
            let Some(line) = line.strip_suffix(b"\n") else { break };
            match reader.line(line) {
                Ok(None) => {}
                Ok(reply) => return Ok(reply),
                Err(malformed) => return Err(malformed.fault),
            }
        }
        Ok(None)
    }

    #[test]
    fn well_formed_replies_are_read() {
        for (text, code, enhanced, words) in [
            (&b"220 mx.l.se ESMTP\r\n"[..], 220, None, "mx.l.se ESMTP"),
            (b"250\r\n", 250, None, ""),
            (b"250 \r\n", 250, None, ""),
            (b"250 ok\n", 250, None, "ok"),
            (b"550 5.1.1 no such user\r\n", 550, Some("5.1.1"), "no such user"),
            (b"550-5.7.1 line one\r\n550-5.7.1\r\n550 5.7.1 line two\r\n", 550, Some("5.7.1"), "line one line two"),
            (b"550-5.7.1 policy\r\n550 see https://l.se\r\n", 550, Some("5.7.1"), "policy see https://l.se"),
            (b"452 4.2.2\r\n", 452, Some("4.2.2"), ""),
            (b"250 4.2.2 another class\r\n", 250, None, "4.2.2 another class"),
            (b"550 5.1 short\r\n", 550, None, "5.1 short"),
            (b"550 5.1.1.1 long\r\n", 550, None, "5.1.1.1 long"),
            (b"550 5.1.1111 long\r\n", 550, None, "5.1.1111 long"),
            (b"550 5..1 empty\r\n", 550, None, "5..1 empty"),
            (b"354 3.0.0 go on\r\n", 354, None, "3.0.0 go on"),
            (b"550 fel l\xf6senord\0\x1b[31m\r\n", 550, None, "fel l\u{fffd}senord  [31m"),
            (b"599 last\r\n", 599, None, "last"),
        ] {
            let reply = read(text).unwrap().unwrap();
            assert_eq!((reply.code, reply.enhanced.as_deref()), (code, enhanced), "{}", text.escape_ascii());
            assert_eq!(reply.words(), words, "{}", text.escape_ascii());
        }
    }

    #[test]
    fn each_malformed_reply_has_its_fault() {
        let line = |length: usize| [b"250 ".to_vec(), vec![b'x'; length - 4], b"\r\n".to_vec()].concat();
        let lines = |number: usize| [b"250-x\r\n".repeat(number - 1), b"250 x\r\n".to_vec()].concat();
        let large =
            |number: usize| [[b"250-".to_vec(), vec![b'x'; 4000], b"\r\n".to_vec()].concat().repeat(number)].concat();
        for (text, fault) in [
            (b"\r\n".to_vec(), ReplyFault::NoCode),
            (b"25\r\n".to_vec(), ReplyFault::NoCode),
            (b"2x0 ok\r\n".to_vec(), ReplyFault::NoCode),
            (b"250ok\r\n".to_vec(), ReplyFault::NoCode),
            (b"2500 ok\r\n".to_vec(), ReplyFault::NoCode),
            (b"HTTP/1.1 400 Bad Request\r\n".to_vec(), ReplyFault::NoCode),
            (b" 250 ok\r\n".to_vec(), ReplyFault::NoCode),
            (b"+250 ok\r\n".to_vec(), ReplyFault::NoCode),
            (b"199 ok\r\n".to_vec(), ReplyFault::CodeOutOfRange),
            (b"000 ok\r\n".to_vec(), ReplyFault::CodeOutOfRange),
            (b"600 ok\r\n".to_vec(), ReplyFault::CodeOutOfRange),
            (b"250-one\r\n550 two\r\n".to_vec(), ReplyFault::OtherCode),
            (line(MAX_LINE + 1), ReplyFault::LineTooLong),
            (lines(MAX_LINES + 1), ReplyFault::TooManyLines),
            (large(17), ReplyFault::TooLong),
        ] {
            assert_eq!(read(&text), Err(fault), "{}", text.escape_ascii());
        }
        for text in [line(MAX_LINE), lines(MAX_LINES)] {
            assert!(matches!(read(&text), Ok(Some(_))));
        }
        assert_eq!(read(&large(16)), Ok(None));
    }

    #[test]
    fn the_kept_text_is_short_and_cut_between_characters() {
        let reply = Reply { code: 550, enhanced: None, lines: vec!["å".repeat(2000), "b".to_owned()] };
        assert_eq!(reply.words().len(), MAX_TEXT);
        let reply = Reply { code: 550, enhanced: None, lines: vec![format!("x{}", "å".repeat(2000))] };
        assert_eq!(reply.words().len(), MAX_TEXT - 1);
    }

    #[test]
    fn a_client_decides_by_the_first_digit() {
        let reply = |code| Reply { code, enhanced: None, lines: vec![String::new()] };
        let phase = DeliveryPhase::Sender;
        for (code, completion, continuation) in [(200, true, false), (299, true, false), (354, false, true)] {
            assert_eq!(reply(code).expect(Expected::Completion, phase).is_ok(), completion);
            assert_eq!(reply(code).expect(Expected::Continuation, phase).is_ok(), continuation);
        }
        for expected in [Expected::Completion, Expected::Continuation] {
            for code in [400, 450, 500, 599] {
                let refused = reply(code).expect(expected, phase);
                assert!(matches!(refused, Err(DeliveryProblem::Refused { code: found, .. }) if found == code));
            }
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic_and_within_the_limits(text in proptest::collection::vec(any::<u8>(), 0..600)) {
            if let Ok(Some(reply)) = read(&text) {
                prop_assert!((200..600).contains(&reply.code) && reply.words().len() <= MAX_TEXT);
                prop_assert!(!reply.words().contains(char::is_control));
            }
        }
    }
}
