//! The ledger: what became of every UID.

use serde::Serialize;

use super::db::{read, write};
use super::epoch::{cursor_to_pending, uid};
use super::lease::guard_lease;
use super::{Lease, Store, StoreError};
use crate::clock::Timestamp;

/// What became of a UID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum UidState {
    /// Seen, not yet imported; it is asked for again.
    Pending,
    /// In its inbox.
    Imported,
    /// The same mail was there already.
    Duplicate,
    /// Left out on purpose.
    Skipped,
    /// Cannot be imported; a person may decide.
    Quarantined,
    /// The server no longer has it, and it was never imported.
    Gone,
}

impl UidState {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Pending, Self::Imported, Self::Duplicate, Self::Skipped, Self::Quarantined, Self::Gone];

    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Imported => "imported",
            Self::Duplicate => "duplicate",
            Self::Skipped => "skipped",
            Self::Quarantined => "quarantined",
            Self::Gone => "gone",
        }
    }

    pub(super) fn stored(text: &str) -> Result<Self, StoreError> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| StoreError::Unknown(format!("ledger state {text}")))
    }
}

/// A UID, or a range of them, that the ledger knows.
#[derive(Debug, Clone, Copy)]
pub struct Known {
    /// The first.
    pub first: u32,
    /// The last.
    pub last: u32,
    /// Why it is to be fetched, if it is.
    pub open: Option<Open>,
    /// How often it was asked for in vain.
    pub attempts: i64,
}

/// Why a UID that the ledger knows is not finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Open {
    /// It was not imported yet.
    Pending,
    /// It was not there any more; if the server lists it now, it is.
    Gone,
}

/// What was put aside; nothing named: all of it.
#[derive(Debug, Clone, Copy, Default)]
pub struct PutAside<'a> {
    /// The folder.
    pub folder: Option<&'a str>,
    /// The numbering of the folder that is meant.
    pub uidvalidity: Option<u32>,
    /// The mail.
    pub uid: Option<u32>,
}

/// What became of a UID, or of a range of them: a line of `mailferry ledger`.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct LedgerLine {
    /// The mailbox.
    pub mailbox: String,
    /// The folder.
    pub folder: String,
    /// The numbering of the folder.
    pub uidvalidity: u32,
    /// The number that the server gave the mail.
    pub uid: u32,
    /// Only for a range.
    pub uid_last: Option<u32>,
    /// What became of it.
    pub state: UidState,
    /// Why.
    pub reason: Option<String>,
    /// The message that it became.
    pub message: Option<i64>,
}

#[derive(sqlx::FromRow)]
struct Row {
    mailbox: String,
    folder: String,
    epoch_id: i64,
    uidvalidity: i64,
    uid: i64,
    uid_last: Option<i64>,
    state: String,
    reason: Option<String>,
    message_id: Option<i64>,
}

impl Row {
    fn into_line(self) -> Result<LedgerLine, StoreError> {
        Ok(LedgerLine {
            mailbox: self.mailbox,
            folder: self.folder,
            uidvalidity: uid(self.uidvalidity),
            uid: uid(self.uid),
            uid_last: self.uid_last.map(uid),
            state: UidState::stored(&self.state)?,
            reason: self.reason,
            message: self.message_id,
        })
    }
}

/// Quarantined in a mailbox (`$1`), in the epochs in force: the UIDs of older ones name nothing any more.
macro_rules! quarantined_in_force {
    () => {
        "state = 'quarantined' AND epoch_id IN (SELECT max(e.id) FROM epoch e JOIN folder f ON f.id = e.folder_id \
         WHERE f.mailbox_id = $1 AND f.watched GROUP BY e.folder_id)"
    };
}

impl Store {
    /// What the ledger knows of the UIDs from `first` to `last`, in their order.
    pub async fn known(&self, epoch_id: i64, first: u32, last: u32) -> Result<Vec<Known>, StoreError> {
        let rows: Vec<(i64, Option<i64>, String, i64)> = read!(self, pool => sqlx::query_as(
            "SELECT uid, uid_last, state, attempts FROM ledger WHERE epoch_id = $1 AND uid <= $3 AND coalesce(uid_last, uid) >= $2 \
             ORDER BY uid",
        ).bind(epoch_id).bind(i64::from(first)).bind(i64::from(last)).fetch_all(pool).await)?;
        Ok(rows
            .into_iter()
            .map(|(first, last, state, attempts)| Known {
                first: uid(first),
                last: uid(last.unwrap_or(first)),
                open: match state.as_str() {
                    "pending" => Some(Open::Pending),
                    "gone" => Some(Open::Gone),
                    _ => None,
                },
                attempts,
            })
            .collect())
    }

