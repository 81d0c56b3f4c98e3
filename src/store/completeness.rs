//! The comparison of every UID on the server with the ledger: what it has found, and how far it has come.

use super::{Lease, Reader, Store, StoreError};
use crate::clock::Timestamp;

/// Whether the ledger explains every UID of a folder.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Completeness {
    /// The mailbox's row.
    pub mailbox_id: i64,
    /// The folder's name.
    pub name: String,
    /// When every UID was last compared with the ledger.
    pub verified_at: Option<i64>,
    /// UIDs that the server has and the ledger cannot explain; see [`Completeness::unaccounted`].
    #[sqlx(rename = "unaccounted")]
    counted: i64,
    /// The server's answers contradicted each other when it was last asked.
    pub contradicts: bool,
    /// UIDs that only a comparison has found, ever.
    pub found_late: i64,
    /// Polls in a row at which UIDVALIDITY was another.
    pub uidvalidity_changes: i64,
    /// UIDVALIDITY; 0 if the server gives none, -1 before the first look.
    pub uidvalidity: i64,
}

impl Completeness {
    /// UIDs that the server has and the ledger cannot explain; `None`: not known, since the server's answers contradict each other.
    pub fn unaccounted(&self) -> Option<i64> {
        (!self.contradicts).then_some(self.counted)
    }
}

impl Store {
    /// A comparison under way has found so many UIDs that the ledger cannot explain.
    pub async fn unaccounted(&self, lease: &Lease, folder_id: i64, count: usize) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.guard(lease).await?;
        let statement = tx.sql(
            r"-- count unaccounted UIDs
            UPDATE folder SET unaccounted = $2 WHERE id = $1",
        );
        statement.bind(folder_id).bind(i64::try_from(count).unwrap_or(i64::MAX)).run().await?;
        tx.commit().await
    }

    /// Every UID of the server is in the ledger now; so many of them were found only by comparing.
    pub async fn folder_compared(
        &self,
        lease: &Lease,
        folder_id: i64,
        found_late: usize,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.guard(lease).await?;
        let statement = tx.sql(
            r"-- a folder is compared
            UPDATE folder SET unaccounted = 0, found_late = found_late + $2, verified_at = $3, compared_to = 0,
                contradicts = FALSE
            WHERE id = $1",
        );
        statement.bind(folder_id).bind(i64::try_from(found_late).unwrap_or(i64::MAX)).bind(now).run().await?;
        tx.commit().await
    }

    /// The answers of a folder contradict each other, so that nobody knows whether the ledger explains all of its UIDs.
    pub async fn completeness_unknown(&self, lease: &Lease, folder_id: i64) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.guard(lease).await?;
        let statement = tx.sql(
            r"-- the completeness of a folder is unknown
            UPDATE folder SET verified_at = NULL, compared_to = 0, contradicts = TRUE WHERE id = $1",
        );
        statement.bind(folder_id).run().await?;
        tx.commit().await
    }

    /// The server of this mailbox is asked for UIDs in this form first.
    pub async fn learn_list_form(&self, lease: &Lease, form: &str) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.guard(lease).await?;
        let statement = tx.sql(
            r"-- learn the form in which a server lists UIDs
            UPDATE mailbox SET list_form = $2 WHERE id = $1",
        );
        statement.bind(lease.mailbox.id).bind(form).run().await?;
        tx.commit().await
    }

    /// Has every UID of a mailbox compared with the ledger at the next poll.
    pub async fn compare_again(&self, mailbox_id: i64) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let statement = tx.sql(
            r"-- compare a mailbox again
            UPDATE folder SET verified_at = NULL WHERE mailbox_id = $1",
        );
        statement.bind(mailbox_id).run().await?;
        tx.commit().await
    }

    /// A comparison was cut short here.
    pub async fn compared_to(&self, lease: &Lease, folder_id: i64, uid: u32) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.guard(lease).await?;
        let statement = tx.sql(
            r"-- a comparison is cut short
            UPDATE folder SET compared_to = $2 WHERE id = $1",
        );
        statement.bind(folder_id).bind(i64::from(uid)).run().await?;
        tx.commit().await
    }
}

impl Reader {
    /// How complete each watched folder is, of one mailbox or of all.
    pub(super) async fn folders_compared(&mut self, mailbox: Option<i64>) -> Result<Vec<Completeness>, StoreError> {
        let statement = self.sql(
            r"-- completeness of folders
            SELECT f.mailbox_id, f.name, f.verified_at, f.unaccounted, f.contradicts, f.found_late, f.uidvalidity_changes,
                coalesce(
                    (SELECT e.uidvalidity FROM epoch e WHERE e.folder_id = f.id ORDER BY e.id DESC LIMIT 1), -1
                ) AS uidvalidity
            FROM folder f
            WHERE ($1 IS NULL OR f.mailbox_id = $1) AND f.watched
            ORDER BY f.mailbox_id, f.position",
        );
        Ok(statement.bind(mailbox).all().await?)
    }
}
