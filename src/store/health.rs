//! How every mailbox fares, in one question: for whoever watches thousands of them.

use std::collections::HashMap;

use super::db::read;
use super::{Store, StoreError};

/// What is open in one mailbox.
#[derive(Debug, Clone, Default)]
pub struct OpenCases {
    /// UIDs that are to be fetched still.
    pub pending: i64,
    /// UIDs that were put aside.
    pub quarantined: i64,
    /// Copies that are to be dealt with still.
    pub effects_pending: i64,
    /// Copies that cannot be dealt with.
    pub effects_impossible: i64,
    /// UIDs that the server has and the ledger cannot explain.
    pub unaccounted: i64,
    /// UIDs that only a comparison has found, ever.
    pub found_late: i64,
}

impl Store {
    /// What is open, by mailbox row; a mailbox without anything open may be missing.
    pub async fn all_open_cases(&self) -> Result<HashMap<i64, OpenCases>, StoreError> {
        let mut all = HashMap::<i64, OpenCases>::new();
        let folders: Vec<(i64, i64, i64)> = read!(self, pool => sqlx::query_as(
            "SELECT mailbox_id, CAST(sum(unaccounted) AS BIGINT), CAST(sum(found_late) AS BIGINT) FROM folder WHERE watched \
             GROUP BY mailbox_id",
        ).fetch_all(pool).await)?;
        for (mailbox, unaccounted, found_late) in folders {
            let cases = all.entry(mailbox).or_default();
            (cases.unaccounted, cases.found_late) = (unaccounted, found_late);
        }
        // The two states have an index each; the rest of the ledger is not looked at.
        let ledger: Vec<(i64, String, i64)> = read!(self, pool => sqlx::query_as(
            "SELECT f.mailbox_id, o.state, count(*) FROM (SELECT epoch_id, state FROM ledger WHERE state = 'pending' \
             UNION ALL SELECT epoch_id, state FROM ledger WHERE state = 'quarantined') AS o \
             JOIN epoch e ON e.id = o.epoch_id JOIN folder f ON f.id = e.folder_id GROUP BY f.mailbox_id, o.state",
        ).fetch_all(pool).await)?;
        for (mailbox, state, count) in ledger {
            let cases = all.entry(mailbox).or_default();
            if state == "pending" { cases.pending = count } else { cases.quarantined = count }
        }
        let effects: Vec<(i64, i64, i64)> = read!(self, pool => sqlx::query_as(
            "SELECT f.mailbox_id, count(CASE WHEN x.step <> 'impossible' THEN 1 END), \
             count(CASE WHEN x.step = 'impossible' THEN 1 END) FROM effect x JOIN epoch e ON e.id = x.epoch_id \
             JOIN folder f ON f.id = e.folder_id GROUP BY f.mailbox_id",
        ).fetch_all(pool).await)?;
        for (mailbox, pending, impossible) in effects {
            let cases = all.entry(mailbox).or_default();
            (cases.effects_pending, cases.effects_impossible) = (pending, impossible);
        }
        Ok(all)
    }
}
