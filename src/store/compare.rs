//! The comparison of every UID on the server with the ledger: what it has found, and how far it has come.

use super::db::{read, write};
use super::lease::guard_lease;
use super::{Lease, Store, StoreError};
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
        write!(self, tx => {
            guard_lease!(tx, lease);
            sqlx::query("UPDATE folder SET unaccounted = $2 WHERE id = $1")
                .bind(folder_id).bind(i64::try_from(count).unwrap_or(i64::MAX)).execute(&mut *tx).await?;
        });
        Ok(())
    }

    /// Every UID of the server is in the ledger now; so many of them were found only by comparing.
    pub async fn folder_compared(
        &self,
        lease: &Lease,
        folder_id: i64,
        found_late: usize,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        write!(self, tx => {
            guard_lease!(tx, lease);
            sqlx::query("UPDATE folder SET unaccounted = 0, found_late = found_late + $2, verified_at = $3, compared_to = 0, contradicts = FALSE \
                 WHERE id = $1",
            )
                .bind(folder_id).bind(i64::try_from(found_late).unwrap_or(i64::MAX)).bind(now.0).execute(&mut *tx).await?;
        });
        Ok(())
    }

    /// The answers of a folder contradict each other, so that nobody knows whether the ledger explains all of its UIDs.
    pub async fn completeness_unknown(&self, lease: &Lease, folder_id: i64) -> Result<(), StoreError> {
        write!(self, tx => {
            guard_lease!(tx, lease);
            sqlx::query("UPDATE folder SET verified_at = NULL, compared_to = 0, contradicts = TRUE WHERE id = $1")
                .bind(folder_id).execute(&mut *tx).await?;
        });
        Ok(())
    }

    /// The server of this mailbox is asked for UIDs in this form first.
    pub async fn learn_list_form(&self, lease: &Lease, form: &str) -> Result<(), StoreError> {
        write!(self, tx => {
            guard_lease!(tx, lease);
            sqlx::query("UPDATE mailbox SET list_form = $2 WHERE id = $1").bind(lease.mailbox.id).bind(form).execute(&mut *tx).await?;
        });
        Ok(())
    }

    /// Has every UID of a mailbox compared with the ledger at the next poll.
    pub async fn compare_again(&self, mailbox_id: i64) -> Result<(), StoreError> {
        write!(self, tx => {
            sqlx::query("UPDATE folder SET verified_at = NULL WHERE mailbox_id = $1").bind(mailbox_id).execute(&mut *tx).await?;
        });
        Ok(())
    }

    /// How complete each watched folder is, of one mailbox or of all.
    pub(super) async fn folders_compared(&self, mailbox: Option<i64>) -> Result<Vec<Completeness>, StoreError> {
        Ok(read!(self, pool => sqlx::query_as(
            "SELECT f.mailbox_id, f.name, f.verified_at, f.unaccounted, f.contradicts, f.found_late, f.uidvalidity_changes, \
             coalesce((SELECT e.uidvalidity FROM epoch e WHERE e.folder_id = f.id ORDER BY e.id DESC LIMIT 1), -1) AS uidvalidity \
             FROM folder f WHERE ($1 IS NULL OR f.mailbox_id = $1) AND f.watched ORDER BY f.mailbox_id, f.position",
        ).bind(mailbox).fetch_all(pool).await)?)
    }

    /// A comparison was cut short here.
    pub async fn compared_to(&self, lease: &Lease, folder_id: i64, uid: u32) -> Result<(), StoreError> {
        write!(self, tx => {
            guard_lease!(tx, lease);
            sqlx::query("UPDATE folder SET compared_to = $2 WHERE id = $1")
                .bind(folder_id).bind(i64::from(uid)).execute(&mut *tx).await?;
        });
        Ok(())
    }
}
