//! The ledger: what became of every UID.

use serde::Serialize;

use super::epoch::{MaybeUid, uid};
use super::{Lease, Store, StoreError, Tx};
use crate::clock::Timestamp;
use crate::fact::{Reason, StoredFact};

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
}

impl TryFrom<String> for UidState {
    type Error = StoreError;

    fn try_from(text: String) -> Result<Self, StoreError> {
        let found = Self::ALL.into_iter().find(|state| state.as_str() == text);
        found.ok_or_else(|| StoreError::Unknown(format!("ledger state {text}")))
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

/// Pending UIDs that a search did not list.
#[derive(Debug, Clone, Copy)]
pub struct NotListed<'a> {
    /// The epoch's row.
    pub epoch_id: i64,
    /// The UIDs.
    pub uids: &'a [u32],
    /// After so many tries in all they are gone.
    pub tries: i64,
}

/// What was put aside; nothing named: all of it.
#[derive(Debug, Clone, Copy, Default)]
pub struct QuarantineFilter<'a> {
    /// The folder.
    pub folder: Option<&'a str>,
    /// The numbering of the folder that is meant.
    pub uidvalidity: Option<u32>,
    /// The mail.
    pub uid: Option<u32>,
}

/// What became of a UID, or of a range of them: a line of `mailferry ledger`.
#[derive(Debug, Serialize, sqlx::FromRow, utoipa::ToSchema)]
pub struct LedgerLine {
    /// The mailbox.
    pub mailbox: String,
    /// The folder.
    pub folder: String,
    /// The numbering of the folder.
    #[sqlx(try_from = "i64")]
    pub uidvalidity: u32,
    /// The number that the server gave the mail.
    #[sqlx(try_from = "i64")]
    pub uid: u32,
    /// Only for a range.
    #[sqlx(try_from = "MaybeUid")]
    pub uid_last: Option<u32>,
    /// What became of it.
    #[sqlx(try_from = "String")]
    pub state: UidState,
    /// Why.
    #[schema(value_type = Option<String>)]
    pub reason: Option<StoredFact<Reason>>,
    /// The message that it became.
    #[sqlx(rename = "message_id")]
    pub message: Option<i64>,
}

/// A line with the epoch that it stands in, by which the next page is asked for.
#[derive(sqlx::FromRow)]
struct Placed {
    epoch_id: i64,
    #[sqlx(flatten)]
    line: LedgerLine,
}

/// The place of a line in the ledger: its epoch and its UID.
type Place = (i64, u32);

/// The lines of a page, and the place of its last one.
fn page(rows: Vec<Placed>) -> (Vec<LedgerLine>, Option<Place>) {
    let last = rows.last().map(|row| (row.epoch_id, row.line.uid));
    (rows.into_iter().map(|row| row.line).collect(), last)
}

