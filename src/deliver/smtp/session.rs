//! A session: greeting, TLS, EHLO or LHLO, login; then one mail after the other.

use tokio::time::timeout;

use super::reply::{Expected, Reply};
use super::wire::{Arrival, Stream, Wire};
use super::{Deadlines, Encryption, Extensions, Protocol, Terms};
use crate::fact::{DeliveryPhase, DeliveryProblem};
use crate::tls;

/// A connection to a target, ready for mails.
pub struct Session {
    pub(super) wire: Wire,
    pub(super) deadlines: Deadlines,
    /// Whether the server is ready for MAIL. Stays false for good after a transaction that was abandoned or ended in an unknown state.
    pub(super) is_idle: bool,
    pub(super) chunking: bool,
    pub(super) repair_line_ends: bool,
    extensions: Extensions,
    greeting: String,
    is_protected: bool,
}

impl Session {
    /// Opens a session on a connection that `egress` has made, or on a Unix socket.
    pub async fn open(stream: impl Stream + 'static, terms: &Terms) -> Result<Self, DeliveryProblem> {
        let mut stream: Box<dyn Stream> = Box::new(stream);
        if terms.encryption == Encryption::Implicit {
            stream = protect(stream, terms).await?;
        }
        let mut wire = Wire::new(stream);
        let greeting = wire.reply(DeliveryPhase::Greeting, terms.deadlines.greeting).await?;
        let greeting = greeting.expect(Expected::Completion, DeliveryPhase::Greeting)?;
        let mut session = Self {
            wire,
            deadlines: terms.deadlines,
            is_idle: true,
            chunking: terms.chunking,
            repair_line_ends: terms.repair_line_ends,
            extensions: Extensions::default(),
            greeting: greeting.words(),
            is_protected: terms.encryption == Encryption::Implicit,
        };
        session.send_hello(terms).await?;
        let wants_tls = match terms.encryption {
            Encryption::StartTls => true,
            Encryption::Opportunistic => session.extensions.starttls,
            Encryption::Implicit | Encryption::Local => false,
        };
        if wants_tls {
            session = session.start_tls(terms).await?;
            // RFC 3207 4.2: discard everything learned before TLS.
            session.send_hello(terms).await?;
        }
        if let Some(login) = &terms.login {
            session.log_in(login).await?;
        }
        Ok(session)
    }

    /// The extensions in the latest EHLO reply.
    pub fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// The text of the server's greeting.
    pub fn greeting(&self) -> &str {
        &self.greeting
    }

    /// Whether the connection has TLS.
    pub fn is_protected(&self) -> bool {
        self.is_protected
    }

    /// Whether the session can carry another mail: no transaction was abandoned, and the server has neither closed the connection nor
    /// sent anything since (such as "421 idle too long"). Otherwise the caller opens a new session.
    pub async fn is_ready(&mut self) -> bool {
        self.is_idle && self.wire.arrival().await == Arrival::Nothing
    }

    /// Ends the session with QUIT. A failure is ignored, since it affects no mail.
    pub async fn quit(self) {
        if self.is_idle {
            self.wire.quit().await;
        }
    }

    /// Sends a command and reads its answer.
    pub(super) async fn command(&mut self, line: &[u8], phase: DeliveryPhase) -> Result<Reply, DeliveryProblem> {
        self.wire.expect_silence(phase).await?;
        self.wire.write(line, phase, self.deadlines.command).await?;
        self.wire.reply(phase, self.deadlines.command).await
    }

    /// Sends EHLO or LHLO. There is no fallback to HELO: servers have supported EHLO since RFC 1869 (1995), and the extensions that are
    /// needed here (STARTTLS, AUTH, SIZE) require it.
    async fn send_hello(&mut self, terms: &Terms) -> Result<(), DeliveryProblem> {
        let verb = match terms.protocol {
            Protocol::Smtp => "EHLO",
            Protocol::Lmtp => "LHLO",
        };
        // The system's host name may be anything, and many servers refuse an invalid name.
        let is_name = !terms.hello.is_empty() && terms.hello.bytes().all(|byte| byte.is_ascii_graphic());
        let name = if is_name { terms.hello.as_str() } else { "localhost" };
        let reply = self.command(format!("{verb} {name}\r\n").as_bytes(), DeliveryPhase::Hello).await?;
        self.extensions = Extensions::read(&reply.expect(Expected::Completion, DeliveryPhase::Hello)?);
        Ok(())
    }

    async fn start_tls(mut self, terms: &Terms) -> Result<Self, DeliveryProblem> {
        if !self.extensions.starttls {
            return Err(DeliveryProblem::NoStartTls);
        }
        let phase = DeliveryPhase::Tls;
        self.command(b"STARTTLS\r\n", phase).await?.expect(Expected::Completion, phase)?;
        match self.wire.arrival().await {
            Arrival::Nothing => {}
            // An attacker may have injected these bytes: read after the handshake, they would pass for the server's
            // (CVE-2011-0411 and others).
            Arrival::Bytes => return Err(DeliveryProblem::InjectedBeforeTls),
            Arrival::End => return Err(DeliveryProblem::Closed { phase }),
        }
        let stream = protect(self.wire.into_stream(), terms).await?;
        Ok(Self { wire: Wire::new(stream), extensions: Extensions::default(), is_protected: true, ..self })
    }
}

async fn protect(stream: Box<dyn Stream>, terms: &Terms) -> Result<Box<dyn Stream>, DeliveryProblem> {
    match timeout(terms.deadlines.tls, tls::connect(stream, &terms.host, &terms.trust)).await {
        Ok(Ok((stream, _))) => Ok(Box::new(stream)),
        Ok(Err(why)) => Err(DeliveryProblem::Tls { why }),
        Err(_) => Err(DeliveryProblem::TimedOut { phase: DeliveryPhase::Tls }),
    }
}
