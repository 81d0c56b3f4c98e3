//! How the latest mails of a mailbox arrived while a customer switches between forwarding and polling.

use serde::Serialize;

use super::{Fact, Text};

/// How many of the latest mails of a mailbox came both by polling and by forwarding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct BothWays {
    /// Number of the latest polled mails, at most 50.
    pub polled: usize,
    /// How many of the polled mails were forwarded too.
    pub also_forwarded: usize,
    /// Number of the latest forwarded mails, at most 50.
    pub forwarded: usize,
    /// How many of the forwarded mails were polled too.
    pub also_polled: usize,
    /// Whether all of the last 50 forwarded mails were polled, so that the forwarding rule can be removed.
    pub forwarding_can_end: bool,
    /// Whether all of the last 50 polled mails were forwarded, so that the mailbox can be removed.
    pub polling_can_end: bool,
}

impl Fact for BothWays {
    fn text(&self) -> Text {
        match (self.forwarding_can_end, self.polling_can_end) {
            (true, true) => Text::new("both-ways-either-can-end").with("count", self.forwarded),
            (true, false) => Text::new("both-ways-forwarding-can-end").with("count", self.forwarded),
            (false, true) => Text::new("both-ways-polling-can-end").with("count", self.polled),
            (false, false) => Text::new("both-ways")
                .with("polled", self.polled)
                .with("also_forwarded", self.also_forwarded)
                .with("forwarded", self.forwarded)
                .with("also_polled", self.also_polled),
        }
    }
}
