//! Anchors: mails known by their UIDs. They show whether UIDs still denote the same mails.

use super::ledger::UidState;
use super::{Store, StoreError};
use crate::fact::{Reason, StoredFact};

/// A mail known by its UID.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Anchor {
    #[sqlx(try_from = "i64")]
    pub uid: u32,
    /// INTERNALDATE, in milliseconds since 1970 UTC.
    pub internal_date: Option<i64>,
    pub message_id: Option<String>,
}

/// The ledger entry of a UID, with the data that identifies its mail.
#[derive(Debug, Clone)]
pub struct KnownMail {
    pub state: UidState,
    pub anchor: Anchor,
    /// Whether the mail was skipped because it is older than the start.
    pub is_before_start: bool,
}

#[derive(sqlx::FromRow)]
struct KnownRow {
    last: i64,
    #[sqlx(try_from = "String")]
    state: UidState,
    reason: Option<StoredFact<Reason>>,
    internal_date: Option<i64>,
    message_id: Option<String>,
}

impl Store {
    /// Anchors of an epoch: the newest ones, and as many others spread over the whole epoch.
    pub async fn anchors(&self, epoch_id: i64, limit: i64) -> Result<Vec<Anchor>, StoreError> {
        let mut reader = self.read().await?;
        let newest = reader.sql(
            r"-- newest anchors
            {select_anchors}
            ORDER BY l.uid DESC LIMIT $2",
        );
        let mut anchors: Vec<Anchor> = newest.bind(epoch_id).bind(limit / 2).all().await?;
        let spread = reader.sql(
            r"-- anchors spread over an epoch
            {select_anchors} AND l.uid % (SELECT 1 + top / $2 FROM epoch WHERE id = $1) = 0
            ORDER BY l.uid DESC LIMIT $2",
        );
        anchors.extend(spread.bind(epoch_id).bind((limit / 2).max(1)).all::<Anchor>().await?);
        Ok(anchors)
    }

    /// The ledger entry that contains this UID: an entry of the UID alone, or of a range of UIDs.
    pub async fn known_mail(&self, epoch_id: i64, uid: u32) -> Result<Option<KnownMail>, StoreError> {
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- ledger line of a UID
            SELECT coalesce(l.uid_last, l.uid) AS last, l.state, l.reason, l.internal_date, m.message_id
            FROM ledger l LEFT JOIN message m ON m.id = l.message_id
            WHERE l.epoch_id = $1 AND l.uid <= $2
            ORDER BY l.uid DESC LIMIT 1",
        );
        let row: Option<KnownRow> = statement.bind(epoch_id).bind(i64::from(uid)).first().await?;
        let row = row.filter(|row| row.last >= i64::from(uid));
        Ok(row.map(|row| KnownMail {
            state: row.state,
            anchor: Anchor { uid, internal_date: row.internal_date, message_id: row.message_id },
            is_before_start: row.reason == Some(StoredFact::Known(Reason::BeforeStart)),
        }))
    }

    /// The anchors with these UIDs.
    pub async fn anchors_by_uid(&self, epoch_id: i64, uids: &[u32]) -> Result<Vec<Anchor>, StoreError> {
        let (Some(first), Some(last)) = (uids.iter().min(), uids.iter().max()) else { return Ok(Vec::new()) };
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- anchors in a range of UIDs
            {select_anchors} AND l.uid BETWEEN $2 AND $3
            ORDER BY l.uid",
        );
        let mut anchors: Vec<Anchor> =
            statement.bind(epoch_id).bind(i64::from(*first)).bind(i64::from(*last)).all().await?;
        anchors.retain(|anchor| uids.contains(&anchor.uid));
        Ok(anchors)
    }
}
