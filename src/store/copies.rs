//! Messages that are in inboxes already, as far as headers can name them: for the dry run, which has no content to compare.

use std::collections::BTreeSet;

use sqlx::AssertSqlSafe;

use super::db::read;
use super::{Store, StoreError};

/// So many messages of an inbox have this Message-ID and sender.
#[derive(Debug, sqlx::FromRow)]
pub struct Copy {
    /// Message-ID.
    pub message_id: String,
    /// The sender's address.
    pub from_address: Option<String>,
    /// The inbox's row.
    pub inbox_id: i64,
    /// How many there are.
    pub count: i64,
}

/// Values in one statement.
const AT_ONCE: usize = 30_000;

impl Store {
    /// Which of these Message-IDs are in these inboxes, brought by anything but this epoch. There is no index for it, so all
    /// messages of the inboxes are looked at once.
    pub async fn copies(
        &self,
        epoch_id: i64,
        message_ids: &BTreeSet<&str>,
        inboxes: &BTreeSet<i64>,
    ) -> Result<Vec<Copy>, StoreError> {
        let marks = |from: usize, count: usize| {
            (from..from + count).map(|number| format!("${number}")).collect::<Vec<_>>().join(",")
        };
        let ids: Vec<&str> = message_ids.iter().copied().collect();
        let mut copies = Vec::new();
        for ids in ids.chunks(AT_ONCE.saturating_sub(inboxes.len()).max(1)) {
            let sql = format!(
                "SELECT m.message_id, m.from_address, m.inbox_id, count(*) AS count FROM message m WHERE m.inbox_id IN ({}) \
                 AND m.message_id IN ({}) AND NOT EXISTS (SELECT 1 FROM arrival a WHERE a.message_id = m.id AND \
                 a.epoch_id = $1) GROUP BY m.message_id, m.from_address, m.inbox_id",
                marks(2, inboxes.len()),
                marks(2 + inboxes.len(), ids.len()),
            );
            let found: Vec<Copy> = read!(self, pool => {
                let mut query = sqlx::query_as(AssertSqlSafe(sql)).bind(epoch_id);
                for inbox in inboxes {
                    query = query.bind(*inbox);
                }
                for id in ids {
                    query = query.bind(*id);
                }
                query.fetch_all(pool).await
            })?;
            copies.extend(found);
        }
        Ok(copies)
    }
}
