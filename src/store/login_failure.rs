//! Limits on logins, kept here so that a restart does not lift them and every worker keeps the same.

use std::time::Duration;

use super::{Store, StoreError, Tx};
use crate::clock::Timestamp;

/// How a subject's failures are answered.
#[derive(Debug, Clone, Copy)]
pub struct LoginLimit {
    /// So many failures in a row cost nothing.
    pub free: i64,
    /// Then each makes the next wait, twice as long each time, up to this (milliseconds).
    pub longest_ms: i64,
}

/// What becomes of a subject's failures when a try that counts against it goes well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnSuccess {
    /// All are forgotten.
    Forget,
    /// As many as were forgotten of the others are.
    TakeBack,
    /// The try itself is.
    TakeOneBack,
}

/// The wait after the first failure too many, in milliseconds.
const FIRST_MS: i64 = 30 * 1000;
/// After so long without a failure all is forgotten.
const FORGET: Duration = Duration::from_hours(24);

impl Store {
    /// Counts a try of a login against each of these subjects, before it is known how it ends, so that many at once are many.
    /// `Err` in the inner result: how many milliseconds to wait; then nothing is counted.
    pub async fn count_login(
        &self,
        subjects: &[(String, LoginLimit)],
        now: Timestamp,
    ) -> Result<Result<(), i64>, StoreError> {
        // Whoever has to wait costs nothing: no made-up name is written down meanwhile.
        let names: Vec<String> = subjects.iter().map(|(subject, _)| subject.clone()).collect();
        let wait = self.login_wait(&names, now).await?;
        if wait > 0 {
            return Ok(Err(wait));
        }
        let mut tx = self.begin().await?;
        // A lock for all of it on PostgreSQL; SQLite's transactions are one by one anyway.
        let mut wait = 0;
        for (subject, _) in subjects {
            wait = wait.max(tx.lock_failures(subject, now).await?);
        }
        if wait <= 0 {
            for (subject, patience) in subjects {
                tx.count_failure(subject, *patience, now).await?;
            }
        }
        tx.commit().await?;
        Ok(if wait > 0 { Err(wait) } else { Ok(()) })
    }

    /// How long a try that counts against these subjects has to wait, in milliseconds; 0: not at all.
    pub async fn login_wait(&self, subjects: &[String], now: Timestamp) -> Result<i64, StoreError> {
        let mut wait = 0;
        let mut reader = self.read().await?;
        for subject in subjects {
            let statement = reader.sql(
                r"-- wait of a login
                SELECT blocked_until FROM login_failure WHERE subject = $1 AND last_at >= $2",
            );
            let until: Option<i64> = statement.bind(subject).bind(now.minus(FORGET)).first_value().await?;
            wait = wait.max(until.unwrap_or(0) - now.0);
        }
        Ok(wait)
    }

    /// A try that was counted against these subjects turned out to be none, or went well.
    pub async fn login_ended(
        &self,
        subjects: &[(String, LoginLimit, OnSuccess)],
        went_well: bool,
    ) -> Result<(), StoreError> {
        let is_forgotten = |on: &OnSuccess| went_well && *on == OnSuccess::Forget;
        let mut forgotten = 1;
        let mut tx = self.begin().await?;
        for (subject, ..) in subjects.iter().filter(|(.., on)| is_forgotten(on)) {
            let forget = tx.sql(
                r"-- forget the login failures of a subject that went well
                DELETE FROM login_failure WHERE subject = $1 RETURNING failures",
            );
            let cleared: Option<i64> = forget.bind(subject).first_value().await?;
            forgotten = forgotten.max(cleared.unwrap_or(0));
        }
        for (subject, patience, on) in subjects.iter().filter(|(.., on)| !is_forgotten(on)) {
            let failures = if went_well && *on == OnSuccess::TakeBack { forgotten } else { 1 };
            let take_back = tx.sql(
                r"-- take login failures back
                UPDATE login_failure SET failures = CASE WHEN failures > $3 THEN failures - $3 ELSE 0 END,
                    blocked_until = CASE WHEN failures - $3 < $2 THEN 0 ELSE blocked_until END
                WHERE subject = $1 AND failures > 0",
            );
            take_back.bind(subject).bind(patience.free).bind(failures).run().await?;
        }
        tx.commit().await
    }

