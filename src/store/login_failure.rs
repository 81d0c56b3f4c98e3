//! Limits on logins, kept here so that a restart does not lift them and every worker keeps the same.

use super::db::{read, write};
use super::{Store, StoreError};
use crate::clock::Timestamp;

/// How a subject's failures are answered.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
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

/// The wait after the first failure too many.
const FIRST_MS: i64 = 30 * 1000;
/// After so long without a failure all is forgotten.
const FORGET_MS: i64 = 24 * 3600 * 1000;

impl Store {
    /// Counts a try of a login against each of these subjects, before it is known how it ends, so that many at once are many.
    /// `Err` in the inner result: how many milliseconds to wait; then nothing is counted.
    pub async fn count_login(
        &self,
        subjects: &[(String, Patience)],
        now: Timestamp,
    ) -> Result<Result<(), i64>, StoreError> {
        // Whoever has to wait costs nothing: no made-up name is written down meanwhile.
        let names: Vec<String> = subjects.iter().map(|(subject, _)| subject.clone()).collect();
        let wait = self.login_wait(&names, now).await?;
        if wait > 0 {
            return Ok(Err(wait));
        }
        Ok(write!(self, tx => {
            // A lock for all of it on PostgreSQL; SQLite's transactions are one by one anyway.
            let mut wait = 0;
            for (subject, _) in subjects {
                sqlx::query(
                    "INSERT INTO login_failure (subject, failures, last_at, blocked_until) VALUES ($1, 0, $2, 0) \
                     ON CONFLICT (subject) DO UPDATE SET failures = CASE WHEN login_failure.last_at < $3 THEN 0 \
                     ELSE login_failure.failures END",
                )
                .bind(subject).bind(now.0).bind(now.0 - FORGET_MS).execute(&mut *tx).await?;
                let until: i64 = sqlx::query_scalar("SELECT blocked_until FROM login_failure WHERE subject = $1")
                    .bind(subject).fetch_one(&mut *tx).await?;
                wait = wait.max(until - now.0);
            }
            if wait <= 0 {
                for (subject, patience) in subjects {
                    let failures: i64 = sqlx::query_scalar(
                        "UPDATE login_failure SET failures = failures + 1, last_at = $2 WHERE subject = $1 RETURNING failures",
                    )
                    .bind(subject).bind(now.0).fetch_one(&mut *tx).await?;
                    let blocked_until = now.0 + patience.wait(failures);
                    sqlx::query("UPDATE login_failure SET blocked_until = $2 WHERE subject = $1")
                        .bind(subject).bind(blocked_until).execute(&mut *tx).await?;
                }
            }
            // What nobody has tried for a day is gone, so that made-up names do not fill the disk.
            sqlx::query("DELETE FROM login_failure WHERE last_at < $1").bind(now.0 - FORGET_MS).execute(&mut *tx).await?;
            if wait > 0 { Err(wait) } else { Ok(()) }
        }))
    }

    /// How long a try that counts against these subjects has to wait, in milliseconds; 0: not at all.
    pub async fn login_wait(&self, subjects: &[String], now: Timestamp) -> Result<i64, StoreError> {
        let mut wait = 0;
        for subject in subjects {
            let until: Option<i64> = read!(self, pool =>
                sqlx::query_scalar("SELECT blocked_until FROM login_failure WHERE subject = $1 AND last_at >= $2")
                    .bind(subject).bind(now.0 - FORGET_MS).fetch_optional(pool).await)?;
            wait = wait.max(until.unwrap_or(0) - now.0);
        }
        Ok(wait)
    }

    /// A try that was counted against these subjects turned out to be none, or went well.
    pub async fn login_ended(
        &self,
        subjects: &[(String, Patience, OnSuccess)],
        went_well: bool,
    ) -> Result<(), StoreError> {
        write!(self, tx => {
            let is_forgotten = |on: &OnSuccess| went_well && *on == OnSuccess::Forget;
            let mut forgotten = 1;
            for (subject, ..) in subjects.iter().filter(|(.., on)| is_forgotten(on)) {
                let cleared: Option<i64> = sqlx::query_scalar("DELETE FROM login_failure WHERE subject = $1 RETURNING failures")
                    .bind(subject).fetch_optional(&mut *tx).await?;
                forgotten = forgotten.max(cleared.unwrap_or(0));
            }
            for (subject, patience, on) in subjects.iter().filter(|(.., on)| !is_forgotten(on)) {
                let failures = if went_well && *on == OnSuccess::TakeBack { forgotten } else { 1 };
                sqlx::query(
                    "UPDATE login_failure SET failures = CASE WHEN failures > $3 THEN failures - $3 ELSE 0 END, \
                     blocked_until = CASE WHEN failures - $3 < $2 THEN 0 ELSE blocked_until END WHERE subject = $1 AND failures > 0",
                )
                .bind(subject).bind(patience.free).bind(failures).execute(&mut *tx).await?;
            }
        });
        Ok(())
    }

    /// Nothing is held against this subject any more.
    pub async fn forget_failures(&self, subject: &str) -> Result<(), StoreError> {
        write!(self, tx => {
            sqlx::query("DELETE FROM login_failure WHERE subject = $1").bind(subject).execute(&mut *tx).await?;
        });
        Ok(())
    }

    /// A try that was counted turned out to be none. What others' failures have set stands.
    pub async fn uncount_login(&self, subject: &str, patience: Patience) -> Result<(), StoreError> {
        write!(self, tx => {
            sqlx::query(
                "UPDATE login_failure SET failures = failures - 1, blocked_until = CASE WHEN failures - 1 < $2 THEN 0 \
                 ELSE blocked_until END WHERE subject = $1 AND failures > 0",
            )
            .bind(subject).bind(patience.free).execute(&mut *tx).await?;
        });
        Ok(())
    }

    /// A login went well: nothing is held against its subject any more. One address may try many accounts, so what counts
    /// against it is only taken back by one.
    pub async fn login_went_well(&self, account: &str, address: &str) -> Result<(), StoreError> {
        write!(self, tx => {
            sqlx::query("DELETE FROM login_failure WHERE subject = $1").bind(account).execute(&mut *tx).await?;
            sqlx::query("UPDATE login_failure SET failures = failures - 1, blocked_until = 0 WHERE subject = $1")
                .bind(address).execute(&mut *tx).await?;
        });
        Ok(())
    }
}

impl Patience {
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
        let patience = Patience { free: 5, longest_ms: 900_000 };
        let waits: Vec<i64> = [1, 4, 5, 6, 7, 9, 10, 1000].map(|failures| patience.wait(failures)).to_vec();
        assert_eq!(waits, [0, 0, 30_000, 60_000, 120_000, 480_000, 900_000, 900_000]);
    }
}
