//! Records the end of a poll that succeeded. `schedule/worker.rs` records failures.

use super::visit::Poll;
use super::{PollError, Report, ReportedError, Step};
use crate::clock::Timestamp;
use crate::fact::Notice;
use crate::store::{Lease, Outcome, StoredError};

/// Records the success, and when the next poll is due.
pub async fn record_success(poll: &mut Poll<'_>) -> Result<(), PollError> {
    let now = poll.deps.clock.now();
    let next = match poll.tally.ended_early {
        true => next_poll_after_early_end(poll, now),
        false => after_interval(poll.lease, now),
    };
    poll.tally.next_poll_at = Some(next);
    let ended = Outcome {
        success: true,
        complete: !poll.tally.ended_early,
        noteworthy: poll.tally.is_noteworthy(),
        next_poll_at: Some(next),
        ..failed_outcome(poll, poll.tally.unsettled(), now)
    };
    let finished = poll.deps.store.finish_poll(poll.lease, &ended, now).await;
    finished.map_err(|error| PollError::store(Step::Record, &error))
}

/// Returns when to poll again after a poll that hit its budget: tomorrow if the daily limit is reached, at once if the
/// poll made progress, or else after the interval.
pub fn next_poll_after_early_end(poll: &mut Poll<'_>, now: Timestamp) -> Timestamp {
    let today = poll.lease.mailbox.bytes_on(now).saturating_add(poll.budget.bytes());
    if today >= poll.deps.limits.daily_bytes.0 {
        let tomorrow = now.next_day();
        poll.tally.notes.push(Notice::DailyLimitReached { bytes: today, until: tomorrow });
        return tomorrow;
    }
    if poll.budget.has_progressed() { now } else { after_interval(poll.lease, now) }
}

/// Returns the record of a failed poll, on which the record of a success is based too. The caller sets the time of the next
/// poll.
pub fn failed_outcome(poll: &Poll<'_>, error: Option<ReportedError>, now: Timestamp) -> Outcome {
    let Poll { lease, budget, ref tally, started_at, .. } = *poll;
    let stored_error = error.as_ref().and_then(stored_error);
    let report = Report::new(&lease.mailbox.address, tally, 0, now.since(started_at).as_secs_f64(), error);
    Outcome {
        started_at,
        success: false,
        complete: false,
        report: serde_json::to_string(&report).unwrap_or_default(),
        error: stored_error,
        notes: tally.notes.clone(),
        noteworthy: true,
        next_poll_at: None,
        hold_until: None,
        visited: tally.visited.clone(),
        bytes: budget.bytes(),
    }
}

fn stored_error(error: &ReportedError) -> Option<StoredError> {
    let json = serde_json::to_string(error).ok()?;
    let (step, blame) = (error.step.name(), error.blame.name());
    Some(StoredError { json, step, blame, waits_for_person: error.retry.is_none() })
}

/// Returns one interval from now, plus or minus a tenth, so that mailboxes added together drift apart.
fn after_interval(lease: &Lease, now: Timestamp) -> Timestamp {
    let interval = lease.mailbox.interval_ms;
    let jitter = rand::random_range(-interval / 10..=interval / 10);
    Timestamp(now.0.saturating_add(interval).saturating_add(jitter))
}
