//! Housekeeping: deletes what is old, a few rows at a time. What is still valid is decided by time where it is read, so nothing
//! depends on when this runs. How long each is kept stands in `schedule/housekeeping.rs`.

use super::{Store, StoreError, Tx};
use crate::clock::Timestamp;

/// Something that is deleted when it is old.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retention {
    /// Reports of polls, by when the poll began.
    PollReports,
    /// Counts of polls, by their day.
    PollCounts,
    /// Answers that are kept for requests that are sent again, by when the request came.
    KeptAnswers,
    /// Failed logins, by the last one of a subject.
    LoginFailures,
    /// Sessions, by when they were last used.
    IdleSessions,
    /// Sessions, by when they began.
    Sessions,
    /// Links, by when they ended.
    Links,
    /// Authorizations that somebody was sent to a provider for, by when they ended.
    PendingAuths,
    /// Large mails that are half here, by their newest chunk.
    Downloads,
    /// Test mails, by when they were begun.
    TestMails,
}

impl Retention {
    /// All of them.
    #[cfg(test)]
    pub const ALL: [Self; 10] = [
        Self::PollReports,
        Self::PollCounts,
        Self::KeptAnswers,
        Self::LoginFailures,
        Self::IdleSessions,
        Self::Sessions,
        Self::Links,
        Self::PendingAuths,
        Self::Downloads,
        Self::TestMails,
    ];

    /// As stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PollReports => "poll reports",
            Self::PollCounts => "poll counts",
            Self::KeptAnswers => "kept answers",
            Self::LoginFailures => "login failures",
            Self::IdleSessions => "idle sessions",
            Self::Sessions => "sessions",
            Self::Links => "links",
            Self::PendingAuths => "pending authorizations",
            Self::Downloads => "idle downloads",
            Self::TestMails => "test mails",
        }
    }
}

/// The last run of one kind of housekeeping.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct HousekeepingRun {
    /// What it deletes, as [`Retention::as_str`] has it.
    pub name: String,
    /// When.
    pub last_run_at: Timestamp,
    /// How many rows went.
    pub removed: i64,
}

impl Store {
    /// Deletes rows that are older than a moment, at most so many. Returns how many there were.
    pub async fn remove_old(&self, what: Retention, before: Timestamp, most: i64) -> Result<u64, StoreError> {
        let mut tx = self.begin().await?;
        let removed = match what {
            Retention::PollReports => tx.remove_poll_reports(before, most).await?,
            Retention::PollCounts => tx.remove_poll_counts(before, most).await?,
            Retention::KeptAnswers => tx.remove_kept_answers(before, most).await?,
            Retention::LoginFailures => tx.remove_login_failures(before, most).await?,
            Retention::IdleSessions => tx.remove_idle_sessions(before, most).await?,
            Retention::Sessions => tx.remove_sessions(before, most).await?,
            Retention::Links => tx.remove_links(before, most).await?,
            Retention::PendingAuths => tx.remove_pending_auths(before, most).await?,
            Retention::Downloads => tx.remove_downloads(before, most).await?,
            Retention::TestMails => tx.remove_test_mails(before, most).await?,
        };
        tx.commit().await?;
        Ok(removed)
    }

    /// Writes down that housekeeping has run, and how many rows of each kind went.
    pub async fn housekeeping_ran(&self, removed: &[(Retention, u64)], now: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        for (what, removed) in removed {
            let statement = tx.sql(
                r"-- housekeeping has run
                INSERT INTO housekeeping (name, last_run_at, removed) VALUES ($1, $2, $3)
                ON CONFLICT (name) DO UPDATE SET last_run_at = excluded.last_run_at, removed = excluded.removed",
            );
            let removed = i64::try_from(*removed).unwrap_or(i64::MAX);
            statement.bind(what.as_str()).bind(now).bind(removed).run().await?;
        }
        tx.commit().await
    }

    /// The last run of each kind of housekeeping.
    pub async fn housekeeping_runs(&self) -> Result<Vec<HousekeepingRun>, StoreError> {
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- last runs of housekeeping
            SELECT name, last_run_at, removed FROM housekeeping ORDER BY name",
        );
        Ok(statement.all().await?)
    }

    /// When the oldest poll began whose report is kept.
    pub async fn oldest_poll_at(&self) -> Result<Option<Timestamp>, StoreError> {
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- oldest poll report
            SELECT min(started_at) FROM poll",
        );
        Ok(statement.value().await?)
    }
}

