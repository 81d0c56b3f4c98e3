//! The deadlines and limits of a session.

use std::time::Duration;

use super::in_flight::InFlight;

/// The configuration of all sessions.
#[derive(Debug, Clone)]
pub struct Terms {
    pub deadlines: Deadlines,
    pub limits: Limits,
    /// The memory budget that all sessions share.
    pub in_flight: InFlight,
}

/// Time limits of a server.
#[derive(Debug, Clone, Copy)]
pub struct Deadlines {
    /// The greeting, and STARTTLS.
    pub greeting: Duration,
    /// The login.
    pub login: Duration,
    /// Silence within an answer.
    pub silence: Duration,
    /// One command, up to its tagged answer.
    pub command: Duration,
}

/// Size limits of a server's output.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes in one literal.
    pub literal: u64,
    /// Bytes in one SEARCH response line.
    pub line: usize,
    /// Nesting depth of parentheses.
    pub nesting: usize,
    /// Number of untagged answers to one command.
    pub untagged: usize,
    /// Bytes in the answer to a command that requests no mail.
    pub answer: u64,
    /// Bytes in the answer to a command that requests mail.
    pub mail: u64,
    /// Minimum bytes per second while waiting.
    pub throughput: u64,
}
