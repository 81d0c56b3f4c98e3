//! The ledger: the outcome of every UID.

use serde::Serialize;

use super::epoch::{MaybeUid, uid};
use super::{Lease, Store, StoreError, Tx};
use crate::clock::Timestamp;
use crate::fact::{Reason, StoredFact};

/// The outcome of a UID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum UidState {
    /// The server listed the mail, but it is not imported yet; it is requested again.
    Pending,
    Imported,
    /// The same mail is already in the inbox.
    Duplicate,
    /// The mail was left out on purpose.
    Skipped,
    /// The mail cannot be imported; a person can decide what to do.
    Quarantined,
    /// The mail is no longer on the server, and was never imported.
    Gone,
}

impl UidState {
    pub const ALL: [Self; 6] =
        [Self::Pending, Self::Imported, Self::Duplicate, Self::Skipped, Self::Quarantined, Self::Gone];

    /// The name as stored.
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

/// A UID, or a range of UIDs, in the ledger.
#[derive(Debug, Clone, Copy)]
pub struct KnownUids {
    pub first: u32,
    pub last: u32,
    /// Why the UIDs are still to be fetched; `None` if they are finished.
    pub open_reason: Option<OpenReason>,
    /// Number of failed attempts to fetch them.
    pub attempts: i64,
}

/// Why a UID in the ledger is not finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenReason {
    /// The mail has not been imported yet.
    Pending,
    /// The mail had disappeared from the server. It is fetched if the server lists it again.
    Gone,
}

/// Pending UIDs that a search did not list.
#[derive(Debug, Clone, Copy)]
pub struct NotListed<'a> {
    pub epoch_id: i64,
    pub uids: &'a [u32],
    /// After this many attempts in all, a UID counts as gone.
    pub max_attempts: i64,
}

/// Selects quarantined mail. The default selects all of it.
#[derive(Debug, Clone, Copy, Default)]
pub struct QuarantineFilter<'a> {
    pub folder: Option<&'a str>,
    /// The folder's UIDVALIDITY that the caller expects.
    pub uidvalidity: Option<u32>,
    pub uid: Option<u32>,
}

/// The outcome of a UID or of a range of UIDs: a line of `mailferry ledger`.
#[derive(Debug, Serialize, sqlx::FromRow, utoipa::ToSchema)]
pub struct LedgerLine {
    /// The mailbox.
    pub mailbox: String,
    /// The folder.
    pub folder: String,
    /// The folder's UIDVALIDITY.
    #[sqlx(try_from = "i64")]
    pub uidvalidity: u32,
    /// The UID: the number that the server gave the mail.
    #[sqlx(try_from = "i64")]
    pub uid: u32,
    /// The last UID of a range; absent for a single UID.
    #[sqlx(try_from = "MaybeUid")]
    pub uid_last: Option<u32>,
    /// The outcome.
    #[sqlx(try_from = "String")]
    pub state: UidState,
    /// The reason for the outcome.
    #[schema(value_type = Option<String>)]
    pub reason: Option<StoredFact<Reason>>,
    /// The message that the mail was imported as.
    #[sqlx(rename = "message_id")]
    pub message: Option<i64>,
}

/// A line with its epoch, for the cursor of the next page.
#[derive(sqlx::FromRow)]
struct LineWithEpoch {
    epoch_id: i64,
    #[sqlx(flatten)]
    line: LedgerLine,
}

/// The position of a line in the ledger: its epoch and its UID.
type LedgerPosition = (i64, u32);

/// The lines of a page, and the position of the last one.
fn page(rows: Vec<LineWithEpoch>) -> (Vec<LedgerLine>, Option<LedgerPosition>) {
    let last = rows.last().map(|row| (row.epoch_id, row.line.uid));
    (rows.into_iter().map(|row| row.line).collect(), last)
}

impl Store {
    /// The ledger entries of the UIDs from `first` to `last`, in ascending order.
    pub async fn known_uids(&self, epoch_id: i64, first: u32, last: u32) -> Result<Vec<KnownUids>, StoreError> {
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
        let known = rows.into_iter().map(|(first, last, state, attempts)| KnownUids {
            first: uid(first),
            last: uid(last),
            open_reason: match state.as_str() {
                "pending" => Some(OpenReason::Pending),
                "gone" => Some(OpenReason::Gone),
                _ => None,
            },
            attempts,
        });
        Ok(known.collect())
    }

