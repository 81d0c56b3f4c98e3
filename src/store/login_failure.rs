//! Rate limits of logins. They are stored in the database so that they survive a restart and apply to all workers
//! together.

use std::time::Duration;

use super::{Store, StoreError, Tx};
use crate::clock::Timestamp;

/// The rate limit of a subject (an account, a name or a network address).
#[derive(Debug, Clone, Copy)]
pub struct LoginLimit {
    /// Number of consecutive failed attempts that are possible without a wait.
    pub free_failures: i64,
    /// Maximum wait in milliseconds. Each further failure doubles the wait, up to this maximum.
    pub max_wait_ms: i64,
}

/// How a successful attempt changes the failure count of a subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnSuccess {
    /// The count is reset to zero.
    Reset,
    /// The count is reduced by the highest count that was reset for another subject, and at least by one.
    SubtractReset,
    /// The count is reduced by one, for the attempt itself.
    SubtractOne,
}

/// The first wait, in milliseconds.
const FIRST_WAIT_MS: i64 = 30 * 1000;
/// After this time without a failure the count is reset.
const FORGET_AFTER: Duration = Duration::from_hours(24);

impl Store {
    /// Counts a login attempt against each subject before its result is known, so that parallel attempts are all
    /// counted. If a subject has to wait, nothing is counted; the inner `Err` then holds the milliseconds to wait.
    pub async fn count_login(
        &self,
        subjects: &[(String, LoginLimit)],
        now: Timestamp,
    ) -> Result<Result<(), i64>, StoreError> {
        // Check for a wait first, without writing, so that attempts with made-up names do not fill the table.
        let names: Vec<String> = subjects.iter().map(|(subject, _)| subject.clone()).collect();
        let wait = self.login_wait_ms(&names, now).await?;
        if wait > 0 {
            return Ok(Err(wait));
        }
        let mut tx = self.begin().await?;
        // On PostgreSQL this locks the rows of all subjects; on SQLite transactions are serialised anyway.
        let mut wait = 0;
        for (subject, _) in subjects {
            wait = wait.max(tx.lock_failures(subject, now).await?);
        }
        if wait <= 0 {
            for (subject, limit) in subjects {
                tx.count_failure(subject, *limit, now).await?;
            }
        }
        tx.commit().await?;
        Ok(if wait > 0 { Err(wait) } else { Ok(()) })
    }

    /// Milliseconds until an attempt against these subjects is allowed; 0 if it is allowed now.
    pub async fn login_wait_ms(&self, subjects: &[String], now: Timestamp) -> Result<i64, StoreError> {
        let mut wait = 0;
        let mut reader = self.read().await?;
        for subject in subjects {
            let statement = reader.sql(
                r"-- wait of a login
                SELECT blocked_until FROM login_failure WHERE subject = $1 AND last_at >= $2",
            );
            let until: Option<i64> = statement.bind(subject).bind(now.minus(FORGET_AFTER)).first_value().await?;
            wait = wait.max(until.unwrap_or(0) - now.0);
        }
        Ok(wait)
    }

    /// Corrects the counts after a login that succeeded, or that should not count.
    pub async fn record_login_result(
        &self,
        subjects: &[(String, LoginLimit, OnSuccess)],
        is_success: bool,
    ) -> Result<(), StoreError> {
        let is_reset = |on: &OnSuccess| is_success && *on == OnSuccess::Reset;
        let mut reset = 1;
        let mut tx = self.begin().await?;
        for (subject, ..) in subjects.iter().filter(|(.., on)| is_reset(on)) {
            let forget = tx.sql(
                r"-- reset the login failures of a subject after a success
                DELETE FROM login_failure WHERE subject = $1 RETURNING failures",
            );
            let cleared: Option<i64> = forget.bind(subject).first_value().await?;
            reset = reset.max(cleared.unwrap_or(0));
        }
        for (subject, limit, on) in subjects.iter().filter(|(.., on)| !is_reset(on)) {
            let failures = if is_success && *on == OnSuccess::SubtractReset { reset } else { 1 };
            let take_back = tx.sql(
                r"-- reduce login failures
                UPDATE login_failure SET failures = CASE WHEN failures > $3 THEN failures - $3 ELSE 0 END,
                    blocked_until = CASE WHEN failures - $3 < $2 THEN 0 ELSE blocked_until END
                WHERE subject = $1 AND failures > 0",
            );
            take_back.bind(subject).bind(limit.free_failures).bind(failures).run().await?;
        }
        tx.commit().await
    }

