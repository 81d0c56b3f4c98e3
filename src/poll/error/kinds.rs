//! Where a poll fails, what is broken, and when it makes sense to try again.

use std::time::Duration;

use serde::{Serialize, Serializer};

/// The step that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Lease,
    /// Finding a place among all visits, and keeping it.
    Place,
    /// Bringing enough while others wait.
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
    /// As it stands in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Lease => "lease",
            Self::Place => "place",
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

/// Whether a step, by its name, is about the way to a host: which of them fail is the operator's business only.
pub fn is_the_way(step: &str) -> bool {
    [Step::Dns, Step::Tcp].iter().any(|way| way.name() == step)
}

impl Serialize for Step {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// What is broken, from least to most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Blame {
    /// One folder; others go on.
    Folder,
    /// One mailbox: its password, its settings.
    Mailbox,
    /// The server, for all its mailboxes.
    Host,
    /// Ourselves: the database, the key.
    Us,
}

impl Blame {
    /// As it stands in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Folder => "folder",
            Self::Mailbox => "mailbox",
            Self::Host => "host",
            Self::Us => "us",
        }
    }
}

/// When to try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// Soon, and less often the longer it fails.
    Soon,
    /// The server said to stay away so long.
    After(Duration),
    /// The account's limit at the server is used up; asking on makes it longer.
    Quota,
    /// Rarely: each try may count against the account.
    Credentials,
    /// At once, with a new access token; without one, soon.
    Renew,
    /// As soon as there is a place: nothing has failed.
    InTurn,
    /// When a person has changed something.
    Person,
}
