//! A wall in front of the parser: limits literals, lines, nesting and bytes, and notices silence, on the bytes as they come.
//!
//! imap-proto overflows the stack at some 400 nested parentheses, which ends the process, and reads a text from its start however
//! often it is called. So it gets whole answers, each once, mended by [`quirk`](super::quirk): a line with its literals and what
//! stands behind them. A literal is received into the answer that it belongs to, and its bytes are never copied.

mod pace;

use std::io;
use std::sync::Arc;

use bytes::{BufMut, Bytes};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::body::Body;
use super::in_flight::{InFlight, SMALL, Share, Turn};
use super::quirk;
use pace::Paced;

/// What a server may send.
#[derive(Debug, Clone, Copy)]
pub struct GuardLimits {
    /// Bytes in one literal.
    pub literal: u64,
    /// Bytes in one line.
    pub line: usize,
    /// Bytes in one line of UIDs that a SEARCH has found.
    pub search_line: usize,
    /// Opening parentheses in one answer: more than that cannot be nested, whatever the quotes around them pretend.
    pub nesting: usize,
    /// Time without a byte while one is waited for.
    pub silence: std::time::Duration,
    /// Bytes in the answer to one command, unless the command says otherwise.
    pub answer: u64,
    /// Bytes before the login.
    pub before_login: u64,
    /// Bytes a second while they are waited for, over a minute.
    pub throughput: u64,
}

/// Why the wall closed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Tripped {
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
    #[error("a large literal that comes too slowly, while other mailboxes wait")]
    Turn,
}

/// One answer of the server, from its first byte to its last line end.
#[derive(Debug)]
pub struct Whole {
    /// Its bytes, mended.
    pub bytes: Bytes,
    /// Whether it has no literal.
    pub is_one_line: bool,
    share: Option<Arc<Share>>,
}

impl Whole {
    /// A piece of it, which must have been read from its bytes.
    pub fn piece(&self, piece: &[u8]) -> Body {
        Body::of(&self.bytes, piece, self.share.as_ref())
    }
}

/// The wrapped stream.
#[derive(Debug)]
pub struct Guard<S> {
    wire: Paced<S>,
    limits: GuardLimits,
    in_flight: InFlight,
    /// Read, not yet looked at.
    input: Vec<u8>,
    input_at: usize,
    /// The line under construction.
    line: Vec<u8>,
    /// The answer under construction: its finished lines and literals.
    answer: Vec<u8>,
    /// Bytes of the literal still to come, and how many of them the share is for.
    literal: u64,
    room: u64,
    share: Option<Share>,
    /// Held while a large literal comes.
    turn: Option<Turn>,
    is_large: bool,
    /// Opening parentheses so far in this answer.
    opened: usize,
    /// Whether lines that nobody can read are left out, and how many were.
    skips_noise: bool,
    noise: usize,
    /// Literals in this answer, and their bytes.
    literals: usize,
    literal_bytes: u64,
    /// This answer is a FETCH.
    is_fetch: bool,
    /// This answer has parentheses too many (Domino).
    doubled: bool,
}

/// What the guard needs to go on.
enum Next {
    Whole(Whole),
    Share,
    Bytes,
}

/// Literals in one answer: what we ask for has one.
const MOST_LITERALS: usize = 8;
/// TLS hands over records of at most 16 KiB.
const READ: usize = 16 << 10;
/// So many unreadable lines are a server's habit; more are a flood.
const MOST_NOISE: usize = 10_000;
/// What commonly stands behind a literal.
const BEHIND: usize = 64;