impl Tx<'_> {
    async fn remove_poll_reports(&mut self, before: Timestamp, most: i64) -> Result<u64, StoreError> {
        let statement = self.sql(
            r"-- remove old poll reports
            DELETE FROM poll WHERE id IN (SELECT id FROM poll WHERE started_at < $1 LIMIT $2)",
        );
        Ok(statement.bind(before).bind(most).run().await?)
    }

    async fn remove_poll_counts(&mut self, before: Timestamp, most: i64) -> Result<u64, StoreError> {
        let statement = self.sql(
            r"-- remove old poll counts
            DELETE FROM poll_day WHERE (mailbox_id, day) IN (
                SELECT mailbox_id, day FROM poll_day WHERE day < $1 LIMIT $2
            )",
        );
        Ok(statement.bind(before.day()).bind(most).run().await?)
    }

    async fn remove_kept_answers(&mut self, before: Timestamp, most: i64) -> Result<u64, StoreError> {
        let statement = self.sql(
            r"-- remove old kept answers
            DELETE FROM answer_kept WHERE (token_id, key) IN (
                SELECT token_id, key FROM answer_kept WHERE at < $1 LIMIT $2
            )",
        );
        Ok(statement.bind(before).bind(most).run().await?)
    }

    async fn remove_login_failures(&mut self, before: Timestamp, most: i64) -> Result<u64, StoreError> {
        let statement = self.sql(
            r"-- remove old login failures
            DELETE FROM login_failure WHERE subject IN (SELECT subject FROM login_failure WHERE last_at < $1 LIMIT $2)",
        );
        Ok(statement.bind(before).bind(most).run().await?)
    }

    async fn remove_idle_sessions(&mut self, before: Timestamp, most: i64) -> Result<u64, StoreError> {
        let statement = self.sql(
            r"-- remove idle sessions
            DELETE FROM session WHERE key_hash IN (SELECT key_hash FROM session WHERE seen_at < $1 LIMIT $2)",
        );
        Ok(statement.bind(before).bind(most).run().await?)
    }

    async fn remove_sessions(&mut self, before: Timestamp, most: i64) -> Result<u64, StoreError> {
        let statement = self.sql(
            r"-- remove old sessions
            DELETE FROM session WHERE key_hash IN (SELECT key_hash FROM session WHERE created_at < $1 LIMIT $2)",
        );
        Ok(statement.bind(before).bind(most).run().await?)
    }

    async fn remove_links(&mut self, before: Timestamp, most: i64) -> Result<u64, StoreError> {
        let statement = self.sql(
            r"-- remove links that ended long ago
            DELETE FROM link WHERE key_hash IN (SELECT key_hash FROM link WHERE expires_at < $1 LIMIT $2)",
        );
        Ok(statement.bind(before).bind(most).run().await?)
    }

    async fn remove_pending_auths(&mut self, before: Timestamp, most: i64) -> Result<u64, StoreError> {
        let statement = self.sql(
            r"-- remove authorizations that have ended
            DELETE FROM errand WHERE state_hash IN (SELECT state_hash FROM errand WHERE expires_at < $1 LIMIT $2)",
        );
        Ok(statement.bind(before).bind(most).run().await?)
    }

    async fn remove_downloads(&mut self, before: Timestamp, most: i64) -> Result<u64, StoreError> {
        // A download that still grows keeps its first chunks too.
        let statement = self.sql(
            r"-- remove idle downloads
            DELETE FROM download_chunk WHERE (epoch_id, uid, seq) IN (
                SELECT d.epoch_id, d.uid, d.seq FROM download_chunk d
                WHERE d.added_at < $1 AND NOT EXISTS (
                    SELECT 1 FROM download_chunk n
                    WHERE n.epoch_id = d.epoch_id AND n.uid = d.uid AND n.added_at >= $1
                )
                LIMIT $2
            )",
        );
        Ok(statement.bind(before).bind(most).run().await?)
    }

    async fn remove_test_mails(&mut self, before: Timestamp, most: i64) -> Result<u64, StoreError> {
        let statement = self.sql(
            r"-- remove old test mails
            DELETE FROM test_mail WHERE id IN (SELECT id FROM test_mail WHERE created_at < $1 LIMIT $2)",
        );
        Ok(statement.bind(before).bind(most).run().await?)
    }
}
