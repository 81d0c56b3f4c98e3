//! SMTP (RFC 5321) and LMTP (RFC 2033): hands one mail at a time over to one recipient, byte for byte.
//!
//! ```text
//! connect -> greeting -> tls -> hello -> login -> sender -> recipient -> data -> body -> answer
//! egress     220         TLS    EHLO     AUTH     MAIL      RCPT         DATA    bytes   250
//! ```
//!
//! An existing client does not fit: a failure must say its phase, since a loss before the last byte of a mail is free to
//! be repeated and a loss after it may double the mail (RFC 1047). So the phase [`Answer`](crate::fact::DeliveryPhase)
//! begins when the last byte (the dot of DATA, or the end of the last BDAT) is handed to the connection, and never earlier.
//!
//! - [`Session`] opens a connection and keeps it for several mails.
//! - [`Surveyor`] reads a mail first, since MAIL announces its size and whether it has 8-bit bytes.
//! - [`Transaction`](transaction::Transaction), from [`Session::begin`], sends it. Only its `finish` can deliver.

mod dot_stuffing;
mod envelope;
mod login;
mod offers;
mod reply;
mod session;
mod survey;
mod transaction;
mod wire;

use std::time::Duration;

use secrecy::SecretString;

use crate::tls::Trust;

pub use dot_stuffing::DotStuffing;
pub use envelope::Envelope;
pub use offers::Offers;
pub use session::Session;
pub use survey::{Survey, Surveyor};
pub use transaction::Accepted;

/// The protocol of a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    Smtp,
    /// LMTP answers after the mail once for each accepted recipient. A transaction has one recipient, so one answer.
    Lmtp,
}

/// The protection of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryption {
    /// TLS from the first byte.
    Implicit,
    /// STARTTLS, without which nothing is sent.
    StartTls,
    /// STARTTLS where the server offers it, and otherwise none (RFC 7435). A server that offers it gets nothing in the clear, also
    /// if the handshake fails.
    Opportunistic,
    /// None. The caller ensures that the connection does not leave the machine: loopback or a Unix socket.
    Local,
}

/// A login with a password.
#[derive(Debug, Clone)]
pub struct Login {
    pub username: String,
    pub password: SecretString,
}

/// The target of a session, and the terms of the connection.
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
    /// Whether BDAT is used where the server offers CHUNKING. It carries any bytes unchanged.
    pub chunking: bool,
    /// Where DATA must be used, whether each lone CR and LF of a mail becomes CRLF. Otherwise such a mail is not sent.
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
    /// Writing one piece of a mail, at most 1 MiB.
    pub chunk: Duration,
    /// Writing a whole mail. It bounds a server that reads slowly, a little before each `chunk` deadline.
    pub body: Duration,
    /// The answer to the whole mail. Too short a deadline doubles mails (RFC 1047).
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
