//! The progress through a backlog: the deliveries to a target, or the import from a mailbox.

use std::time::Duration;

use serde::Serialize;

use super::{Fact, Text};

/// The smallest number of waiting mails that counts as a backlog and has a progress.
pub const LEAST_BACKLOG: i64 = 50;
/// The period over which a speed is measured. If no mail was finished in it, the speed is unknown.
pub const MEASURED: Duration = Duration::from_mins(10);

/// The progress of the delivery of a backlog to a target, after an outage or the import of a whole mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct CatchUp {
    /// Number of mails delivered since the oldest waiting mail was queued.
    pub done: i64,
    /// Number of mails delivered since then, plus the number of waiting mails.
    pub total: i64,
    /// Minutes until the rest is delivered, at the speed of the last ten minutes; null if none was delivered in that time.
    pub minutes_left: Option<i64>,
}

/// The progress of the import through the mails that wait on a mailbox's server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Backlog {
    /// Number of mails imported, skipped or quarantined since the backlog was found.
    pub done: i64,
    /// Number of mails finished since then, plus the number of mails still to be fetched.
    pub total: i64,
    /// Minutes until the rest is imported, at the speed so far; null if nothing was imported in the last ten minutes, or
    /// if the mailbox is paused.
    pub minutes_left: Option<i64>,
}

/// A number of finished mails, and the time that they took.
#[derive(Debug, Clone, Copy)]
pub struct Speed {
    pub done: i64,
    pub milliseconds: i64,
}

impl Speed {
    /// The minutes that `left` further mails will take; `None` if no mail was finished.
    pub fn minutes_for(self, left: i64) -> Option<i64> {
        let seconds = self.milliseconds.max(1) / 1000 + 1;
        (self.done > 0).then(|| left.saturating_mul(seconds) / self.done / 60 + 1)
    }
}

impl Fact for CatchUp {
    fn text(&self) -> Text {
        progress(["catch-up", "catch-up-minutes", "catch-up-hours"], (self.done, self.total), self.minutes_left)
    }
}

impl Fact for Backlog {
    fn text(&self) -> Text {
        progress(["backlog", "backlog-minutes", "backlog-hours"], (self.done, self.total), self.minutes_left)
    }
}

/// Chooses the message: without the remaining time, or with the time in minutes or in hours.
fn progress([plain, minutes, hours]: [&'static str; 3], (done, total): (i64, i64), left: Option<i64>) -> Text {
    let text = |id| Text::new(id).with("done", done).with("total", total);
    match left {
        None => text(plain),
        Some(left) if left <= 120 => text(minutes).with("count", left),
        Some(left) => text(hours).with("hours", left / 60),
    }
}
