//! How a poll went, written down when it ends.

use super::{Lease, Store, StoreError, Tx};
use crate::clock::Timestamp;
use crate::fact::{Notice, StoredFact, to_json};

/// The end of a poll.
#[derive(Debug)]
pub struct Outcome {
    /// When it began.
    pub started_at: Timestamp,
    /// Whether nothing failed.
    pub success: bool,
    /// Whether every folder was seen to its end.
    pub complete: bool,
    /// The report, as JSON.
    pub report: String,
    /// The error in it.
    pub error: Option<StoredError>,
    /// Decisions worth remembering, such as a new UIDVALIDITY.
    pub notes: Vec<Notice>,
    /// Whether it is worth a row of its own: it found something, failed or decided something.
    pub noteworthy: bool,
    /// When to look again; `None`: after a person has acted.
    pub next_poll_at: Option<Timestamp>,
    /// The server told us to stay away until then.
    pub hold_until: Option<Timestamp>,
    /// The folders that were turned to, by their rows.
    pub visited: Vec<i64>,
    /// Bytes of mail that were fetched.
    pub bytes: u64,
}

/// An error, and what mailboxes are found by that have it.
#[derive(Debug, Clone)]
pub struct StoredError {
    /// All of it, as JSON.
    pub json: String,
    /// At which step.
    pub step: &'static str,
    /// What is broken.
    pub blame: &'static str,
    /// Nobody but a person can mend it.
    pub waits_for_person: bool,
}

impl Store {
    /// Writes down how the poll ended and gives the mailbox back.
    pub async fn finish_poll(&self, lease: &Lease, outcome: &Outcome, now: Timestamp) -> Result<(), StoreError> {
        let mailbox_id = lease.mailbox.id;
        let mut tx = self.begin().await?;
        tx.end_poll(lease, outcome, now).await?;
        tx.count_poll(mailbox_id, outcome, now).await?;
        tx.visit_folders(mailbox_id, outcome, now).await?;
        if outcome.noteworthy {
            tx.remember_poll(mailbox_id, outcome).await?;
        }
        tx.commit().await
    }

    /// Polls of a mailbox on each day since one (days since 1970 UTC), and how many of them failed.
    pub async fn polls_by_day(&self, mailbox_id: i64, since: i64) -> Result<Vec<(i64, i64, i64)>, StoreError> {
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- polls by day
            SELECT day, polls, failed FROM poll_day WHERE mailbox_id = $1 AND day >= $2 ORDER BY day",
        );
        Ok(statement.bind(mailbox_id).bind(since).all().await?)
    }

    /// The newest remembered polls of a mailbox: when, the report, the notes.
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
    /// Gives the mailbox back, with how its poll went.
    async fn end_poll(&mut self, lease: &Lease, outcome: &Outcome, now: Timestamp) -> Result<(), StoreError> {
        // A look that somebody has asked for since the poll began ($11) is kept.
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

    /// Counts the poll to its day.
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

    /// Writes down which folders had their turn: the others come first the next time, unless all were seen.
    async fn visit_folders(&mut self, mailbox_id: i64, outcome: &Outcome, now: Timestamp) -> Result<(), StoreError> {
        if outcome.complete {
            let statement = self.sql(
                r"-- all folders are visited
                UPDATE folder SET visited_at = NULL WHERE mailbox_id = $1 AND visited_at IS NOT NULL",
            );
            statement.bind(mailbox_id).run().await?;
            return Ok(());
        }
        for folder in &outcome.visited {
            let statement = self.sql(
                r"-- a folder is visited
                UPDATE folder SET visited_at = $2 WHERE id = $1",
            );
            statement.bind(*folder).bind(now).run().await?;
        }
        Ok(())
    }

    /// Keeps the poll's report.
    async fn remember_poll(&mut self, mailbox_id: i64, outcome: &Outcome) -> Result<(), StoreError> {
        let statement = self.sql(
            r"-- remember a poll
            INSERT INTO poll (mailbox_id, started_at, report, notes) VALUES ($1, $2, $3, $4)",
        );
        let statement = statement.bind(mailbox_id).bind(outcome.started_at).bind(&outcome.report);
        statement.bind(to_json(&outcome.notes)).run().await?;
        Ok(())
    }
}