impl Store {
    /// What the ledger knows of the UIDs from `first` to `last`, in their order.
    pub async fn known(&self, epoch_id: i64, first: u32, last: u32) -> Result<Vec<Known>, StoreError> {
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- known UIDs of an epoch
            SELECT uid, coalesce(uid_last, uid), state, attempts
            FROM ledger
            WHERE epoch_id = $1 AND uid <= $3 AND coalesce(uid_last, uid) >= $2
            ORDER BY uid",
        );
        let rows: Vec<(i64, i64, String, i64)> =
            statement.bind(epoch_id).bind(i64::from(first)).bind(i64::from(last)).all().await?;
        let known = rows.into_iter().map(|(first, last, state, attempts)| Known {
            first: uid(first),
            last: uid(last),
            open: match state.as_str() {
                "pending" => Some(Open::Pending),
                "gone" => Some(Open::Gone),
                _ => None,
            },
            attempts,
        });
        Ok(known.collect())
    }

    /// Pending UIDs that a search with a tagged OK did not list; after so many tries in all they are gone.
    pub async fn not_listed(&self, lease: &Lease, not_listed: NotListed<'_>, now: Timestamp) -> Result<(), StoreError> {
        let NotListed { epoch_id, uids, tries } = not_listed;
        let mut tx = self.begin().await?;
        tx.guard(lease).await?;
        for uid in uids {
            let statement = tx.sql(
                r"-- count a pending UID that is not listed
                UPDATE ledger SET attempts = attempts + 1, reason = $5, updated_at = $3,
                    state = CASE WHEN attempts + 1 >= $4 THEN 'gone' ELSE state END
                WHERE epoch_id = $1 AND uid = $2 AND state = 'pending'",
            );
            statement
                .bind(epoch_id)
                .bind(i64::from(*uid))
                .bind(now)
                .bind(tries)
                .bind(Reason::Gone.stored())
                .run()
                .await?;
        }
        tx.commit().await
    }

    /// What is put aside in a mailbox and can be asked for again, newest first.
    pub async fn quarantine_in_force(&self, mailbox_id: i64, limit: i64) -> Result<Vec<LedgerLine>, StoreError> {
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- quarantined mail that can be asked for again
            SELECT {ledger_columns}
            FROM (SELECT * FROM ledger WHERE {quarantined_in_force}) AS l {ledger_joins}
            ORDER BY l.epoch_id DESC, l.uid DESC LIMIT $2",
        );
        Ok(statement.bind(mailbox_id).bind(limit).all().await?)
    }

    /// Asks again for mails of a mailbox that did not come and were put aside before this moment: it may have been the server
    /// and not the mail. What was too large has come, as far as was wanted, and stays aside.
    pub async fn reopen_missing(&self, lease: &Lease, before: Timestamp, now: Timestamp) -> Result<u64, StoreError> {
        let mailbox_id = lease.mailbox.id;
        if self.missing(mailbox_id, before, now).await? == 0 {
            return Ok(0);
        }
        let mut tx = self.begin().await?;
        tx.guard(lease).await?;
        let reopen = tx.sql(
            r"-- ask for missing mail again
            UPDATE ledger SET state = 'pending', updated_at = $3
            WHERE attempts > 0 AND (updated_at < $2 OR updated_at > $3) AND {quarantined_in_force}",
        );
        let count = reopen.bind(mailbox_id).bind(before).bind(now).run().await?;
        tx.cursor_to_pending(mailbox_id).await?;
        tx.commit().await?;
        Ok(count)
    }

    /// How many mails of a mailbox did not come and were put aside before this moment.
    async fn missing(&self, mailbox_id: i64, before: Timestamp, now: Timestamp) -> Result<i64, StoreError> {
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- count missing mail
            SELECT count(*) FROM ledger
            WHERE attempts > 0 AND (updated_at < $2 OR updated_at > $3) AND {quarantined_in_force}",
        );
        Ok(statement.bind(mailbox_id).bind(before).bind(now).value().await?)
    }

    /// The newest lines of a mailbox's ledger, in one state if it is given, before a line (epoch, UID).
    pub async fn newest_ledger(
        &self,
        mailbox_id: i64,
        state: Option<UidState>,
        before: Option<Place>,
        limit: i64,
    ) -> Result<(Vec<LedgerLine>, Option<Place>), StoreError> {
        let (epoch, number) = before.map_or((i64::MAX, 0), |(epoch, number)| (epoch, i64::from(number)));
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- newest lines of a mailbox's ledger
            SELECT {ledger_columns}
            FROM ledger l {ledger_joins}
            WHERE m.id = $1 AND ($2 IS NULL OR l.state = $2)
                AND (l.epoch_id < $3 OR (l.epoch_id = $3 AND l.uid < $4))
            ORDER BY l.epoch_id DESC, l.uid DESC LIMIT $5",
        );
        let statement = statement.bind(mailbox_id).bind(state.map(UidState::as_str)).bind(epoch).bind(number);
        let (lines, last) = page(statement.bind(limit).all().await?);
        let is_full = i64::try_from(lines.len()).is_ok_and(|count| count == limit);
        Ok((lines, last.filter(|_| is_full)))
    }

    /// The ledger a page at a time, in the order of mailbox, folder, epoch and UID; `after` is the last line of the page
    /// before, as (epoch, UID).
    pub async fn ledger_page(
        &self,
        mailbox: Option<&str>,
        after: Place,
        limit: i64,
    ) -> Result<(Vec<LedgerLine>, Option<Place>), StoreError> {
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- page of the ledger
            SELECT {ledger_columns}
            FROM ledger l {ledger_joins}
            WHERE ($1 IS NULL OR m.address = $1) AND (l.epoch_id > $2 OR (l.epoch_id = $2 AND l.uid > $3))
            ORDER BY l.epoch_id, l.uid LIMIT $4",
        );
        let statement = statement.bind(mailbox).bind(after.0).bind(i64::from(after.1)).bind(limit);
        Ok(page(statement.all().await?))
    }
}

