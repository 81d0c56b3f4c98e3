//! A wall in front of the parser: limits literals, lines and nesting, and notices silence, on the bytes as they come.
//!
//! async-imap 0.12 allocates whatever a literal announces, parses a long line again from its start after each read, and
//! overflows the stack at some 400 nested parentheses, which ends the process. So bytes reach it a whole line at a time,
//! mended by [`quirk`](super::quirk), and literals only within their limit.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use super::quirk;

/// What a server may send.
#[derive(Debug, Clone, Copy)]
pub struct GuardLimits {
    /// Bytes in one literal.
    pub literal: u64,
    /// Bytes in one line.
    pub line: usize,
    /// Opening parentheses in one answer: more than that cannot be nested, whatever the quotes around them pretend.
    pub nesting: usize,
    /// Time without a byte while one is waited for.
    pub silence: Duration,
    /// Bytes in the answer to one command.
    pub command: u64,
    /// Bytes a second while they are waited for, over [`WINDOW`].
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
    #[error("fewer than {0} bytes a second")]
    Slow(u64),
}

/// The wrapped stream.
#[derive(Debug)]
pub struct Guard<S> {
    inner: S,
    limits: GuardLimits,
    /// Read, not yet looked at; the front is cut off when it is used up.
    input: Vec<u8>,
    input_at: usize,
    /// The line under construction.
    line: Vec<u8>,
    /// Checked, not yet handed over.
    output: Vec<u8>,
    output_at: usize,
    /// Bytes of the literal still to come.
    literal: u64,
    /// Opening parentheses so far in this answer.
    opened: usize,
    /// Whether lines that nobody can read are left out, and how many were.
    skips_noise: bool,
    noise: usize,
    silence: Pin<Box<Sleep>>,
    waiting_since: Option<Instant>,
    /// The time spent waiting in this window, and the bytes that came in it.
    waited: Duration,
    came: u64,
    received: u64,
    /// `received` when the running command was sent.
    command_at: u64,
    /// Literals in this answer, and their bytes.
    literals: usize,
    literal_bytes: u64,
    /// This answer is a FETCH.
    is_fetch: bool,
    /// This answer has parentheses too many (Domino).
    doubled: bool,
}

/// The time over which a server's speed is measured.
pub const WINDOW: Duration = Duration::from_secs(60);
/// Literals in one answer: what we ask for has one, and each makes the parser begin anew.
const MOST_LITERALS: usize = 8;
/// TLS hands over records of at most 16 KiB.
const READ: usize = 16 << 10;
/// So many unreadable lines are a server's habit; more are a flood.
const MOST_NOISE: usize = 10_000;

impl<S> Guard<S> {
    /// Puts the wall in front of a stream.
    pub fn new(inner: S, limits: GuardLimits) -> Self {
        Self {
            inner,
            limits,
            input: Vec::new(),
            input_at: 0,
            line: Vec::new(),
            output: Vec::new(),
            output_at: 0,
            literal: 0,
            opened: 0,
            skips_noise: false,
            noise: 0,
            silence: Box::pin(tokio::time::sleep(limits.silence)),
            waiting_since: None,
            waited: Duration::ZERO,
            came: 0,
            received: 0,
            command_at: 0,
            literals: 0,
            literal_bytes: 0,
            is_fetch: false,
            doubled: false,
        }
    }

    /// From now on, leaves out lines that the parser cannot read and nobody needs: it would end the session over them.
    pub fn skip_noise(&mut self) {
        self.skips_noise = true;
    }

    /// A command is about to be sent: what comes from now on answers it.
    pub fn begin_command(&mut self) {
        self.command_at = self.received;
    }

    /// Bytes received so far.
    pub fn received(&self) -> u64 {
        self.received
    }

    /// Lines left out so far.
    #[cfg(test)]
    pub fn noise(&self) -> usize {
        self.noise
    }

    /// Bytes held at the moment.
    #[cfg(feature = "fuzzing")]
    pub fn held(&self) -> usize {
        self.input.len() + self.line.len() + self.output.len()
    }

