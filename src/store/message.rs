//! Messages as they lie in the inboxes.

use serde::Serialize;

use super::db::{read, write};
use super::epoch::uid;
use super::{Scope, Store, StoreError};
use crate::clock::Timestamp;

/// An imported message: a line of `mailferry message list`, and what the API tells of it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Message)]
pub struct MessageLine {
    /// Its number, which grows in the order of import.
    pub id: i64,
    /// The inbox that it lies in.
    #[schema(example = "jobb.lillestad.se@mail.kundo.se")]
    pub inbox: String,
    /// The mailbox that brought it.
    #[schema(example = "jobb@lillestad.se")]
    pub mailbox: String,
    /// The folder that it was found in.
    pub folder: String,
    /// The numbering of that folder.
    pub uidvalidity: u32,
    /// Its number there.
    pub uid: u32,
    /// The Message-ID field.
    pub message_id: Option<String>,
    /// The sender's address.
    pub from: Option<String>,
    /// The subject.
    pub subject: Option<String>,
    /// Its bytes.
    pub size: i64,
    /// The SHA-256 of its bytes, hexadecimal.
    pub sha256: String,
    /// When the customer's server received it.
    pub internal_date: Option<Timestamp>,
    /// When it was imported.
    pub imported_at: Timestamp,
    /// It was there before the mailbox was added.
    pub historic: bool,
    /// Why it lies in this inbox.
    pub why: String,
    /// When the importing system said that it has it; left out as long as it has not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acknowledged_at: Option<Timestamp>,
}

/// A way by which a mail came, or would have come had it not been there already.
#[derive(Debug, Serialize)]
pub struct Arrival {
    pub mailbox: String,
    pub folder: String,
    pub uid: u32,
}

/// Which messages.
#[derive(Debug, Default, Clone, Copy)]
pub struct MessageFilter<'a> {
    /// Of this inbox.
    pub inbox: Option<&'a str>,
    /// Brought by this mailbox.
    pub mailbox: Option<&'a str>,
    /// That the importing system has not acknowledged.
    pub unacknowledged: bool,
}

#[derive(sqlx::FromRow)]
pub(super) struct Row {
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
    acknowledged_at: Option<i64>,
}

/// The columns of [`Row`] with the rest of the statement behind them.
macro_rules! select_messages {
    ($rest:literal) => {
        concat!(
            "SELECT m.id, i.address AS inbox, m.mailbox, m.folder, m.uidvalidity, m.uid, m.message_id, m.from_address, \
             m.subject, m.size, m.sha256, m.internal_date, m.imported_at, m.historic, m.why, m.acknowledged_at \
             FROM message m JOIN inbox i ON i.id = m.inbox_id ",
            $rest
        )
    };
}
pub(super) use select_messages;

impl Store {
    /// Messages in the order in which they were imported, a page at a time.
    pub async fn messages(
        &self,
        filter: MessageFilter<'_>,
        after: i64,
        limit: i64,
    ) -> Result<Vec<MessageLine>, StoreError> {
        // What is asked for is written out, so that each has an index: a quiet inbox is not looked for among all other mail.
        let rows: Vec<Row> = match (filter.inbox.is_some(), filter.unacknowledged) {
            (true, true) => read!(self, pool => sqlx::query_as(select_messages!(
                "WHERE m.inbox_id = (SELECT id FROM inbox WHERE address = $2) AND m.acknowledged_at IS NULL AND m.id > $1 \
                 AND ($3 IS NULL OR m.mailbox = $3) ORDER BY m.id LIMIT $4"
            )).bind(after).bind(filter.inbox).bind(filter.mailbox).bind(limit).fetch_all(pool).await)?,
            (true, false) => read!(self, pool => sqlx::query_as(select_messages!(
                "WHERE m.inbox_id = (SELECT id FROM inbox WHERE address = $2) AND m.id > $1 \
                 AND ($3 IS NULL OR m.mailbox = $3) ORDER BY m.id LIMIT $4"
            )).bind(after).bind(filter.inbox).bind(filter.mailbox).bind(limit).fetch_all(pool).await)?,
            (false, _) => read!(self, pool => sqlx::query_as(select_messages!(
                "WHERE m.id > $1 AND ($2 IS NULL OR m.mailbox = $2) AND (m.acknowledged_at IS NULL OR NOT $4) \
                 ORDER BY m.id LIMIT $3"
            )).bind(after).bind(filter.mailbox).bind(limit).bind(filter.unacknowledged).fetch_all(pool).await)?,
        };
        Ok(rows.into_iter().map(Row::into_line).collect())
    }

    /// Messages of an inbox, newest first, before one of them.
    pub async fn newest_messages(
        &self,
        inbox_id: i64,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<MessageLine>, StoreError> {
        let rows: Vec<Row> = read!(self, pool => sqlx::query_as(select_messages!(
            "WHERE m.inbox_id = $1 AND ($2 IS NULL OR m.id < $2) ORDER BY m.id DESC LIMIT $3"
        )).bind(inbox_id).bind(before).bind(limit).fetch_all(pool).await)?;
        Ok(rows.into_iter().map(Row::into_line).collect())
    }

    /// One message that this scope holds.
    pub async fn message(&self, id: i64, scope: Scope) -> Result<MessageLine, StoreError> {
        let row: Option<Row> = read!(self, pool => sqlx::query_as(select_messages!(
            "WHERE m.id = $1 AND ($2 IS NULL OR i.organisation_id = $2)"
        )).bind(id).bind(scope.id()).fetch_optional(pool).await)?;
        row.map(Row::into_line).ok_or_else(|| StoreError::NotFound(format!("there is no message {id}")))
    }

    /// Every way by which a message came.
    pub async fn arrivals(&self, id: i64) -> Result<Vec<Arrival>, StoreError> {
        let rows: Vec<(String, String, i64)> = read!(self, pool => sqlx::query_as(
            "SELECT m.address, f.name, a.uid FROM arrival a JOIN epoch e ON e.id = a.epoch_id JOIN folder f ON f.id = e.folder_id \
             JOIN mailbox m ON m.id = f.mailbox_id WHERE a.message_id = $1 ORDER BY a.epoch_id, a.uid LIMIT 100",
        ).bind(id).fetch_all(pool).await)?;
        Ok(rows.into_iter().map(|(mailbox, folder, number)| Arrival { mailbox, folder, uid: uid(number) }).collect())
    }

    /// The importing system has it: it is told from then on. Saying so again changes nothing.
    pub async fn acknowledge(&self, id: i64, scope: Scope, now: Timestamp) -> Result<(), StoreError> {
        let there = write!(self, tx => {
            sqlx::query(
                "UPDATE message SET acknowledged_at = coalesce(acknowledged_at, $3) WHERE id = $1 AND ($2 IS NULL OR inbox_id IN \
                 (SELECT id FROM inbox WHERE organisation_id = $2))",
            )
            .bind(id).bind(scope.id()).bind(now.0).execute(&mut *tx).await?.rows_affected()
        });
        if there == 1 { Ok(()) } else { Err(StoreError::NotFound(format!("there is no message {id}"))) }
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
    pub(super) fn into_line(self) -> MessageLine {
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
            acknowledged_at: self.acknowledged_at.map(Timestamp),
        }
    }
}
