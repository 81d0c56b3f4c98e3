//! The comparison of the UIDs on the server with the ledger: its result and its progress.

use super::backlog::FolderBacklog;
use super::{Lease, Reader, Store, StoreError};
use crate::clock::Timestamp;

/// Completeness of a folder: whether the ledger explains every UID on the server.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Completeness {
    pub mailbox_id: i64,
    pub name: String,
    /// When every UID was last compared with the ledger; `None`: never, or a new comparison is requested, or the last one
    /// met a contradiction.
    pub verified_at: Option<i64>,
    /// Number of UIDs on the server that the ledger cannot explain; see [`Completeness::unaccounted`].
    #[sqlx(rename = "unaccounted")]
    counted: i64,
    /// Whether the server's responses contradicted each other at the last comparison.
    pub contradicts: bool,
    /// Number of UIDs that only a comparison has found, since the folder was added.
    pub found_late: i64,
    /// Number of polls with a changed UIDVALIDITY, minus those without; never below 0.
    pub uidvalidity_changes: i64,
    /// UIDVALIDITY; 0 if the server gives none, -1 before the first poll.
    pub uidvalidity: i64,
    /// The progress of the import.
    #[sqlx(flatten)]
    pub backlog: FolderBacklog,
}

impl Completeness {
    /// Number of UIDs on the server that the ledger cannot explain; `None` if it is unknown because the server's
    /// responses contradict each other.
    pub fn unaccounted(&self) -> Option<i64> {
        (!self.contradicts).then_some(self.counted)
    }
}

impl Store {
    /// Stores how many UIDs an unfinished comparison has found so far that the ledger cannot explain.
    pub async fn record_unaccounted(&self, lease: &Lease, folder_id: i64, count: usize) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.check_lease(lease).await?;
        let statement = tx.sql(
            r"-- store the number of unaccounted UIDs
            UPDATE folder SET unaccounted = $2 WHERE id = $1",
        );
        statement.bind(folder_id).bind(i64::try_from(count).unwrap_or(i64::MAX)).run().await?;
        tx.commit().await
    }

    /// Stores that every UID on the server is now in the ledger; `found_late` of them were found only by the
    /// comparison.
    pub async fn record_comparison(
        &self,
        lease: &Lease,
        folder_id: i64,
        found_late: usize,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.check_lease(lease).await?;
        let statement = tx.sql(
            r"-- store a finished comparison
            UPDATE folder SET unaccounted = 0, found_late = found_late + $2, verified_at = $3, compared_to = 0,
                contradicts = FALSE
            WHERE id = $1",
        );
        statement.bind(folder_id).bind(i64::try_from(found_late).unwrap_or(i64::MAX)).bind(now).run().await?;
        tx.commit().await
    }

    /// Stores that the server's responses for a folder contradict each other, so that its completeness is unknown.
    pub async fn record_contradiction(&self, lease: &Lease, folder_id: i64) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.check_lease(lease).await?;
        let statement = tx.sql(
            r"-- mark the completeness of a folder unknown
            UPDATE folder SET verified_at = NULL, compared_to = 0, contradicts = TRUE WHERE id = $1",
        );
        statement.bind(folder_id).run().await?;
        tx.commit().await
    }

    /// Stores the listing form that the server of this mailbox does not misread.
    pub async fn set_list_form(&self, lease: &Lease, form: &str) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.check_lease(lease).await?;
        let statement = tx.sql(
            r"-- store the form in which a server lists UIDs
            UPDATE mailbox SET list_form = $2 WHERE id = $1",
        );
        statement.bind(lease.mailbox.id).bind(form).run().await?;
        tx.commit().await
    }

    /// Makes the next poll compare every UID of a mailbox with the ledger.
    pub async fn request_comparison(&self, mailbox_id: i64) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let statement = tx.sql(
            r"-- request a comparison of a mailbox
            UPDATE folder SET verified_at = NULL WHERE mailbox_id = $1",
        );
        statement.bind(mailbox_id).run().await?;
        tx.commit().await
    }

    /// Stores the UID that an interrupted comparison has reached.
    pub async fn record_comparison_progress(&self, lease: &Lease, folder_id: i64, uid: u32) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.check_lease(lease).await?;
        let statement = tx.sql(
            r"-- store the progress of a comparison
            UPDATE folder SET compared_to = $2 WHERE id = $1",
        );
        statement.bind(folder_id).bind(i64::from(uid)).run().await?;
        tx.commit().await
    }
}

impl Reader {
    /// The completeness of each watched folder of one mailbox, or of all mailboxes.
    pub(super) async fn folder_completeness(&mut self, mailbox: Option<i64>) -> Result<Vec<Completeness>, StoreError> {
        let statement = self.sql(
            r"-- completeness of folders
            SELECT f.mailbox_id, f.name, f.verified_at, f.unaccounted, f.contradicts, f.found_late, f.uidvalidity_changes,
                coalesce(e.uidvalidity, -1) AS uidvalidity, coalesce(e.backlog_total, 0) AS backlog_total,
                CASE WHEN NOT e.closed THEN e.backlog_left ELSE 0 END AS backlog_left,
                coalesce(e.backlog_since, 0) AS backlog_since, coalesce(e.backlog_at, 0) AS backlog_at
            FROM folder f
                LEFT JOIN epoch e ON e.id = (SELECT max(newest.id) FROM epoch newest WHERE newest.folder_id = f.id)
            WHERE ($1 IS NULL OR f.mailbox_id = $1) AND f.watched
            ORDER BY f.mailbox_id, f.position",
        );
        Ok(statement.bind(mailbox).all().await?)
    }
}