    /// Counts an attempt for pending UIDs that a search with a tagged OK did not list. After `max_attempts` in all,
    /// they count as gone.
    pub async fn count_not_listed(
        &self,
        lease: &Lease,
        not_listed: NotListed<'_>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let NotListed { epoch_id, uids, max_attempts } = not_listed;
        let mut tx = self.begin().await?;
        tx.check_lease(lease).await?;
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
                .bind(max_attempts)
                .bind(Reason::Gone.stored())
                .run()
                .await?;
        }
        tx.commit().await
    }

    /// Quarantined mail of a mailbox that can be fetched again, newest first.
    pub async fn retryable_quarantine(&self, mailbox_id: i64, limit: i64) -> Result<Vec<LedgerLine>, StoreError> {
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- quarantined mail that can be fetched again
            SELECT {ledger_columns}
            FROM (SELECT * FROM ledger WHERE {quarantined_in_force}) AS l {ledger_joins}
            ORDER BY l.epoch_id DESC, l.uid DESC LIMIT $2",
        );
        Ok(statement.bind(mailbox_id).bind(limit).all().await?)
    }

    /// Reopens mails of a mailbox that never arrived and were quarantined before this time: the server may have been at
    /// fault, not the mail. Mails that were too large stay quarantined: no attempt to fetch them has
    /// failed (`attempts` is 0).
    pub async fn reopen_missing(&self, lease: &Lease, before: Timestamp, now: Timestamp) -> Result<u64, StoreError> {
        let mailbox_id = lease.mailbox.id;
        if self.missing(mailbox_id, before, now).await? == 0 {
            return Ok(0);
        }
        let mut tx = self.begin().await?;
        tx.check_lease(lease).await?;
        let reopen = tx.sql(
            r"-- reopen missing mail
            UPDATE ledger SET state = 'pending', updated_at = $3
            WHERE attempts > 0 AND (updated_at < $2 OR updated_at > $3) AND {quarantined_in_force}",
        );
        let count = reopen.bind(mailbox_id).bind(before).bind(now).run().await?;
        tx.rewind_cursors(mailbox_id).await?;
        tx.commit().await?;
        Ok(count)
    }

    /// Number of mails of a mailbox that never arrived and were quarantined before this time, or after `now` by a wrong
    /// clock.
    async fn missing(&self, mailbox_id: i64, before: Timestamp, now: Timestamp) -> Result<i64, StoreError> {
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- count missing mail
            SELECT count(*) FROM ledger
            WHERE attempts > 0 AND (updated_at < $2 OR updated_at > $3) AND {quarantined_in_force}",
        );
        Ok(statement.bind(mailbox_id).bind(before).bind(now).value().await?)
    }

    /// The newest ledger lines of a mailbox, optionally in one state only, before a position. Also returns the position
    /// before which the next page continues; `None` after the last page.
    pub async fn newest_ledger(
        &self,
        mailbox_id: i64,
        state: Option<UidState>,
        before: Option<LedgerPosition>,
        limit: i64,
    ) -> Result<(Vec<LedgerLine>, Option<LedgerPosition>), StoreError> {
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

    /// A page of the ledger of one mailbox or of all, in the order of epoch and UID; `after` is the position of the last
    /// line of the previous page. Also returns the position of the last line; `None` if the page is empty.
    pub async fn ledger_page(
        &self,
        mailbox: Option<&str>,
        after: LedgerPosition,
        limit: i64,
    ) -> Result<(Vec<LedgerLine>, Option<LedgerPosition>), StoreError> {
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
    /// Skips a mail that is pending or quarantined; if `uidvalidity` is given, only if the folder still has it. A poll
    /// that is fetching the mail loses its lease and so cannot store it. Returns whether there was such a mail.
    pub async fn skip_manually(
        &mut self,
        folder_id: i64,
        uid: u32,
        uidvalidity: Option<u32>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        // Lock the mailbox first, as an import does, so that the two cannot deadlock.
        let lease = self.sql(
            r"-- revoke the lease of a folder's mailbox
            UPDATE mailbox SET lease_token = NULL, lease_owner = NULL, lease_until = NULL
            WHERE id = (SELECT mailbox_id FROM folder WHERE id = $1)",
        );
        lease.bind(folder_id).run().await?;
        let skip = self.sql(
            r"-- skip a mail manually
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

    /// Reopens quarantined mail of a mailbox that matches the filter, and schedules a poll. Returns the number of mails.
    pub async fn retry_quarantined(
        &mut self,
        mailbox_id: i64,
        filter: QuarantineFilter<'_>,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        // Lock the mailbox first, as an import does, so that the two cannot deadlock.
        let poll = self.sql(
            r"-- poll a mailbox for its reopened mail
            UPDATE mailbox SET next_poll_at = $2 WHERE id = $1",
        );
        poll.bind(mailbox_id).bind(now).run().await?;
        let retry = self.sql(
            r"-- reopen quarantined mail
            UPDATE ledger SET state = 'pending', attempts = 0, updated_at = $3
            WHERE ($2 IS NULL OR uid = $2)
                AND ($4 IS NULL OR epoch_id IN (
                    SELECT x.id FROM epoch x JOIN folder y ON y.id = x.folder_id WHERE y.mailbox_id = $1 AND y.name = $4
                ))
                AND ($5 IS NULL OR epoch_id IN (SELECT x.id FROM epoch x WHERE x.uidvalidity = $5))
                AND {quarantined_in_force}",
        );
        let retry = retry.bind(mailbox_id).bind(filter.uid.map(i64::from)).bind(now).bind(filter.folder);
        let count = retry.bind(filter.uidvalidity.map(i64::from)).run().await?;
        self.rewind_cursors(mailbox_id).await?;
        Ok(count)
    }
}
