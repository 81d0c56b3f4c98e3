//! The backlog of a folder: many mails that a poll has found, and the progress of the import through them.

use super::{Lease, Store, StoreError};
use crate::clock::Timestamp;
use crate::fact::{Backlog, LEAST_BACKLOG, MEASURED, Speed};

/// The progress of the import through the backlog of one folder.
#[derive(Debug, Clone, Copy, sqlx::FromRow)]
pub struct FolderBacklog {
    /// Number of mails in the backlog, finished or not.
    #[sqlx(rename = "backlog_total")]
    pub total: i64,
    /// Number of mails that are not finished; 0 if there is no backlog.
    #[sqlx(rename = "backlog_left")]
    pub left: i64,
    /// When the backlog was found, plus the length of all pauses in which nothing was imported.
    #[sqlx(rename = "backlog_since")]
    pub since: Timestamp,
    /// When mail of the backlog was last listed or imported.
    #[sqlx(rename = "backlog_at")]
    pub at: Timestamp,
}

/// The progress of several folders together. A poll reads the folders in turn, so their times overlap, and the longest
/// one is the time of all.
pub(super) fn sum(folders: &[FolderBacklog], now: Timestamp) -> Option<Backlog> {
    let open = || folders.iter().filter(|folder| folder.left > 0);
    let at = open().map(|folder| folder.at).max()?;
    let (total, left) = (open().map(|folder| folder.total).sum::<i64>(), open().map(|folder| folder.left).sum::<i64>());
    let milliseconds = open().map(|folder| folder.at.0 - folder.since.0).max().unwrap_or(0);
    let speed = Some(Speed { done: total - left, milliseconds }).filter(|_| now.since(at) <= MEASURED);
    Some(Backlog { done: total - left, total, minutes_left: speed.and_then(|speed| speed.minutes_for(left)) })
}

impl Store {
    /// Number of finished UIDs above `uid`. Ranges are not counted, since they may contain no mail.
    pub async fn finished_above(&self, epoch_id: i64, uid: u32) -> Result<i64, StoreError> {
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- count finished UIDs above a UID
            SELECT count(*) FROM ledger
            WHERE epoch_id = $1 AND uid > $2 AND uid_last IS NULL AND state NOT IN ('pending', 'gone')",
        );
        Ok(statement.bind(epoch_id).bind(i64::from(uid)).value().await?)
    }

    /// Stores how many mails of a folder are still to be fetched. An unfinished backlog goes on and includes the mail
    /// that has arrived since. Fewer than [`LEAST_BACKLOG`] mails do not begin a backlog.
    pub async fn note_backlog(
        &self,
        lease: &Lease,
        epoch_id: i64,
        left: i64,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.check_lease(lease).await?;
        // The time of a pause or an outage is left out, since it says nothing about the speed.
        let statement = tx.sql(
            r"-- note the backlog of a folder
            UPDATE epoch SET
                backlog_total = CASE WHEN backlog_left > 0 THEN backlog_total - backlog_left ELSE 0 END + $2,
                backlog_since = CASE WHEN backlog_left = 0 THEN $3
                    WHEN backlog_at < $4 THEN backlog_since + $3 - backlog_at ELSE backlog_since END,
                backlog_left = $2, backlog_at = $3
            WHERE id = $1 AND (backlog_left > 0 OR $5)",
        );
        let statement = statement.bind(epoch_id).bind(left).bind(now).bind(now.minus(MEASURED));
        statement.bind(left >= LEAST_BACKLOG).run().await?;
        tx.commit().await
    }
}
