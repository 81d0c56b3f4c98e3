//! The raw mail: in rows of at most 1 MiB, named by its SHA-256, so that one mail in two mailboxes is stored once.

use super::db::{read, write};
use super::lease::guard_lease;
use super::{Lease, Store, StoreError};

/// The size of every row but a mail's last one. Rows must be cut the same way however the mail came, since a row that is
/// there already is not written again.
pub const CHUNK: usize = 1 << 20;

impl Store {
    /// One row of a raw mail; `None` after the last.
    pub async fn raw_chunk(&self, sha256: &[u8], seq: i64) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(read!(self, pool => sqlx::query_scalar("SELECT data FROM raw_chunk WHERE sha256 = $1 AND seq = $2")
            .bind(sha256).bind(seq).fetch_optional(pool).await)?)
    }

    /// Stores a chunk of a large mail on its way, in place of one that was there, so that a broken download goes on from it.
    pub async fn add_download_chunk(
        &self,
        lease: &Lease,
        epoch_id: i64,
        uid: u32,
        seq: i64,
        data: Vec<u8>,
    ) -> Result<(), StoreError> {
        write!(self, tx => {
            guard_lease!(tx, lease);
            sqlx::query("INSERT INTO download_chunk (epoch_id, uid, seq, data) VALUES ($1, $2, $3, $4) \
                         ON CONFLICT (epoch_id, uid, seq) DO UPDATE SET data = excluded.data")
                .bind(epoch_id).bind(i64::from(uid)).bind(seq).bind(data).execute(&mut *tx).await?;
        });
        Ok(())
    }

    /// One chunk of a large mail on its way; `None` after the last.
    pub async fn download_chunk(&self, epoch_id: i64, uid: u32, seq: i64) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(read!(self, pool =>
            sqlx::query_scalar("SELECT data FROM download_chunk WHERE epoch_id = $1 AND uid = $2 AND seq = $3")
                .bind(epoch_id).bind(i64::from(uid)).bind(seq).fetch_optional(pool).await)?)
    }

    /// Forgets a download that will not be finished.
    pub async fn drop_download(&self, lease: &Lease, epoch_id: i64, uid: u32) -> Result<(), StoreError> {
        write!(self, tx => {
            guard_lease!(tx, lease);
            sqlx::query("DELETE FROM download_chunk WHERE epoch_id = $1 AND uid = $2")
                .bind(epoch_id).bind(i64::from(uid)).execute(&mut *tx).await?;
        });
        Ok(())
    }
}
