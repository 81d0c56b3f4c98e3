//! WHEN mailboxes are polled: who is due, who has the lease, how many at once, and when to try again. What a poll does is in
//! [`poll`](crate::poll).

mod backoff;
mod due;
pub mod endings;
pub mod lease;
pub mod worker;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{Id, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::address::Address;
use crate::poll::{Deps, Report};
use crate::{config, owner};

use due::Places;

/// How often the database is asked who is due: other processes add mailboxes to it.
const LOOK: Duration = Duration::from_secs(1);

/// Polls whatever is due until told to stop, then waits for the polls under way.
pub async fn run(deps: Arc<Deps>, config: &config::Schedule, stop: CancellationToken) {
    let mut polls: JoinSet<Report> = JoinSet::new();
    let mut running = Running::default();
    while !stop.is_cancelled() {
        if polls.len() < config.parallel.0 {
            start_due(&deps, config, &mut polls, &mut running, &stop).await;
        }
        tokio::select! {
            () = stop.cancelled() => break,
            Some(ended) = polls.join_next_with_id(), if !polls.is_empty() => running.end(ended),
            () = tokio::time::sleep(LOOK) => {}
        }
    }
    while let Some(ended) = polls.join_next_with_id().await {
        running.end(ended);
    }
}

/// A poll that was started.
struct Started {
    address: String,
    host: String,
    is_doubtful: bool,
}

/// The polls under way.
#[derive(Default)]
struct Running(HashMap<Id, Started>);

impl Running {
    fn has(&self, address: &str) -> bool {
        self.0.values().any(|started| started.address == address)
    }

    fn doubtful(&self) -> usize {
        self.0.values().filter(|started| started.is_doubtful).count()
    }

    fn on_host(&self) -> HashMap<String, usize> {
        let mut count = HashMap::new();
        for started in self.0.values() {
            *count.entry(started.host.clone()).or_default() += 1;
        }
        count
    }

    fn end(&mut self, ended: Result<(Id, Report), tokio::task::JoinError>) {
        match ended {
            Ok((id, report)) => {
                self.0.remove(&id);
                worker::log(&report);
            }
            Err(error) => {
                let started = self.0.remove(&error.id());
                let mailbox = started.map(|started| started.address).unwrap_or_default();
                tracing::error!(mailbox, %error, "a worker ended badly");
            }
        }
    }
}

async fn start_due(
    deps: &Arc<Deps>,
    config: &config::Schedule,
    polls: &mut JoinSet<Report>,
    running: &mut Running,
    stop: &CancellationToken,
) {
    // Some of those that are due may be in other hands, or their hosts busy: look at more than can be started.
    let look_at = i64::try_from(config.parallel.0 * 4 + 100).unwrap_or(i64::MAX);
    let per_host = i64::try_from(config.per_host.0.saturating_mul(4)).unwrap_or(i64::MAX);
    let now = deps.clock.now();
    let due = match deps.store.due(&owner::near(), now, per_host, look_at).await {
        // What is being polled stays due until it ends; it must not take the places of what waits.
        Ok(due) => due
            .into_iter()
            .filter(|due| !running.has(&due.address) && (lease::is_free(due, now) || lease::is_ours(due)))
            .collect(),
        Err(error) => {
            tracing::error!(%error, "the database cannot be asked who is due");
            return;
        }
    };
    let places = Places {
        free: config.parallel.0.saturating_sub(polls.len()),
        doubtful: config.parallel.0.div_ceil(2).saturating_sub(running.doubtful()),
        per_host: config.per_host.0,
    };
    for due in due::choose(due, places, &running.on_host()) {
        let Ok(address) = due.address.parse::<Address>() else {
            continue;
        };
        match lease::take(deps, &due, &address).await {
            Ok(Some(lease)) => {
                let started = Started { address: due.address, host: due.host, is_doubtful: due.is_doubtful };
                let (deps, stop) = (deps.clone(), stop.clone());
                let (time, grace) = (config.poll_time.0, config.grace.0);
                let poll = polls.spawn(async move {
                    worker::poll(lease, &deps, worker::Limits { time, grace }, stop, Arc::default()).await
                });
                running.0.insert(poll.id(), started);
            }
            Ok(None) => {}
            Err(error) => {
                tracing::error!(mailbox = due.address, %error, "the mailbox cannot be taken")
            }
        }
    }
}
