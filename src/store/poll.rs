//! The outcome of a poll, stored when the poll ends.

use super::{Lease, Store, StoreError, Tx};
use crate::clock::Timestamp;
use crate::fact::{Notice, StoredFact, to_json};

/// The outcome of a poll.
#[derive(Debug)]
pub struct Outcome {
    pub started_at: Timestamp,
    /// Whether the poll succeeded: nothing failed.
    pub success: bool,
    /// Whether every folder was read to its end.
    pub complete: bool,
    /// The report, as JSON.
    pub report: String,
    pub error: Option<StoredError>,
    /// Decisions worth remembering, such as a new UIDVALIDITY.
    pub notes: Vec<Notice>,
    /// Whether the poll gets a row of its own, because it found something, failed or made a decision.
    pub noteworthy: bool,
    /// Time of the next poll; `None`: no poll until a person has acted.
    pub next_poll_at: Option<Timestamp>,
    /// The end of the hold: the server asked us not to connect before this time.
    pub hold_until: Option<Timestamp>,
    /// Rows of the folders that this poll got to.
    pub visited: Vec<i64>,
    /// Bytes of mail fetched.
    pub bytes: u64,
}

/// An error, with the values that are stored in columns so that mailboxes with this error can be found.
#[derive(Debug, Clone)]
pub struct StoredError {
    /// The whole error, as JSON.
    pub json: String,
    /// The step of the poll in which the error happened.
    pub step: &'static str,
    pub blame: &'static str,
    /// Whether only a person can fix the error.
    pub waits_for_person: bool,
}

impl Store {
    /// Stores the outcome of a poll and releases its lease.
    pub async fn finish_poll(&self, lease: &Lease, outcome: &Outcome, now: Timestamp) -> Result<(), StoreError> {
        let mailbox_id = lease.mailbox.id;
        let mut tx = self.begin().await?;
        tx.end_poll(lease, outcome, now).await?;
        tx.count_poll(mailbox_id, outcome, now).await?;
        tx.mark_folders_visited(mailbox_id, outcome, now).await?;
        if outcome.noteworthy {
            tx.store_report(mailbox_id, outcome).await?;
        }
        tx.commit().await
    }

    /// Number of polls of a mailbox, and of failed ones, on each day since `since` (in days since 1970 UTC).
    pub async fn polls_by_day(&self, mailbox_id: i64, since: i64) -> Result<Vec<(i64, i64, i64)>, StoreError> {
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- polls by day
            SELECT day, polls, failed FROM poll_day WHERE mailbox_id = $1 AND day >= $2 ORDER BY day",
        );
        Ok(statement.bind(mailbox_id).bind(since).all().await?)
    }

    /// The newest stored polls of a mailbox: start time, report, notices.
    pub async fn recent_polls(
        &self,
        mailbox_id: i64,
        limit: i64,
    ) -> Result<Vec<(Timestamp, String, StoredFact<Vec<Notice>>)>, StoreError> {
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- recent polls
            SELECT started_at, report, notes FROM poll WHERE mailbox_id = $1 ORDER BY id DESC LIMIT $2",
        );
        Ok(statement.bind(mailbox_id).bind(limit).all().await?)
    }
}

impl Tx<'_> {
    /// Releases the lease and stores the outcome in the mailbox's row.
    async fn end_poll(&mut self, lease: &Lease, outcome: &Outcome, now: Timestamp) -> Result<(), StoreError> {
        // Keep a poll that was requested while this one ran ($11).
        let statement = self.sql(
            r"-- end a poll
            UPDATE mailbox SET lease_token = NULL, lease_owner = NULL, lease_until = NULL, last_attempt_at = $3,
                last_success_at = CASE WHEN $8 THEN $3 ELSE last_success_at END,
                failures = CASE WHEN $4 THEN 0 ELSE failures + 1 END,
                failing_since = CASE WHEN $4 THEN NULL ELSE coalesce(failing_since, $3) END,
                last_error = $5, error_step = $12, error_blame = $13, waits_for_person = $14, hold_until = $7,
                next_poll_at = CASE WHEN $4 AND $7 IS NULL AND next_poll_at > $11 AND next_poll_at < $6
                    THEN next_poll_at ELSE $6 END,
                day_bytes = CASE WHEN day = $9 THEN day_bytes + $10 ELSE $10 END, day = $9
            WHERE id = $1 AND lease_token = $2",
        );
        let statement = statement.bind(lease.mailbox.id).bind(lease.token).bind(now).bind(outcome.success);
        let error = outcome.error.as_ref();
        let statement = statement.bind(error.map(|error| error.json.as_str()));
        let statement = statement.bind(outcome.next_poll_at).bind(outcome.hold_until);
        let statement = statement.bind(outcome.complete).bind(now.day());
        let statement = statement.bind(i64::try_from(outcome.bytes).unwrap_or(i64::MAX)).bind(outcome.started_at);
        let statement = statement.bind(error.map(|error| error.step)).bind(error.map(|error| error.blame));
        let statement = statement.bind(error.is_some_and(|error| error.waits_for_person));
        if statement.run().await? == 1 { Ok(()) } else { Err(StoreError::LeaseLost) }
    }

    /// Adds the poll to the counts of its day.
    async fn count_poll(&mut self, mailbox_id: i64, outcome: &Outcome, now: Timestamp) -> Result<(), StoreError> {
        let statement = self.sql(
            r"-- count a poll
            INSERT INTO poll_day (mailbox_id, day, polls, failed) VALUES ($1, $2, 1, $3)
            ON CONFLICT (mailbox_id, day) DO UPDATE SET polls = poll_day.polls + 1,
                failed = poll_day.failed + excluded.failed",
        );
        statement.bind(mailbox_id).bind(now.day()).bind(i64::from(!outcome.success)).run().await?;
        Ok(())
    }

    /// Stores which folders this poll got to. The next poll starts with the others, unless all were read.
    async fn mark_folders_visited(
        &mut self,
        mailbox_id: i64,
        outcome: &Outcome,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if outcome.complete {
            let statement = self.sql(
                r"-- clear the visit times of all folders
                UPDATE folder SET visited_at = NULL WHERE mailbox_id = $1 AND visited_at IS NOT NULL",
            );
            statement.bind(mailbox_id).run().await?;
            return Ok(());
        }
        for folder in &outcome.visited {
            let statement = self.sql(
                r"-- mark a folder visited
                UPDATE folder SET visited_at = $2 WHERE id = $1",
            );
            statement.bind(*folder).bind(now).run().await?;
        }
        Ok(())
    }

    /// Stores the poll's report.
    async fn store_report(&mut self, mailbox_id: i64, outcome: &Outcome) -> Result<(), StoreError> {
        let statement = self.sql(
            r"-- store a poll's report
            INSERT INTO poll (mailbox_id, started_at, report, notes) VALUES ($1, $2, $3, $4)",
        );
        let statement = statement.bind(mailbox_id).bind(outcome.started_at).bind(&outcome.report);
        statement.bind(to_json(&outcome.notes)).run().await?;
        Ok(())
    }
}
