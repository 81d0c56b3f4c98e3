//! A session: greeting, TLS, EHLO or LHLO, login; then one mail after the other.

use tokio::time::timeout;

use super::reply::{Expected, Reply};
use super::wire::{Arrival, Stream, Wire};
use super::{Deadlines, Encryption, Offers, Protocol, Terms};
use crate::fact::{DeliveryPhase, DeliveryProblem};
use crate::tls;

/// A connection to a target, ready for mails.
pub struct Session {
    pub(super) wire: Wire,
    pub(super) deadlines: Deadlines,
    /// Whether the server waits for MAIL. A transaction that is abandoned, or ends in an unknown state, leaves it false for good.
    pub(super) is_idle: bool,
    pub(super) chunking: bool,
    pub(super) repair_line_ends: bool,
    offers: Offers,
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
            offers: Offers::default(),
            greeting: greeting.words(),
            is_protected: terms.encryption == Encryption::Implicit,
        };
        session.introduce(terms).await?;
        let wants_tls = match terms.encryption {
            Encryption::StartTls => true,
            Encryption::Opportunistic => session.offers.starttls,
            Encryption::Implicit | Encryption::Local => false,
        };
        if wants_tls {
            session = session.start_tls(terms).await?;
            // RFC 3207 4.2: nothing that was learned before TLS counts.
            session.introduce(terms).await?;
        }
        if let Some(login) = &terms.login {
            session.log_in(login).await?;
        }
        Ok(session)
    }

    /// The offers after TLS.
    pub fn offers(&self) -> &Offers {
        &self.offers
    }

    /// The text of the server's greeting.
    pub fn greeting(&self) -> &str {
        &self.greeting
    }

    /// Whether the connection has TLS.
    pub fn is_protected(&self) -> bool {
        self.is_protected
    }

    /// Whether the session can take another mail: no transaction was abandoned, and the server has neither closed nor spoken since
    /// (such as "421 idle too long"). Otherwise the caller opens a new one.
    pub async fn is_ready(&mut self) -> bool {
        self.is_idle && self.wire.arrival().await == Arrival::Nothing
    }

    /// Ends the session with QUIT. Its failure does not affect any mail.
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

    /// EHLO or LHLO. There is no way back to HELO: each server since RFC 1869 (1995) knows EHLO, and only EHLO offers the
    /// extensions that are needed here (TLS, a login, SIZE).
    async fn introduce(&mut self, terms: &Terms) -> Result<(), DeliveryProblem> {
        let verb = match terms.protocol {
            Protocol::Smtp => "EHLO",
            Protocol::Lmtp => "LHLO",
        };
        // A host name from the system may be anything; an invalid one is refused by many servers.
        let is_name = !terms.hello.is_empty() && terms.hello.bytes().all(|byte| byte.is_ascii_graphic());
        let name = if is_name { terms.hello.as_str() } else { "localhost" };
        let reply = self.command(format!("{verb} {name}\r\n").as_bytes(), DeliveryPhase::Hello).await?;
        self.offers = Offers::read(&reply.expect(Expected::Completion, DeliveryPhase::Hello)?);
        Ok(())
    }

    async fn start_tls(mut self, terms: &Terms) -> Result<Self, DeliveryProblem> {
        if !self.offers.starttls {
            return Err(DeliveryProblem::NoStartTls);
        }
        let phase = DeliveryPhase::Tls;
        self.command(b"STARTTLS\r\n", phase).await?.expect(Expected::Completion, phase)?;
        match self.wire.arrival().await {
            Arrival::Nothing => {}
            // Taken for the first answer under TLS, they would speak with the server's authority (CVE-2011-0411 and others).
            Arrival::Bytes => return Err(DeliveryProblem::InjectedBeforeTls),
            Arrival::End => return Err(DeliveryProblem::Closed { phase }),
        }
        let stream = protect(self.wire.into_stream(), terms).await?;
        Ok(Self { wire: Wire::new(stream), offers: Offers::default(), is_protected: true, ..self })
    }
}

async fn protect(stream: Box<dyn Stream>, terms: &Terms) -> Result<Box<dyn Stream>, DeliveryProblem> {
    match timeout(terms.deadlines.tls, tls::connect(stream, &terms.host, &terms.trust)).await {
        Ok(Ok((stream, _))) => Ok(Box::new(stream)),
        Ok(Err(why)) => Err(DeliveryProblem::Tls { why }),
        Err(_) => Err(DeliveryProblem::TimedOut { phase: DeliveryPhase::Tls }),
    }
}
