//! Search for mail by words in its sender, subject or Message-ID, whether the mail was imported or quarantined.

use super::db::Db;
use super::ledger::UidState;
use super::{MessageLine, Scope, Store, StoreError};
use crate::clock::Timestamp;
use crate::fact::{Reason, StoredFact};

/// A mail that is or was quarantined and has not been imported, with the header that the server returned.
#[derive(Debug, sqlx::FromRow)]
pub struct QuarantinedMail {
    pub mailbox: String,
    pub folder: String,
    #[sqlx(try_from = "i64")]
    pub uid: u32,
    #[sqlx(try_from = "String")]
    pub state: UidState,
    pub reason: Option<StoredFact<Reason>>,
    /// The raw header, at most 64 KiB.
    pub headers: Vec<u8>,
    /// When the ledger entry was last updated: if it is still quarantined, when the mail was quarantined.
    pub updated_at: Timestamp,
}

/// Maximum number of words in a query; further words do not make it more precise.
const MAX_WORDS: usize = 12;
/// Maximum number of inboxes of an organisation that are named in an SQLite index query; with more, the result is
/// filtered instead.
const MAX_INBOXES: usize = 500;
/// Number of quarantined mails in a page; each may have 64 KiB of headers.
const QUARANTINE_PAGE_SIZE: i64 = 50;
/// Maximum number of pages of quarantined mail that are searched, newest first.
pub const MAX_QUARANTINE_PAGES: i64 = 20;

/// Splits a query into words, at every character that is not a letter or digit, as the index does.
pub fn search_words(query: &str) -> Vec<String> {
    let words = query.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.take(MAX_WORDS).map(str::to_lowercase).collect()
}

/// Each word in quotes, the last one marked as a prefix.
fn quoted(words: &[String], quote: &str, prefix_mark: &str) -> Vec<String> {
    let last = words.len().saturating_sub(1);
    let quote_word =
        |(n, word): (usize, &String)| format!("{quote}{word}{quote}{}", if n == last { prefix_mark } else { "" });
    words.iter().enumerate().map(quote_word).collect()
}

impl Store {
    /// Imported mail that contains all of these words, the last of them as a prefix, newest first: messages with a lower
    /// number than `before`.
    pub async fn find_messages(
        &self,
        scope: Scope,
        words: &[String],
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<MessageLine>, StoreError> {
        if words.is_empty() {
            return Ok(Vec::new());
        }
        let query = match &self.db {
            Db::Sqlite { .. } => self.fts_query(scope, words).await?,
            Db::Postgres(_) => Some(quoted(words, "", ":*").join(" & ")),
        };
        let Some(query) = query else { return Ok(Vec::new()) };
        let mut reader = self.read().await?;
        let statement = match &self.db {
            Db::Sqlite { .. } => reader.sql(
                r"-- find messages (SQLite)
                {select_messages} JOIN message_search s ON s.rowid = m.id
                WHERE s.message_search MATCH $1 AND ($2 IS NULL OR s.rowid < $2)
                    AND ($4 IS NULL OR i.organisation_id = $4)
                ORDER BY s.rowid DESC LIMIT $3",
            ),
            Db::Postgres(_) => reader.sql(
                r"-- find messages (PostgreSQL)
                {select_messages}
                WHERE message_words(m.from_address, m.subject, m.message_id) @@ to_tsquery('simple', $1)
                    AND ($2 IS NULL OR m.id < $2) AND ($4 IS NULL OR i.organisation_id = $4)
                ORDER BY m.id DESC LIMIT $3",
            ),
        };
        Ok(statement.bind(query).bind(before).bind(limit).bind(scope.id()).all().await?)
    }

    /// The query in the syntax of SQLite's FTS5; `None` if nothing can match.
    async fn fts_query(&self, scope: Scope, words: &[String]) -> Result<Option<String>, StoreError> {
        let text = quoted(words, "\"", "*").join(" AND ");
        let text = format!("{{from_address subject message_id}} : ({text})");
        let Some(organisation) = scope.id() else { return Ok(Some(text)) };
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- inboxes to search
            SELECT id FROM inbox WHERE organisation_id = $1 LIMIT $2",
        );
        let limit = i64::try_from(MAX_INBOXES + 1).unwrap_or(i64::MAX);
        let inboxes: Vec<i64> = statement.bind(organisation).bind(limit).values().await?;
        if inboxes.is_empty() {
            return Ok(None);
        }
        if inboxes.len() > MAX_INBOXES {
            return Ok(Some(text));
        }
        let inboxes = inboxes.iter().map(|id| format!("\"{id}\"")).collect::<Vec<_>>().join(" OR ");
        Ok(Some(format!("{text} AND inbox_id : ({inboxes})")))
    }

    /// A page of quarantined mail with its header, newest first: of the scope, or of one mailbox since a time. After
    /// the last page, or after [`MAX_QUARANTINE_PAGES`] pages, the result is empty.
    pub async fn quarantined_mail(
        &self,
        scope: Scope,
        since: Option<(i64, Timestamp)>,
        page: i64,
    ) -> Result<Vec<QuarantinedMail>, StoreError> {
        let (mailbox, since) = since.map_or((None, None), |(mailbox, at)| (Some(mailbox), Some(at)));
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- page of quarantined mail with its header
            SELECT m.address AS mailbox, f.name AS folder, l.uid, l.state, l.reason, substr(l.headers, 1, 65536) AS headers,
                l.updated_at
            FROM ledger l {ledger_joins} JOIN inbox i ON i.id = m.inbox_id
            WHERE l.headers IS NOT NULL AND ($1 IS NULL OR i.organisation_id = $1)
                AND ($3 IS NULL OR (m.id = $3 AND l.updated_at >= $4))
            ORDER BY l.updated_at DESC, l.epoch_id, l.uid LIMIT $2 OFFSET $5",
        );
        let statement = statement.bind(scope.id()).bind(QUARANTINE_PAGE_SIZE).bind(mailbox).bind(since);
        Ok(statement.bind(page.clamp(0, MAX_QUARANTINE_PAGES) * QUARANTINE_PAGE_SIZE).all().await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_split_into_words_as_the_index_is() {
        assert_eq!(search_words("<ABC.1@mail.Example.se>"), ["abc", "1", "mail", "example", "se"]);
        assert_eq!(search_words("  Ansökan, \"Åsa\" OR * NEAR("), ["ansökan", "åsa", "or", "near"]);
        assert!(search_words("!?").is_empty());
    }
}