    /// Moves what was read to the output, as far as whole lines and literals go.
    fn digest(&mut self) -> Result<(), Tripped> {
        while self.input_at < self.input.len() {
            let rest = self.input.get(self.input_at..).unwrap_or_default();
            if self.literal > 0 {
                let take = rest.len().min(usize::try_from(self.literal).unwrap_or(usize::MAX));
                self.output.extend(rest.iter().take(take));
                self.input_at += take;
                self.literal -= take as u64;
                continue;
            }
            let end = rest.iter().position(|byte| *byte == b'\n').map(|at| at + 1);
            let take = end.unwrap_or(rest.len());
            if self.line.len() + take > self.limits.line {
                return Err(Tripped::Line(self.limits.line));
            }
            self.line.extend(rest.iter().take(take));
            self.input_at += take;
            if end.is_some() {
                let mut line = std::mem::take(&mut self.line);
                let whole_answer = self.opened == 0;
                if !whole_answer && self.is_fetch && matches!(line.as_slice(), b"\r\n" | b"\n") {
                    continue; // Domino: the mail's last line end stands behind its literal (reference row B4)
                }
                if whole_answer {
                    self.is_fetch = quirk::is_fetch(&line);
                }
                self.check(&line)?;
                quirk::mend(&mut line);
                quirk::extra_parentheses(&mut line, whole_answer, &mut self.doubled);
                if self.skips_noise && whole_answer && self.opened == 0 && quirk::is_noise(&line) {
                    self.noise += 1;
                    if self.noise > MOST_NOISE {
                        return Err(Tripped::Noise(MOST_NOISE));
                    }
                    line.clear();
                }
                quirk::push_in_parts(&line, &mut self.output);
                line.clear();
                self.line = line;
            }
        }
        self.input.clear();
        self.input_at = 0;
        Ok(())
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
        match announced_literal(line) {
            None => (self.opened, self.literals, self.literal_bytes) = (0, 0, 0),
            Some(digits) => match std::str::from_utf8(digits).ok().and_then(|text| text.parse::<u64>().ok()) {
                Some(size) if size <= self.limits.literal.saturating_sub(self.literal_bytes) => {
                    self.literal = size;
                    self.literal_bytes += size;
                    self.literals += 1;
                    if self.literals > MOST_LITERALS {
                        return Err(Tripped::Literals(MOST_LITERALS));
                    }
                    // An answer goes on after its literal, so its parentheses keep counting even if there were none.
                    self.opened = self.opened.max(1);
                }
                _ => {
                    return Err(Tripped::Literal(String::from_utf8_lossy(digits).chars().take(24).collect()));
                }
            },
        }
        Ok(())
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

impl<S: AsyncRead + Unpin> AsyncRead for Guard<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            if let Some(ready) = this.output.get(this.output_at..).filter(|ready| !ready.is_empty()) {
                let take = ready.len().min(buf.remaining());
                buf.put_slice(ready.get(..take).unwrap_or_default());
                this.output_at += take;
                if this.output_at == this.output.len() {
                    this.output.clear();
                    this.output_at = 0;
                }
                return Poll::Ready(Ok(()));
            }
            if this.literal > 0 && this.input.is_empty() {
                // The fast way of a mail's body: straight into the parser's buffer.
                let most = usize::try_from(this.literal).unwrap_or(usize::MAX).min(buf.remaining());
                let mut part = ReadBuf::new(buf.initialize_unfilled_to(most));
                ready!(this.poll_inner(cx, &mut part))?;
                let read = part.filled().len();
                buf.advance(read);
                this.literal -= read as u64;
                return Poll::Ready(Ok(()));
            }
            let mut space = [0; READ];
            let mut read = ReadBuf::new(&mut space);
            ready!(this.poll_inner(cx, &mut read))?;
            if read.filled().is_empty() {
                // The stream has ended; half a line is handed over, so that the end is noticed as one in the middle.
                if this.line.is_empty() {
                    return Poll::Ready(Ok(()));
                }
                let mut half = std::mem::take(&mut this.line);
                quirk::mend(&mut half); // the parser looks at half a line, too
                this.output.extend_from_slice(&half);
                continue;
            }
            this.input.extend_from_slice(read.filled());
            this.digest().map_err(io::Error::other)?;
        }
    }
}

impl<S: AsyncRead + Unpin> Guard<S> {
    /// Reads from the stream, or fails when nothing has come for too long.
    fn poll_inner(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.inner).poll_read(cx, buf) {
            Poll::Ready(result) => {
                self.received += buf.filled().len() as u64;
                self.came += buf.filled().len() as u64;
                if self.received - self.command_at > self.limits.command {
                    return Poll::Ready(Err(io::Error::other(Tripped::Command(self.limits.command))));
                }
                if let Some(since) = self.waiting_since.take() {
                    self.waited += since.elapsed();
                    if self.waited >= WINDOW {
                        if self.came < self.limits.throughput.saturating_mul(self.waited.as_secs()) {
                            return Poll::Ready(Err(io::Error::other(Tripped::Slow(self.limits.throughput))));
                        }
                        (self.waited, self.came) = (Duration::ZERO, 0);
                    }
                }
                Poll::Ready(result)
            }
            Poll::Pending => {
                if self.waiting_since.is_none() {
                    self.waiting_since = Some(Instant::now());
                    self.silence.as_mut().reset(Instant::now() + self.limits.silence);
                }
                ready!(self.silence.as_mut().poll(cx));
                Poll::Ready(Err(io::Error::other(Tripped::Silence)))
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guard<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests;
