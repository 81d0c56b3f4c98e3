//! Housekeeping: deletes old rows, a few at a time. Code that reads such rows checks by itself whether they are still
//! valid, so nothing depends on when housekeeping runs. The retention times are in `schedule/housekeeping.rs`.

use super::delivery::hour;
use super::{Store, StoreError, Tx};
use crate::clock::Timestamp;

/// A kind of row that is deleted when it is old. Each variant says from which time the age is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retention {
    /// Reports of polls, from the start of the poll.
    PollReports,
    /// Daily counts of polls, from their day.
    PollCounts,
    /// Stored responses to idempotent requests, from the time of the request.
    KeptAnswers,
    /// Login failures, from the last failure of a subject.
    LoginFailures,
    /// Sessions, from their last use.
    IdleSessions,
    /// Sessions, from their start.
    Sessions,
    /// Links, from their expiry.
    Links,
    /// Pending authorizations, from their expiry.
    PendingAuths,
    /// Incomplete downloads of large mails, from their newest chunk.
    Downloads,
    /// Test mails, from their creation.
    TestMails,
    /// Finished deliveries, from their end.
    Deliveries,
    /// The bytes of messages that were delivered to a target set to `--only`, from the last delivery.
    RawMail,
    /// Reports of forwarded mail, from the time of the report.
    Forwarded,
    /// Hourly counts of the mails of each sender, from their hour.
    SenderRates,
    /// MTA-STS policies, from their expiry.
    StsPolicies,
}

impl Retention {
    #[cfg(test)]
    pub const ALL: [Self; 15] = [
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
        Self::Deliveries,
        Self::Forwarded,
        Self::SenderRates,
        Self::StsPolicies,
        Self::RawMail,
    ];

    /// The name as stored and shown.
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
            Self::Deliveries => "deliveries",
            Self::RawMail => "raw mails",
            Self::Forwarded => "reports of forwarded mail",
            Self::SenderRates => "counts of senders",
            Self::StsPolicies => "MTA-STS policies",
        }
    }
}

/// The last run of housekeeping for one kind of row.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct HousekeepingRun {
    /// The name of the kind, as in [`Retention::as_str`].
    pub name: String,
    pub last_run_at: Timestamp,
    /// Number of deleted rows.
    pub removed: i64,
}

impl Store {
    /// Deletes at most `limit` rows that are older than `before`. Returns the number of deleted rows.
    pub async fn remove_old(
        &self,
        kind: Retention,
        (before, now): (Timestamp, Timestamp),
        limit: i64,
    ) -> Result<u64, StoreError> {
        let mut tx = self.begin().await?;
        let removed = match kind {
            Retention::PollReports => tx.remove_poll_reports(before, limit).await?,
            Retention::PollCounts => tx.remove_poll_counts(before, limit).await?,
            Retention::KeptAnswers => tx.remove_kept_answers(before, limit).await?,
            Retention::LoginFailures => tx.remove_login_failures(before, limit).await?,
            Retention::IdleSessions => tx.remove_idle_sessions(before, limit).await?,
            Retention::Sessions => tx.remove_sessions(before, limit).await?,
            Retention::Links => tx.remove_links(before, limit).await?,
            Retention::PendingAuths => tx.remove_pending_auths(before, limit).await?,
            Retention::Downloads => tx.remove_downloads(before, limit).await?,
            Retention::TestMails => tx.remove_test_mails(before, limit).await?,
            Retention::Deliveries => tx.remove_deliveries(before, limit).await?,
            Retention::RawMail => tx.remove_delivered_raw_mail((before, now), limit).await?,
            Retention::Forwarded => tx.remove_forwarded(before, limit).await?,
            Retention::SenderRates => tx.remove_sender_rates(before, limit).await?,
            Retention::StsPolicies => tx.remove_sts_policies(before, limit).await?,
        };
        tx.commit().await?;
        Ok(removed)
    }

    /// Stores that housekeeping has run, and how many rows of each kind it deleted.
    pub async fn record_housekeeping(&self, removed: &[(Retention, u64)], now: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        for (kind, removed) in removed {
            let statement = tx.sql(
                r"-- store a run of housekeeping
                INSERT INTO housekeeping (name, last_run_at, removed) VALUES ($1, $2, $3)
                ON CONFLICT (name) DO UPDATE SET last_run_at = excluded.last_run_at, removed = excluded.removed",
            );
            let removed = i64::try_from(*removed).unwrap_or(i64::MAX);
            statement.bind(kind.as_str()).bind(now).bind(removed).run().await?;
        }
        tx.commit().await
    }

