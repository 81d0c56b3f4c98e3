//! SMTP (RFC 5321) and LMTP (RFC 2033): sends one mail at a time to one recipient, byte for byte.
//!
//! ```text
//! connect -> greeting -> tls -> hello -> login -> sender -> recipient -> data -> body -> answer
//! egress     220         TLS    EHLO     AUTH     MAIL      RCPT         DATA    bytes   250
//! ```
//!
//! Existing clients do not report the phase of a failure, which matters here: if the connection is lost before the last byte of a
//! mail, the mail can safely be sent again; if it is lost after that, a repetition may duplicate the mail (RFC 1047). So the phase
//! [`Answer`](crate::fact::DeliveryPhase) begins when the last byte (the dot of DATA, or the end of the last BDAT) is written.
//!
//! - [`Session`] is a connection that can carry several mails.
//! - [`Scanner`] reads the mail beforehand, since MAIL announces its size and whether it has 8-bit bytes.
//! - [`Transaction`](transaction::Transaction), from [`Session::begin`], sends the mail. Nothing is delivered before its `finish`.

mod dot_stuffing;
mod envelope;
mod extensions;
mod login;
mod reply;
mod scan;
mod session;
mod transaction;
mod wire;

use std::time::Duration;

use secrecy::SecretString;

use crate::tls::Trust;

pub use dot_stuffing::DotStuffing;
pub use envelope::Envelope;
pub use extensions::Extensions;
pub use scan::{Scan, Scanner};
pub use session::Session;
pub use transaction::Accepted;

/// The protocol of a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    Smtp,
    /// LMTP sends one answer per accepted recipient after the mail. A transaction has one recipient, hence one answer.
    Lmtp,
}

/// The protection of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryption {
    /// TLS from the first byte.
    Implicit,
    /// STARTTLS is required.
    StartTls,
    /// STARTTLS if the server offers it, otherwise no TLS (RFC 7435). If the server offers it and the handshake fails, nothing is sent
    /// in the clear.
    Opportunistic,
    /// No TLS. The caller ensures that the connection stays on this machine: loopback or a Unix socket.
    Local,
}

/// A login with a password.
#[derive(Debug, Clone)]
pub struct Login {
    pub username: String,
    pub password: SecretString,
}

/// The server of a session, and the settings of the connection.
#[derive(Debug, Clone)]
pub struct Terms {
    pub protocol: Protocol,
    pub encryption: Encryption,
    /// The server's name, which its certificate must have.
    pub host: String,
    pub trust: Trust,
    /// Our own name in EHLO and LHLO.
    pub hello: String,
    pub login: Option<Login>,
    pub deadlines: Deadlines,
    /// Whether to use BDAT, which carries any bytes unchanged, if the server offers CHUNKING.
    pub chunking: bool,
    /// Whether DATA turns each lone CR and LF into CRLF. Otherwise such a mail is not sent by DATA.
    pub repair_line_ends: bool,
}

/// The time limits of a session. The defaults are those of RFC 5321 4.5.3.2.
#[derive(Debug, Clone, Copy)]
pub struct Deadlines {
    pub greeting: Duration,
    /// The TLS handshake.
    pub tls: Duration,
    /// A command and its answer.
    pub command: Duration,
    /// To write one piece of a mail, at most 1 MiB.
    pub chunk: Duration,
    /// To write a whole mail. It limits a server that reads each piece just before the `chunk` deadline.
    pub body: Duration,
    /// The answer to the whole mail. Too short a deadline causes duplicates (RFC 1047).
    pub answer: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            greeting: Duration::from_mins(5),
            tls: Duration::from_mins(1),
            command: Duration::from_mins(5),
            chunk: Duration::from_mins(3),
            body: Duration::from_mins(60),
            answer: Duration::from_mins(10),
        }
    }
}

#[cfg(test)]
mod tests;
