//! Imported messages in their inboxes.

use serde::Serialize;

use super::{Conflict, Resource, Scope, Store, StoreError};
use crate::clock::Timestamp;

/// An imported message, as a line of `mailferry message list` and in the API.
#[derive(Debug, Serialize, sqlx::FromRow, utoipa::ToSchema)]
#[schema(as = Message)]
pub struct MessageLine {
    /// The message's number, ascending in the order of import.
    pub id: i64,
    /// The address of the inbox.
    #[schema(example = "jobb.lillestad.se@mail.kundo.se")]
    pub inbox: String,
    /// The address of the mailbox that the mail came from.
    #[schema(example = "jobb@lillestad.se")]
    pub mailbox: String,
    /// The folder that the mail was found in.
    pub folder: String,
    /// The folder's UIDVALIDITY.
    #[sqlx(try_from = "i64")]
    pub uidvalidity: u32,
    /// The mail's UID in that folder.
    #[sqlx(try_from = "i64")]
    pub uid: u32,
    /// The content of the Message-ID field.
    pub message_id: Option<String>,
    /// The sender's address.
    #[sqlx(rename = "from_address")]
    pub from: Option<String>,
    /// The subject.
    pub subject: Option<String>,
    /// The size in bytes.
    pub size: i64,
    /// The SHA-256 of the raw mail, hexadecimal.
    #[sqlx(try_from = "Sha256")]
    pub sha256: String,
    /// INTERNALDATE: when the customer's server received the mail.
    pub internal_date: Option<Timestamp>,
    /// When the message was imported.
    pub imported_at: Timestamp,
    /// Whether the mail was there before the mailbox was added.
    pub historic: bool,
    /// Why the message is in this inbox.
    pub why: String,
    /// When the importing system acknowledged the message; absent until then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acknowledged_at: Option<Timestamp>,
    /// When the raw mail was deleted after its delivery; absent while it is stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raw_removed_at: Option<Timestamp>,
    /// When the importing system reported that the same mail had reached it by forwarding; absent if it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forwarded_at: Option<Timestamp>,
}

/// A folder and UID where a mail was found, whether or not the mail was already imported from another place.
#[derive(Debug, Serialize, sqlx::FromRow)]
pub struct Arrival {
    pub mailbox: String,
    pub folder: String,
    #[sqlx(try_from = "i64")]
    pub uid: u32,
}

/// Selects messages.
#[derive(Debug, Default, Clone, Copy)]
pub struct MessageFilter<'a> {
    /// Only messages in this inbox.
    pub inbox: Option<&'a str>,
    /// Only messages from this mailbox.
    pub mailbox: Option<&'a str>,
    /// Whether to select only messages that the importing system has not acknowledged.
    pub unacknowledged: bool,
}

/// A SHA-256, as stored.
#[derive(sqlx::Type)]
#[sqlx(transparent)]
struct Sha256(Vec<u8>);

impl From<Sha256> for String {
    fn from(Sha256(bytes): Sha256) -> Self {
        crate::vault::hex(&bytes)
    }
}

impl Store {
    /// A page of messages, in the order of import.
    pub async fn messages(
        &self,
        filter: MessageFilter<'_>,
        after: i64,
        limit: i64,
    ) -> Result<Vec<MessageLine>, StoreError> {
        let mut reader = self.read().await?;
        // One statement for each kind of filter, so that each can use an index: finding the few messages of a quiet
        // inbox does not read all others.
        let statement = match (filter.inbox, filter.unacknowledged) {
            (Some(inbox), true) => {
                let statement = reader.sql(
                    r"-- page of an inbox's unacknowledged messages
                    {select_messages}
                    WHERE m.inbox_id = (SELECT id FROM inbox WHERE address = $4) AND m.acknowledged_at IS NULL
                        AND m.id > $1 AND ($2 IS NULL OR m.mailbox = $2)
                    ORDER BY m.id LIMIT $3",
                );
                statement.bind(after).bind(filter.mailbox).bind(limit).bind(inbox)
            }
            (Some(inbox), false) => {
                let statement = reader.sql(
                    r"-- page of an inbox's messages
                    {select_messages}
                    WHERE m.inbox_id = (SELECT id FROM inbox WHERE address = $4)
                        AND m.id > $1 AND ($2 IS NULL OR m.mailbox = $2)
                    ORDER BY m.id LIMIT $3",
                );
                statement.bind(after).bind(filter.mailbox).bind(limit).bind(inbox)
            }
            (None, unacknowledged) => {
                let statement = reader.sql(
                    r"-- page of messages
                    {select_messages}
                    WHERE m.id > $1 AND ($2 IS NULL OR m.mailbox = $2) AND (m.acknowledged_at IS NULL OR NOT $4)
                    ORDER BY m.id LIMIT $3",
                );
                statement.bind(after).bind(filter.mailbox).bind(limit).bind(unacknowledged)
            }
        };
        Ok(statement.all().await?)
    }