    /// The last run of housekeeping for each kind of row.
    pub async fn housekeeping_runs(&self) -> Result<Vec<HousekeepingRun>, StoreError> {
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- last runs of housekeeping
            SELECT name, last_run_at, removed FROM housekeeping ORDER BY name",
        );
        Ok(statement.all().await?)
    }

    /// Start of the oldest poll whose report is stored.
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
    async fn remove_poll_reports(&mut self, before: Timestamp, limit: i64) -> Result<u64, StoreError> {
        let statement = self.sql(
            r"-- remove old poll reports
            DELETE FROM poll WHERE id IN (SELECT id FROM poll WHERE started_at < $1 LIMIT $2)",
        );
        Ok(statement.bind(before).bind(limit).run().await?)
    }

    async fn remove_poll_counts(&mut self, before: Timestamp, limit: i64) -> Result<u64, StoreError> {
        let statement = self.sql(
            r"-- remove old poll counts
            DELETE FROM poll_day WHERE (mailbox_id, day) IN (
                SELECT mailbox_id, day FROM poll_day WHERE day < $1 LIMIT $2
            )",
        );
        Ok(statement.bind(before.day()).bind(limit).run().await?)
    }

    async fn remove_kept_answers(&mut self, before: Timestamp, limit: i64) -> Result<u64, StoreError> {
        let statement = self.sql(
            r"-- remove old stored responses
            DELETE FROM answer_kept WHERE (token_id, key) IN (
                SELECT token_id, key FROM answer_kept WHERE at < $1 LIMIT $2
            )",
        );
        Ok(statement.bind(before).bind(limit).run().await?)
    }

    async fn remove_login_failures(&mut self, before: Timestamp, limit: i64) -> Result<u64, StoreError> {
        let statement = self.sql(
            r"-- remove old login failures
            DELETE FROM login_failure WHERE subject IN (SELECT subject FROM login_failure WHERE last_at < $1 LIMIT $2)",
        );
        Ok(statement.bind(before).bind(limit).run().await?)
    }

    async fn remove_idle_sessions(&mut self, before: Timestamp, limit: i64) -> Result<u64, StoreError> {
        let statement = self.sql(
            r"-- remove idle sessions
            DELETE FROM session WHERE key_hash IN (SELECT key_hash FROM session WHERE seen_at < $1 LIMIT $2)",
        );
        Ok(statement.bind(before).bind(limit).run().await?)
    }

    async fn remove_sessions(&mut self, before: Timestamp, limit: i64) -> Result<u64, StoreError> {
        let statement = self.sql(
            r"-- remove old sessions
            DELETE FROM session WHERE key_hash IN (SELECT key_hash FROM session WHERE created_at < $1 LIMIT $2)",
        );
        Ok(statement.bind(before).bind(limit).run().await?)
    }

    async fn remove_links(&mut self, before: Timestamp, limit: i64) -> Result<u64, StoreError> {
        let statement = self.sql(
            r"-- remove expired links
            DELETE FROM link WHERE key_hash IN (SELECT key_hash FROM link WHERE expires_at < $1 LIMIT $2)",
        );
        Ok(statement.bind(before).bind(limit).run().await?)
    }

    async fn remove_pending_auths(&mut self, before: Timestamp, limit: i64) -> Result<u64, StoreError> {
        let statement = self.sql(
            r"-- remove expired authorizations
            DELETE FROM errand WHERE state_hash IN (SELECT state_hash FROM errand WHERE expires_at < $1 LIMIT $2)",
        );
        Ok(statement.bind(before).bind(limit).run().await?)
    }

    async fn remove_downloads(&mut self, before: Timestamp, limit: i64) -> Result<u64, StoreError> {
        // A download that is still growing keeps its old chunks.
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
        Ok(statement.bind(before).bind(limit).run().await?)
    }

    async fn remove_test_mails(&mut self, before: Timestamp, limit: i64) -> Result<u64, StoreError> {
        let statement = self.sql(
            r"-- remove old test mails
            DELETE FROM test_mail WHERE id IN (SELECT id FROM test_mail WHERE created_at < $1 LIMIT $2)",
        );
        Ok(statement.bind(before).bind(limit).run().await?)
    }

    async fn remove_deliveries(&mut self, before: Timestamp, limit: i64) -> Result<u64, StoreError> {
        let statement = self.sql(
            r"-- remove old deliveries
            DELETE FROM delivery WHERE id IN (SELECT id FROM delivery WHERE finished_at < $1 LIMIT $2)",
        );
        Ok(statement.bind(before).bind(limit).run().await?)
    }

    async fn remove_forwarded(&mut self, before: Timestamp, limit: i64) -> Result<u64, StoreError> {
        let statement = self.sql(
            r"-- remove old reports of forwarded mail
            DELETE FROM forwarded WHERE (inbox_id, identity, target_id) IN (
                SELECT inbox_id, identity, target_id FROM forwarded WHERE seen_at < $1 LIMIT $2
            )",
        );
        Ok(statement.bind(before).bind(limit).run().await?)
    }

    async fn remove_sender_rates(&mut self, before: Timestamp, limit: i64) -> Result<u64, StoreError> {
        let statement = self.sql(
            r"-- remove old counts of senders
            DELETE FROM sender_rate WHERE (inbox_id, sender, hour) IN (
                SELECT inbox_id, sender, hour FROM sender_rate WHERE hour < $1 LIMIT $2
            )",
        );
        Ok(statement.bind(hour(before)).bind(limit).run().await?)
    }

    async fn remove_sts_policies(&mut self, before: Timestamp, limit: i64) -> Result<u64, StoreError> {
        let statement = self.sql(
            r"-- remove expired MTA-STS policies
            DELETE FROM mta_sts_policy WHERE domain IN (SELECT domain FROM mta_sts_policy WHERE expires_at < $1 LIMIT $2)",
        );
        Ok(statement.bind(before).bind(limit).run().await?)
    }
}
