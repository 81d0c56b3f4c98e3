//! The byte stream: reads replies within limits, and gives each step a deadline.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::timeout;

use super::reply::{MAX_LINE, Malformed, Reply, ReplyReader};
use crate::fact::{DeliveryPhase, DeliveryProblem, ReplyFault};

/// A connection to the server: TCP, TLS over TCP, or a Unix socket.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// Time limit for the rest of a reply that the server sends unasked or before it closes the connection.
const FINAL_REPLY_TIME_LIMIT: Duration = Duration::from_secs(5);
const READ_SIZE: usize = 4 << 10;

pub struct Wire {
    stream: Box<dyn Stream>,
    /// Bytes that were received but not yet parsed.
    input: Vec<u8>,
}

/// The data that the server has sent by now.
#[derive(Debug, PartialEq, Eq)]
pub enum Arrival {
    Nothing,
    Bytes,
    End,
}

/// Why a reply could not be read.
enum ReadError {
    Ended,
    Malformed(Malformed),
}

/// The outcome of writing a piece of a mail.
enum WriteOutcome {
    Complete,
    /// The server sends a reply instead of reading.
    Interrupted,
    Ended,
    Failed,
}

impl Wire {
    pub fn new(stream: Box<dyn Stream>) -> Self {
        Self { stream, input: Vec::new() }
    }

    /// The stream, for TLS. The caller has checked that no byte is left in the buffer.
    pub fn into_stream(self) -> Box<dyn Stream> {
        self.stream
    }

    /// Reads a reply. A 421 is always an error, since it ends the session (RFC 5321 3.8).
    pub async fn reply(&mut self, phase: DeliveryPhase, within: Duration) -> Result<Reply, DeliveryProblem> {
        match timeout(within, self.read_reply()).await {
            Ok(Ok(reply)) if reply.is_closing() => Err(reply.into_refusal(phase)),
            Ok(Ok(reply)) => Ok(reply),
            Ok(Err(ReadError::Ended)) => Err(DeliveryProblem::Closed { phase }),
            Ok(Err(ReadError::Malformed(malformed))) => Err(malformed.into_problem(phase)),
            Err(_) => Err(DeliveryProblem::TimedOut { phase }),
        }
    }

