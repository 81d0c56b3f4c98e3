//! Anchors: mails that we know by their UIDs, to tell whether the UIDs still mean the same.

use super::db::read;
use super::epoch::uid;
use super::{Store, StoreError};

/// A mail that we know by its UID.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Anchor {
    /// Its UID.
    #[sqlx(try_from = "i64")]
    pub uid: u32,
    /// Its INTERNALDATE.
    pub internal_date: Option<i64>,
    /// Its Message-ID.
    pub message_id: Option<String>,
}

impl Store {
    /// Mails that an epoch knows: the newest, and as many spread over all of it.
    pub async fn anchors(&self, epoch_id: i64, most: i64) -> Result<Vec<Anchor>, StoreError> {
        let mut anchors: Vec<Anchor> = read!(self, pool => sqlx::query_as(
            "SELECT l.uid, l.internal_date, m.message_id FROM ledger l JOIN message m ON m.id = l.message_id \
             WHERE l.epoch_id = $1 AND l.state IN ('imported', 'duplicate') ORDER BY l.uid DESC LIMIT $2",
        ).bind(epoch_id).bind(most / 2).fetch_all(pool).await)?;
        let spread: Vec<Anchor> = read!(self, pool => sqlx::query_as(
            "SELECT l.uid, l.internal_date, m.message_id FROM ledger l JOIN message m ON m.id = l.message_id \
             WHERE l.epoch_id = $1 AND l.state IN ('imported', 'duplicate') AND \
             l.uid % (SELECT 1 + top / $2 FROM epoch WHERE id = $1) = 0 ORDER BY l.uid DESC LIMIT $2",
        ).bind(epoch_id).bind((most / 2).max(1)).fetch_all(pool).await)?;
        anchors.extend(spread);
        Ok(anchors)
    }

    /// Which of the UIDs from `first` to `last` were imported, ascending.
    pub async fn imported_uids(&self, epoch_id: i64, first: u32, last: u32) -> Result<Vec<u32>, StoreError> {
        let uids: Vec<i64> = read!(self, pool => sqlx::query_scalar(
            "SELECT uid FROM ledger WHERE epoch_id = $1 AND uid BETWEEN $2 AND $3 AND state IN ('imported', 'duplicate') \
             ORDER BY uid",
        ).bind(epoch_id).bind(i64::from(first)).bind(i64::from(last)).fetch_all(pool).await)?;
        Ok(uids.into_iter().map(uid).collect())
    }

    /// These UIDs as they are known.
    pub async fn anchors_of(&self, epoch_id: i64, uids: &[u32]) -> Result<Vec<Anchor>, StoreError> {
        let (Some(first), Some(last)) = (uids.iter().min(), uids.iter().max()) else { return Ok(Vec::new()) };
        let mut anchors: Vec<Anchor> = read!(self, pool => sqlx::query_as(
            "SELECT l.uid, l.internal_date, m.message_id FROM ledger l JOIN message m ON m.id = l.message_id \
             WHERE l.epoch_id = $1 AND l.uid BETWEEN $2 AND $3 AND l.state IN ('imported', 'duplicate') ORDER BY l.uid",
        ).bind(epoch_id).bind(i64::from(*first)).bind(i64::from(*last)).fetch_all(pool).await)?;
        anchors.retain(|anchor| uids.contains(&anchor.uid));
        Ok(anchors)
    }
}
