//! Test mails: a code that somebody has sent to a mailbox, and how far it has come.

use super::db::{read, write};
use super::search::words;
use super::{MessageLine, Scope, Store, StoreError};
use crate::clock::Timestamp;

/// A test that was begun.
#[derive(Debug, Clone)]
pub struct TestMail {
    /// Its row.
    pub id: i64,
    /// What the subject is to hold.
    pub code: String,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When Mailferry had sent it, if it did.
    pub sent_at: Option<Timestamp>,
    /// Why Mailferry could not send it.
    pub problem: Option<String>,
}

/// How long tests are kept.
const KEEP_MS: i64 = 30 * 24 * 3600 * 1000;

impl Store {
    /// Begins a test.
    pub async fn begin_test(&self, mailbox_id: i64, code: &str, now: Timestamp) -> Result<i64, StoreError> {
        Ok(write!(self, tx => {
            sqlx::query("DELETE FROM test_mail WHERE created_at < $1").bind(now.0 - KEEP_MS).execute(&mut *tx).await?;
            sqlx::query_scalar("INSERT INTO test_mail (mailbox_id, code, created_at) VALUES ($1, $2, $3) RETURNING id")
                .bind(mailbox_id).bind(code).bind(now.0).fetch_one(&mut *tx).await?
        }))
    }

    /// When the last test of a mailbox was begun.
    pub async fn last_test_at(&self, mailbox_id: i64) -> Result<Option<Timestamp>, StoreError> {
        let at: Option<i64> = read!(self, pool => sqlx::query_scalar("SELECT max(created_at) FROM test_mail WHERE mailbox_id = $1")
            .bind(mailbox_id).fetch_one(pool).await)?;
        Ok(at.map(Timestamp))
    }

    /// The test mail was sent by us, or could not be.
    pub async fn test_sent(&self, id: i64, sent: Result<Timestamp, &str>) -> Result<(), StoreError> {
        write!(self, tx => {
            sqlx::query("UPDATE test_mail SET sent_at = $2, problem = $3 WHERE id = $1")
                .bind(id).bind(sent.ok().map(|at| at.0)).bind(sent.err()).execute(&mut *tx).await?;
        });
        Ok(())
    }

    /// A test of this mailbox.
    pub async fn test_of(&self, mailbox_id: i64, id: i64) -> Result<Option<TestMail>, StoreError> {
        type Row = (i64, String, i64, Option<i64>, Option<String>);
        let row: Option<Row> = read!(self, pool => sqlx::query_as(
            "SELECT id, code, created_at, sent_at, problem FROM test_mail WHERE id = $1 AND mailbox_id = $2",
        ).bind(id).bind(mailbox_id).fetch_optional(pool).await)?;
        Ok(row.map(|(id, code, created_at, sent_at, problem)| TestMail {
            id,
            code,
            created_at: Timestamp(created_at),
            sent_at: sent_at.map(Timestamp),
            problem,
        }))
    }

    /// Where a test mail was imported to, by whichever mailbox that this scope holds; the first.
    pub async fn test_arrived(&self, test: &TestMail, scope: Scope) -> Result<Option<MessageLine>, StoreError> {
        let found = self.find_messages(scope, &words(&test.code), None, 20).await?;
        Ok(found.into_iter().rev().find(|message| message.imported_at >= test.created_at))
    }
}
