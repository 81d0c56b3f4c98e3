//! Epochs: one UIDVALIDITY of a folder as we met it, with the cursor and the ledger that belong to it.

use super::db::{read, write};
use super::lease::guard_lease;
use super::mailbox::BEFORE_START;
use super::{Lease, Store, StoreError};
use crate::clock::Timestamp;

/// A folder that is polled.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct WatchedFolder {
    /// Its row.
    pub id: i64,
    /// Its name as people write it.
    pub name: String,
}

/// The UIDVALIDITY in force.
#[derive(Debug, Clone)]
pub struct Epoch {
    /// Its row.
    pub id: i64,
    /// As the server said (RFC 3501 2.3.1.1).
    pub uidvalidity: u32,
    /// Every UID below it is finished.
    pub cursor: u32,
    /// UIDs below it were there at the first look.
    pub boundary: u32,
    /// Whether the start was decided.
    pub start_decided: bool,
    /// The UIDVALIDITY before, if this one is new today.
    pub replaces: Option<u32>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    uidvalidity: i64,
    cursor: i64,
    boundary: i64,
    start_decided: bool,
    closed: bool,
}

/// A UID as stored: databases have no unsigned numbers.
pub(super) fn uid(stored: i64) -> u32 {
    u32::try_from(stored).unwrap_or(u32::MAX)
}

impl Store {
    /// The folders that a mailbox is polled for, in their order.
    pub async fn watched_folders(&self, mailbox_id: i64) -> Result<Vec<WatchedFolder>, StoreError> {
        Ok(read!(self, pool =>
            sqlx::query_as("SELECT id, name FROM folder WHERE mailbox_id = $1 AND watched ORDER BY position")
                .bind(mailbox_id).fetch_all(pool).await)?)
    }

    /// The epoch for the UIDVALIDITY that the server gave: the one in force, or a new one whose boundary is `uidnext`. A
    /// stated UIDNEXT below what we have seen means that UIDs are given a second time (a restored backup), so that is a new
    /// epoch too. Effects that were open in an older epoch are void, since its UIDs name nothing any more.
    pub async fn epoch(
        &self,
        lease: &Lease,
        folder_id: i64,
        uidvalidity: u32,
        uidnext: u32,
        uidnext_is_stated: bool,
        now: Timestamp,
    ) -> Result<Epoch, StoreError> {
        const NEWEST: &str = "SELECT id, uidvalidity, cursor, boundary, start_decided, closed FROM epoch WHERE folder_id = $1 \
                              ORDER BY id DESC LIMIT 1";
        let newest: Option<Row> =
            read!(self, pool => sqlx::query_as(NEWEST).bind(folder_id).fetch_optional(pool).await)?;
        let replaces = newest.as_ref().map(|row| uid(row.uidvalidity));
        if let Some(row) = newest.filter(|row| {
            !row.closed
                && row.uidvalidity == i64::from(uidvalidity)
                && !(uidnext_is_stated && i64::from(uidnext) < row.cursor)
        }) {
            return Ok(Epoch {
                id: row.id,
                uidvalidity,
                cursor: uid(row.cursor),
                boundary: uid(row.boundary),
                start_decided: row.start_decided,
                replaces: None,
            });
        }
        let id = write!(self, tx => {
            guard_lease!(tx, lease);
            sqlx::query(
                "UPDATE effect SET step = 'impossible', problem = 'the folder was rebuilt on the server (new UIDVALIDITY)' \
                 WHERE epoch_id IN (SELECT id FROM epoch WHERE folder_id = $1)",
            )
            .bind(folder_id).execute(&mut *tx).await?;
            sqlx::query(
                "DELETE FROM download_chunk WHERE epoch_id IN (SELECT id FROM epoch WHERE folder_id = $1)",
            )
            .bind(folder_id).execute(&mut *tx).await?;
            sqlx::query_scalar(
                "INSERT INTO epoch (folder_id, uidvalidity, cursor, boundary, opened_at) VALUES ($1, $2, 1, $3, $4) \
                 RETURNING id",
            )
            .bind(folder_id).bind(i64::from(uidvalidity)).bind(i64::from(uidnext)).bind(now.0)
            .fetch_one(&mut *tx).await?
        });
        Ok(Epoch { id, uidvalidity, cursor: 1, boundary: uidnext, start_decided: false, replaces })
    }

    /// Writes down the start: these ranges of UIDs are skipped, and the search goes on from `cursor`.
    pub async fn decide_start(
        &self,
        lease: &Lease,
        epoch_id: i64,
        skipped: &[(u32, u32)],
        cursor: u32,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        write!(self, tx => {
            guard_lease!(tx, lease);
            for (first, last) in skipped {
                sqlx::query(
                    "INSERT INTO ledger (epoch_id, uid, uid_last, state, reason, updated_at) \
                     VALUES ($1, $2, $3, 'skipped', $4, $5)",
                )
                .bind(epoch_id)
                .bind(i64::from(*first))
                .bind((first != last).then_some(i64::from(*last)))
                .bind(BEFORE_START)
                .bind(now.0)
                .execute(&mut *tx)
                .await?;
            }
            sqlx::query("UPDATE epoch SET start_decided = TRUE, cursor = $2 WHERE id = $1")
                .bind(epoch_id).bind(i64::from(cursor)).execute(&mut *tx).await?;
        });
        Ok(())
    }

    /// Moves the cursor over UIDs that a search with a tagged OK has shown to be finished or not there.
    pub async fn advance_cursor(&self, lease: &Lease, epoch_id: i64, cursor: u32) -> Result<(), StoreError> {
        write!(self, tx => {
            guard_lease!(tx, lease);
            move_cursor!(tx, epoch_id, cursor);
        });
        Ok(())
    }
}

/// In a transaction: moves the cursors of a mailbox back to what is pending, where they had passed it.
macro_rules! cursor_to_pending {
    ($tx:ident, $mailbox_id:expr) => {
        sqlx::query(
            "UPDATE epoch SET cursor = (SELECT min(l.uid) FROM ledger l WHERE l.epoch_id = epoch.id AND \
             l.state = 'pending') WHERE folder_id IN (SELECT id FROM folder WHERE mailbox_id = $1) AND EXISTS \
             (SELECT 1 FROM ledger l WHERE l.epoch_id = epoch.id AND l.state = 'pending' AND l.uid < epoch.cursor)",
        )
        .bind($mailbox_id)
        .execute(&mut *$tx)
        .await?;
    };
}
pub(super) use cursor_to_pending;

/// In a transaction: moves the cursor of an epoch forward, but never over a UID that is pending, whichever window it was in.
macro_rules! move_cursor {
    ($tx:ident, $epoch_id:expr, $cursor:expr) => {
        sqlx::query(
            "UPDATE epoch SET cursor = coalesce((SELECT min(l.uid) FROM ledger l WHERE l.epoch_id = $1 AND \
             l.state = 'pending' AND l.uid < $2), $2) WHERE id = $1 AND cursor < $2",
        )
        .bind($epoch_id)
        .bind(i64::from($cursor))
        .execute(&mut *$tx)
        .await?;
    };
}
pub(super) use move_cursor;
