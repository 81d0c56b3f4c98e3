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

/// Time limits for a server.
#[derive(Debug, Clone, Copy)]
pub struct Deadlines {
    /// Timeout for the greeting and STARTTLS.
    pub greeting: Duration,
    /// Timeout of the login.
    pub login: Duration,
    /// Maximum time to wait for the next byte, before or within an answer.
    pub silence: Duration,
    /// Timeout of one command, up to its tagged answer.
    pub command: Duration,
}

/// Size limits on a server's output.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Maximum number of bytes in one literal.
    pub literal: u64,
    /// Maximum number of bytes in one SEARCH response line.
    pub line: usize,
    /// Maximum number of opening parentheses in one answer.
    pub nesting: usize,
    /// Maximum number of untagged answers to one command.
    pub untagged: usize,
    /// Maximum number of bytes in the answer to a command that requests no mail.
    pub answer: u64,
    /// Maximum number of bytes in the answer to a command that requests mail.
    pub mail: u64,
    /// Minimum number of bytes per second while waiting.
    pub throughput: u64,
}