    /// Pending UIDs that a search with a tagged OK did not list; after so many tries in all they are gone.
    pub async fn not_listed(
        &self,
        lease: &Lease,
        epoch_id: i64,
        uids: &[u32],
        tries: i64,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        write!(self, tx => {
            guard_lease!(tx, lease);
            for uid in uids {
                sqlx::query(
                    "UPDATE ledger SET attempts = attempts + 1, reason = 'no longer on the server', updated_at = $3, \
                     state = CASE WHEN attempts + 1 >= $4 THEN 'gone' ELSE state END \
                     WHERE epoch_id = $1 AND uid = $2 AND state = 'pending'",
                )
                .bind(epoch_id).bind(i64::from(*uid)).bind(now.0).bind(tries).execute(&mut *tx).await?;
            }
        });
        Ok(())
    }

    /// Gives up on a mail of a folder that is pending or put aside; with `uidvalidity` only if the folder is still numbered so. A poll
    /// that is fetching it loses its lease, so that nothing comes of it. Tells whether there was one.
    pub async fn skip_by_hand(
        &self,
        folder_id: i64,
        uid: u32,
        uidvalidity: Option<u32>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        Ok(write!(self, tx => {
            // The mailbox first, as an import does, so that the two never wait for each other.
            sqlx::query(
                "UPDATE mailbox SET lease_token = NULL, lease_owner = NULL, lease_until = NULL \
                 WHERE id = (SELECT mailbox_id FROM folder WHERE id = $1)",
            )
            .bind(folder_id).execute(&mut *tx).await?;
            let skipped = sqlx::query(
                "UPDATE ledger SET state = 'skipped', reason = 'skipped by hand', updated_at = $3 WHERE uid = $2 AND \
                 state IN ('pending', 'quarantined') AND epoch_id = (SELECT max(id) FROM epoch WHERE folder_id = $1) \
                 AND ($4 IS NULL OR epoch_id IN (SELECT id FROM epoch WHERE folder_id = $1 AND uidvalidity = $4))",
            )
            .bind(folder_id).bind(i64::from(uid)).bind(now.0).bind(uidvalidity.map(i64::from))
            .execute(&mut *tx).await?.rows_affected();
            if skipped == 0 {
                return Ok(false); // and the poll keeps its lease
            }
            true
        }))
    }

    /// What is put aside in a mailbox and can be asked for again, newest first.
    pub async fn aside_in_force(&self, mailbox_id: i64, limit: i64) -> Result<Vec<LedgerLine>, StoreError> {
        let rows: Vec<Row> = read!(self, pool => sqlx::query_as(concat!(
            "SELECT m.address AS mailbox, f.name AS folder, l.epoch_id, e.uidvalidity, l.uid, l.uid_last, l.state, \
             l.reason, l.message_id FROM (SELECT * FROM ledger WHERE ", quarantined_in_force!(), ") AS l \
             JOIN epoch e ON e.id = l.epoch_id JOIN folder f ON f.id = e.folder_id \
             JOIN mailbox m ON m.id = f.mailbox_id ORDER BY l.epoch_id DESC, l.uid DESC LIMIT $2",
        )).bind(mailbox_id).bind(limit).fetch_all(pool).await)?;
        rows.into_iter().map(Row::into_line).collect()
    }

