//! Unfinished work in mailboxes: for one mailbox's page, and in bulk for metrics.

use std::collections::HashMap;

use super::completeness::Completeness;
use super::{Mailbox, Store, StoreError, backlog};
use crate::clock::Timestamp;
use crate::fact::{Backlog, Obstacle, StoredFact};

/// Unfinished work in one mailbox.
#[derive(Debug, Clone, Default)]
pub struct OpenCases {
    /// UIDs still to be fetched.
    pub pending: i64,
    /// UIDs that are quarantined.
    pub quarantined: i64,
    /// Effects still to be carried out.
    pub effects_pending: i64,
    /// Effects that cannot be carried out.
    pub effects_impossible: i64,
    /// One of the reasons why effects cannot be carried out.
    pub effects_problem: Option<StoredFact<Obstacle>>,
    /// Completeness of each watched folder.
    pub folders: Vec<Completeness>,
}

impl OpenCases {
    /// UIDs on the server that the ledger cannot explain; `None` if that is unknown for one of the folders.
    pub fn unaccounted(&self) -> Option<i64> {
        self.folders.iter().map(Completeness::unaccounted).sum()
    }

    /// When the ledger was last known to explain every UID of every folder: the oldest of the folders' last comparisons;
    /// `None` if a folder has none (see [`Completeness::verified_at`]).
    pub fn compared_at(&self) -> Option<Timestamp> {
        let all: Option<Vec<i64>> = self.folders.iter().map(|folder| folder.verified_at).collect();
        all?.into_iter().min().map(Timestamp)
    }

    /// UIDs found only by a comparison, since the mailbox was added.
    pub fn found_late(&self) -> i64 {
        self.folders.iter().map(|folder| folder.found_late).sum()
    }

    /// The progress of the import through a backlog; `None` if there is none.
    pub fn backlog(&self, mailbox: &Mailbox, now: Timestamp) -> Option<Backlog> {
        let folders: Vec<_> = self.folders.iter().map(|folder| folder.backlog).collect();
        let backlog = backlog::sum(&folders, now)?;
        Some(Backlog { minutes_left: backlog.minutes_left.filter(|_| !mailbox.paused), ..backlog })
    }
}

impl Store {
    pub async fn open_cases(&self, mailbox_id: i64) -> Result<OpenCases, StoreError> {
        Ok(self.cases(Some(mailbox_id)).await?.remove(&mailbox_id).unwrap_or_default())
    }

    /// Unfinished work by mailbox row.
    pub async fn all_open_cases(&self) -> Result<HashMap<i64, OpenCases>, StoreError> {
        self.cases(None).await
    }

    async fn cases(&self, mailbox: Option<i64>) -> Result<HashMap<i64, OpenCases>, StoreError> {
        let mut all = HashMap::<i64, OpenCases>::new();
        let mut reader = self.read().await?;
        for folder in reader.folder_completeness(mailbox).await? {
            all.entry(folder.mailbox_id).or_default().folders.push(folder);
        }
        // Each of the two states has an index; the rest of the ledger is not read.
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
