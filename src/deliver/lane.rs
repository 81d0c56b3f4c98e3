//! Serves one lane: takes deliveries, sends them in their order, and stores the results.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures::future::join_all;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::connection::Connection;
use super::deps::DeliverDeps;
use super::look::Lookup;
use super::retry::{Consequence, RetryContext, consequence};
use super::send;
use crate::store::{AttemptResult, BatchResult, LANE_LEASE, LaneLease, OpenDelivery, StoreError, TargetResult};
use crate::target::WhenUnknown;

/// Number of deliveries per connection that are marked as `sending` together. After a crash, each of them may have arrived.
const BATCH: i64 = 20;

/// The longest rate-limiting pause during which the lane keeps its connections open.
const SHORT_PAUSE: Duration = Duration::from_secs(2);

/// After this time the lane lets other due lanes go first.
const TURN: Duration = Duration::from_secs(60);

/// Sends the due deliveries of a lane, then releases its lease.
pub async fn serve(lease: LaneLease, deps: &DeliverDeps, stop: CancellationToken) {
    let served = tokio::select! {
        served = send_all(&lease, deps, &stop) => served,
        () = keep_alive(&lease, deps) => Err(StoreError::LeaseLost),
    };
    if let Err(error) = served {
        // The next holder of the lease recovers the mails that were being sent.
        tracing::error!(target = lease.target.id, inbox = lease.inbox, %error, "deliveries could not be stored");
    }
    if let Err(error) = deps.store.release_lane(&lease).await {
        tracing::warn!(target = lease.target.id, %error, "the lease of a lane could not be released; it will expire");
    }
}

async fn send_all(lease: &LaneLease, deps: &DeliverDeps, stop: &CancellationToken) -> Result<(), StoreError> {
    let started = Instant::now();
    let connections = usize::try_from(lease.target.concurrency).unwrap_or(1);
    let connections = if lease.target.inbox_id.is_none() { 1 } else { connections.max(1) };
    let mut lines =
        Lines { connections: (0..connections).map(|_| Connection::default()).collect(), lookup: Lookup::default() };
    let batch = match lease.target.when_unknown {
        WhenUnknown::Repeat => BATCH * i64::try_from(connections).unwrap_or(1),
        // A person decides about each mail that may have arrived, so none is marked before its turn.
        WhenUnknown::Hold => i64::try_from(connections).unwrap_or(1),
    };
    let batch = lease.target.rate.map_or(batch, |rate| paced_batch(batch, rate));
    while !stop.is_cancelled() && started.elapsed() < TURN {
        let deliveries = deps.store.begin_deliveries(lease, batch, deps.clock.now()).await?;
        if deliveries.is_empty() {
            break;
        }
        crate::crash::point("deliveries begun");
        let (began, count) = (deps.clock.now(), deliveries.len());
        let mut result = send_batch(deliveries, &mut lines, lease, (deps, stop)).await;
        result.not_before = lease.target.rate.map(|rate| began.plus(pace(count, rate)));
        crate::crash::point("deliveries sent");
        let now = deps.clock.now();
        deps.store.record_deliveries(lease, &result, now).await?;
        let pause = result.not_before.map_or(Duration::ZERO, |until| until.since(now));
        let has_failed = matches!(result.target, TargetResult::Failed { .. } | TargetResult::Stopped { .. });
        if result.next_at > now || has_failed || pause > SHORT_PAUSE {
            break;
        }
        tokio::time::sleep(pause).await;
    }
    join_all(lines.connections.into_iter().map(Connection::close)).await;
    lines.lookup.close().await;
    Ok(())
}

/// The batch size for a rate: the mails of ten seconds at most, so that they do not come in bursts.
fn paced_batch(batch: i64, rate: i64) -> i64 {
    (rate / 6).clamp(1, batch)
}

/// The time that `count` mails take at a rate per minute.
fn pace(count: usize, rate: i64) -> Duration {
    let rate = u32::try_from(rate).unwrap_or(u32::MAX).max(1);
    Duration::from_mins(1).saturating_mul(u32::try_from(count).unwrap_or(u32::MAX)) / rate
}

/// The open connections of a lane: to the target, and to the recipient's mailbox.
struct Lines {
    connections: Vec<Connection>,
    /// The connection to the recipient's mailbox, to search it for mails whose answer was lost.
    lookup: Lookup,
}

/// The unsent part of a batch, and the results so far.
struct Progress {
    waiting: VecDeque<OpenDelivery>,
    result: BatchResult,
    /// Whether the rest of the batch stays unsent, because the lane must pause.
    is_over: bool,
}