impl Tx<'_> {
    /// Gives up on a mail of a folder that is pending or put aside; with `uidvalidity` only if the folder is still numbered so. A poll
    /// that is fetching it loses its lease, so that nothing comes of it. Tells whether there was one.
    pub async fn skip_by_hand(
        &mut self,
        folder_id: i64,
        uid: u32,
        uidvalidity: Option<u32>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        // The mailbox first, as an import does, so that the two never wait for each other.
        let lease = self.sql(
            r"-- take the lease of a folder's mailbox away
            UPDATE mailbox SET lease_token = NULL, lease_owner = NULL, lease_until = NULL
            WHERE id = (SELECT mailbox_id FROM folder WHERE id = $1)",
        );
        lease.bind(folder_id).run().await?;
        let skip = self.sql(
            r"-- skip a mail by hand
            UPDATE ledger SET state = 'skipped', reason = $5, updated_at = $3
            WHERE uid = $2 AND state IN ('pending', 'quarantined')
                AND epoch_id = (SELECT max(id) FROM epoch WHERE folder_id = $1)
                AND ($4 IS NULL OR epoch_id IN (SELECT id FROM epoch WHERE folder_id = $1 AND uidvalidity = $4))",
        );
        let skip = skip.bind(folder_id).bind(i64::from(uid)).bind(now).bind(uidvalidity.map(i64::from));
        let skip = skip.bind(Reason::ByHand.stored());
        if skip.run().await? == 0 {
            return Ok(false); // the caller drops the transaction, and the poll keeps its lease
        }
        Ok(true)
    }

    /// Asks again for what was put aside: what is meant, or all of a mailbox. Returns how many there were.
    pub async fn retry_quarantined(
        &mut self,
        mailbox_id: i64,
        which: QuarantineFilter<'_>,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        // The mailbox first, as an import does, so that the two never wait for each other.
        let poll = self.sql(
            r"-- poll a mailbox for what is asked for again
            UPDATE mailbox SET next_poll_at = $2 WHERE id = $1",
        );
        poll.bind(mailbox_id).bind(now).run().await?;
        let retry = self.sql(
            r"-- ask for quarantined mail again
            UPDATE ledger SET state = 'pending', attempts = 0, updated_at = $3
            WHERE ($2 IS NULL OR uid = $2)
                AND ($4 IS NULL OR epoch_id IN (
                    SELECT x.id FROM epoch x JOIN folder y ON y.id = x.folder_id WHERE y.mailbox_id = $1 AND y.name = $4
                ))
                AND ($5 IS NULL OR epoch_id IN (SELECT x.id FROM epoch x WHERE x.uidvalidity = $5))
                AND {quarantined_in_force}",
        );
        let retry = retry.bind(mailbox_id).bind(which.uid.map(i64::from)).bind(now).bind(which.folder);
        let count = retry.bind(which.uidvalidity.map(i64::from)).run().await?;
        self.cursor_to_pending(mailbox_id).await?;
        Ok(count)
    }
}
