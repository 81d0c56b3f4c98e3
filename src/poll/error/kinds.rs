//! Classifies errors: the step, the blame and the retry.

use std::time::Duration;

use serde::{Serialize, Serializer};

/// A step of a poll.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Lease,
    /// Waiting for a slot for the visit.
    Slot,
    /// Receiving enough data while other mailboxes wait.
    Pace,
    Dns,
    Tcp,
    Tls,
    StartTls,
    Greeting,
    Token,
    Login,
    Select,
    Search,
    Fetch,
    Import,
    Settle,
    Record,
}

impl Step {
    /// Returns the name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Lease => "lease",
            Self::Slot => "place",
            Self::Pace => "pace",
            Self::Dns => "dns",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
            Self::StartTls => "starttls",
            Self::Greeting => "greeting",
            Self::Token => "token",
            Self::Login => "login",
            Self::Select => "select",
            Self::Search => "search",
            Self::Fetch => "fetch",
            Self::Import => "import",
            Self::Settle => "settle",
            Self::Record => "record",
        }
    }
}

/// Whether the step with this name finds or reaches the host (DNS, TCP). Only the operator may see why such a step failed.
pub fn is_connection_step(step: &str) -> bool {
    [Step::Dns, Step::Tcp].iter().any(|step_of_connection| step_of_connection.name() == step)
}

impl Serialize for Step {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// The part that a failure is attributed to, from the smallest to the largest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Blame {
    /// One folder does not work; the others continue.
    Folder,
    /// One mailbox does not work, because of its password or settings.
    Mailbox,
    /// The server does not work, for any of its mailboxes.
    Host,
    /// Mailferry itself is the cause: its database, its key, or an address that its configuration does not permit.
    Us,
}

impl Blame {
    /// Returns the name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Folder => "folder",
            Self::Mailbox => "mailbox",
            Self::Host => "host",
            Self::Us => "us",
        }
    }
}

/// When to retry a failed poll.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// The poll is retried soon, with increasing delays while it fails.
    Soon,
    /// The poll is retried after the time that the server demands.
    After(Duration),
    /// The poll is retried after an hour, then daily: the account's limit at the server is used up, and further
    /// requests would prolong the block.
    Quota,
    /// The poll is retried rarely, since each attempt may count against the account.
    Credentials,
    /// The poll is retried at once with a new access token, or later if there is none.
    Renew,
    /// The poll starts as soon as there is a free slot. Nothing has failed.
    WhenSlotIsFree,
    /// A person has to change something first. Until then, the poll is repeated every hour, but is not expected to succeed.
    Person,
}
