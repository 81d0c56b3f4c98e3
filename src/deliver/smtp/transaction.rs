//! One mail to one recipient: MAIL, RCPT, then DATA or BDAT.
//!
//! DATA needs [`DotStuffing`]. BDAT (RFC 3030) announces the length and sends the bytes unchanged, so it is preferred. BINARYMIME is
//! not requested: a later server without it would receive a converted mail.

use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::envelope::Paths;
use super::reply::{Expected, Reply};
use super::{Deadlines, DotStuffing, Envelope, Scan, Session};
use crate::fact::{DeliveryPhase, DeliveryProblem};

/// Number of bytes per write in DATA.
const PIECE: usize = 64 << 10;
/// Number of bytes per BDAT command.
const CHUNK: usize = 1 << 20;
/// Time limit of RSET. It is short, since RSET delays the report of a refusal, and a new session can replace a failed RSET.
const RESET: Duration = Duration::from_secs(10);

/// A transaction whose recipient was accepted. Dropping it ends the session without delivering the mail.
pub struct Transaction<'s> {
    session: &'s mut Session,
    size: u64,
    pushed: u64,
    body: Body,
    started_at: Instant,
    failed: Option<DeliveryProblem>,
}

/// The bytes that wait to be written, in the form that the command requires.
enum Body {
    Data { stuffing: DotStuffing, waiting: Vec<u8> },
    Chunks { waiting: Vec<u8> },
}

/// The target's acceptance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    pub code: u16,
    pub enhanced: Option<String>,
    /// The target's text, which often has its queue id.
    pub words: String,
    /// Number of lone CR and LF that became CRLF.
    pub line_ends_repaired: u64,
    /// Whether the mail did not end with CRLF, which DATA requires.
    pub last_line_end_added: bool,
}

/// Why the server did not accept the envelope or DATA.
enum Rejection {
    /// It refused, and is ready for the next command.
    Refused(DeliveryProblem),
    /// The session cannot continue.
    Ended(DeliveryProblem),
}

/// A command of the envelope.
struct Command {
    phase: DeliveryPhase,
    line: String,
    expected: Expected,
}

