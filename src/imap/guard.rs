//! The guard in front of the parser: it limits literals, lines, nesting and bytes, and detects silent servers, on the
//! raw bytes.
//!
//! imap-proto overflows the stack at about 400 nested parentheses, which aborts the process, and parses a text from its
//! beginning on each call. So the guard passes only whole answers to imap-proto, each once, after
//! [`quirk`](super::quirk) has repaired them. An answer is a line with its literals and the text after them. A literal
//! is received directly into the buffer of its answer; only the bytes that were read together with its line are copied.

mod pace;

use std::io;
use std::sync::Arc;

use bytes::{BufMut, Bytes};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::body::Body;
use super::in_flight::{InFlight, SMALL, Share, Turn};
use super::quirk;
use pace::Paced;

/// The limits on a server's output.
#[derive(Debug, Clone, Copy)]
pub struct GuardLimits {
    /// Maximum size of one literal, in bytes.
    pub literal: u64,
    /// Maximum length of one line, in bytes.
    pub line: usize,
    /// Maximum length of a SEARCH response line, in bytes.
    pub search_line: usize,
    /// Maximum number of opening parentheses in one answer, which bounds the nesting depth whatever the quoting.
    pub nesting: usize,
    /// Maximum time to wait for a byte.
    pub silence: std::time::Duration,
    /// Maximum bytes in the answer to a command, unless the command sets another limit.
    pub answer: u64,
    /// Maximum bytes before the login.
    pub before_login: u64,
    /// Minimum bytes per second while waiting, averaged over a minute.
    pub throughput: u64,
}

/// The limit that a server has exceeded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GuardError {
    #[error("a literal of {0} bytes")]
    Literal(String),
    #[error("more than {0} literals in one answer")]
    Literals(usize),
    #[error("a line of more than {0} bytes")]
    Line(usize),
    #[error("more than {0} parentheses in one answer")]
    Nesting(usize),
    #[error("more than {0} lines that are not IMAP")]
    Noise(usize),
    #[error("silence")]
    Silence,
    #[error("more than {0} bytes in answer to one command")]
    Command(u64),
    #[error("more than {0} bytes before the login")]
    BeforeLogin(u64),
    #[error("fewer than {0} bytes a second")]
    Slow(u64),
    #[error("a large literal that arrives too slowly while other mailboxes wait")]
    Turn,
}

/// One answer of the server, from its first byte to its last line end.
#[derive(Debug)]
pub struct RawAnswer {
    /// The bytes, repaired.
    pub bytes: Bytes,
    /// Whether the answer has no literal.
    pub is_one_line: bool,
    share: Option<Arc<Share>>,
}

impl RawAnswer {
    /// A slice of the answer. `piece` must point into `bytes`.
    pub fn piece(&self, piece: &[u8]) -> Body {
        Body::slice_of(&self.bytes, piece, self.share.as_ref())
    }
}

/// A stream whose input is limited and split into answers.
#[derive(Debug)]
pub struct Guard<S> {
    wire: Paced<S>,
    limits: GuardLimits,
    in_flight: InFlight,
    /// Bytes that have been read but not processed.
    input: Vec<u8>,
    input_at: usize,
    /// The current line.
    line: Vec<u8>,
    /// The current answer: its complete lines and literals.
    answer: Vec<u8>,
    /// Bytes missing from the current literal, and how many of them the share covers.
    literal: u64,
    room: u64,
    share: Option<Share>,
    /// The permission to receive a large literal, held while one is received.
    turn: Option<Turn>,
    /// Whether the literals of this answer are larger than [`SMALL`] together.
    is_large: bool,
    /// Opening parentheses so far in this answer; 0 between two answers, and at least 1 after a literal was announced.
    open_parentheses: usize,
    /// Whether unreadable lines may be dropped, and how many have been dropped.
    skips_noise: bool,
    noise: usize,
    /// Number and total size of the literals in this answer.
    literals: usize,
    literal_bytes: u64,
    /// Whether this answer is a FETCH.
    is_fetch: bool,
    /// Whether this answer has extra parentheses (Domino).
    has_extra_parentheses: bool,
}

/// The result of processing the input.
enum Next {
    Answer(RawAnswer),
    /// The literal needs a further share of the memory budget.
    Share,
    /// More bytes must be read.
    Bytes,
}

/// Maximum number of literals in one answer; our commands request one.
const MAX_LITERALS: usize = 8;
/// Number of bytes read at once: TLS delivers records of at most 16 KiB.
const READ: usize = 16 << 10;
/// Maximum number of unreadable lines in a session; more lines count as a flood and end it.
const MAX_NOISE: usize = 10_000;
/// Space reserved for the rest of the line behind a literal.
const TRAILER_BYTES: usize = 64;

