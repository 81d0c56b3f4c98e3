//! Housekeeping: one table with the retention time of everything that is not kept for ever. `serve` runs it every hour.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::clock::Timestamp;
use crate::poll::Deps;
use crate::store::{HousekeepingRun, Retention, Store, StoreError};

/// Time between two runs.
const INTERVAL: Duration = Duration::from_hours(1);

const DAY: Duration = Duration::from_hours(24);

/// Retention times. Rows with an expiry of their own (links, authorizations) are kept this long after it. The retention time
/// of raw mail is a setting.
const RETENTIONS: [(Retention, Duration); 14] = [
    (Retention::PollReports, DAY.saturating_mul(30)),
    (Retention::PollCounts, DAY.saturating_mul(400)),
    (Retention::KeptAnswers, DAY),
    (Retention::LoginFailures, DAY),
    (Retention::IdleSessions, DAY),
    (Retention::Sessions, DAY.saturating_mul(7)),
    (Retention::Links, DAY.saturating_mul(30)), // used links are kept for a while, to tell their users that they were used
    (Retention::PendingAuths, Duration::ZERO),
    (Retention::Downloads, DAY.saturating_mul(30)),
    (Retention::TestMails, DAY.saturating_mul(30)),
    (Retention::Deliveries, DAY.saturating_mul(90)),
    (Retention::Forwarded, DAY.saturating_mul(90)),
    (Retention::SenderRates, DAY),
    (Retention::StsPolicies, Duration::ZERO),
];

/// Number of rows deleted in one transaction, so that other writers do not have to wait long.
const BATCH_SIZE: i64 = 200;

/// Pause between two transactions, for other writers.
const PAUSE: Duration = Duration::from_millis(50);

/// Runs every hour until cancelled.
pub async fn watch(deps: &Deps, stop: CancellationToken) {
    loop {
        let running = run(&deps.store, deps.raw_retention, deps.clock.now());
        tokio::select! {
            () = stop.cancelled() => return,
            result = running => {
                if let Err(error) = result {
                    tracing::warn!(%error, "housekeeping failed; it is retried in an hour");
                }
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(INTERVAL) => {}
        }
    }
}

/// Deletes all rows that are older than their retention times, and stores the numbers of deleted rows.
pub async fn run(store: &Store, raw_retention: Duration, now: Timestamp) -> Result<(), StoreError> {
    let mut removed = Vec::new();
    // Raw mail comes before the deliveries, whose rows show which raw mail is no longer needed.
    for (kind, kept) in [(Retention::RawMail, raw_retention)].into_iter().chain(RETENTIONS) {
        removed.push((kind, remove(store, kind, (now.minus(kept), now)).await?));
    }
    store.record_housekeeping(&removed, now).await
}

/// Runs housekeeping if the oldest poll report is past its retention time. `mailferry poll` calls this, since it may run
/// without `serve`, and its reports must not pile up.
pub async fn run_if_reports_are_old(store: &Store, raw_retention: Duration, now: Timestamp) -> Result<(), StoreError> {
    let kept = RETENTIONS.iter().find(|(kind, _)| *kind == Retention::PollReports).map_or(DAY, |(_, kept)| *kept);
    match store.oldest_poll_at().await? {
        Some(oldest) if oldest < now.minus(kept) => run(store, raw_retention, now).await,
        _ => Ok(()),
    }
}

/// Deletes the old rows of one kind. `times`: the time before which a row is old, and now.
async fn remove(store: &Store, kind: Retention, times: (Timestamp, Timestamp)) -> Result<u64, StoreError> {
    let mut total = 0;
    loop {
        let removed = store.remove_old(kind, times, BATCH_SIZE).await?;
        total += removed;
        if removed == 0 {
            return Ok(total);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Describes the last run in one line, for `mailferry check`.
pub fn last_run(runs: &[HousekeepingRun]) -> String {
    let Some(last) = runs.iter().map(|run| run.last_run_at).max() else {
        return "has not run yet; `mailferry serve` runs it every hour".to_owned();
    };
    let removed: Vec<String> =
        runs.iter().filter(|run| run.removed > 0).map(|run| format!("{} {}", run.removed, run.name)).collect();
    let removed =
        if removed.is_empty() { "nothing to remove".to_owned() } else { format!("removed {}", removed.join(", ")) };
    format!("last run {last}, {removed}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_retention_has_one_period() {
        let kinds: Vec<Retention> = RETENTIONS.into_iter().map(|(kind, _)| kind).chain([Retention::RawMail]).collect();
        assert_eq!(kinds, Retention::ALL);
    }

    #[tokio::test]
    async fn a_run_is_stored_and_described() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("t.db").display());
        let store = Store::open(&url).await.unwrap();
        assert!(last_run(&store.housekeeping_runs().await.unwrap()).starts_with("has not run yet"));
        let now = Timestamp(1_800_000_000_000);
        let auth =
            crate::store::PendingAuth { browser_hash: vec![1], mailbox_id: None, link_hash: None, sealed: vec![1] };
        store.begin_auth(b"state", &auth, now.minus(DAY)).await.unwrap();
        run(&store, DAY, now).await.unwrap();
        let runs = store.housekeeping_runs().await.unwrap();
        assert_eq!(runs.len(), Retention::ALL.len());
        assert_eq!(last_run(&runs), "last run 2027-01-15T08:00:00Z, removed 1 pending authorizations");
        run(&store, DAY, now.plus(INTERVAL)).await.unwrap();
        let runs = store.housekeeping_runs().await.unwrap();
        assert_eq!(last_run(&runs), "last run 2027-01-15T09:00:00Z, nothing to remove");
    }
}
