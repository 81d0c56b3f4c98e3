//! The progress of a target through a backlog.

use serde::Serialize;

use super::{Fact, Text};

/// The progress of a target through the mails that waited for it, after an outage or the import of a whole mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct CatchUp {
    /// Mails delivered since the oldest waiting mail was queued.
    pub done: i64,
    /// These mails and the waiting ones.
    pub total: i64,
    /// Minutes until the rest is delivered, at the speed of the last ten minutes; null if nothing was delivered in them.
    pub minutes_left: Option<i64>,
}

impl Fact for CatchUp {
    fn text(&self) -> Text {
        let text = |id| Text::new(id).with("done", self.done).with("total", self.total);
        match self.minutes_left {
            None => text("catch-up"),
            Some(minutes) if minutes <= 120 => text("catch-up-minutes").with("count", minutes),
            Some(minutes) => text("catch-up-hours").with("hours", minutes / 60),
        }
    }
}
