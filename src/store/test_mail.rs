//! Test mails: a code that somebody has sent to a mailbox, and how far it has come.

use super::search::words;
use super::{MessageLine, Reader, Scope, Store, StoreError, Tx};
use crate::clock::Timestamp;

/// A test that was begun.
#[derive(Debug, Clone, sqlx::FromRow)]
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

impl Store {
    /// The test mail was sent by us, or could not be.
    pub async fn test_sent(&self, id: i64, sent: Result<Timestamp, &str>) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let statement = tx.sql(
            r"-- a test mail is sent
            UPDATE test_mail SET sent_at = $2, problem = $3 WHERE id = $1",
        );
        statement.bind(id).bind(sent.ok()).bind(sent.err()).run().await?;
        tx.commit().await
    }

    /// A test of this mailbox.
    pub async fn test_of(&self, mailbox_id: i64, id: i64) -> Result<Option<TestMail>, StoreError> {
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- test mail of a mailbox
            SELECT id, code, created_at, sent_at, problem FROM test_mail WHERE id = $1 AND mailbox_id = $2",
        );
        Ok(statement.bind(id).bind(mailbox_id).first().await?)
    }

    /// Where a test mail was imported to, by whichever mailbox that this scope holds; the first.
    pub async fn test_arrived(&self, test: &TestMail, scope: Scope) -> Result<Option<MessageLine>, StoreError> {
        let found = self.find_messages(scope, &words(&test.code), None, 20).await?;
        Ok(found.into_iter().rev().find(|message| message.imported_at >= test.created_at))
    }
}

impl Tx<'_> {
    /// Begins a test.
    pub async fn begin_test(&mut self, mailbox_id: i64, code: &str, now: Timestamp) -> Result<i64, StoreError> {
        let begin = self.sql(
            r"-- begin a test mail
            INSERT INTO test_mail (mailbox_id, code, created_at) VALUES ($1, $2, $3) RETURNING id",
        );
        Ok(begin.bind(mailbox_id).bind(code).bind(now).value().await?)
    }
}

impl Reader {
    /// When the last test of a mailbox was begun.
    pub async fn last_test_at(&mut self, mailbox_id: i64) -> Result<Option<Timestamp>, StoreError> {
        let statement = self.sql(
            r"-- last test mail of a mailbox
            SELECT max(created_at) FROM test_mail WHERE mailbox_id = $1",
        );
        Ok(statement.bind(mailbox_id).value().await?)
    }
}