impl<S> Guard<S> {
    /// Puts the wall in front of a stream.
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
            opened: 0,
            skips_noise: false,
            noise: 0,
            literals: 0,
            literal_bytes: 0,
            is_fetch: false,
            doubled: false,
        }
    }

    /// From now on, answers that cannot be read and that nobody needs may be left out: otherwise they end the session.
    pub fn skip_noise(&mut self) {
        self.skips_noise = true;
    }

    /// Whether an answer that cannot be read is left out.
    pub fn leaves_out(&mut self, unreadable: &Whole) -> Result<bool, Tripped> {
        if !self.skips_noise || !unreadable.is_one_line || !quirk::is_dispensable(&unreadable.bytes) {
            return Ok(false);
        }
        self.noise += 1;
        if self.noise > MOST_NOISE { Err(Tripped::Noise(MOST_NOISE)) } else { Ok(true) }
    }

    /// A command is about to be sent: what comes from now on answers it, in at most so many bytes.
    pub fn begin_command(&mut self, most: u64) {
        self.wire.begin_command(most);
    }

    /// The login went well: what comes from now on is no longer limited as a stranger's words are.
    pub fn logged_in(&mut self) {
        self.wire.logged_in();
    }

    /// Bytes received so far.
    pub fn received(&self) -> u64 {
        self.wire.received()
    }

    /// Lines left out so far.
    #[cfg(test)]
    pub fn noise(&self) -> usize {
        self.noise
    }

    /// Bytes held at the moment.
    #[cfg(feature = "fuzzing")]
    pub fn held(&self) -> usize {
        self.input.len() + self.line.len() + self.answer.len()
    }

    /// Moves what was read to the answer, as far as that goes.
    fn digest(&mut self) -> Result<Next, Tripped> {
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
                self.literal_came(taken as u64);
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
                return Err(Tripped::Line(longest));
            }
            if end.is_some()
                && let Some(whole) = self.end_line()?
            {
                return Ok(Next::Whole(whole));
            }
        }
        self.input.clear();
        self.input_at = 0;
        Ok(if self.literal > 0 && self.room == 0 { Next::Share } else { Next::Bytes })
    }

    /// A line has ended; so has its answer, unless a literal follows.
    fn end_line(&mut self) -> Result<Option<Whole>, Tripped> {
        let mut line = std::mem::take(&mut self.line);
        let starts_an_answer = self.opened == 0;
        if !starts_an_answer && self.is_fetch && matches!(line.as_slice(), b"\r\n" | b"\n") {
            return Ok(None); // Domino: the mail's last line end stands behind its literal (reference row B4)
        }
        if starts_an_answer {
            self.is_fetch = quirk::is_fetch(&line);
        }
        self.check(&line)?;
        quirk::mend(&mut line);
        quirk::extra_parentheses(&mut line, starts_an_answer, &mut self.doubled);
        match self.answer.is_empty() {
            true => self.answer = line,
            false => self.answer.extend_from_slice(&line),
        }
        if self.opened > 0 {
            let literal = usize::try_from(self.literal).unwrap_or(usize::MAX);
            self.answer.reserve_exact(literal.saturating_add(BEHIND));
            return Ok(None);
        }
        Ok(Some(Whole {
            bytes: std::mem::take(&mut self.answer).into(),
            is_one_line: std::mem::take(&mut self.literals) == 0,
            share: self.share.take().map(Arc::new),
        }))
    }

    /// Checks a whole line and learns whether a literal follows it.
    fn check(&mut self, line: &[u8]) -> Result<(), Tripped> {
        if self.opened == 0 && is_status(line) {
            return Ok(()); // free text: its braces and parentheses mean nothing
        }
        self.opened += line.iter().filter(|byte| **byte == b'(').count();
        if self.opened > self.limits.nesting {
            return Err(Tripped::Nesting(self.limits.nesting));
        }
        let Some(digits) = announced_literal(line) else {
            (self.opened, self.literal_bytes) = (0, 0);
            return Ok(());
        };
        let size = std::str::from_utf8(digits).ok().and_then(|text| text.parse::<u64>().ok());
        let left = self.limits.literal.saturating_sub(self.literal_bytes);
        let Some(size) = size.filter(|size| *size <= left) else {
            return Err(Tripped::Literal(String::from_utf8_lossy(digits).chars().take(24).collect()));
        };
        let here = (self.input.len() - self.input_at) as u64;
        self.wire.allows(size.saturating_sub(here))?;
        self.literal = size;
        self.literal_bytes += size;
        self.is_large = self.literal_bytes > SMALL;
        self.literals += 1;
        if self.literals > MOST_LITERALS {
            return Err(Tripped::Literals(MOST_LITERALS));
        }
        // An answer goes on after its literal, so its parentheses keep counting even if there were none.
        self.opened = self.opened.max(1);
        Ok(())
    }

    fn literal_came(&mut self, bytes: u64) {
        self.literal -= bytes;
        self.room -= bytes;
        if self.literal == 0 {
            self.turn = None;
        }
    }

    /// Waits for a share of what may be in flight.
    async fn make_room(&mut self) {
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
    /// The next answer; `None` where the stream ends between two. Dropped in the middle, it goes on where it was.
    pub async fn answer(&mut self) -> io::Result<Option<Whole>> {
        loop {
            match self.digest().map_err(io::Error::other)? {
                Next::Whole(whole) => return Ok(Some(whole)),
                Next::Share => self.make_room().await,
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

    /// Reads what is there: of a literal straight into its answer.
    async fn read(&mut self) -> io::Result<usize> {
        if self.literal == 0 {
            return self.wire.read_buf(&mut (&mut self.input).limit(READ)).await;
        }
        let most = usize::try_from(self.literal.min(self.room)).unwrap_or(usize::MAX);
        let read = self.wire.read_buf(&mut (&mut self.answer).limit(most)).await?;
        self.literal_came(read as u64);
        match self.turn.as_ref().is_some_and(|turn| self.in_flight.is_over(turn)) {
            true => Err(io::Error::other(Tripped::Turn)),
            false => Ok(read),
        }
    }
}

impl<S: AsyncWrite + Unpin> Guard<S> {
    /// Sends these bytes.
    pub async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.wire.write_all(bytes).await?;
        self.wire.flush().await
    }
}

/// `* OK …`, `+ …`, `A1 NO …`: text to the end of the line.
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
