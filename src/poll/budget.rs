//! How much one poll may take: time, mails and bytes. What is left over is the next poll's, so that one mailbox with a backlog
//! keeps no other waiting, and no provider locks an account for downloading too much in a day.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// When a poll is to end at the message in hand.
#[derive(Debug)]
pub struct Budget {
    stop: CancellationToken,
    /// Others wait for the place of this poll.
    turn_over: CancellationToken,
    until: Instant,
    most_messages: u64,
    most_bytes: u64,
    messages: AtomicU64,
    bytes: AtomicU64,
    progressed: AtomicBool,
}

/// The time that the message in hand has when the budget is over.
const LAST_MESSAGE: Duration = Duration::from_secs(5);

impl Budget {
    /// Until told to stop, until the time is up, until so many mails or bytes have come.
    pub fn new(stop: CancellationToken, until: Instant, most_messages: u64, most_bytes: u64) -> Self {
        Self {
            stop,
            turn_over: CancellationToken::new(),
            until,
            most_messages,
            most_bytes,
            messages: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            progressed: AtomicBool::new(false),
        }
    }

    /// The same, until others wait for the place of this poll.
    #[must_use]
    pub fn in_turn(self, turn_over: CancellationToken) -> Self {
        Self { turn_over, ..self }
    }

    /// Whether nothing more is to be begun.
    pub fn is_over(&self) -> bool {
        self.stop.is_cancelled()
            || self.turn_over.is_cancelled()
            || Instant::now() >= self.until
            || self.messages.load(Ordering::Relaxed) >= self.most_messages
            || self.bytes.load(Ordering::Relaxed) >= self.most_bytes
    }

    /// Something was dealt with that will not have to be dealt with again.
    pub fn progress(&self) {
        self.progressed.store(true, Ordering::Relaxed);
    }

    /// Whether going on at once makes sense.
    pub fn has_progressed(&self) -> bool {
        self.progressed.load(Ordering::Relaxed)
    }

    /// Whether the time is up and nothing has come in it.
    pub fn was_wasted(&self) -> bool {
        (self.turn_over.is_cancelled() || Instant::now() >= self.until) && !self.has_progressed()
    }

    /// A mail has come.
    pub fn spend_message(&self) {
        self.messages.fetch_add(1, Ordering::Relaxed);
        self.progress();
    }

    /// Bytes of mail have come.
    pub fn spend_bytes(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Bytes of mail that have come.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Returns when the message in hand has had time enough since the end.
    pub async fn out_of_patience(&self) {
        tokio::select! {
            () = self.stop.cancelled() => {}
            () = self.turn_over.cancelled() => {}
            () = tokio::time::sleep_until(self.until) => {}
        }
        tokio::time::sleep(LAST_MESSAGE).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn each_limit_ends_it() {
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
        let by_turn = budget(2, 100).in_turn(turn_over.clone());
        assert!(!by_turn.is_over());
        turn_over.cancel();
        assert!(by_turn.is_over() && by_turn.was_wasted());
        by_turn.progress();
        assert!(!by_turn.was_wasted(), "what was brought stays");
        let by_stop = budget(2, 100);
        stop.cancel();
        assert!(by_stop.is_over());
    }
}
