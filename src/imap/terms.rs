//! The terms on which we speak with a server: how long it may take and how much it may send.

use std::time::Duration;

use super::in_flight::InFlight;

/// What every session is made with.
#[derive(Debug, Clone)]
pub struct Terms {
    pub deadlines: Deadlines,
    pub limits: Limits,
    /// How much of all servers' mail is held at once.
    pub in_flight: InFlight,
}

/// How long a server may take.
#[derive(Debug, Clone, Copy)]
pub struct Deadlines {
    /// For its first line, and for STARTTLS.
    pub greeting: Duration,
    /// For the login.
    pub login: Duration,
    /// Between two bytes of an answer.
    pub silence: Duration,
    /// For one command to its tagged answer.
    pub command: Duration,
}

/// How much a server may send.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes in one literal.
    pub literal: u64,
    /// Bytes in one line with the UIDs of a SEARCH.
    pub line: usize,
    /// Parentheses within each other.
    pub nesting: usize,
    /// Untagged answers to one command.
    pub untagged: usize,
    /// Bytes in the answer to one command that asks for no mail.
    pub answer: u64,
    /// Bytes in the answer to one command that asks for mail.
    pub mail: u64,
    /// Bytes a second while they are waited for.
    pub throughput: u64,
}
