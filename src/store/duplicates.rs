//! Messages that are in inboxes already, as far as headers can name them: for the dry run, which has no content to compare.

use std::collections::BTreeSet;

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
        let ids: Vec<&str> = message_ids.iter().copied().collect();
        let mut copies = Vec::new();
        let mut reader = self.read().await?;
        for inbox in inboxes {
            for ids in ids.chunks(AT_ONCE) {
                let statement = reader.sql(
                    r"-- messages with these Message-IDs
                    SELECT m.message_id, m.from_address, m.inbox_id, count(*) AS count
                    FROM message m
                    WHERE m.inbox_id = $2 AND m.message_id IN ({list})
                        AND NOT EXISTS (SELECT 1 FROM arrival a WHERE a.message_id = m.id AND a.epoch_id = $1)
                    GROUP BY m.message_id, m.from_address, m.inbox_id",
                );
                let found: Vec<Copy> = statement.bind(epoch_id).bind(*inbox).list(ids.iter().copied()).all().await?;
                copies.extend(found);
            }
        }
        Ok(copies)
    }
}
