//! What is open in mailboxes, in few questions: for one that is shown, and for whoever watches thousands of them.

use std::collections::HashMap;

use super::completeness::Completeness;
use super::{Store, StoreError};
use crate::clock::Timestamp;
use crate::fact::{Obstacle, StoredFact};

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
    /// One of the problems with copies.
    pub effects_problem: Option<StoredFact<Obstacle>>,
    /// How complete each watched folder is.
    pub folders: Vec<Completeness>,
}

impl OpenCases {
    /// UIDs that the server has and the ledger cannot explain; `None`: not known of a folder, so not of the mailbox.
    pub fn unaccounted(&self) -> Option<i64> {
        self.folders.iter().map(Completeness::unaccounted).sum()
    }

    /// Since when every UID of every folder is known to be explained: the oldest of the comparisons; `None`: one was never compared.
    pub fn compared_at(&self) -> Option<Timestamp> {
        let all: Option<Vec<i64>> = self.folders.iter().map(|folder| folder.verified_at).collect();
        all?.into_iter().min().map(Timestamp)
    }

    /// UIDs that only a comparison has found, ever.
    pub fn found_late(&self) -> i64 {
        self.folders.iter().map(|folder| folder.found_late).sum()
    }
}

impl Store {
    /// What is open in one mailbox.
    pub async fn open_cases(&self, mailbox_id: i64) -> Result<OpenCases, StoreError> {
        Ok(self.cases(Some(mailbox_id)).await?.remove(&mailbox_id).unwrap_or_default())
    }

    /// What is open, by mailbox row.
    pub async fn all_open_cases(&self) -> Result<HashMap<i64, OpenCases>, StoreError> {
        self.cases(None).await
    }

    async fn cases(&self, mailbox: Option<i64>) -> Result<HashMap<i64, OpenCases>, StoreError> {
        let mut all = HashMap::<i64, OpenCases>::new();
        let mut reader = self.read().await?;
        for folder in reader.folders_compared(mailbox).await? {
            all.entry(folder.mailbox_id).or_default().folders.push(folder);
        }
        // The two states have an index each; the rest of the ledger is not looked at.
        let ledger = reader.sql(
            r"-- open cases in the ledger
            SELECT f.mailbox_id, o.state, count(*)
            FROM (
                SELECT epoch_id, state FROM ledger WHERE state = 'pending'
                UNION ALL
                SELECT epoch_id, state FROM ledger WHERE state = 'quarantined'
            ) AS o JOIN epoch e ON e.id = o.epoch_id JOIN folder f ON f.id = e.folder_id
            WHERE ($1 IS NULL OR f.mailbox_id = $1)
            GROUP BY f.mailbox_id, o.state",
        );
        for (mailbox, state, count) in ledger.bind(mailbox).all::<(i64, String, i64)>().await? {
            let cases = all.entry(mailbox).or_default();
            if state == "pending" { cases.pending = count } else { cases.quarantined = count }
        }
        let effects = reader.sql(
            r"-- open cases of effects
            SELECT f.mailbox_id, count(CASE WHEN x.step NOT IN ('impossible', 'returned') THEN 1 END),
                count(CASE WHEN x.step IN ('impossible', 'returned') THEN 1 END), max(x.problem)
            FROM effect x JOIN epoch e ON e.id = x.epoch_id JOIN folder f ON f.id = e.folder_id
            WHERE ($1 IS NULL OR f.mailbox_id = $1)
            GROUP BY f.mailbox_id",
        );
        for (mailbox, pending, impossible, problem) in
            effects.bind(mailbox).all::<(i64, i64, i64, Option<StoredFact<Obstacle>>)>().await?
        {
            let cases = all.entry(mailbox).or_default();
            (cases.effects_pending, cases.effects_impossible) = (pending, impossible);
            cases.effects_problem = problem;
        }
        Ok(all)
    }
}
