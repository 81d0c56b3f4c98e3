//! Raw mail, in rows of at most 1 MiB, stored by its SHA-256, so that a mail in two mailboxes is stored once.

use super::{Lease, Store, StoreError, Tx};
use crate::clock::Timestamp;

/// Size of every row of a mail except the last. All code must cut mail at the same offsets, since existing rows are not
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

/// Maximum number of bytes that one transaction deletes, unless a single mail is larger.
const MAX_REMOVED_BYTES: i64 = 64 << 20;

impl Tx<'_> {
    /// Deletes the bytes of messages that all of their targets accepted before a time, if one of these targets is set
    /// to `--only`. Bytes that another message needs are kept. So are those of a message that also came by forwarding,
    /// or that has a delivery which waits, is held or was dropped.
    pub(super) async fn remove_delivered_raw_mail(
        &mut self,
        (before, now): (Timestamp, Timestamp),
        limit: i64,
    ) -> Result<u64, StoreError> {
        if self.unneeded_raw_mail(before, 1).await?.is_empty() {
            return Ok(0);
        }
        // Until the commit, no import may begin to use bytes that are about to be deleted, or bring a bounce of one of
        // these mails.
        self.block_imports().await?;
        let mut room = MAX_REMOVED_BYTES;
        let mut messages = Vec::new();
        for (message, size) in self.unneeded_raw_mail(before, limit).await? {
            if room < size && !messages.is_empty() {
                break;
            }
            room -= size;
            messages.push(message);
        }
        let mark = self.sql(
            r"-- mark messages whose bytes are deleted
            UPDATE message SET raw_removed_at = $1 WHERE id IN ({list})",
        );
        mark.bind(now).list(messages.iter().copied()).run().await?;
        let remove = self.sql(
            r"-- delete the bytes of delivered messages
            DELETE FROM raw_chunk
            WHERE sha256 IN (SELECT sha256 FROM message WHERE id IN ({list}))
                AND NOT EXISTS (
                    SELECT 1 FROM message m WHERE m.sha256 = raw_chunk.sha256 AND m.raw_removed_at IS NULL
                )",
        );
        remove.list(messages.iter().copied()).run().await?;
        let settled = self.sql(
            r"-- settle the deliveries of messages whose bytes are deleted
            UPDATE delivery SET frees_raw = FALSE WHERE message_id IN ({list})",
        );
        settled.list(messages.iter().copied()).run().await?;
        Ok(u64::try_from(messages.len()).unwrap_or(u64::MAX))
    }

    /// Messages whose bytes are no longer needed, with their sizes.
    async fn unneeded_raw_mail(&mut self, before: Timestamp, limit: i64) -> Result<Vec<(i64, i64)>, StoreError> {
        let statement = self.sql(
            r"-- delivered messages whose bytes are not needed
            SELECT DISTINCT m.id, m.size
            FROM delivery d JOIN delivery_lane l ON l.id = d.lane_id JOIN delivery_target t ON t.id = l.target_id
                JOIN message m ON m.id = d.message_id
            WHERE d.frees_raw AND d.finished_at IS NOT NULL AND d.finished_at < $1 AND t.only_target AND t.in_use
                AND m.raw_removed_at IS NULL
                AND NOT EXISTS (
                    SELECT 1 FROM delivery o
                    WHERE o.message_id = m.id AND (o.state <> 'delivered' OR o.finished_at >= $1)
                )
            LIMIT $2",
        );
        Ok(statement.bind(before).bind(limit).all().await?)
    }

    /// Keeps the bytes of a message for good, since one of its targets did not receive it from us.
    pub(super) async fn keep_bytes(&mut self, message: i64) -> Result<(), StoreError> {
        let statement = self.sql(
            r"-- keep the bytes of a message
            UPDATE delivery SET frees_raw = FALSE WHERE message_id = $1",
        );
        statement.bind(message).run().await?;
        Ok(())
    }
}
