//! WHEN mailboxes are polled: who is due, who has the lease, how many at once, and when to try again. What a poll does is in
//! [`poll`](crate::poll).

mod backoff;
mod due;
pub mod endings;
pub mod housekeeping;
pub mod lease;
mod running;
mod turns;
pub mod worker;

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::address::Address;
use crate::poll::{Deps, Pace, Progress, Report, VisitCounts};
use crate::store::Due;
use crate::{config, owner};

use due::{Blocked, Places, Waiting};
use running::{Running, Started};

/// How often the database is asked who is due: other processes add mailboxes to it.
const LOOK: Duration = Duration::from_secs(1);

/// Polls whatever is due until told to stop, then waits for the polls under way.
pub async fn run(deps: Arc<Deps>, config: config::Schedule, stop: CancellationToken) {
    let mut scheduler = Scheduler {
        polls: JoinSet::new(),
        running: Running::default(),
        arrivals: VisitCounts::new(config.per_host.0),
        deps,
        config,
        stop,
    };
    while !scheduler.stop.is_cancelled() {
        let blocked = scheduler.start_due().await;
        scheduler.running.make_room(&blocked, &scheduler.config);
        tokio::select! {
            () = scheduler.stop.cancelled() => break,
            Some(ended) = scheduler.polls.join_next_with_id(), if !scheduler.polls.is_empty() => scheduler.running.end(ended),
            () = tokio::time::sleep(LOOK) => {}
        }
    }
    while let Some(ended) = scheduler.polls.join_next_with_id().await {
        scheduler.running.end(ended);
    }
}

struct Scheduler {
    deps: Arc<Deps>,
    config: config::Schedule,
    stop: CancellationToken,
    polls: JoinSet<Report>,
    running: Running,
    arrivals: Arc<VisitCounts>,
}

impl Scheduler {
    /// Starts what is due and finds a place. Returns what finds none.
    async fn start_due(&mut self) -> Vec<Blocked> {
        let parallel = self.config.parallel.0;
        let waiting = self.waiting().await;
        let places = Places {
            free: parallel.saturating_sub(self.polls.len()),
            doubtful: parallel.div_ceil(2).saturating_sub(self.running.doubtful()),
            per_host: self.config.per_host.0,
        };
        let (chosen, blocked) = due::choose(waiting, places, &self.running.count());
        for due in chosen {
            let Ok(address) = due.address.parse::<Address>() else {
                continue;
            };
            match lease::take(&self.deps, &due, &address).await {
                Ok(Some(lease)) => self.start(due, lease),
                Ok(None) => {}
                Err(error) => {
                    tracing::error!(mailbox = due.address, %error, "the mailbox cannot be taken")
                }
            }
        }
        blocked
    }

    async fn waiting(&self) -> Vec<Waiting> {
        // Some of those that are due may be in other hands, or their hosts busy: look at more than can be started.
        let look_at = i64::try_from(self.config.parallel.0 * 4 + 100).unwrap_or(i64::MAX);
        let per_host = i64::try_from(self.config.per_host.0.saturating_mul(4)).unwrap_or(i64::MAX);
        let now = self.deps.clock.now();
        let due = match self.deps.store.due(&owner::near(), now, per_host, look_at).await {
            Ok(due) => due,
            Err(error) => {
                tracing::error!(%error, "the database cannot be asked who is due");
                return Vec::new();
            }
        };
        // What is being polled stays due until it ends; it must not take the places of what waits.
        due.into_iter()
            .filter(|due| !self.running.has(&due.address) && (lease::is_free(due, now) || lease::is_ours(due)))
            .map(|due| Waiting { place: self.arrivals.server_key(&due.host), due })
            .collect()
    }

    fn start(&mut self, due: Due, lease: crate::store::Lease) {
        let progress = Arc::new(Progress::with_pace(Pace::counted_by(self.arrivals.clone())));
        let started = Started::now(&due, self.arrivals.server_key(&due.host), progress.clone());
        let (deps, stop) = (self.deps.clone(), self.stop.clone());
        let limits = worker::Limits { time: self.config.poll_time.0, grace: self.config.grace.0 };
        let poll = self.polls.spawn(async move { worker::poll(lease, &deps, limits, stop, progress).await });
        self.running.add(poll.id(), started);
    }
}