impl Session {
    /// Sends the envelope of a mail. After a refusal the session can be used for the next mail if it is still
    /// [ready](Session::is_ready).
    pub async fn begin(&mut self, envelope: &Envelope<'_>, scan: &Scan) -> Result<Transaction<'_>, DeliveryProblem> {
        if !self.is_idle {
            return Err(DeliveryProblem::Closed { phase: DeliveryPhase::Sender });
        }
        let in_chunks = self.chunking && self.extensions().chunking;
        let commands = self.commands(envelope, scan, in_chunks)?;
        self.is_idle = false;
        match self.send_envelope(commands).await {
            Ok(()) => {}
            Err(Rejection::Refused(problem)) => {
                self.reset().await;
                return Err(problem);
            }
            Err(Rejection::Ended(problem)) => return Err(problem),
        }
        let body = match in_chunks {
            true => Body::Chunks { waiting: Vec::new() },
            false => Body::Data { stuffing: DotStuffing::new(self.repair_line_ends), waiting: Vec::new() },
        };
        Ok(Transaction { session: self, size: scan.size, pushed: 0, body, started_at: Instant::now(), failed: None })
    }

    /// The commands before the mail. Refuses a mail that the server cannot accept.
    fn commands(&self, envelope: &Envelope<'_>, scan: &Scan, in_chunks: bool) -> Result<Vec<Command>, DeliveryProblem> {
        let extensions = self.extensions();
        if !(in_chunks || self.repair_line_ends || scan.has_crlf_only()) {
            return Err(DeliveryProblem::BareLineEnds);
        }
        let size = if in_chunks { scan.size } else { scan.size_in_data() };
        if let Some(limit) = extensions.size_limit.filter(|limit| *limit < size) {
            return Err(DeliveryProblem::TooLarge { size, limit });
        }
        let paths = Paths::new(envelope, extensions)?;
        let mut mail = format!("MAIL FROM:<{}>", paths.from);
        if extensions.size {
            mail.push_str(&format!(" SIZE={size}"));
        }
        // Without 8BITMIME, 8-bit bytes are sent anyway: a conversion would break signatures, and servers accept them.
        if extensions.eight_bit && scan.has_8bit {
            mail.push_str(" BODY=8BITMIME");
        }
        if paths.needs_utf8 {
            mail.push_str(" SMTPUTF8");
        }
        let command = |phase, line: String, expected| Command { phase, line: line + "\r\n", expected };
        let mut commands = vec![
            command(DeliveryPhase::Sender, mail, Expected::Completion),
            command(DeliveryPhase::Recipient, format!("RCPT TO:<{}>", paths.to), Expected::Completion),
        ];
        if !in_chunks {
            commands.push(command(DeliveryPhase::Data, "DATA".to_owned(), Expected::Continuation));
        }
        Ok(commands)
    }

    async fn send_envelope(&mut self, commands: Vec<Command>) -> Result<(), Rejection> {
        match self.extensions().pipelining {
            true => self.send_envelope_pipelined(commands).await,
            false => self.send_envelope_in_turn(commands).await,
        }
    }

    async fn send_envelope_in_turn(&mut self, commands: Vec<Command>) -> Result<(), Rejection> {
        for Command { phase, line, expected } in commands {
            let reply = self.command(line.as_bytes(), phase).await.map_err(Rejection::Ended)?;
            reply.expect(expected, phase).map_err(rejection)?;
        }
        Ok(())
    }

    /// Sends all commands at once, then reads all answers (RFC 2920).
    async fn send_envelope_pipelined(&mut self, commands: Vec<Command>) -> Result<(), Rejection> {
        let first = DeliveryPhase::Sender;
        self.wire.expect_silence(first).await.map_err(Rejection::Ended)?;
        let lines: String = commands.iter().map(|command| command.line.as_str()).collect();
        self.wire.write(lines.as_bytes(), first, self.deadlines.command).await.map_err(Rejection::Ended)?;
        let mut refused = None;
        for Command { phase, expected, .. } in commands {
            let answer = match self.wire.reply(phase, self.deadlines.command).await {
                Ok(reply) => reply.expect(expected, phase),
                // The first refusal is the cause; the end of the session follows from it.
                Err(problem) => return Err(Rejection::Ended(refused.unwrap_or(problem))),
            };
            match (answer.map_err(rejection), refused.take()) {
                (Ok(_), None) => {}
                // The server refused the recipient but still expects a mail. Not even an empty one is sent.
                (Ok(_), Some(earlier)) if phase == DeliveryPhase::Data => return Err(Rejection::Ended(earlier)),
                (Ok(_) | Err(Rejection::Refused(_)), Some(earlier)) => refused = Some(earlier),
                (Err(Rejection::Refused(problem)), None) => refused = Some(problem),
                (Err(Rejection::Ended(problem)), earlier) => return Err(Rejection::Ended(earlier.unwrap_or(problem))),
            }
        }
        refused.map_or(Ok(()), |problem| Err(Rejection::Refused(problem)))
    }

    /// Resets a refused transaction at once, so that a failure of RSET is not attributed to the next mail.
    async fn reset(&mut self) {
        let phase = DeliveryPhase::Sender;
        let reply = timeout(RESET, self.command(b"RSET\r\n", phase)).await;
        let is_reset =
            reply.is_ok_and(|reply| reply.is_ok_and(|reply| reply.expect(Expected::Completion, phase).is_ok()));
        self.is_idle = is_reset;
    }
}

fn rejection(problem: DeliveryProblem) -> Rejection {
    match problem {
        DeliveryProblem::Refused { .. } => Rejection::Refused(problem),
        other => Rejection::Ended(other),
    }
}

impl Transaction<'_> {
    /// Sends a piece of the mail, of any size. The mail is not delivered yet: its end is sent by [`finish`](Self::finish).
    /// After an error, the caller drops the transaction.
    pub async fn push(&mut self, piece: &[u8]) -> Result<(), DeliveryProblem> {
        if let Some(problem) = &self.failed {
            return Err(problem.clone());
        }
        self.pushed = self.pushed.saturating_add(piece.len() as u64);
        // If the future is dropped in the middle of a piece, the rest of that piece is missing.
        self.failed = Some(DeliveryProblem::Closed { phase: DeliveryPhase::Body });
        let pushed = if self.pushed > self.size { Err(self.incomplete()) } else { self.write_piece(piece).await };
        self.failed = pushed.clone().err();
        pushed
    }

