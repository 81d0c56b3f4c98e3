//! Test mails: mails with a code that are sent to a mailbox to find out whether they arrive.

use super::search::search_words;
use super::{MessageLine, Reader, Scope, Store, StoreError, Tx};
use crate::clock::Timestamp;

#[derive(Debug, Clone, sqlx::FromRow)]
pub struct TestMail {
    pub id: i64,
    /// The text that the subject must contain.
    pub code: String,
    pub created_at: Timestamp,
    /// When Mailferry sent the mail, if it did.
    pub sent_at: Option<Timestamp>,
    /// Why Mailferry could not send the mail.
    pub problem: Option<String>,
}

impl Store {
    /// Stores that the test mail was sent, or why it could not be.
    pub async fn test_sent(&self, id: i64, sent: Result<Timestamp, &str>) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let statement = tx.sql(
            r"-- store the result of sending a test mail
            UPDATE test_mail SET sent_at = $2, problem = $3 WHERE id = $1",
        );
        statement.bind(id).bind(sent.ok()).bind(sent.err()).run().await?;
        tx.commit().await
    }

    /// A test mail of this mailbox.
    pub async fn test_mail(&self, mailbox_id: i64, id: i64) -> Result<Option<TestMail>, StoreError> {
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- test mail of a mailbox
            SELECT id, code, created_at, sent_at, problem FROM test_mail WHERE id = $1 AND mailbox_id = $2",
        );
        Ok(statement.bind(id).bind(mailbox_id).first().await?)
    }

    /// The first message that a test mail was imported as, through any mailbox within the scope.
    pub async fn test_arrived(&self, test: &TestMail, scope: Scope) -> Result<Option<MessageLine>, StoreError> {
        let found = self.find_messages(scope, &search_words(&test.code), None, 20).await?;
        Ok(found.into_iter().rev().find(|message| message.imported_at >= test.created_at))
    }
}

impl Tx<'_> {
    /// Stores a new test mail and returns its row.
    pub async fn begin_test(&mut self, mailbox_id: i64, code: &str, now: Timestamp) -> Result<i64, StoreError> {
        let begin = self.sql(
            r"-- begin a test mail
            INSERT INTO test_mail (mailbox_id, code, created_at) VALUES ($1, $2, $3) RETURNING id",
        );
        Ok(begin.bind(mailbox_id).bind(code).bind(now).value().await?)
    }
}

impl Reader {
    /// When the last test mail of a mailbox was created.
    pub async fn last_test_at(&mut self, mailbox_id: i64) -> Result<Option<Timestamp>, StoreError> {
        let statement = self.sql(
            r"-- last test mail of a mailbox
            SELECT max(created_at) FROM test_mail WHERE mailbox_id = $1",
        );
        Ok(statement.bind(mailbox_id).value().await?)
    }
}
