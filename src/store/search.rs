//! Where is my mail? Everything that was ever seen of a mail, found by words of its sender, its subject or its Message-ID.

use super::db::{Db, read};
use super::epoch::uid;
use super::ledger::UidState;
use super::message::{Row as MessageRow, select_messages};
use super::{MessageLine, Scope, Store, StoreError};
use crate::clock::Timestamp;

/// A mail that was put aside, with what the server told of it.
#[derive(Debug)]
pub struct AsideLine {
    /// Where it lies.
    pub mailbox: String,
    /// In which folder.
    pub folder: String,
    /// The number that its server gave it.
    pub uid: u32,
    /// What became of it.
    pub state: UidState,
    /// Why.
    pub reason: Option<String>,
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
pub const ASIDE_PAGES: i64 = 20;

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
        let rows: Vec<MessageRow> = match &self.db {
            Db::Sqlite { readers, .. } => {
                let Some(question) = self.fts_question(scope, words).await? else { return Ok(Vec::new()) };
                sqlx::query_as(select_messages!(
                    "JOIN message_search s ON s.rowid = m.id WHERE s.message_search MATCH $1 AND ($2 IS NULL OR s.rowid < $2) \
                     AND ($4 IS NULL OR i.organisation_id = $4) ORDER BY s.rowid DESC LIMIT $3"
                ))
                .bind(question)
                .bind(before)
                .bind(limit)
                .bind(scope.id())
                .fetch_all(readers)
                .await?
            }
            Db::Postgres(pool) => {
                let question = asked(words, "", ":*").join(" & ");
                sqlx::query_as(select_messages!(
                    "WHERE message_words(m.from_address, m.subject, m.message_id) @@ to_tsquery('simple', $1) \
                     AND ($2 IS NULL OR m.id < $2) AND ($4 IS NULL OR i.organisation_id = $4) ORDER BY m.id DESC LIMIT $3"
                ))
                .bind(question)
                .bind(before)
                .bind(limit)
                .bind(scope.id())
                .fetch_all(pool)
                .await?
            }
        };
        Ok(rows.into_iter().map(MessageRow::into_line).collect())
    }

    /// The question in the words of SQLite's FTS5; `None` if nothing can be found.
    async fn fts_question(&self, scope: Scope, words: &[String]) -> Result<Option<String>, StoreError> {
        let text = asked(words, "\"", "*").join(" AND ");
        let text = format!("{{from_address subject message_id}} : ({text})");
        let Some(organisation) = scope.id() else { return Ok(Some(text)) };
        let inboxes: Vec<i64> = read!(self, pool => sqlx::query_scalar("SELECT id FROM inbox WHERE organisation_id = $1 LIMIT $2")
            .bind(organisation).bind(i64::try_from(MOST_INBOXES + 1).unwrap_or(i64::MAX)).fetch_all(pool).await)?;
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
    /// Empty after the last, of at most [`ASIDE_PAGES`].
    pub async fn put_aside(
        &self,
        scope: Scope,
        since: Option<(i64, Timestamp)>,
        page: i64,
    ) -> Result<Vec<AsideLine>, StoreError> {
        type Row = (String, String, i64, String, Option<String>, Vec<u8>, i64);
        let rows: Vec<Row> = read!(self, pool => sqlx::query_as(
            "SELECT m.address, f.name, l.uid, l.state, l.reason, substr(l.headers, 1, 65536), l.updated_at FROM ledger l \
             JOIN epoch e ON e.id = l.epoch_id JOIN folder f ON f.id = e.folder_id JOIN mailbox m ON m.id = f.mailbox_id \
             JOIN inbox i ON i.id = m.inbox_id WHERE l.headers IS NOT NULL AND ($1 IS NULL OR i.organisation_id = $1) \
             AND ($3 IS NULL OR (m.id = $3 AND l.updated_at >= $4)) ORDER BY l.updated_at DESC, l.epoch_id, l.uid LIMIT $2 OFFSET $5",
        ).bind(scope.id()).bind(ASIDE_AT_ONCE).bind(since.map(|(mailbox, _)| mailbox)).bind(since.map(|(_, at)| at.0)).bind(page.clamp(0, ASIDE_PAGES) * ASIDE_AT_ONCE).fetch_all(pool).await)?;
        rows.into_iter()
            .map(|(mailbox, folder, number, state, reason, headers, at)| {
                let state = UidState::stored(&state)?;
                Ok(AsideLine { mailbox, folder, uid: uid(number), state, reason, headers, updated_at: Timestamp(at) })
            })
            .collect()
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