    /// Sends the rest of the mail and reads the answer. If this future is dropped, it is unknown whether the mail was
    /// delivered, so the caller must have stored beforehand that it may be.
    pub async fn finish(mut self) -> Result<Accepted, DeliveryProblem> {
        if let Some(problem) = self.failed.take() {
            return Err(problem);
        }
        if self.pushed != self.size {
            return Err(self.incomplete());
        }
        let within = self.remaining();
        let (line_ends_repaired, last_line_end_added) = match &mut self.body {
            Body::Data { stuffing, waiting } => {
                let is_added = stuffing.finish(waiting)?;
                self.session.wire.write_body(waiting, within).await?;
                self.session.send_last(b".\r\n").await?;
                (stuffing.repaired(), is_added)
            }
            Body::Chunks { waiting } => {
                // Hold back the last byte: of the mail, or of the command if the mail is empty.
                let mut chunk = format!("BDAT {} LAST\r\n", waiting.len()).into_bytes();
                chunk.append(waiting);
                let (head, last) = chunk.split_at_checked(chunk.len() - 1).unwrap_or_default();
                self.session.wire.write_body(head, within).await?;
                self.session.send_last(last).await?;
                (0, false)
            }
        };
        let in_chunks = matches!(self.body, Body::Chunks { .. });
        self.session.answer(in_chunks).await.map(|reply| Accepted {
            code: reply.code,
            words: reply.words(),
            enhanced: reply.enhanced,
            line_ends_repaired,
            last_line_end_added,
        })
    }

    fn incomplete(&self) -> DeliveryProblem {
        DeliveryProblem::Incomplete { size: self.size, read: self.pushed }
    }

    /// The time for the next write.
    fn remaining(&self) -> Duration {
        let Deadlines { chunk, body, .. } = self.session.deadlines;
        chunk.min(body.saturating_sub(self.started_at.elapsed()))
    }

    async fn write_piece(&mut self, piece: &[u8]) -> Result<(), DeliveryProblem> {
        match self.body {
            Body::Data { .. } => {
                for part in piece.chunks(PIECE) {
                    self.write_lines(part).await?;
                }
            }
            Body::Chunks { .. } => {
                let mut piece = piece;
                while !piece.is_empty() {
                    piece = self.write_chunk(piece).await?;
                }
            }
        }
        Ok(())
    }

    async fn write_lines(&mut self, part: &[u8]) -> Result<(), DeliveryProblem> {
        let within = self.remaining();
        let Body::Data { stuffing, waiting } = &mut self.body else { return Ok(()) };
        stuffing.push(part, waiting)?;
        // A short mail is written in one piece.
        if waiting.len() >= PIECE {
            self.session.wire.write_body(waiting, within).await?;
            waiting.clear();
        }
        Ok(())
    }

    /// Adds bytes to the chunk, and sends a full chunk only if more bytes follow, so that `finish` can send the last chunk as LAST.
    /// Returns the bytes that did not fit.
    async fn write_chunk<'p>(&mut self, piece: &'p [u8]) -> Result<&'p [u8], DeliveryProblem> {
        let (within, phase) = (self.remaining(), DeliveryPhase::Body);
        let Body::Chunks { waiting } = &mut self.body else { return Ok(&[]) };
        if waiting.len() >= CHUNK {
            let wire = &mut self.session.wire;
            wire.expect_no_answer_yet().await?;
            wire.write_body(format!("BDAT {}\r\n", waiting.len()).as_bytes(), within).await?;
            wire.write_body(waiting, within).await?;
            waiting.clear();
            // A refusal ends the session, since servers treat the remaining chunks differently (RFC 3030 2 and 4.3).
            wire.reply(phase, self.session.deadlines.command).await?.expect(Expected::Completion, phase)?;
        }
        let room = CHUNK.saturating_sub(waiting.len()).min(piece.len());
        let (taken, rest) = piece.split_at_checked(room).unwrap_or((piece, &[]));
        waiting.extend_from_slice(taken);
        Ok(rest)
    }
}

impl Session {
    /// Writes the bytes that complete the mail. From now on the mail may be delivered.
    async fn send_last(&mut self, bytes: &[u8]) -> Result<(), DeliveryProblem> {
        self.wire.expect_no_answer_yet().await?;
        self.wire.write(bytes, DeliveryPhase::Answer, self.deadlines.chunk).await
    }

    /// Reads the answer to the mail. LMTP, too, sends only one, for the single recipient.
    async fn answer(&mut self, in_chunks: bool) -> Result<Reply, DeliveryProblem> {
        let phase = DeliveryPhase::Answer;
        let reply = self.wire.reply(phase, self.deadlines.answer).await?;
        let answer = reply.expect(Expected::Completion, phase);
        match &answer {
            Ok(_) => self.is_idle = true,
            // A refused DATA ends the transaction (RFC 5321 4.1.1.4); a refused BDAT needs RSET (RFC 3030 2).
            Err(DeliveryProblem::Refused { .. }) if in_chunks => self.reset().await,
            Err(DeliveryProblem::Refused { .. }) => self.is_idle = true,
            Err(_) => {}
        }
        answer
    }
}
