//! The good end of a poll is written down. The bad ends are written down by `schedule/worker.rs`.

use super::{Budget, Deps, PollError, Report, ReportedError, Step, Tally};
use crate::clock::Timestamp;
use crate::store::{Lease, Outcome, StoredError};

/// Writes down that every folder was seen, and when to look again.
pub async fn finished(
    lease: &Lease,
    deps: &Deps,
    budget: &Budget,
    tally: &mut Tally,
    started_at: Timestamp,
) -> Result<(), PollError> {
    let now = deps.clock.now();
    let next = match tally.ended_early {
        true => after_an_early_end(lease, deps, budget, tally, now),
        false => next_poll(lease, now),
    };
    tally.next_poll_at = Some(next);
    let ended = Outcome {
        success: true,
        complete: !tally.ended_early,
        noteworthy: tally.is_noteworthy(),
        next_poll_at: Some(next),
        ..failed_outcome(lease, budget, tally, tally.unsettled(), started_at, now)
    };
    deps.store.finish_poll(lease, &ended, now).await.map_err(|error| PollError::store(Step::Record, &error))
}

/// A poll that ended before all was fetched is gone on with at once, if it has come any further, and if the day allows it.
pub fn after_an_early_end(lease: &Lease, deps: &Deps, budget: &Budget, tally: &mut Tally, now: Timestamp) -> Timestamp {
    let today = lease.mailbox.bytes_on(now).saturating_add(budget.bytes());
    if today >= deps.limits.daily_bytes.0 {
        let tomorrow = now.next_day();
        tally.notes.push(format!("the day's limit of mail is used up ({today} bytes); it goes on at {tomorrow}"));
        return tomorrow;
    }
    if budget.has_progressed() { now } else { next_poll(lease, now) }
}

/// The end of a poll that failed; who records it says when to look again.
pub fn failed_outcome(
    lease: &Lease,
    budget: &Budget,
    tally: &Tally,
    error: Option<ReportedError>,
    started_at: Timestamp,
    now: Timestamp,
) -> Outcome {
    let stored = error.as_ref().and_then(stored);
    let report = Report::new(&lease.mailbox.address, tally, 0, now.since(started_at).as_secs_f64(), error);
    Outcome {
        started_at,
        success: false,
        complete: false,
        report: serde_json::to_string(&report).unwrap_or_default(),
        error: stored,
        notes: tally.notes.clone(),
        noteworthy: true,
        next_poll_at: None,
        hold_until: None,
        visited: tally.visited.clone(),
        bytes: budget.bytes(),
    }
}

fn stored(error: &ReportedError) -> Option<StoredError> {
    let json = serde_json::to_string(error).ok()?;
    let (step, blame) = (error.step.name(), error.blame.name());
    Some(StoredError { json, step, blame, waits_for_person: error.retry.is_none() })
}

/// The interval later, give or take a tenth, so that mailboxes added together do not stay together.
fn next_poll(lease: &Lease, now: Timestamp) -> Timestamp {
    let interval = lease.mailbox.interval_ms;
    let jitter = rand::random_range(-interval / 10..=interval / 10);
    Timestamp(now.0.saturating_add(interval).saturating_add(jitter))
}
