//! How a poll went, written down when it ends.

use super::db::write;
use super::{Lease, Store, StoreError};
use crate::clock::Timestamp;

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
    /// The error in it, as JSON.
    pub error: Option<String>,
    /// Decisions worth remembering, such as a new UIDVALIDITY.
    pub notes: Vec<String>,
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

/// How long rows about polls are kept.
const KEEP_MS: i64 = 30 * 24 * 3600 * 1000;

/// How long their counts are.
const KEEP_DAYS: i64 = 400;

impl Store {
    /// Writes down how the poll ended and gives the mailbox back.
    pub async fn finish_poll(&self, lease: &Lease, outcome: &Outcome, now: Timestamp) -> Result<(), StoreError> {
        let id = lease.mailbox.id;
        write!(self, tx => {
            let ours = sqlx::query(
                "UPDATE mailbox SET lease_token = NULL, lease_owner = NULL, lease_until = NULL, last_attempt_at = $3, \
                 last_success_at = CASE WHEN $8 THEN $3 ELSE last_success_at END, \
                 failures = CASE WHEN $4 THEN 0 ELSE failures + 1 END, \
                 failing_since = CASE WHEN $4 THEN NULL ELSE coalesce(failing_since, $3) END, \
                 last_error = $5, hold_until = $7, next_poll_at = CASE WHEN $4 AND $7 IS NULL AND next_poll_at > $11 AND next_poll_at < $6 \
                 THEN next_poll_at ELSE $6 END, \
                 day_bytes = CASE WHEN day = $9 THEN day_bytes + $10 ELSE $10 END, day = $9 \
                 WHERE id = $1 AND lease_token = $2",

            )
            .bind(id)
            .bind(lease.token)
            .bind(now.0)
            .bind(outcome.success)
            .bind(outcome.error.as_deref())
            .bind(outcome.next_poll_at.map(|at| at.0))
            .bind(outcome.hold_until.map(|at| at.0))
            .bind(outcome.complete)
            .bind(now.day())
            .bind(i64::try_from(outcome.bytes).unwrap_or(i64::MAX))
            .bind(outcome.started_at.0) // who asked for a look since then gets one
            .execute(&mut *tx)
            .await?
            .rows_affected();
            if ours != 1 {
                return Err(StoreError::LeaseLost);
            }
            sqlx::query(
                "INSERT INTO poll_day (mailbox_id, day, polls, failed) VALUES ($1, $2, 1, $3) ON CONFLICT (mailbox_id, day) \
                 DO UPDATE SET polls = poll_day.polls + 1, failed = poll_day.failed + excluded.failed",
            )
            .bind(id).bind(now.day()).bind(i64::from(!outcome.success)).execute(&mut *tx).await?;
            if outcome.complete {
                sqlx::query("UPDATE folder SET visited_at = NULL WHERE mailbox_id = $1 AND visited_at IS NOT NULL")
                    .bind(id).execute(&mut *tx).await?;
            } else {
                // The folders that got no turn come first the next time.
                for folder in &outcome.visited {
                    sqlx::query("UPDATE folder SET visited_at = $2 WHERE id = $1")
                        .bind(folder).bind(now.0).execute(&mut *tx).await?;
                }
            }
            if outcome.noteworthy {
                sqlx::query("INSERT INTO poll (mailbox_id, started_at, report, notes) VALUES ($1, $2, $3, $4)")
                    .bind(id)
                    .bind(outcome.started_at.0)
                    .bind(&outcome.report)
                    .bind(outcome.notes.join("\n"))
                    .execute(&mut *tx)
                    .await?;
                sqlx::query("DELETE FROM poll WHERE mailbox_id = $1 AND started_at < $2")
                    .bind(id).bind(now.0 - KEEP_MS).execute(&mut *tx).await?;
                sqlx::query("DELETE FROM poll_day WHERE mailbox_id = $1 AND day < $2")
                    .bind(id).bind(now.day() - KEEP_DAYS).execute(&mut *tx).await?;
            }
        });
        Ok(())
    }

    /// Polls of a mailbox on each day since one (days since 1970 UTC), and how many of them failed.
    pub async fn polls_by_day(&self, mailbox_id: i64, since: i64) -> Result<Vec<(i64, i64, i64)>, StoreError> {
        Ok(super::db::read!(self, pool => sqlx::query_as(
            "SELECT day, polls, failed FROM poll_day WHERE mailbox_id = $1 AND day >= $2 ORDER BY day",
        ).bind(mailbox_id).bind(since).fetch_all(pool).await)?)
    }

    /// The newest remembered polls of a mailbox: when, the report, the notes.
    pub async fn recent_polls(
        &self,
        mailbox_id: i64,
        limit: i64,
    ) -> Result<Vec<(Timestamp, String, String)>, StoreError> {
        let rows: Vec<(i64, String, String)> = super::db::read!(self, pool => sqlx::query_as(
            "SELECT started_at, report, notes FROM poll WHERE mailbox_id = $1 ORDER BY id DESC LIMIT $2",
        ).bind(mailbox_id).bind(limit).fetch_all(pool).await)?;
        Ok(rows.into_iter().map(|(at, report, notes)| (Timestamp(at), report, notes)).collect())
    }
}
