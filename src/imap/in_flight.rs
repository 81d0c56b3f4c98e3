//! The bytes of mail that this process holds at once, of all mailboxes together: from the announcement of a literal until its
//! mail is committed. A session that wants more waits for its share.
//!
//! No two sessions can wait for each other:
//!
//! - While anybody waits, every batch that is being collected goes to the database ([`InFlight::wanted`]). A commit needs no
//!   share, so what lies in a batch is always given back.
//! - An answer whose literals have at most [`SMALL`] bytes takes the share of each before its first byte.
//! - A larger answer takes its share piece by piece, so that an announcement alone holds nothing, and one session at a time does
//!   so. Whoever waits for that turn holds at most [`SMALL`].
//! - The budget has room for the largest literal besides a small one in every place of the schedule, so the one whose turn it is
//!   always gets what it asks for.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::Instant;

/// The literals of one answer take their shares at once up to here. Mail is asked for in chunks of 1 MiB; what is much larger is a
/// lie about a size, or from a server that knows no parts.
pub const SMALL: u64 = 5 << 18;
/// What a large literal takes at a time.
const PIECE: u64 = 1 << 20;
/// A large literal has this long while others wait for their turn.
const TURN: Duration = Duration::from_secs(20);
/// Shares are counted in units of so many bytes.
const UNIT: u64 = 1 << 10;

/// The budget, and who waits for a part of it.
#[derive(Debug, Clone)]
pub struct InFlight {
    units: Arc<Semaphore>,
    large: Arc<Semaphore>,
    waiting: watch::Sender<usize>,
}

/// What a session holds; dropping it gives it back.
#[derive(Debug)]
pub struct Share(OwnedSemaphorePermit);

/// The right to receive a large literal.
#[derive(Debug)]
pub struct Turn {
    _permit: OwnedSemaphorePermit,
    since: Instant,
}

impl InFlight {
    /// A budget of so many bytes. It is raised to what `sessions` at once and the largest literal need in any case.
    pub fn new(bytes: u64, literal: u64, sessions: usize) -> Self {
        let least = SMALL.saturating_mul(sessions as u64).saturating_add(literal);
        let units = usize::try_from(bytes.max(least) / UNIT).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        Self {
            units: Arc::new(Semaphore::new(units)),
            large: Arc::new(Semaphore::new(1)),
            waiting: watch::Sender::new(0),
        }
    }

    /// The next share for a literal of which so many bytes are to come: all of it, or a piece where it is `large`. Returns how many
    /// bytes it is for.
    pub(super) async fn share(&self, left: u64, large: bool) -> (u64, Option<Share>) {
        let bytes = if large { left.min(PIECE) } else { left };
        let units = u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX);
        (bytes, self.take(&self.units, units).await.map(Share))
    }

    /// The turn to receive a large literal.
    pub(super) async fn turn(&self) -> Option<Turn> {
        self.take(&self.large, 1).await.map(|permit| Turn { _permit: permit, since: Instant::now() })
    }

    /// Whether this turn has taken too long while others wait.
    pub(super) fn is_over(&self, turn: &Turn) -> bool {
        turn.since.elapsed() > TURN && *self.waiting.borrow() > 0
    }

    /// Returns as soon as anybody waits.
    pub async fn wanted(&self) {
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
    /// Joins two shares.
    pub(super) fn add(&mut self, other: Self) {
        self.0.merge(other.0);
    }
}

/// Counts as one who waits, also when it is dropped in the middle.
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
    async fn who_asks_for_more_than_is_left_waits_until_it_is_given_back() {
        let budget = InFlight::new(4 << 20, 0, 0);
        let (bytes, first) = budget.share(3 << 20, false).await;
        assert_eq!(bytes, 3 << 20);
        let mut second = stepped(budget.share(2 << 20, false));
        assert!(second.is_waiting());
        budget.wanted().await;
        drop(first);
        let (bytes, share) = second.finish().await;
        assert_eq!((bytes, share.is_some()), (2 << 20, true));
        assert_eq!(*budget.waiting.borrow(), 0);
    }

    #[tokio::test]
    async fn who_goes_away_in_the_middle_no_longer_waits() {
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
    async fn a_large_literal_has_its_turn_and_loses_it_only_to_one_who_waits() {
        let budget = InFlight::new(0, 32 << 20, 2);
        let first = budget.turn().await.unwrap();
        tokio::time::advance(TURN + Duration::from_secs(1)).await;
        assert!(!budget.is_over(&first));
        let mut second = stepped(budget.turn());
        assert!(second.is_waiting());
        assert!(budget.is_over(&first));
        drop(first);
        assert!(!budget.is_over(&second.finish().await.unwrap()));
    }

    /// A future that is looked at step by step.
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