    /// Messages of an inbox with a lower number than `before`, newest first.
    pub async fn newest_messages(
        &self,
        inbox_id: i64,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<MessageLine>, StoreError> {
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- newest messages of an inbox
            {select_messages}
            WHERE m.inbox_id = $1 AND ($2 IS NULL OR m.id < $2)
            ORDER BY m.id DESC LIMIT $3",
        );
        Ok(statement.bind(inbox_id).bind(before).bind(limit).all().await?)
    }

    /// The message with this number, if it is within the scope.
    pub async fn message(&self, id: i64, scope: Scope) -> Result<MessageLine, StoreError> {
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- one message
            {select_messages}
            WHERE m.id = $1 AND ($2 IS NULL OR i.organisation_id = $2)",
        );
        let line = statement.bind(id).bind(scope.id()).first().await?;
        line.ok_or_else(|| Resource::Message(id).missing())
    }

    /// The first 100 arrivals of a message: the folders and UIDs where its mail was found.
    pub async fn arrivals(&self, id: i64) -> Result<Vec<Arrival>, StoreError> {
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- arrivals of a message
            SELECT m.address AS mailbox, f.name AS folder, a.uid
            FROM arrival a JOIN epoch e ON e.id = a.epoch_id JOIN folder f ON f.id = e.folder_id
                JOIN mailbox m ON m.id = f.mailbox_id
            WHERE a.message_id = $1
            ORDER BY a.epoch_id, a.uid LIMIT 100",
        );
        Ok(statement.bind(id).all().await?)
    }

    /// Marks a message as acknowledged by the importing system. Repeating the call changes nothing.
    pub async fn acknowledge(&self, id: i64, scope: Scope, now: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let statement = tx.sql(
            r"-- acknowledge a message
            UPDATE message SET acknowledged_at = coalesce(acknowledged_at, $3)
            WHERE id = $1 AND ($2 IS NULL OR inbox_id IN (SELECT id FROM inbox WHERE organisation_id = $2))",
        );
        let updated = statement.bind(id).bind(scope.id()).bind(now).run().await?;
        tx.commit().await?;
        if updated == 1 { Ok(()) } else { Err(Resource::Message(id).missing()) }
    }

    /// Number of messages in all inboxes.
    pub async fn message_count(&self) -> Result<i64, StoreError> {
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- count all messages
            SELECT count(*) FROM message",
        );
        Ok(statement.value().await?)
    }

    /// SHA-256 of the raw mail of a message, under which its bytes are stored.
    ///
    /// # Errors
    /// [`Resource::Message`] is missing; [`Conflict::RawMailRemoved`].
    pub async fn message_sha256(&self, id: i64) -> Result<Vec<u8>, StoreError> {
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- SHA-256 of a message
            SELECT sha256, raw_removed_at FROM message WHERE id = $1",
        );
        let found: Option<(Vec<u8>, Option<Timestamp>)> = statement.bind(id).first().await?;
        match found.ok_or_else(|| Resource::Message(id).missing())? {
            (sha256, None) => Ok(sha256),
            (_, Some(removed_at)) => Err(Conflict::RawMailRemoved { message: id, removed_at }.into()),
        }
    }
}