    /// Nothing is held against this subject any more.
    pub async fn forget_failures(&self, subject: &str) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.forget_failures(subject).await?;
        tx.commit().await
    }

    /// A try that was counted turned out to be none. What others' failures have set stands.
    pub async fn uncount_login(&self, subject: &str, patience: LoginLimit) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let statement = tx.sql(
            r"-- take a try of a login back
            UPDATE login_failure SET failures = failures - 1,
                blocked_until = CASE WHEN failures - 1 < $2 THEN 0 ELSE blocked_until END
            WHERE subject = $1 AND failures > 0",
        );
        statement.bind(subject).bind(patience.free).run().await?;
        tx.commit().await
    }

    /// A login went well: nothing is held against its subject any more. One address may try many accounts, so what counts
    /// against it is only taken back by one.
    pub async fn login_went_well(&self, account: &str, address: &str) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.forget_failures(account).await?;
        let statement = tx.sql(
            r"-- a login from an address went well
            UPDATE login_failure SET failures = failures - 1, blocked_until = 0 WHERE subject = $1",
        );
        statement.bind(address).run().await?;
        tx.commit().await
    }
}

impl Tx<'_> {
    /// Makes the row of a subject, if it has none, and keeps others from it. Returns how many milliseconds it has to wait.
    async fn lock_failures(&mut self, subject: &str, now: Timestamp) -> Result<i64, StoreError> {
        let lock = self.sql(
            r"-- lock the login failures of a subject
            INSERT INTO login_failure (subject, failures, last_at, blocked_until) VALUES ($1, 0, $2, 0)
            ON CONFLICT (subject) DO UPDATE
                SET failures = CASE WHEN login_failure.last_at < $3 THEN 0 ELSE login_failure.failures END",
        );
        lock.bind(subject).bind(now).bind(now.minus(FORGET)).run().await?;
        let read = self.sql(
            r"-- wait of a locked subject
            SELECT blocked_until FROM login_failure WHERE subject = $1",
        );
        let until: i64 = read.bind(subject).value().await?;
        Ok(until - now.0)
    }

    /// Counts a failure against a subject, and has the next try wait.
    async fn count_failure(&mut self, subject: &str, patience: LoginLimit, now: Timestamp) -> Result<(), StoreError> {
        let count = self.sql(
            r"-- count a login failure
            UPDATE login_failure SET failures = failures + 1, last_at = $2 WHERE subject = $1 RETURNING failures",
        );
        let failures: i64 = count.bind(subject).bind(now).value().await?;
        let block = self.sql(
            r"-- have the next login wait
            UPDATE login_failure SET blocked_until = $2 WHERE subject = $1",
        );
        block.bind(subject).bind(now.0 + patience.wait(failures)).run().await?;
        Ok(())
    }

    async fn forget_failures(&mut self, subject: &str) -> Result<(), StoreError> {
        let statement = self.sql(
            r"-- forget the login failures of a subject
            DELETE FROM login_failure WHERE subject = $1",
        );
        statement.bind(subject).run().await?;
        Ok(())
    }
}

impl LoginLimit {
    /// How long to wait after so many failures, in milliseconds.
    fn wait(self, failures: i64) -> i64 {
        let over = failures - self.free;
        if over < 0 {
            return 0;
        }
        let doublings = u32::try_from(over).unwrap_or(u32::MAX).min(20);
        FIRST_MS.saturating_mul(1 << doublings).min(self.longest_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_begin_after_the_free_tries_and_stop_growing() {
        let patience = LoginLimit { free: 5, longest_ms: 900_000 };
        let waits: Vec<i64> = [1, 4, 5, 6, 7, 9, 10, 1000].map(|failures| patience.wait(failures)).to_vec();
        assert_eq!(waits, [0, 0, 30_000, 60_000, 120_000, 480_000, 900_000, 900_000]);
    }
}
