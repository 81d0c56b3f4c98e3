//! The limits of one poll: time, messages and bytes. They keep a mailbox with a backlog from delaying others, and a
//! provider from locking an account that downloads too much in a day. The next poll continues with the rest.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// The limits of one poll, and how much it has used. When a limit is reached, the poll ends after the current message.
#[derive(Debug)]
pub struct Budget {
    stop: CancellationToken,
    /// Cancelled when a waiting mailbox needs the slot of this poll.
    turn_over: CancellationToken,
    until: Instant,
    max_messages: u64,
    max_bytes: u64,
    messages: AtomicU64,
    bytes: AtomicU64,
    progressed: AtomicBool,
}

/// How long the current message may still take when the budget is over.
const GRACE_PERIOD: Duration = Duration::from_secs(5);

impl Budget {
    /// Returns a budget that ends at shutdown, at a time, or after a number of messages or bytes.
    pub fn new(stop: CancellationToken, until: Instant, max_messages: u64, max_bytes: u64) -> Self {
        Self {
            stop,
            turn_over: CancellationToken::new(),
            until,
            max_messages,
            max_bytes,
            messages: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            progressed: AtomicBool::new(false),
        }
    }

    /// Returns the budget, which now also ends when a waiting mailbox needs the slot of this poll.
    #[must_use]
    pub fn with_turn(self, turn_over: CancellationToken) -> Self {
        Self { turn_over, ..self }
    }

    /// Whether the poll must not start anything new.
    pub fn is_over(&self) -> bool {
        self.stop.is_cancelled()
            || self.turn_over.is_cancelled()
            || Instant::now() >= self.until
            || self.messages.load(Ordering::Relaxed) >= self.max_messages
            || self.bytes.load(Ordering::Relaxed) >= self.max_bytes
    }

    /// Records that the poll has done work that the next poll need not repeat.
    pub fn progress(&self) {
        self.progressed.store(true, Ordering::Relaxed);
    }

    /// Whether the poll has made progress, so that another poll should follow at once.
    pub fn has_progressed(&self) -> bool {
        self.progressed.load(Ordering::Relaxed)
    }

    /// Whether the time or the turn is over without any progress.
    pub fn ended_without_progress(&self) -> bool {
        (self.turn_over.is_cancelled() || Instant::now() >= self.until) && !self.has_progressed()
    }

    /// Counts a mail that was fetched or found missing, and records progress.
    pub fn spend_message(&self) {
        self.messages.fetch_add(1, Ordering::Relaxed);
        self.progress();
    }

    /// Counts fetched bytes of mail.
    pub fn spend_bytes(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Bytes of mail fetched so far.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Waits until the poll is stopped or its time or turn is over, and then for the grace period.
    pub async fn wait_for_grace_period(&self) {
        tokio::select! {
            () = self.stop.cancelled() => {}
            () = self.turn_over.cancelled() => {}
            () = tokio::time::sleep_until(self.until) => {}
        }
        tokio::time::sleep(GRACE_PERIOD).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn each_limit_ends_the_budget() {
        let stop = CancellationToken::new();
        let budget =
            |messages, bytes| Budget::new(stop.clone(), Instant::now() + Duration::from_secs(60), messages, bytes);
        let by_messages = budget(2, 100);
        by_messages.spend_message();
        assert!(!by_messages.is_over());
        by_messages.spend_message();
        assert!(by_messages.is_over());
        let by_bytes = budget(2, 100);
        by_bytes.spend_bytes(99);
        assert!(!by_bytes.is_over());
        by_bytes.spend_bytes(7);
        assert!(by_bytes.is_over() && by_bytes.bytes() == 106);
        let by_time = budget(2, 100);
        tokio::time::advance(Duration::from_secs(60)).await;
        assert!(by_time.is_over());
        assert!(budget(2, 0).is_over(), "nothing may be fetched today");
        let turn_over = CancellationToken::new();
        let by_turn = budget(2, 100).with_turn(turn_over.clone());
        assert!(!by_turn.is_over());
        turn_over.cancel();
        assert!(by_turn.is_over() && by_turn.ended_without_progress());
        by_turn.progress();
        assert!(!by_turn.ended_without_progress(), "recorded progress remains");
        let by_stop = budget(2, 100);
        stop.cancel();
        assert!(by_stop.is_over());
    }
}
