//! The stream below the guard: counts bytes, and detects a server that is silent, slow or endless.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use super::{GuardError, GuardLimits};

/// The interval over which the throughput is measured.
pub const WINDOW: Duration = Duration::from_secs(60);

/// A stream that counts its bytes and the time spent waiting for them.
#[derive(Debug)]
pub struct Paced<S> {
    inner: S,
    limits: GuardLimits,
    silence: Pin<Box<Sleep>>,
    waiting_since: Option<Instant>,
    /// Time spent waiting in the current window, and bytes received in it.
    waited: Duration,
    window_bytes: u64,
    received: u64,
    /// `received` at the start of the running command, and the maximum bytes of its answer.
    command_start: u64,
    command_limit: u64,
    is_logged_in: bool,
}

impl<S> Paced<S> {
    pub fn new(inner: S, limits: GuardLimits) -> Self {
        Self {
            inner,
            limits,
            silence: Box::pin(tokio::time::sleep(limits.silence)),
            waiting_since: None,
            waited: Duration::ZERO,
            window_bytes: 0,
            received: 0,
            command_start: 0,
            command_limit: limits.answer,
            is_logged_in: false,
        }
    }

    /// Starts a command whose answer has at most `most` bytes.
    pub fn begin_command(&mut self, most: u64) {
        (self.command_start, self.command_limit) = (self.received, most);
    }

    /// Ends the limits that apply before the login.
    pub fn logged_in(&mut self) {
        self.is_logged_in = true;
    }

    /// Bytes received so far.
    pub fn received(&self) -> u64 {
        self.received
    }

    /// Fails if this number of further bytes exceeds a limit.
    pub fn check_limits(&self, further: u64) -> Result<(), GuardError> {
        let total = self.received.saturating_add(further);
        if !self.is_logged_in && total > self.limits.before_login {
            return Err(GuardError::BeforeLogin(self.limits.before_login));
        }
        match total.saturating_sub(self.command_start) > self.command_limit {
            true => Err(GuardError::Command(self.command_limit)),
            false => Ok(()),
        }
    }

    fn count(&mut self, bytes: u64) -> Result<(), GuardError> {
        self.received += bytes;
        self.window_bytes += bytes;
        self.check_limits(0)?;
        if let Some(since) = self.waiting_since.take() {
            self.waited += since.elapsed();
            if self.waited >= WINDOW {
                if self.window_bytes < self.limits.throughput.saturating_mul(self.waited.as_secs()) {
                    return Err(GuardError::Slow(self.limits.throughput));
                }
                (self.waited, self.window_bytes) = (Duration::ZERO, 0);
            }
        }
        Ok(())
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Paced<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let before = buf.filled().len();
        match Pin::new(&mut this.inner).poll_read(cx, buf) {
            Poll::Ready(result) => {
                let read = buf.filled().len() - before;
                Poll::Ready(this.count(read as u64).map_err(io::Error::other).and(result))
            }
            Poll::Pending => {
                if this.waiting_since.is_none() {
                    this.waiting_since = Some(Instant::now());
                    this.silence.as_mut().reset(Instant::now() + this.limits.silence);
                }
                ready!(this.silence.as_mut().poll(cx));
                Poll::Ready(Err(io::Error::other(GuardError::Silence)))
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Paced<S> {
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