    async fn read_reply(&mut self) -> Result<Reply, ReadError> {
        let mut reader = ReplyReader::default();
        loop {
            while let Some(end) = self.input.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.input.drain(..=end).collect();
                let line = line.strip_suffix(b"\n").unwrap_or(&line);
                if let Some(reply) = reader.line(line).map_err(ReadError::Malformed)? {
                    return Ok(reply);
                }
            }
            if self.input.len() > MAX_LINE {
                return Err(ReadError::Malformed(Malformed::from_line(ReplyFault::LineTooLong, &self.input)));
            }
            match std::future::poll_fn(|cx| self.poll_input(cx)).await {
                Arrival::End => return Err(ReadError::Ended),
                Arrival::Bytes | Arrival::Nothing => {}
            }
        }
    }

    /// Receives more bytes.
    fn poll_input(&mut self, cx: &mut Context<'_>) -> Poll<Arrival> {
        let mut part = [0; READ_SIZE];
        let mut part = ReadBuf::new(&mut part);
        let read = ready!(Pin::new(&mut self.stream).poll_read(cx, &mut part));
        self.input.extend_from_slice(part.filled());
        // A connection or TLS error is treated like the end: nothing more can be read.
        Poll::Ready(if read.is_err() || part.filled().is_empty() { Arrival::End } else { Arrival::Bytes })
    }

    /// Whether the server has sent anything or closed the connection by now. Does not wait.
    pub async fn arrival(&mut self) -> Arrival {
        if !self.input.is_empty() {
            return Arrival::Bytes;
        }
        std::future::poll_fn(|cx| match self.poll_input(cx) {
            Poll::Ready(arrival) => Poll::Ready(arrival),
            Poll::Pending => Poll::Ready(Arrival::Nothing),
        })
        .await
    }

    /// Checks before a command that the server has sent nothing. An early reply would be taken for the answer to the command, and
    /// every later answer for that of the following command.
    pub async fn expect_silence(&mut self, phase: DeliveryPhase) -> Result<(), DeliveryProblem> {
        match self.arrival().await {
            Arrival::Nothing => Ok(()),
            Arrival::End => Err(DeliveryProblem::Closed { phase }),
            Arrival::Bytes => {
                let reply = self.reply(phase, FINAL_REPLY_TIME_LIMIT).await?;
                Err(reply.unexpected(phase, ReplyFault::Unasked))
            }
        }
    }

    /// Sends a command, or the end of a mail.
    pub async fn write(&mut self, bytes: &[u8], phase: DeliveryPhase, within: Duration) -> Result<(), DeliveryProblem> {
        let writing = async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        };
        match timeout(within, writing).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(self.closing_problem(phase).await),
            Err(_) => Err(DeliveryProblem::TimedOut { phase }),
        }
    }

    /// The problem after a failed write: a refusal that the server sent before it closed the connection, if any.
    async fn closing_problem(&mut self, phase: DeliveryPhase) -> DeliveryProblem {
        match self.reply(phase, FINAL_REPLY_TIME_LIMIT).await {
            Ok(reply) if reply.is_refusal() => reply.into_refusal(phase),
            Err(refused @ DeliveryProblem::Refused { .. }) => refused,
            _ => DeliveryProblem::Closed { phase },
        }
    }

    /// Sends a piece of a mail; the server may refuse it midway. The last byte of a mail is sent by `write` instead.
    pub async fn write_body(&mut self, mut bytes: &[u8], within: Duration) -> Result<(), DeliveryProblem> {
        let phase = DeliveryPhase::Body;
        let written = timeout(within, std::future::poll_fn(|cx| self.poll_body(cx, &mut bytes))).await;
        match written {
            Ok(WriteOutcome::Complete) => Ok(()),
            Ok(WriteOutcome::Interrupted) => Err(self.interruption().await),
            Ok(WriteOutcome::Ended) => Err(DeliveryProblem::Closed { phase }),
            Ok(WriteOutcome::Failed) => Err(self.closing_problem(phase).await),
            Err(_) => Err(DeliveryProblem::TimedOut { phase }),
        }
    }

    fn poll_body(&mut self, cx: &mut Context<'_>, bytes: &mut &[u8]) -> Poll<WriteOutcome> {
        while !bytes.is_empty() {
            match Pin::new(&mut self.stream).poll_write(cx, bytes) {
                Poll::Ready(Ok(count @ 1..)) => *bytes = bytes.get(count..).unwrap_or_default(),
                Poll::Ready(_) => return Poll::Ready(WriteOutcome::Failed),
                Poll::Pending => return self.poll_interruption(cx),
            }
        }
        match Pin::new(&mut self.stream).poll_flush(cx) {
            Poll::Ready(Ok(())) => Poll::Ready(WriteOutcome::Complete),
            Poll::Ready(Err(_)) => Poll::Ready(WriteOutcome::Failed),
            Poll::Pending => self.poll_interruption(cx),
        }
    }

    /// Checks, while the server does not read, for a reply such as "552 too large", after which the server waits for us to
    /// stop sending.
    fn poll_interruption(&mut self, cx: &mut Context<'_>) -> Poll<WriteOutcome> {
        Poll::Ready(match ready!(self.poll_input(cx)) {
            Arrival::End => WriteOutcome::Ended,
            Arrival::Bytes | Arrival::Nothing => WriteOutcome::Interrupted,
        })
    }

    /// Checks before the last byte of a mail that the server has not answered yet. An early 250 would be taken for the answer to the
    /// whole mail.
    pub async fn expect_no_answer_yet(&mut self) -> Result<(), DeliveryProblem> {
        match self.arrival().await {
            Arrival::Nothing => Ok(()),
            Arrival::End => Err(DeliveryProblem::Closed { phase: DeliveryPhase::Body }),
            Arrival::Bytes => Err(self.interruption().await),
        }
    }

    async fn interruption(&mut self) -> DeliveryProblem {
        let phase = DeliveryPhase::Body;
        match self.reply(phase, FINAL_REPLY_TIME_LIMIT).await {
            Ok(reply) if reply.is_refusal() => reply.into_refusal(phase),
            Ok(reply) => reply.unexpected(phase, ReplyFault::Unasked),
            Err(problem) => problem,
        }
    }

    /// Sends QUIT. All mails are answered, so a failure does not matter.
    pub async fn quit(mut self) {
        let parting = async {
            self.stream.write_all(b"QUIT\r\n").await?;
            self.stream.flush().await?;
            let _ = self.read_reply().await;
            self.stream.shutdown().await
        };
        let _: Result<std::io::Result<()>, _> = timeout(FINAL_REPLY_TIME_LIMIT, parting).await;
    }
}
