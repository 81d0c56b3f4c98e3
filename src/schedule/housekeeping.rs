//! Housekeeping: how long everything is kept that is not kept for good, in one table. `serve` runs it every hour.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::clock::Timestamp;
use crate::poll::Deps;
use crate::store::{HousekeepingRun, Retention, Store, StoreError};

/// How often it runs.
const EVERY: Duration = Duration::from_hours(1);

const DAY: Duration = Duration::from_hours(24);

/// How long each is kept. What has an end of its own (links, authorizations) is kept so long after it.
const RETENTIONS: [(Retention, Duration); 10] = [
    (Retention::PollReports, DAY.saturating_mul(30)),
    (Retention::PollCounts, DAY.saturating_mul(400)),
    (Retention::KeptAnswers, DAY),
    (Retention::LoginFailures, DAY),
    (Retention::IdleSessions, DAY),
    (Retention::Sessions, DAY.saturating_mul(7)),
    (Retention::Links, DAY.saturating_mul(30)), // used ones are kept a while, to say that they were used
    (Retention::PendingAuths, Duration::ZERO),
    (Retention::Downloads, DAY.saturating_mul(30)),
    (Retention::TestMails, DAY.saturating_mul(30)),
];

/// Rows that go in one transaction, so that nobody waits long for the writer.
const AT_ONCE: i64 = 200;

/// The writers' turn between two transactions.
const PAUSE: Duration = Duration::from_millis(50);

/// Runs every hour until told to stop.
pub async fn watch(deps: &Deps, stop: CancellationToken) {
    loop {
        let running = run(&deps.store, deps.clock.now());
        tokio::select! {
            () = stop.cancelled() => return,
            result = running => {
                if let Err(error) = result {
                    tracing::warn!(%error, "housekeeping has failed; it runs again in an hour");
                }
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// Deletes everything that is old, and writes that down.
pub async fn run(store: &Store, now: Timestamp) -> Result<(), StoreError> {
    let mut removed = Vec::new();
    for (what, kept) in RETENTIONS {
        removed.push((what, remove(store, what, now.minus(kept)).await?));
    }
    store.housekeeping_ran(&removed, now).await
}

/// For `mailferry poll`, where no `serve` may be running: the reports that it writes do not pile up.
pub async fn run_if_reports_are_old(store: &Store, now: Timestamp) -> Result<(), StoreError> {
    let kept = RETENTIONS.iter().find(|(what, _)| *what == Retention::PollReports).map_or(DAY, |(_, kept)| *kept);
    match store.oldest_poll_at().await? {
        Some(oldest) if oldest < now.minus(kept) => run(store, now).await,
        _ => Ok(()),
    }
}

async fn remove(store: &Store, what: Retention, before: Timestamp) -> Result<u64, StoreError> {
    let mut all = 0;
    loop {
        let removed = store.remove_old(what, before, AT_ONCE).await?;
        all += removed;
        if removed < AT_ONCE.unsigned_abs() {
            return Ok(all);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// The last run in one line, for `mailferry check`.
pub fn last_run(runs: &[HousekeepingRun]) -> String {
    let Some(last) = runs.iter().map(|run| run.last_run_at).max() else {
        return "has not run yet; `mailferry serve` runs it every hour".to_owned();
    };
    let removed: Vec<String> =
        runs.iter().filter(|run| run.removed > 0).map(|run| format!("{} {}", run.removed, run.name)).collect();
    let removed =
        if removed.is_empty() { "nothing was old".to_owned() } else { format!("removed {}", removed.join(", ")) };
    format!("last run {last}, {removed}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_perishable_has_one_retention() {
        assert_eq!(RETENTIONS.map(|(what, _)| what), Retention::ALL);
    }

    #[tokio::test]
    async fn a_run_is_written_down_and_put_into_words() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("t.db").display());
        let store = Store::open(&url).await.unwrap();
        assert!(last_run(&store.housekeeping_runs().await.unwrap()).starts_with("has not run yet"));
        let now = Timestamp(1_800_000_000_000);
        let auth =
            crate::store::PendingAuth { browser_hash: vec![1], mailbox_id: None, link_hash: None, sealed: vec![1] };
        store.begin_auth(b"state", &auth, now.minus(DAY)).await.unwrap();
        run(&store, now).await.unwrap();
        let runs = store.housekeeping_runs().await.unwrap();
        assert_eq!(runs.len(), RETENTIONS.len());
        assert_eq!(last_run(&runs), "last run 2027-01-15T08:00:00Z, removed 1 pending authorizations");
        run(&store, now.plus(EVERY)).await.unwrap();
        let runs = store.housekeeping_runs().await.unwrap();
        assert_eq!(last_run(&runs), "last run 2027-01-15T09:00:00Z, nothing was old");
    }
}
