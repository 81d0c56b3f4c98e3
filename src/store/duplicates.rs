//! Messages that are already in inboxes, found by their headers: for the dry run, which has no content to compare.

use std::collections::BTreeSet;

use super::{Store, StoreError};

/// How many messages with this Message-ID and sender an inbox has, without those that arrived through the given epoch.
#[derive(Debug, sqlx::FromRow)]
pub struct InboxCopies {
    pub message_id: String,
    pub from_address: Option<String>,
    pub inbox_id: i64,
    pub count: i64,
}

/// Maximum number of values in one statement.
const VALUES_PER_STATEMENT: usize = 30_000;

impl Store {
    /// Counts the messages in these inboxes that have one of these Message-IDs and did not arrive through this epoch.
    /// The Message-ID has no index, so this reads all messages of the inboxes.
    pub async fn copies_by_message_id(
        &self,
        epoch_id: i64,
        message_ids: &BTreeSet<&str>,
        inboxes: &BTreeSet<i64>,
    ) -> Result<Vec<InboxCopies>, StoreError> {
        let ids: Vec<&str> = message_ids.iter().copied().collect();
        let mut copies = Vec::new();
        let mut reader = self.read().await?;
        for inbox in inboxes {
            for ids in ids.chunks(VALUES_PER_STATEMENT) {
                let statement = reader.sql(
                    r"-- messages with these Message-IDs
                    SELECT m.message_id, m.from_address, m.inbox_id, count(*) AS count
                    FROM message m
                    WHERE m.inbox_id = $2 AND m.message_id IN ({list})
                        AND NOT EXISTS (SELECT 1 FROM arrival a WHERE a.message_id = m.id AND a.epoch_id = $1)
                    GROUP BY m.message_id, m.from_address, m.inbox_id",
                );
                let found: Vec<InboxCopies> =
                    statement.bind(epoch_id).bind(*inbox).list(ids.iter().copied()).all().await?;
                copies.extend(found);
            }
        }
        Ok(copies)
    }
}
