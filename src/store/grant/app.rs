//! Problems of an application, which affect all of its grants at once.

use crate::clock::Timestamp;
use crate::store::{Store, StoreError};

/// A problem of an application.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct AppProblem {
    pub provider: String,
    /// The problem, as JSON.
    pub problem: String,
    pub since: i64,
    /// The time before which no token is requested.
    pub retry_at: i64,
}

impl Store {
    /// Problems of applications, by provider.
    pub async fn app_problems(&self) -> Result<Vec<AppProblem>, StoreError> {
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- problems of applications
            SELECT provider, problem, since, retry_at FROM oauth_app ORDER BY provider",
        );
        Ok(statement.all().await?)
    }

    /// The problem of one application.
    pub async fn app_problem(&self, provider: &str) -> Result<Option<AppProblem>, StoreError> {
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- problem of an application
            SELECT provider, problem, since, retry_at FROM oauth_app WHERE provider = $1",
        );
        Ok(statement.bind(provider).first().await?)
    }

    /// Stores the problem of an application. Returns whether it is new.
    pub async fn app_failed(
        &self,
        provider: &str,
        problem: &str,
        retry_at: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let statement = tx.sql(
            r"-- store the problem of an application
            INSERT INTO oauth_app (provider, problem, since, retry_at) VALUES ($1, $2, $3, $4)
            ON CONFLICT (provider) DO UPDATE SET problem = excluded.problem, retry_at = excluded.retry_at
            RETURNING since",
        );
        let since: Timestamp = statement.bind(provider).bind(problem).bind(now).bind(retry_at).value().await?;
        tx.commit().await?;
        Ok(since == now)
    }

    /// Clears the problem of an application, and schedules polls of the mailboxes that failed only for lack of a token.
    /// Returns whether there was a problem.
    pub async fn app_works(&self, provider: &str, now: Timestamp) -> Result<bool, StoreError> {
        if self.app_problem(provider).await?.is_none() {
            return Ok(false);
        }
        let mut tx = self.begin().await?;
        let poll = tx.sql(
            r"-- poll the mailboxes of an application that works again
            UPDATE mailbox SET next_poll_at = $2
            WHERE failures > 0 AND next_poll_at > $2 AND error_step = 'token'
                AND grant_id IN (SELECT id FROM oauth_grant WHERE provider = $1 AND problem IS NULL)",
        );
        poll.bind(provider).bind(now).run().await?;
        let forget = tx.sql(
            r"-- forget the problem of an application
            DELETE FROM oauth_app WHERE provider = $1",
        );
        let forgotten = forget.bind(provider).run().await?;
        tx.commit().await?;
        Ok(forgotten > 0)
    }

    /// Allows a token request for a mailbox's grant and its application at once, since a person may have fixed the
    /// problem. A waiting time set by the provider stays.
    pub async fn clear_token_backoff(&self, mailbox_id: i64) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let app = tx.sql(
            r"-- clear the back-off of a mailbox's application
            UPDATE oauth_app SET retry_at = 0
            WHERE provider IN (SELECT g.provider FROM oauth_grant g JOIN mailbox m ON m.grant_id = g.id WHERE m.id = $1)",
        );
        app.bind(mailbox_id).run().await?;
        let grant = tx.sql(
            r"-- clear the back-off of a mailbox's grant
            UPDATE oauth_grant SET retry_at = NULL WHERE id IN (SELECT grant_id FROM mailbox WHERE id = $1)",
        );
        grant.bind(mailbox_id).run().await?;
        tx.commit().await
    }

    /// Lets every grant and application request a token at once, since the configuration may have been fixed. A waiting
    /// time set by the provider stays.
    pub async fn clear_all_token_backoff(&self) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let apps = tx.sql(
            r"-- clear the back-off of all applications
            UPDATE oauth_app SET retry_at = 0",
        );
        apps.run().await?;
        let grants = tx.sql(
            r"-- clear the back-off of all grants
            UPDATE oauth_grant SET retry_at = NULL WHERE retry_at IS NOT NULL",
        );
        grants.run().await?;
        tx.commit().await
    }
}