    /// Asks again for what was put aside: what is meant, or all of a mailbox. Returns how many there were.
    pub async fn retry_quarantined(
        &self,
        mailbox_id: i64,
        which: PutAside<'_>,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        Ok(write!(self, tx => {
            // The mailbox first, as an import does, so that the two never wait for each other.
            sqlx::query("UPDATE mailbox SET next_poll_at = $2 WHERE id = $1")
                .bind(mailbox_id)
                .bind(now.0)
                .execute(&mut *tx)
                .await?;
            let count = sqlx::query(concat!(
                "UPDATE ledger SET state = 'pending', attempts = 0, updated_at = $3 WHERE ($2 IS NULL OR uid = $2) \
                 AND ($4 IS NULL OR epoch_id IN (SELECT x.id FROM epoch x JOIN folder y ON y.id = x.folder_id \
                 WHERE y.mailbox_id = $1 AND y.name = $4)) \
                 AND ($5 IS NULL OR epoch_id IN (SELECT x.id FROM epoch x WHERE x.uidvalidity = $5)) AND ",
                quarantined_in_force!(),
            ))
            .bind(mailbox_id)
            .bind(which.uid.map(i64::from))
            .bind(now.0)
            .bind(which.folder)
            .bind(which.uidvalidity.map(i64::from))
            .execute(&mut *tx)
            .await?
            .rows_affected();
            cursor_to_pending!(tx, mailbox_id);
            count
        }))
    }

    /// Asks again for mails of a mailbox that did not come and were put aside before this moment: it may have been the server
    /// and not the mail. What was too large has come, as far as was wanted, and stays aside.
    pub async fn reopen_missing(&self, lease: &Lease, before: Timestamp, now: Timestamp) -> Result<u64, StoreError> {
        let mailbox_id = lease.mailbox.id;
        let waiting: i64 = read!(self, pool => sqlx::query_scalar(
concat!("SELECT count(*) FROM ledger WHERE attempts > 0 AND (updated_at < $2 OR updated_at > $3) AND ", quarantined_in_force!()),
        ).bind(mailbox_id).bind(before.0).bind(now.0).fetch_one(pool).await)?;
        if waiting == 0 {
            return Ok(0);
        }
        Ok(write!(self, tx => {
            guard_lease!(tx, lease);
            let count = sqlx::query(concat!(
                "UPDATE ledger SET state = 'pending', updated_at = $3 WHERE attempts > 0 AND (updated_at < $2 OR updated_at > $3) AND ",
                quarantined_in_force!(),
            ))
            .bind(mailbox_id)
            .bind(before.0)
            .bind(now.0)
            .execute(&mut *tx)
            .await?
            .rows_affected();
            cursor_to_pending!(tx, mailbox_id);
            count
        }))
    }

    /// The newest lines of a mailbox's ledger, in one state if it is given, before a line (epoch, UID).
    pub async fn newest_ledger(
        &self,
        mailbox_id: i64,
        state: Option<UidState>,
        before: Option<(i64, u32)>,
        limit: i64,
    ) -> Result<(Vec<LedgerLine>, Option<(i64, u32)>), StoreError> {
        let (epoch, number) = before.map_or((i64::MAX, 0), |(epoch, number)| (epoch, i64::from(number)));
        let rows: Vec<Row> = read!(self, pool => sqlx::query_as(
            "SELECT m.address AS mailbox, f.name AS folder, l.epoch_id, e.uidvalidity, l.uid, l.uid_last, l.state, \
             l.reason, l.message_id FROM ledger l JOIN epoch e ON e.id = l.epoch_id JOIN folder f ON f.id = e.folder_id \
             JOIN mailbox m ON m.id = f.mailbox_id WHERE m.id = $1 AND ($2 IS NULL OR l.state = $2) \
             AND (l.epoch_id < $3 OR (l.epoch_id = $3 AND l.uid < $4)) ORDER BY l.epoch_id DESC, l.uid DESC LIMIT $5",
        ).bind(mailbox_id).bind(state.map(UidState::as_str)).bind(epoch).bind(number).bind(limit).fetch_all(pool).await)?;
        let next = rows.last().filter(|_| i64::try_from(rows.len()).is_ok_and(|count| count == limit));
        let next = next.map(|row| (row.epoch_id, uid(row.uid)));
        Ok((rows.into_iter().map(Row::into_line).collect::<Result<_, StoreError>>()?, next))
    }

    /// The ledger a page at a time, in the order of mailbox, folder, epoch and UID; `after` is the last line of the page
    /// before, as (epoch, UID).
    pub async fn ledger_page(
        &self,
        mailbox: Option<&str>,
        after: (i64, u32),
        limit: i64,
    ) -> Result<(Vec<LedgerLine>, Option<(i64, u32)>), StoreError> {
        let rows: Vec<Row> = read!(self, pool => sqlx::query_as(
            "SELECT m.address AS mailbox, f.name AS folder, l.epoch_id, e.uidvalidity, l.uid, l.uid_last, l.state, \
             l.reason, l.message_id FROM ledger l JOIN epoch e ON e.id = l.epoch_id JOIN folder f ON f.id = e.folder_id \
             JOIN mailbox m ON m.id = f.mailbox_id WHERE ($1 IS NULL OR m.address = $1) \
             AND (l.epoch_id > $2 OR (l.epoch_id = $2 AND l.uid > $3)) ORDER BY l.epoch_id, l.uid LIMIT $4",
        ).bind(mailbox).bind(after.0).bind(i64::from(after.1)).bind(limit).fetch_all(pool).await)?;
        let next = rows.last().map(|row| (row.epoch_id, uid(row.uid)));
        Ok((rows.into_iter().map(Row::into_line).collect::<Result<_, StoreError>>()?, next))
    }
}
