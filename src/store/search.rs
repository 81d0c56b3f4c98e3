//! Where is my mail? Everything that was ever seen of a mail, found by words of its sender, its subject or its Message-ID.

use super::db::Db;
use super::ledger::UidState;
use super::{MessageLine, Scope, Store, StoreError};
use crate::clock::Timestamp;
use crate::fact::{Reason, StoredFact};

/// A mail that was put aside, with what the server told of it.
#[derive(Debug, sqlx::FromRow)]
pub struct QuarantinedMail {
    /// Where it lies.
    pub mailbox: String,
    /// In which folder.
    pub folder: String,
    /// The number that its server gave it.
    #[sqlx(try_from = "i64")]
    pub uid: u32,
    /// What became of it.
    #[sqlx(try_from = "String")]
    pub state: UidState,
    /// Why.
    pub reason: Option<StoredFact<Reason>>,
    /// Its header, as it came.
    pub headers: Vec<u8>,
    /// When that was found out.
    pub updated_at: Timestamp,
}

/// More words than this find nothing more exactly.
const MOST_WORDS: usize = 12;
/// Of the inboxes of one organisation, so many are asked for by the index; of more, what it finds is looked through.
const MOST_INBOXES: usize = 500;
/// Of those put aside, so many are looked through at a time: each may have 64 KiB of headers.
const ASIDE_AT_ONCE: i64 = 50;
/// And so many times, the newest first.
pub const QUARANTINE_PAGES: i64 = 20;

/// The words of a question: what is no letter or digit parts them, as it does in the index.
pub fn words(question: &str) -> Vec<String> {
    let words = question.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.take(MOST_WORDS).map(str::to_lowercase).collect()
}

/// The words in quotes, the last of them as a beginning.
fn asked(words: &[String], quote: &str, beginning: &str) -> Vec<String> {
    let last = words.len().saturating_sub(1);
    let one = |(n, word): (usize, &String)| format!("{quote}{word}{quote}{}", if n == last { beginning } else { "" });
    words.iter().enumerate().map(one).collect()
}

impl Store {
    /// Imported mail with all of these words, of which the last may be the beginning of one; newest first, before one of them.
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
        let question = match &self.db {
            Db::Sqlite { .. } => self.fts_question(scope, words).await?,
            Db::Postgres(_) => Some(asked(words, "", ":*").join(" & ")),
        };
        let Some(question) = question else { return Ok(Vec::new()) };
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
        Ok(statement.bind(question).bind(before).bind(limit).bind(scope.id()).all().await?)
    }

    /// The question in the words of SQLite's FTS5; `None` if nothing can be found.
    async fn fts_question(&self, scope: Scope, words: &[String]) -> Result<Option<String>, StoreError> {
        let text = asked(words, "\"", "*").join(" AND ");
        let text = format!("{{from_address subject message_id}} : ({text})");
        let Some(organisation) = scope.id() else { return Ok(Some(text)) };
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- inboxes to search
            SELECT id FROM inbox WHERE organisation_id = $1 LIMIT $2",
        );
        let most = i64::try_from(MOST_INBOXES + 1).unwrap_or(i64::MAX);
        let inboxes: Vec<i64> = statement.bind(organisation).bind(most).values().await?;
        if inboxes.is_empty() {
            return Ok(None);
        }
        if inboxes.len() > MOST_INBOXES {
            return Ok(Some(text));
        }
        let inboxes = inboxes.iter().map(|id| format!("\"{id}\"")).collect::<Vec<_>>().join(" OR ");
        Ok(Some(format!("{text} AND inbox_id : ({inboxes})")))
    }

    /// A page of what was put aside with the beginning of its header, newest first: of everything, or of one mailbox since a moment.
    /// Empty after the last, of at most [`QUARANTINE_PAGES`].
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
        let statement = statement.bind(scope.id()).bind(ASIDE_AT_ONCE).bind(mailbox).bind(since);
        Ok(statement.bind(page.clamp(0, QUARANTINE_PAGES) * ASIDE_AT_ONCE).all().await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_parted_as_the_index_is() {
        assert_eq!(words("<ABC.1@mail.Example.se>"), ["abc", "1", "mail", "example", "se"]);
        assert_eq!(words("  Ansökan, \"Åsa\" OR * NEAR("), ["ansökan", "åsa", "or", "near"]);
        assert!(words("!?").is_empty());
    }
}