    /// Resets the count of a subject.
    pub async fn forget_failures(&self, subject: &str) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.forget_failures(subject).await?;
        tx.commit().await
    }

    /// Undoes `count_login` for an attempt that should not count. Waits caused by other failures stay.
    pub async fn uncount_login(&self, subject: &str, limit: LoginLimit) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let statement = tx.sql(
            r"-- take back a login attempt
            UPDATE login_failure SET failures = failures - 1,
                blocked_until = CASE WHEN failures - 1 < $2 THEN 0 ELSE blocked_until END
            WHERE subject = $1 AND failures > 0",
        );
        statement.bind(subject).bind(limit.free_failures).run().await?;
        tx.commit().await
    }

    /// Stores a successful login. The count of the account is reset; that of the network address is only reduced by
    /// one, since one address may try many accounts.
    pub async fn record_login_success(&self, account: &str, address: &str) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.forget_failures(account).await?;
        let statement = tx.sql(
            r"-- reduce the login failures of an address
            UPDATE login_failure SET failures = failures - 1, blocked_until = 0 WHERE subject = $1",
        );
        statement.bind(address).run().await?;
        tx.commit().await
    }
}

impl Tx<'_> {
    /// Creates and locks the row of a subject. Returns the milliseconds that the subject has to wait; not positive if none.
    async fn lock_failures(&mut self, subject: &str, now: Timestamp) -> Result<i64, StoreError> {
        let lock = self.sql(
            r"-- lock the login failures of a subject
            INSERT INTO login_failure (subject, failures, last_at, blocked_until) VALUES ($1, 0, $2, 0)
            ON CONFLICT (subject) DO UPDATE
                SET failures = CASE WHEN login_failure.last_at < $3 THEN 0 ELSE login_failure.failures END",
        );
        lock.bind(subject).bind(now).bind(now.minus(FORGET_AFTER)).run().await?;
        let read = self.sql(
            r"-- wait of a locked subject
            SELECT blocked_until FROM login_failure WHERE subject = $1",
        );
        let until: i64 = read.bind(subject).value().await?;
        Ok(until - now.0)
    }

    /// Counts a failure of a subject and sets the wait for the next attempt.
    async fn count_failure(&mut self, subject: &str, limit: LoginLimit, now: Timestamp) -> Result<(), StoreError> {
        let count = self.sql(
            r"-- count a login failure
            UPDATE login_failure SET failures = failures + 1, last_at = $2 WHERE subject = $1 RETURNING failures",
        );
        let failures: i64 = count.bind(subject).bind(now).value().await?;
        let block = self.sql(
            r"-- set the wait of the next login
            UPDATE login_failure SET blocked_until = $2 WHERE subject = $1",
        );
        block.bind(subject).bind(now.0 + limit.wait(failures)).run().await?;
        Ok(())
    }

    async fn forget_failures(&mut self, subject: &str) -> Result<(), StoreError> {
        let statement = self.sql(
            r"-- reset the login failures of a subject
            DELETE FROM login_failure WHERE subject = $1",
        );
        statement.bind(subject).run().await?;
        Ok(())
    }
}

impl LoginLimit {
    /// Milliseconds to wait after this number of failures.
    fn wait(self, failures: i64) -> i64 {
        let over = failures - self.free_failures;
        if over < 0 {
            return 0;
        }
        let doublings = u32::try_from(over).unwrap_or(u32::MAX).min(20);
        FIRST_WAIT_MS.saturating_mul(1 << doublings).min(self.max_wait_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_begin_after_the_free_failures_and_stop_growing() {
        let limit = LoginLimit { free_failures: 5, max_wait_ms: 900_000 };
        let waits: Vec<i64> = [1, 4, 5, 6, 7, 9, 10, 1000].map(|failures| limit.wait(failures)).to_vec();
        assert_eq!(waits, [0, 0, 30_000, 60_000, 120_000, 480_000, 900_000, 900_000]);
    }
}
