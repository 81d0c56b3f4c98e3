//! What is wrong with an application, for all of its grants at once.

use crate::clock::Timestamp;
use crate::store::db::{read, write};
use crate::store::{Store, StoreError};

/// What is wrong with an application.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct AppProblem {
    /// The provider's name.
    pub provider: String,
    /// In words, as JSON.
    pub problem: String,
    /// Since when.
    pub since: i64,
    /// Not asked for a token before.
    pub retry_at: i64,
}

impl Store {
    /// What is wrong with applications, by provider.
    pub async fn app_problems(&self) -> Result<Vec<AppProblem>, StoreError> {
        Ok(
            read!(self, pool => sqlx::query_as("SELECT provider, problem, since, retry_at FROM oauth_app ORDER BY provider")
            .fetch_all(pool).await)?,
        )
    }

    /// What is wrong with one application.
    pub async fn app_problem(&self, provider: &str) -> Result<Option<AppProblem>, StoreError> {
        Ok(
            read!(self, pool => sqlx::query_as("SELECT provider, problem, since, retry_at FROM oauth_app WHERE provider = $1")
            .bind(provider).fetch_optional(pool).await)?,
        )
    }

    /// Writes down what is wrong with an application. Returns whether that is new.
    pub async fn app_failed(
        &self,
        provider: &str,
        problem: &str,
        retry_at: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let since: i64 = write!(self, tx => {
            sqlx::query_scalar(
                "INSERT INTO oauth_app (provider, problem, since, retry_at) VALUES ($1, $2, $3, $4) \
                 ON CONFLICT (provider) DO UPDATE SET problem = excluded.problem, retry_at = excluded.retry_at RETURNING since",
            )
            .bind(provider).bind(problem).bind(now.0).bind(retry_at.0).fetch_one(&mut *tx).await?
        });
        Ok(since == now.0)
    }

    /// The application works again: mailboxes that failed for want of a token, and not for a reason of their own, are polled. Returns whether anything was wrong.
    pub async fn app_works(&self, provider: &str, now: Timestamp) -> Result<bool, StoreError> {
        if self.app_problem(provider).await?.is_none() {
            return Ok(false);
        }
        let was_wrong = write!(self, tx => {
            sqlx::query(
                "UPDATE mailbox SET next_poll_at = $2 WHERE failures > 0 AND next_poll_at > $2 AND last_error LIKE \
                 '%\"step\":\"token\"%' AND grant_id IN (SELECT id FROM oauth_grant WHERE provider = $1 AND problem IS NULL)",
            )
            .bind(provider).bind(now.0).execute(&mut *tx).await?;
            sqlx::query("DELETE FROM oauth_app WHERE provider = $1").bind(provider).execute(&mut *tx).await?.rows_affected()
        });
        Ok(was_wrong > 0)
    }

    /// Lets a mailbox's grant and its application be asked for a token again at once, but for what the provider has told: a person
    /// may have mended what was wrong.
    pub async fn ask_again(&self, mailbox_id: i64) -> Result<(), StoreError> {
        write!(self, tx => {
            sqlx::query(
                "UPDATE oauth_app SET retry_at = 0 WHERE provider IN (SELECT g.provider FROM oauth_grant g JOIN mailbox m \
                 ON m.grant_id = g.id WHERE m.id = $1)",
            )
            .bind(mailbox_id).execute(&mut *tx).await?;
            sqlx::query("UPDATE oauth_grant SET retry_at = NULL WHERE id IN (SELECT grant_id FROM mailbox WHERE id = $1)")
                .bind(mailbox_id).execute(&mut *tx).await?;
        });
        Ok(())
    }

    /// The same for all of them, since the configuration may be what was mended.
    pub async fn ask_all_again(&self) -> Result<(), StoreError> {
        write!(self, tx => {
            sqlx::query("UPDATE oauth_app SET retry_at = 0").execute(&mut *tx).await?;
            sqlx::query("UPDATE oauth_grant SET retry_at = NULL WHERE retry_at IS NOT NULL").execute(&mut *tx).await?;
        });
        Ok(())
    }
}
