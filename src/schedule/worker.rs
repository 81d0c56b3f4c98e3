//! One poll from lease to record: keeps the lease alive, catches panics, and writes down a bad end.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::backoff;
use crate::cause::CauseOwner;
use crate::clock::Timestamp;
use crate::poll::{self, Blame, Budget, Deps, Poll, PollError, Progress, Report, ReportedError, Retry, Step, Tally};
use crate::store::{Lease, Outcome, StoreError};

/// How long a poll may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Then it ends at the message in hand.
    pub time: Duration,
    /// So long after being told to stop, it is cut off.
    pub grace: Duration,
}

/// Polls a mailbox and tells how it went. Whatever happens, the lease is given back.
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
    let most = (deps.limits.poll_messages.0 as u64, deps.limits.poll_bytes.0.min(left_today));
    let pace = progress.pace.clone();
    let budget = Arc::new(Budget::new(stop.clone(), started + limits.time, most.0, most.1).with_turn(pace.turn_over()));
    let lease = Arc::new(lease);
    let mut polling = {
        let (lease, deps, budget) = (lease.clone(), deps.clone(), budget.clone());
        // A task of its own: a panic in a parser is a failed poll, not the end of the program.
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
            return give_back(&lease, deps, started.elapsed(), &cut_at_shutdown()).await;
        }
    };
    polling.abort();
    let error = match ended {
        Ok(()) => tally.unsettled(),
        Err(failure) if failure.retry == Retry::InTurn => {
            return give_back(&lease, deps, started.elapsed(), &failure).await;
        }
        Err(failure) => {
            let mut poll = Poll { lease: &lease, deps, budget: &budget, tally: &mut tally, started_at };
            let retry = failed(&mut poll, &failure).await;
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
    PollError::new(Step::Fetch, Blame::Us, Retry::Soon, "cut off at shutdown; the next poll goes on from here")
}

/// What is nobody's fault is not written down: the mailbox is given back as it was, and stays due.
async fn give_back(lease: &Lease, deps: &Deps, elapsed: Duration, error: &PollError) -> Report {
    if let Err(error) = deps.store.release_lease(lease).await {
        tracing::warn!(mailbox = lease.mailbox.address, %error, "the mailbox could not be given back; its lease will run out");
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
                // The poll itself may just have given it back: leave it the time to say so.
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

/// Writes down a failed poll. Returns when the next one is.
async fn failed(poll: &mut Poll<'_>, error: &PollError) -> Option<Timestamp> {
    let Poll { lease, deps, budget, .. } = *poll;
    let now = deps.clock.now();
    let failures = lease.mailbox.status.failures.saturating_add(1);
    let interval = lease.mailbox.interval();
    // A folder that is missing is no reason to look less often at the others, nor is a slow server that brings mail.
    let brings = error.step == Step::Pace && budget.has_progressed();
    let in_a_row = if error.blame <= Blame::Folder || brings { 1 } else { failures };
    let next = match poll.tally.ended_early && error.retry == Retry::Soon && error.blame <= Blame::Folder {
        true => Some(poll::next_poll_after_early_end(poll, now)),
        false => backoff::wait(error.retry, in_a_row, interval).map(|wait| now.plus(wait)),
    };
    let reported = ReportedError::new(error, next);
    // A wrong setting of one process, or one wrong DNS answer, must not silence a mailbox: it costs no login to look again.
    let next_poll_at = next.or_else(|| Some(now.plus(backoff::LONGEST)));
    let outcome = Outcome {
        next_poll_at,
        hold_until: if matches!(error.retry, Retry::After(_) | Retry::Quota) { next } else { None },
        ..poll::failed_outcome(poll, Some(reported), now)
    };
    match deps.store.finish_poll(lease, &outcome, now).await {
        Ok(()) => next,
        // Whoever took it over decides about the next poll.
        Err(StoreError::LeaseLost) => Some(now),
        Err(error) => {
            tracing::error!(mailbox = lease.mailbox.address, %error, "the end of a poll could not be written down");
            Some(now.plus(deps.lease))
        }
    }
}

/// Logs how a poll went: once, here.
pub fn log(report: &Report) {
    let Report { mailbox, imported, skipped, quarantined, effects_done, seconds, .. } = report;
    match &report.error {
        // Told once, of the application, and not of each of its mailboxes.
        Some(error) if error.cause.is_some_and(|cause| cause.owner() == CauseOwner::App) => {
            tracing::debug!(mailbox, "poll failed: {}", error.message);
        }
        // It was begun before it was known that its name leads to an address where there is no room.
        Some(error) if error.step == Step::Place => tracing::debug!(mailbox, "{}", error.message),
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
