//! Decides when mailboxes are polled: which mailboxes are due, leases, concurrency, and retries. The steps of a poll
//! are in [`poll`](crate::poll).

mod backoff;
pub mod deliveries;
mod due;
mod evictions;
pub mod expiry;
pub mod housekeeping;
pub mod lease;
mod running;
pub mod worker;

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::address::Address;
use crate::poll::{Deps, Pace, Progress, Report, VisitCounts};
use crate::store::Due;
use crate::{config, owner};

use due::{Blocked, Candidate, Slots};
use running::{RunningPoll, RunningPolls};

/// Time between two queries for due mailboxes, which other processes may add.
const QUERY_INTERVAL: Duration = Duration::from_secs(1);

/// Polls due mailboxes until cancelled, then waits for the running polls.
pub async fn run(deps: Arc<Deps>, config: config::Schedule, stop: CancellationToken) {
    let mut scheduler = Scheduler {
        polls: JoinSet::new(),
        running: RunningPolls::default(),
        visit_counts: VisitCounts::new(config.per_host.0),
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
            () = tokio::time::sleep(QUERY_INTERVAL) => {}
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
    running: RunningPolls,
    visit_counts: Arc<VisitCounts>,
}

impl Scheduler {
    /// Starts polls of due mailboxes, as far as there are slots. Returns the mailboxes that got none.
    async fn start_due(&mut self) -> Vec<Blocked> {
        let parallel = self.config.parallel.0;
        let candidates = self.candidates().await;
        let slots = Slots {
            free: parallel.saturating_sub(self.polls.len()),
            doubtful: parallel.div_ceil(2).saturating_sub(self.running.doubtful()),
            per_host: self.config.per_host.0,
        };
        let (chosen, blocked) = due::choose(candidates, slots, &self.running.count());
        for due in chosen {
            let Ok(address) = due.address.parse::<Address>() else {
                continue;
            };
            match lease::take(&self.deps, &due, &address).await {
                Ok(Some(lease)) => self.start(due, lease),
                Ok(None) => {}
                Err(error) => {
                    tracing::error!(mailbox = due.address, %error, "the lease of the mailbox cannot be taken")
                }
            }
        }
        blocked
    }

    async fn candidates(&self) -> Vec<Candidate> {
        // Some due mailboxes may be leased by other processes, or their hosts may be busy, so query for more than can
        // be started.
        let limit = i64::try_from(self.config.parallel.0 * 4 + 100).unwrap_or(i64::MAX);
        let per_host = i64::try_from(self.config.per_host.0.saturating_mul(4)).unwrap_or(i64::MAX);
        let now = self.deps.clock.now();
        let due = match self.deps.store.due(&owner::local_prefix(), now, per_host, limit).await {
            Ok(due) => due,
            Err(error) => {
                tracing::error!(%error, "the due mailboxes cannot be read from the database");
                return Vec::new();
            }
        };
        // A mailbox stays due while it is polled; leave it out, so that it takes no slot from a waiting one.
        due.into_iter()
            .filter(|due| !self.running.has(&due.address) && (lease::is_free(due, now) || lease::is_ours(due)))
            .map(|due| Candidate { endpoint: self.visit_counts.server_key(&due.host), due })
            .collect()
    }

    fn start(&mut self, due: Due, lease: crate::store::Lease) {
        let progress = Arc::new(Progress::with_pace(Pace::counted_by(self.visit_counts.clone())));
        let started = RunningPoll::new(&due, self.visit_counts.server_key(&due.host), progress.clone());
        let (deps, stop) = (self.deps.clone(), self.stop.clone());
        let limits = worker::Limits { time: self.config.poll_time.0, grace: self.config.grace.0 };
        let poll = self.polls.spawn(async move { worker::poll(lease, &deps, limits, stop, progress).await });
        self.running.add(poll.id(), started);
    }
}
