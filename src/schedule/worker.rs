//! One poll, from lease to outcome: keeps the lease alive, catches panics, and stores failures.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::backoff;
use crate::cause::CauseOwner;
use crate::clock::Timestamp;
use crate::poll::{self, Blame, Budget, Deps, Poll, PollError, Progress, Report, ReportedError, Retry, Step, Tally};
use crate::store::{Lease, Outcome, StoreError};

/// Time limits of a poll.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// After this time, the poll finishes the current message and ends.
    pub time: Duration,
    /// A poll that is asked to stop is cut off after this time.
    pub grace: Duration,
}

/// Polls a mailbox and returns the report. The lease is released however the poll ends; if the database fails, it expires.
pub async fn poll(
    lease: Lease,
    deps: &Arc<Deps>,
    limits: Limits,
    stop: CancellationToken,
    progress: Arc<Progress>,
) -> Report {
    let started_at = deps.clock.now();
    let started = Instant::now();
    let left_today = deps.limits.daily_bytes.0.saturating_sub(lease.mailbox.bytes_on(started_at));
    let quota = (deps.limits.poll_messages.0 as u64, deps.limits.poll_bytes.0.min(left_today));
    let pace = progress.pace.clone();
    let budget =
        Arc::new(Budget::new(stop.clone(), started + limits.time, quota.0, quota.1).with_turn(pace.turn_over()));
    let lease = Arc::new(lease);
    let mut polling = {
        let (lease, deps, budget) = (lease.clone(), deps.clone(), budget.clone());
        // Run in a separate task, so that a panic in a parser fails only the poll.
        tokio::spawn(async move {
            let mut tally = Tally::with_progress(progress);
            let (lease, deps, budget) = (&*lease, &*deps, &*budget);
            let mut poll = Poll { lease, deps, budget, tally: &mut tally, started_at };
            let result = poll::poll_mailbox(&mut poll).await;
            (tally, result)
        })
    };
    let cut_off = async {
        stop.cancelled().await;
        tokio::time::sleep(limits.grace).await;
    };
    let (mut tally, ended) = tokio::select! {
        ended = &mut polling => ended.map_or_else(|_| (Tally::default(), Err(PollError::panicked())), |(tally, result)| (tally, result)),
        () = keep_alive(&lease, deps) => (Tally::default(), Err(PollError::store(Step::Lease, &StoreError::LeaseLost))),
        () = pace.aborted() => (Tally::default(), Err(PollError::too_slow())),
        () = cut_off => {
            polling.abort();
            return release(&lease, deps, started.elapsed(), &cut_at_shutdown()).await;
        }
    };
    polling.abort();
    let error = match ended {
        Ok(()) => tally.unsettled(),
        Err(failure) if failure.retry == Retry::WhenSlotIsFree => {
            return release(&lease, deps, started.elapsed(), &failure).await;
        }
        Err(failure) => {
            let mut poll = Poll { lease: &lease, deps, budget: &budget, tally: &mut tally, started_at };
            let retry = record_failure(&mut poll, &failure).await;
            Some(ReportedError::new(&failure, retry))
        }
    };
    let pending = match deps.store.open_effect_count(lease.mailbox.id).await {
        Ok(open) => u64::try_from(open).unwrap_or(0),
        Err(_) => 0,
    };
    Report::new(&lease.mailbox.address, &tally, pending, started.elapsed().as_secs_f64(), error)
}

fn cut_at_shutdown() -> PollError {
    PollError::new(Step::Fetch, Blame::Us, Retry::Soon, "cut off at shutdown; the next poll continues from here")
}

/// Releases the lease without storing an outcome, after a shutdown or if no slot was free: the mailbox stays due.
async fn release(lease: &Lease, deps: &Deps, elapsed: Duration, error: &PollError) -> Report {
    if let Err(error) = deps.store.release_lease(lease).await {
        tracing::warn!(mailbox = lease.mailbox.address, %error, "the lease could not be released; it will expire");
    }
    let error = ReportedError::new(error, Some(deps.clock.now()));
    Report::new(&lease.mailbox.address, &Tally::default(), 0, elapsed.as_secs_f64(), Some(error))
}

