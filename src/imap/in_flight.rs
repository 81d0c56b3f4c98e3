//! Limits the memory that the mail of all sessions uses, from the announcement of a literal to the commit of its mail.
//! A session that needs more waits for its share.
//!
//! Sessions cannot deadlock:
//!
//! - While any session waits, every partial batch is committed ([`InFlight::has_waiters`]). A commit needs no share, so the
//!   shares of a batch are always returned.
//! - An answer whose literals have at most [`SMALL`] bytes takes the share of each literal before its first byte.
//! - A larger answer takes its share in pieces, so that an announcement alone reserves nothing. Only one session at a
//!   time, which has the [`Turn`], may do so; the sessions that wait for the turn hold at most [`SMALL`] each.
//! - The budget has room for the largest literal and for a small one per concurrent session, so the session that has
//!   the turn always gets its shares.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::Instant;

/// Up to this total size, each literal of an answer takes its whole share at once. Mail is requested in chunks of 1
/// MiB, so a much larger literal is due to a wrong size or to a server that ignores partial requests.
pub const SMALL: u64 = 5 << 18;
/// Size of the pieces of a large literal's share.
const SHARE_PIECE: u64 = 1 << 20;
/// Time limit for receiving a large literal while other sessions wait for the turn or for a share.
const TURN_TIME_LIMIT: Duration = Duration::from_secs(20);
/// Bytes per semaphore permit.
const UNIT: u64 = 1 << 10;

/// The memory budget.
#[derive(Debug, Clone)]
pub struct InFlight {
    /// The free memory, in units.
    units: Arc<Semaphore>,
    /// One permit, which is the [`Turn`].
    large: Arc<Semaphore>,
    /// Number of sessions that wait for a share or the turn.
    waiting: watch::Sender<usize>,
}

/// A part of the budget, returned on drop.
#[derive(Debug)]
pub struct Share(OwnedSemaphorePermit);

/// The permission to receive a large literal, which one session at a time has.
#[derive(Debug)]
pub struct Turn {
    _permit: OwnedSemaphorePermit,
    since: Instant,
}

impl InFlight {
    /// A budget of at least `bytes`, raised if necessary to fit the largest literal and a small one per session.
    pub fn new(bytes: u64, literal: u64, sessions: usize) -> Self {
        let least = SMALL.saturating_mul(sessions as u64).saturating_add(literal);
        let units = usize::try_from(bytes.max(least) / UNIT).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        Self {
            units: Arc::new(Semaphore::new(units)),
            large: Arc::new(Semaphore::new(1)),
            waiting: watch::Sender::new(0),
        }
    }

    /// Waits for the next share of a literal with `left` missing bytes: the whole literal, or a piece if it is `large`.
    /// Returns the number of bytes that the share covers.
    pub(super) async fn share(&self, left: u64, large: bool) -> (u64, Option<Share>) {
        let bytes = if large { left.min(SHARE_PIECE) } else { left };
        let units = u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX);
        (bytes, self.take(&self.units, units).await.map(Share))
    }

    /// Waits for the turn to receive a large literal.
    pub(super) async fn turn(&self) -> Option<Turn> {
        self.take(&self.large, 1).await.map(|permit| Turn { _permit: permit, since: Instant::now() })
    }

    /// Whether this turn has exceeded its time limit while other sessions wait.
    pub(super) fn is_over(&self, turn: &Turn) -> bool {
        turn.since.elapsed() > TURN_TIME_LIMIT && *self.waiting.borrow() > 0
    }

    /// Returns as soon as any session waits for a share or the turn.
    pub async fn has_waiters(&self) {
        // The sender lives as long as `self`, so this never fails.
        let _ = self.waiting.subscribe().wait_for(|waiting| *waiting > 0).await;
    }

    async fn take(&self, from: &Arc<Semaphore>, count: u32) -> Option<OwnedSemaphorePermit> {
        if let Ok(permit) = from.clone().try_acquire_many_owned(count) {
            return Some(permit);
        }
        let _waiting = Waiting::new(&self.waiting);
        from.clone().acquire_many_owned(count).await.ok() // never closed
    }
}

impl Share {
    /// Adds another share to this one.
    pub(super) fn add(&mut self, other: Self) {
        self.0.merge(other.0);
    }
}

/// Counts a waiting session until it is dropped.
struct Waiting<'a>(&'a watch::Sender<usize>);

impl<'a> Waiting<'a> {
    fn new(count: &'a watch::Sender<usize>) -> Self {
        count.send_modify(|waiting| *waiting += 1);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|waiting| *waiting -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_session_waits_until_a_share_is_returned() {
        let budget = InFlight::new(4 << 20, 0, 0);
        let (bytes, first) = budget.share(3 << 20, false).await;
        assert_eq!(bytes, 3 << 20);
        let mut second = stepped(budget.share(2 << 20, false));
        assert!(second.is_waiting());
        budget.has_waiters().await;
        drop(first);
        let (bytes, share) = second.finish().await;
        assert_eq!((bytes, share.is_some()), (2 << 20, true));
        assert_eq!(*budget.waiting.borrow(), 0);
    }

    #[tokio::test]
    async fn a_dropped_waiter_is_not_counted() {
        let budget = InFlight::new(0, 1 << 20, 0);
        let (_, all) = budget.share(1 << 20, false).await;
        let mut waiting = stepped(budget.share(1, false));
        assert!(waiting.is_waiting());
        assert_eq!(*budget.waiting.borrow(), 1);
        drop(waiting);
        assert_eq!(*budget.waiting.borrow(), 0);
        drop(all);
        assert!(budget.share(1 << 20, false).await.1.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_session_yields_only_while_another_session_waits() {
        let budget = InFlight::new(0, 32 << 20, 2);
        let first = budget.turn().await.unwrap();
        tokio::time::advance(TURN_TIME_LIMIT + Duration::from_secs(1)).await;
        assert!(!budget.is_over(&first));
        let mut second = stepped(budget.turn());
        assert!(second.is_waiting());
        assert!(budget.is_over(&first));
        drop(first);
        assert!(!budget.is_over(&second.finish().await.unwrap()));
    }

    /// A future that is polled step by step.
    struct Stepped<F>(std::pin::Pin<Box<F>>);

    fn stepped<F: Future>(future: F) -> Stepped<F> {
        Stepped(Box::pin(future))
    }

    impl<F: Future> Stepped<F> {
        fn is_waiting(&mut self) -> bool {
            self.0.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())).is_pending()
        }

        async fn finish(self) -> F::Output {
            self.0.await
        }
    }
}