impl<S> Guard<S> {
    /// Wraps a stream.
    pub fn new(inner: S, limits: GuardLimits, in_flight: InFlight) -> Self {
        Self {
            wire: Paced::new(inner, limits),
            limits,
            in_flight,
            input: Vec::new(),
            input_at: 0,
            line: Vec::new(),
            answer: Vec::new(),
            literal: 0,
            room: 0,
            share: None,
            turn: None,
            is_large: false,
            open_parentheses: 0,
            skips_noise: false,
            noise: 0,
            literals: 0,
            literal_bytes: 0,
            is_fetch: false,
            has_extra_parentheses: false,
        }
    }

    /// Permits dropping unreadable answers that are not needed. Otherwise they end the session.
    pub fn skip_noise(&mut self) {
        self.skips_noise = true;
    }

    /// Whether an unreadable answer may be dropped. Counts it if so, and fails if there have been too many.
    pub fn may_drop(&mut self, unreadable: &RawAnswer) -> Result<bool, GuardError> {
        if !self.skips_noise || !unreadable.is_one_line || !quirk::is_dispensable(&unreadable.bytes) {
            return Ok(false);
        }
        self.noise += 1;
        if self.noise > MAX_NOISE { Err(GuardError::Noise(MAX_NOISE)) } else { Ok(true) }
    }

    /// Starts the byte count of a command's answer.
    pub fn begin_command(&mut self, most: u64) {
        self.wire.begin_command(most);
    }

    /// Ends the limits that apply before the login.
    pub fn logged_in(&mut self) {
        self.wire.logged_in();
    }

    /// Bytes received so far.
    pub fn received(&self) -> u64 {
        self.wire.received()
    }

    /// Number of dropped lines.
    #[cfg(test)]
    pub fn noise(&self) -> usize {
        self.noise
    }

    /// Bytes buffered at the moment.
    #[cfg(feature = "fuzzing")]
    pub fn buffered(&self) -> usize {
        self.input.len() + self.line.len() + self.answer.len()
    }

    /// Moves the input to the current answer, as far as possible.
    fn process_input(&mut self) -> Result<Next, GuardError> {
        while self.input_at < self.input.len() {
            let rest = self.input.get(self.input_at..).unwrap_or_default();
            if self.literal > 0 {
                if self.room == 0 {
                    return Ok(Next::Share);
                }
                let most = usize::try_from(self.literal.min(self.room)).unwrap_or(usize::MAX);
                let taken = rest.get(..most).unwrap_or(rest);
                self.answer.extend_from_slice(taken);
                let taken = taken.len();
                self.input_at += taken;
                self.literal_received(taken as u64);
                continue;
            }
            let end = rest.iter().position(|byte| *byte == b'\n').map(|at| at + 1);
            let taken = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
            self.line.extend_from_slice(taken);
            self.input_at += taken.len();
            let longest = match self.answer.is_empty() && quirk::is_search(&self.line) {
                true => self.limits.search_line,
                false => self.limits.line,
            };
            if self.line.len() > longest {
                return Err(GuardError::Line(longest));
            }
            if end.is_some()
                && let Some(whole) = self.end_line()?
            {
                return Ok(Next::Answer(whole));
            }
        }
        self.input.clear();
        self.input_at = 0;
        Ok(if self.literal > 0 && self.room == 0 { Next::Share } else { Next::Bytes })
    }

    /// Ends a line, and with it the answer unless a literal follows.
    fn end_line(&mut self) -> Result<Option<RawAnswer>, GuardError> {
        let mut line = std::mem::take(&mut self.line);
        let starts_an_answer = self.open_parentheses == 0;
        if !starts_an_answer && self.is_fetch && matches!(line.as_slice(), b"\r\n" | b"\n") {
            return Ok(None); // Domino sends the mail's last line end behind its literal (reference row B4)
        }
        if starts_an_answer {
            self.is_fetch = quirk::is_fetch(&line);
        }
        self.check(&line)?;
        quirk::repair(&mut line);
        quirk::extra_parentheses(&mut line, starts_an_answer, &mut self.has_extra_parentheses);
        match self.answer.is_empty() {
            true => self.answer = line,
            false => self.answer.extend_from_slice(&line),
        }
        if self.open_parentheses > 0 {
            let literal = usize::try_from(self.literal).unwrap_or(usize::MAX);
            self.answer.reserve_exact(literal.saturating_add(TRAILER_BYTES));
            return Ok(None);
        }
        Ok(Some(RawAnswer {
            bytes: std::mem::take(&mut self.answer).into(),
            is_one_line: std::mem::take(&mut self.literals) == 0,
            share: self.share.take().map(Arc::new),
        }))
    }