/// Sends a batch over all connections; a free connection takes the next delivery.
async fn send_batch(
    deliveries: Vec<OpenDelivery>,
    lines: &mut Lines,
    lease: &LaneLease,
    (deps, stop): (&DeliverDeps, &CancellationToken),
) -> BatchResult {
    let result = BatchResult {
        attempts: Vec::new(),
        target: TargetResult::Untried,
        next_at: deps.clock.now(),
        not_before: None,
    };
    let progress = Mutex::new(Progress { waiting: deliveries.into(), result, is_over: false });
    let lock = || progress.lock().unwrap_or_else(PoisonError::into_inner);
    let next = || {
        let mut progress = lock();
        if progress.is_over || stop.is_cancelled() { None } else { progress.waiting.pop_front() }
    };
    let Lines { connections, lookup } = lines;
    let lookup = &*lookup;
    join_all(connections.iter_mut().map(async |connection| {
        while let Some(delivery) = next() {
            let found = lookup.find_earlier_delivery(&delivery, lease, deps).await;
            let sent = match found {
                Ok(Some(place)) => {
                    // Nothing was sent to the target, so `result.target` does not change.
                    lock().result.attempts.push((delivery.id, AttemptResult::Delivered { answer: place }));
                    continue;
                }
                Ok(None) => send::send(&delivery, connection, lease, deps).await,
                Err(failed) => Err(failed),
            };
            let mut progress = lock();
            match sent {
                Ok(answer) => {
                    progress.result.attempts.push((delivery.id, AttemptResult::Delivered { answer }));
                    progress.result.target = TargetResult::Answered;
                }
                Err(failed) => {
                    let context = RetryContext {
                        attempts: delivery.attempts,
                        target_failures: lease.target.failures,
                        rule: lease.target.rule_for_lost_answer(),
                        now: deps.clock.now(),
                        jitter: rand::random(),
                    };
                    let consequence = consequence(failed, context);
                    log(&delivery, &consequence, lease);
                    progress.add(delivery.id, consequence);
                }
            }
        }
    }))
    .await;
    let Progress { waiting, mut result, .. } = progress.into_inner().unwrap_or_else(PoisonError::into_inner);
    let untried = waiting.into_iter().map(|left| (left.id, AttemptResult::Queued { problem: None, counts: false }));
    result.attempts.extend(untried);
    result
}

impl Progress {
    fn add(&mut self, delivery: i64, consequence: Consequence) {
        let Consequence { attempt, target, pause_until } = consequence;
        self.result.attempts.push((delivery, attempt));
        if target != TargetResult::Untried {
            self.result.target = target;
        }
        if let Some(until) = pause_until {
            self.is_over = true;
            self.result.next_at = self.result.next_at.max(until);
        }
    }
}

/// Logs a failure, without the mail's content.
fn log(delivery: &OpenDelivery, consequence: &Consequence, lease: &LaneLease) {
    let problem = match &consequence.attempt {
        AttemptResult::Queued { problem: Some(problem), .. }
        | AttemptResult::Deferred { problem, .. }
        | AttemptResult::Unsure { problem }
        | AttemptResult::Held { problem, .. } => problem,
        AttemptResult::Queued { problem: None, .. } | AttemptResult::Delivered { .. } => return,
    };
    let problem = crate::fact::Fact::words(problem, crate::locale::Language::English);
    let is_held = matches!(consequence.attempt, AttemptResult::Held { .. });
    tracing::warn!(
        delivery = delivery.id,
        target = lease.target.id,
        inbox = lease.inbox,
        is_held,
        problem,
        "not delivered"
    );
}

/// Renews the lease until it is lost.
async fn keep_alive(lease: &LaneLease, deps: &DeliverDeps) {
    loop {
        tokio::time::sleep(LANE_LEASE / 3).await;
        let renewed = match deps.store.lease_time(deps.clock.now()).await {
            Ok(now) => deps.store.renew_lane(lease, now.plus(LANE_LEASE)).await,
            Err(error) => Err(error),
        };
        match renewed {
            Err(StoreError::LeaseLost) => return,
            Err(error) => tracing::warn!(target = lease.target.id, %error, "the lease of a lane could not be renewed"),
            Ok(()) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_batches_with_pauses_keep_the_rate() {
        for (rate, batch, pause) in [
            (1, 1, Duration::from_secs(60)),
            (60, 10, Duration::from_secs(10)),
            (120, 20, Duration::from_secs(10)),
            (6000, 20, Duration::from_millis(200)),
        ] {
            let count = paced_batch(BATCH, rate);
            assert_eq!(count, batch, "{rate} a minute");
            assert_eq!(pace(usize::try_from(count).unwrap(), rate), pause, "{rate} a minute");
        }
        assert_eq!(pace(0, i64::MAX), Duration::ZERO);
    }
}
