//! Messages as they lie in the inboxes.

use serde::Serialize;

use super::db::read;
use super::epoch::uid;
use super::{Store, StoreError};
use crate::clock::Timestamp;

/// A line of `mailferry message list`.
#[derive(Debug, Serialize)]
pub struct MessageLine {
    pub id: i64,
    pub inbox: String,
    pub mailbox: String,
    pub folder: String,
    pub uidvalidity: u32,
    pub uid: u32,
    pub message_id: Option<String>,
    pub from: Option<String>,
    pub subject: Option<String>,
    pub size: i64,
    pub sha256: String,
    pub internal_date: Option<Timestamp>,
    pub imported_at: Timestamp,
    pub historic: bool,
    pub why: String,
}

/// Which messages.
#[derive(Debug, Default, Clone, Copy)]
pub struct MessageFilter<'a> {
    /// Of this inbox.
    pub inbox: Option<&'a str>,
    /// Brought by this mailbox.
    pub mailbox: Option<&'a str>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    inbox: String,
    mailbox: String,
    folder: String,
    uidvalidity: i64,
    uid: i64,
    message_id: Option<String>,
    from_address: Option<String>,
    subject: Option<String>,
    size: i64,
    sha256: Vec<u8>,
    internal_date: Option<i64>,
    imported_at: i64,
    historic: bool,
    why: String,
}

impl Store {
    /// Messages in the order in which they were imported, a page at a time.
    pub async fn messages(
        &self,
        filter: MessageFilter<'_>,
        after: i64,
        limit: i64,
    ) -> Result<Vec<MessageLine>, StoreError> {
        let rows: Vec<Row> = read!(self, pool => sqlx::query_as(
            "SELECT m.id, i.address AS inbox, m.mailbox, m.folder, m.uidvalidity, m.uid, m.message_id, m.from_address, \
             m.subject, m.size, m.sha256, m.internal_date, m.imported_at, m.historic, m.why \
             FROM message m JOIN inbox i ON i.id = m.inbox_id WHERE m.id > $1 AND ($2 IS NULL OR i.address = $2) \
             AND ($3 IS NULL OR m.mailbox = $3) ORDER BY m.id LIMIT $4",
        ).bind(after).bind(filter.inbox).bind(filter.mailbox).bind(limit).fetch_all(pool).await)?;
        Ok(rows.into_iter().map(Row::into_line).collect())
    }

    /// How many messages there are.
    pub async fn message_count(&self) -> Result<i64, StoreError> {
        Ok(read!(self, pool => sqlx::query_scalar("SELECT count(*) FROM message").fetch_one(pool).await)?)
    }

    /// The content's name of one message.
    pub async fn message_sha256(&self, id: i64) -> Result<Vec<u8>, StoreError> {
        let found: Option<Vec<u8>> = read!(self, pool =>
            sqlx::query_scalar("SELECT sha256 FROM message WHERE id = $1").bind(id).fetch_optional(pool).await)?;
        found.ok_or_else(|| StoreError::NotFound(format!("there is no message {id}; see `mailferry message list`")))
    }
}

impl Row {
    fn into_line(self) -> MessageLine {
        MessageLine {
            id: self.id,
            inbox: self.inbox,
            mailbox: self.mailbox,
            folder: self.folder,
            uidvalidity: uid(self.uidvalidity),
            uid: uid(self.uid),
            message_id: self.message_id,
            from: self.from_address,
            subject: self.subject,
            size: self.size,
            sha256: crate::vault::hex(&self.sha256),
            internal_date: self.internal_date.map(Timestamp),
            imported_at: Timestamp(self.imported_at),
            historic: self.historic,
            why: self.why,
        }
    }
}