    /// Checks the limits of a line, and records whether a literal follows it.
    fn check(&mut self, line: &[u8]) -> Result<(), GuardError> {
        if self.open_parentheses == 0 && is_status(line) {
            return Ok(()); // free text, in which braces and parentheses have no meaning
        }
        self.open_parentheses += line.iter().filter(|byte| **byte == b'(').count();
        if self.open_parentheses > self.limits.nesting {
            return Err(GuardError::Nesting(self.limits.nesting));
        }
        let Some(digits) = announced_literal(line) else {
            (self.open_parentheses, self.literal_bytes) = (0, 0);
            return Ok(());
        };
        let size = std::str::from_utf8(digits).ok().and_then(|text| text.parse::<u64>().ok());
        let left = self.limits.literal.saturating_sub(self.literal_bytes);
        let Some(size) = size.filter(|size| *size <= left) else {
            return Err(GuardError::Literal(String::from_utf8_lossy(digits).chars().take(24).collect()));
        };
        let buffered = (self.input.len() - self.input_at) as u64;
        self.wire.check_limits(size.saturating_sub(buffered))?;
        self.literal = size;
        self.literal_bytes += size;
        self.is_large = self.literal_bytes > SMALL;
        self.literals += 1;
        if self.literals > MAX_LITERALS {
            return Err(GuardError::Literals(MAX_LITERALS));
        }
        // The answer continues after its literal, so keep counting parentheses even if there have been none so far.
        self.open_parentheses = self.open_parentheses.max(1);
        Ok(())
    }

    fn literal_received(&mut self, bytes: u64) {
        self.literal -= bytes;
        self.room -= bytes;
        if self.literal == 0 {
            self.turn = None;
        }
    }

    /// Waits for a share of the memory budget.
    async fn wait_for_share(&mut self) {
        if self.is_large && self.turn.is_none() {
            self.turn = self.in_flight.turn().await;
        }
        let (room, share) = self.in_flight.share(self.literal, self.is_large).await;
        self.room = room;
        match (&mut self.share, share) {
            (Some(held), Some(more)) => held.add(more),
            (held, more) => *held = more,
        }
    }
}

impl<S: AsyncRead + Unpin> Guard<S> {
    /// The next answer; `None` if the stream ends between two answers. Cancel-safe.
    pub async fn answer(&mut self) -> io::Result<Option<RawAnswer>> {
        loop {
            match self.process_input().map_err(io::Error::other)? {
                Next::Answer(whole) => return Ok(Some(whole)),
                Next::Share => self.wait_for_share().await,
                Next::Bytes => {
                    if self.read().await? > 0 {
                        continue;
                    }
                    return match self.line.is_empty() && self.answer.is_empty() {
                        true => Ok(None),
                        false => Err(io::ErrorKind::UnexpectedEof.into()),
                    };
                }
            }
        }
    }

    /// Reads available bytes; those of a literal go directly into its answer.
    async fn read(&mut self) -> io::Result<usize> {
        if self.literal == 0 {
            return self.wire.read_buf(&mut (&mut self.input).limit(READ)).await;
        }
        let most = usize::try_from(self.literal.min(self.room)).unwrap_or(usize::MAX);
        let read = self.wire.read_buf(&mut (&mut self.answer).limit(most)).await?;
        self.literal_received(read as u64);
        match self.turn.as_ref().is_some_and(|turn| self.in_flight.is_over(turn)) {
            true => Err(io::Error::other(GuardError::Turn)),
            false => Ok(read),
        }
    }
}

impl<S: AsyncWrite + Unpin> Guard<S> {
    /// Sends and flushes these bytes.
    pub async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.wire.write_all(bytes).await?;
        self.wire.flush().await
    }
}

/// Whether a line is `* OK …`, `+ …` or `A1 NO …`: free text to the end of the line.
fn is_status(line: &[u8]) -> bool {
    if line.starts_with(b"+") {
        return true;
    }
    let mut words = line.split(|byte| *byte == b' ');
    let (first, second) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let second = second.trim_ascii_end();
    let word = |text: &[u8]| second.eq_ignore_ascii_case(text);
    !first.is_empty() && (word(b"OK") || word(b"NO") || word(b"BAD") || word(b"BYE") || word(b"PREAUTH"))
}

/// The digits of `{n}` or `{n+}` at the end of a line.
fn announced_literal(line: &[u8]) -> Option<&[u8]> {
    let line = line.strip_suffix(b"\n")?;
    let line = line.strip_suffix(b"\r").unwrap_or(line).strip_suffix(b"}")?;
    let line = line.strip_suffix(b"+").unwrap_or(line);
    let open = line.iter().rposition(|byte| *byte == b'{')?;
    let digits = line.get(open + 1..)?;
    let sane = |byte: &u8| byte.is_ascii_digit() || *byte == b'-';
    (!digits.is_empty() && digits.iter().all(sane)).then_some(digits)
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod work;
