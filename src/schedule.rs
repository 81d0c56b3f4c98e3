//! WHEN mailboxes are polled: who is due, who has the lease, how many at once, and when to try again. What a poll does is in
//! [`poll`](crate::poll).

mod backoff;
mod due;
pub mod lease;
mod owner;
pub mod worker;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::address::Address;
use crate::config;
use crate::poll::{Deps, Report};

/// How often the database is asked who is due: other processes add mailboxes to it.
const LOOK: Duration = Duration::from_secs(1);

/// Polls whatever is due until told to stop, then waits for the polls under way.
pub async fn run(deps: Arc<Deps>, config: &config::Schedule, stop: CancellationToken) {
    let mut polls: JoinSet<(String, Report)> = JoinSet::new();
    let mut on_host: HashMap<String, usize> = HashMap::new();
    while !stop.is_cancelled() {
        let free = config.parallel.0.saturating_sub(polls.len());
        if free > 0 {
            start_due(&deps, config, free, &mut polls, &mut on_host, &stop).await;
        }
        tokio::select! {
            () = stop.cancelled() => break,
            Some(ended) = polls.join_next(), if !polls.is_empty() => end(ended, &mut on_host),
            () = tokio::time::sleep(LOOK) => {}
        }
    }
    while let Some(ended) = polls.join_next().await {
        end(ended, &mut on_host);
    }
}

async fn start_due(
    deps: &Arc<Deps>,
    config: &config::Schedule,
    free: usize,
    polls: &mut JoinSet<(String, Report)>,
    on_host: &mut HashMap<String, usize>,
    stop: &CancellationToken,
) {
    // Some of those that are due may be in other hands, or their hosts busy: look at more than can be started.
    let look_at = i64::try_from(config.parallel.0 * 4 + 100).unwrap_or(i64::MAX);
    let per_host = i64::try_from(config.per_host.0.saturating_mul(4)).unwrap_or(i64::MAX);
    let now = deps.clock.now();
    let due = match deps.store.due(now, per_host, look_at).await {
        // What is being polled stays due until it ends; it must not take the places of what waits.
        Ok(due) => due.into_iter().filter(|due| lease::is_free(due, now)).collect(),
        Err(error) => {
            tracing::error!(%error, "the database cannot be asked who is due");
            return;
        }
    };
    for due in due::choose(due, free, config.per_host.0, on_host) {
        let Ok(address) = due.address.parse::<Address>() else {
            continue;
        };
        match lease::take(deps, &due, &address).await {
            Ok(Some(lease)) => {
                *on_host.entry(due.host.clone()).or_default() += 1;
                let (deps, stop) = (deps.clone(), stop.clone());
                let (time, grace) = (config.poll_time.0, config.grace.0);
                polls.spawn(async move {
                    let report = worker::poll(lease, &deps, worker::Limits { time, grace }, stop, Arc::default()).await;
                    (due.host, report)
                });
            }
            Ok(None) => {}
            Err(error) => {
                tracing::error!(mailbox = due.address, %error, "the mailbox cannot be taken")
            }
        }
    }
}

fn end(ended: Result<(String, Report), tokio::task::JoinError>, on_host: &mut HashMap<String, usize>) {
    match ended {
        Ok((host, report)) => {
            if let Some(count) = on_host.get_mut(&host) {
                *count = count.saturating_sub(1);
            }
            on_host.retain(|_, count| *count > 0);
            worker::log(&report);
        }
        Err(error) => tracing::error!(%error, "a worker ended badly"),
    }
}