/// Renews the lease until it is lost.
async fn keep_alive(lease: &Lease, deps: &Deps) {
    loop {
        tokio::time::sleep(deps.lease / 3).await;
        match deps.store.renew_lease(lease, deps.clock.now().plus(deps.lease)).await {
            Err(StoreError::LeaseLost) => {
                // The poll itself may just have released the lease: give it time to return its result.
                tokio::time::sleep(deps.lease).await;
                return;
            }
            Err(error) => {
                tracing::warn!(mailbox = lease.mailbox.address, %error, "the lease could not be renewed")
            }
            Ok(()) => {}
        }
    }
}

/// Stores a failed poll. Returns the time of the next one; `None` if a person has to change something first.
async fn record_failure(poll: &mut Poll<'_>, error: &PollError) -> Option<Timestamp> {
    let Poll { lease, deps, budget, .. } = *poll;
    let now = deps.clock.now();
    let failures = lease.mailbox.status.failures.saturating_add(1);
    let interval = lease.mailbox.interval();
    // Neither a missing folder nor a slow server that delivers mail is a reason to poll the mailbox less often.
    let is_delivering = error.step == Step::Pace && budget.has_progressed();
    let in_a_row = if error.blame <= Blame::Folder || is_delivering { 1 } else { failures };
    let next = match poll.tally.ended_early && error.retry == Retry::Soon && error.blame <= Blame::Folder {
        true => Some(poll::next_poll_after_early_end(poll, now)),
        false => backoff::retry_delay(error.retry, in_a_row, interval).map(|wait| now.plus(wait)),
    };
    let reported = ReportedError::new(error, next);
    // A mailbox that waits for a person is polled again all the same: a wrong setting of one process or one wrong DNS
    // answer must not stop its polling for good. Such an attempt costs no login.
    let next_poll_at = next.or_else(|| Some(now.plus(backoff::MAX_DELAY)));
    let outcome = Outcome {
        next_poll_at,
        hold_until: if matches!(error.retry, Retry::After(_) | Retry::Quota) { next } else { None },
        ..poll::failed_outcome(poll, Some(reported), now)
    };
    match deps.store.finish_poll(lease, &outcome, now).await {
        Ok(()) => next,
        // The worker that has taken over the lease decides about the next poll.
        Err(StoreError::LeaseLost) => Some(now),
        Err(error) => {
            tracing::error!(mailbox = lease.mailbox.address, %error, "the outcome of a poll could not be stored");
            Some(now.plus(deps.lease))
        }
    }
}

/// Logs the result of a poll, once.
pub fn log(report: &Report) {
    let Report { mailbox, imported, skipped, quarantined, effects_done, seconds, .. } = report;
    match &report.error {
        // Logged once for the application, not for each of its mailboxes.
        Some(error) if error.cause.is_some_and(|cause| cause.owner() == CauseOwner::App) => {
            tracing::debug!(mailbox, "poll failed: {}", error.message);
        }
        // The poll was started before its host name turned out to resolve to an address without a free slot.
        Some(error) if error.step == Step::Slot => tracing::debug!(mailbox, "{}", error.message),
        Some(error) => tracing::warn!(
            mailbox,
            step = error.step.name(),
            blame = ?error.blame,
            retry = error.retry.map(tracing::field::display),
            imported,
            "poll failed: {}",
            error.message
        ),
        None if imported + skipped + quarantined + effects_done > 0 => {
            tracing::info!(mailbox, imported, skipped, quarantined, effects_done, seconds, "polled");
        }
        None => tracing::debug!(mailbox, seconds, "polled, nothing new"),
    }
}
