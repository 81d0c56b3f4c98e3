//! Raw mail, in rows of at most 1 MiB under its SHA-256, so that a mail in two mailboxes is stored once.

use super::{Lease, Store, StoreError};
use crate::clock::Timestamp;

/// Size of every row except the last of a mail. All code must cut mail at the same offsets, since existing rows are not
/// written again.
pub const CHUNK: usize = 1 << 20;

/// A chunk of a large mail that is being downloaded.
#[derive(Debug)]
pub struct DownloadChunk {
    pub epoch_id: i64,
    pub uid: u32,
    /// The chunk's index.
    pub seq: i64,
    pub data: Vec<u8>,
}

impl Store {
    /// One row of a raw mail; `None` after the last.
    pub async fn raw_chunk(&self, sha256: &[u8], seq: i64) -> Result<Option<Vec<u8>>, StoreError> {
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- chunk of a raw mail
            SELECT data FROM raw_chunk WHERE sha256 = $1 AND seq = $2",
        );
        Ok(statement.bind(sha256).bind(seq).first_value().await?)
    }

    /// Stores a chunk of a large mail, replacing one with the same index, so that an interrupted download can be
    /// resumed.
    pub async fn add_download_chunk(
        &self,
        lease: &Lease,
        chunk: DownloadChunk,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let DownloadChunk { epoch_id, uid, seq, data } = chunk;
        let mut tx = self.begin().await?;
        tx.check_lease(lease).await?;
        let statement = tx.sql(
            r"-- store a chunk of a download
            INSERT INTO download_chunk (epoch_id, uid, seq, data, added_at) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (epoch_id, uid, seq) DO UPDATE SET data = excluded.data, added_at = excluded.added_at",
        );
        statement.bind(epoch_id).bind(i64::from(uid)).bind(seq).bind(data).bind(now).run().await?;
        tx.commit().await
    }

    /// One chunk of a large mail that is being downloaded; `None` after the last.
    pub async fn download_chunk(&self, epoch_id: i64, uid: u32, seq: i64) -> Result<Option<Vec<u8>>, StoreError> {
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- chunk of a download
            SELECT data FROM download_chunk WHERE epoch_id = $1 AND uid = $2 AND seq = $3",
        );
        Ok(statement.bind(epoch_id).bind(i64::from(uid)).bind(seq).first_value().await?)
    }

    /// Deletes a download that will not be finished.
    pub async fn delete_download(&self, lease: &Lease, epoch_id: i64, uid: u32) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.check_lease(lease).await?;
        let statement = tx.sql(
            r"-- delete a download
            DELETE FROM download_chunk WHERE epoch_id = $1 AND uid = $2",
        );
        statement.bind(epoch_id).bind(i64::from(uid)).run().await?;
        tx.commit().await
    }
}
