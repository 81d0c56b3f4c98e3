//! The outbox: deliveries are queued in the transaction of the import, sent by the holder of their lane's lease, and
//! stored as `sending` before the first byte leaves. So after a crash no delivery is missing, and Mailferry knows which
//! mails may have arrived.

mod bounced;
mod catch_up;
mod list;
mod queue;

use std::time::Duration;

use super::{DeliveryTarget, Store, StoreError, Tx};
use crate::clock::Timestamp;
use crate::fact::{DeliveryProblem, StoredFact, to_json};
use crate::target::{TargetKind, WhenUnknown};

pub(super) use queue::hour;

pub use list::{DeliveryFilter, DeliveryLine, DeliveryState};

/// A lane with a due delivery.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct DueLane {
    pub id: i64,
    pub target_id: i64,
    /// Whether the last attempt failed through the target's fault, or the target has never accepted a mail.
    pub is_doubtful: bool,
    pub lease_token: Option<i64>,
    pub lease_owner: Option<String>,
    pub lease_until: Option<Timestamp>,
}

/// The right to send from one lane until it expires.
#[derive(Debug, Clone)]
pub struct LaneLease {
    pub lane_id: i64,
    pub organisation_id: i64,
    /// The address of the inbox.
    pub inbox: String,
    /// The address that replies to the inbox's mail must be sent from.
    pub reply_from: Option<String>,
    /// The target as it was when the lease was taken.
    pub target: DeliveryTarget,
    /// A random token. Every write checks that the lane's row still has it.
    pub token: i64,
}

/// A delivery that is being sent, with its message.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct OpenDelivery {
    pub id: i64,
    /// The number of earlier attempts that count against the mail.
    pub attempts: i64,
    /// Whether an earlier attempt may have delivered the mail.
    pub unsure: bool,
    /// Why the last attempt failed.
    pub problem: Option<StoredFact<DeliveryProblem>>,
    pub message_id: i64,
    pub mailbox: String,
    /// The server that the mail was fetched from; `None` if its mailbox no longer exists.
    pub host: Option<String>,
    pub folder: String,
    #[sqlx(try_from = "i64")]
    pub uidvalidity: u32,
    #[sqlx(try_from = "i64")]
    pub uid: u32,
    pub size: i64,
    pub sha256: Vec<u8>,
    pub internal_date: Option<Timestamp>,
    pub imported_at: Timestamp,
    pub historic: bool,
    pub why: String,
    /// When the bytes of the message were deleted after an earlier delivery.
    pub raw_removed_at: Option<Timestamp>,
}

/// The result of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttemptResult {
    /// The target accepted the mail with this answer.
    Delivered { answer: String },
    /// The delivery returns to its place in the queue. `counts`: whether the attempt counts against the mail, because
    /// the target refused this mail.
    Queued { problem: Option<DeliveryProblem>, counts: bool },
    /// The delivery is retried at this time; later mails do not wait for it.
    Deferred { problem: DeliveryProblem, retry_at: Timestamp },
    /// The answer was lost, so the mail may have arrived. The delivery returns to its place in the queue.
    Unsure { problem: DeliveryProblem },
    /// The delivery is held until a person decides. `unsure`: whether the mail may have arrived.
    Held { problem: DeliveryProblem, unsure: bool },
}

/// The state of a target after a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TargetResult {
    /// The target answered as it should.
    Answered,
    /// The target itself failed; it is tried again at this time.
    Failed { problem: DeliveryProblem, retry_at: Timestamp },
    /// The target is paused until a person resumes it, since a retry would not help.
    Stopped { problem: DeliveryProblem },
    /// Nothing was sent.
    Untried,
}

/// The results of a batch.
#[derive(Debug, Clone)]
pub struct BatchResult {
    /// The result of each delivery, by its number.
    pub attempts: Vec<(i64, AttemptResult)>,
    pub target: TargetResult,
    /// When the next queued delivery is due, if one is left.
    pub next_at: Timestamp,
    /// The earliest time of the next delivery that the target's rate allows.
    pub not_before: Option<Timestamp>,
}

/// A worker that takes the lease of a lane, and the time at which that lease ends.
#[derive(Debug, Clone, Copy)]
pub struct LaneTaker<'a> {
    pub owner: &'a str,
    /// The lease token of a previous holder that is known to be dead.
    pub dead_token: Option<i64>,
    pub until: Timestamp,
}

impl Tx<'_> {
    /// Fails unless the lease is still held, and prevents other workers from taking it before the commit.
    async fn check_lane(&mut self, lease: &LaneLease) -> Result<(), StoreError> {
        let statement = self.sql(
            r"-- check the lease of a lane
            UPDATE delivery_lane SET lease_token = lease_token WHERE id = $1 AND lease_token = $2",
        );
        let held = statement.bind(lease.lane_id).bind(lease.token).run().await?;
        if held == 1 { Ok(()) } else { Err(StoreError::LeaseLost) }
    }
}

impl Store {
    /// The current time for leases: by the clock of the database if several machines may use it, so that their own
    /// clocks need not agree.
    pub async fn lease_time(&self, now: Timestamp) -> Result<Timestamp, StoreError> {
        if self.sqlite_file().is_some() {
            return Ok(now);
        }
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- time of the database (PostgreSQL)
            SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)",
        );
        Ok(statement.value().await?)
    }

    /// Lanes with a delivery due at `now`, the longest waiting first, that no other worker serves at `lease_now`.
    /// `local_owner` is the name prefix of the workers on this machine; their lanes are included, since the caller knows
    /// which of these workers are alive. Only one lane of a failing target is returned, as a probe. Returns up to `limit`
    /// lanes of doubtful targets and up to `limit` others, so that dead targets do not crowd out working ones.
    pub async fn due_lanes(
        &self,
        local_owner: &str,
        (now, lease_now): (Timestamp, Timestamp),
        limit: i64,
    ) -> Result<Vec<DueLane>, StoreError> {
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- due lanes
            SELECT id, target_id, is_doubtful, lease_token, lease_owner, lease_until
            FROM (
                SELECT w.*, row_number() OVER (PARTITION BY is_doubtful ORDER BY due_at) AS turn
                FROM (
                    SELECT l.id, l.target_id, t.failures > 0 OR t.last_delivered_at IS NULL AS is_doubtful,
                        t.failures, l.lease_token, l.lease_owner, l.lease_until,
                        coalesce(l.next_at, l.deferred_at) AS due_at, t.concurrency, t.inbox_id,
                        row_number() OVER (PARTITION BY l.target_id ORDER BY coalesce(l.next_at, l.deferred_at)) AS place
                    FROM delivery_lane l JOIN delivery_target t ON t.id = l.target_id
                    WHERE (l.next_at <= $1 OR l.deferred_at <= $1) AND (l.not_before IS NULL OR l.not_before <= $1)
                        AND NOT t.paused AND t.in_use AND (t.retry_at IS NULL OR t.retry_at <= $1)
                        AND (l.lease_token IS NULL OR l.lease_until <= $2 OR l.lease_owner LIKE $3)
                ) AS w
                WHERE place <= CASE WHEN failures > 0 THEN 1 ELSE concurrency END
            ) AS v
            WHERE turn <= $4
            ORDER BY due_at",
        );
        Ok(statement.bind(now).bind(lease_now).bind(format!("{local_owner}%")).bind(limit).all().await?)
    }

    /// Takes the lease of a lane if the lane is free and its target is not paused and has a free connection; otherwise
    /// returns `None`. A mail that a dead holder was sending may have arrived: its delivery is queued as unsure or held,
    /// as [`DeliveryTarget::rule_for_lost_answer`] says.
    pub async fn take_lane(
        &self,
        due: &DueLane,
        taker: LaneTaker<'_>,
        (now, lease_now): (Timestamp, Timestamp),
    ) -> Result<Option<LaneLease>, StoreError> {
        let token: i64 = rand::random();
        let mut tx = self.begin().await?;
        let target = match tx.lock_delivery_target(due.target_id).await {
            Ok(target) => target,
            Err(StoreError::NotFound(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        let busy = tx.sql(
            r"-- count the connections of a delivery target
            SELECT count(*) FROM delivery_lane WHERE target_id = $1 AND id <> $2 AND lease_until > $3",
        );
        let busy: i64 = busy.bind(target.id).bind(due.id).bind(lease_now).value().await?;
        // A target of one inbox has only one lane, which opens all connections to the target.
        if target.paused || (target.inbox_id.is_none() && busy >= target.concurrency) {
            return Ok(None);
        }
        let take = tx.sql(
            r"-- take the lease of a lane
            UPDATE delivery_lane SET lease_token = $2, lease_owner = $3, lease_until = $4
            WHERE id = $1 AND (lease_token IS NULL OR lease_until <= $5 OR lease_token = $6)
            RETURNING inbox_id",
        );
        let take = take.bind(due.id).bind(token).bind(taker.owner).bind(taker.until).bind(lease_now);
        let taken: Option<i64> = take.bind(taker.dead_token).first_value().await?;
        let Some(inbox_id) = taken else { return Ok(None) };
        tx.recover_interrupted(due.id, &target, now).await?;
        let inbox = tx.sql(
            r"-- inbox of a lane
            SELECT address, reply_from, organisation_id FROM inbox WHERE id = $1",
        );
        let (inbox, reply_from, organisation_id) = inbox.bind(inbox_id).only().await?;
        tx.commit().await?;
        Ok(Some(LaneLease { lane_id: due.id, organisation_id, inbox, reply_from, target, token }))
    }

    /// Renews a lease that is still held.
    pub async fn renew_lane(&self, lease: &LaneLease, until: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let statement = tx.sql(
            r"-- renew the lease of a lane
            UPDATE delivery_lane SET lease_until = $3 WHERE id = $1 AND lease_token = $2",
        );
        let renewed = statement.bind(lease.lane_id).bind(lease.token).bind(until).run().await?;
        tx.commit().await?;
        if renewed == 1 { Ok(()) } else { Err(StoreError::LeaseLost) }
    }

    /// Releases a lease that is still held.
    pub async fn release_lane(&self, lease: &LaneLease) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let statement = tx.sql(
            r"-- release the lease of a lane
            UPDATE delivery_lane SET lease_token = NULL, lease_owner = NULL, lease_until = NULL
            WHERE id = $1 AND lease_token = $2",
        );
        statement.bind(lease.lane_id).bind(lease.token).run().await?;
        tx.commit().await
    }

    /// Takes the next deliveries of a lane, and stores them as `sending`. The commit is on disk when this returns.
    pub async fn begin_deliveries(
        &self,
        lease: &LaneLease,
        limit: i64,
        now: Timestamp,
    ) -> Result<Vec<OpenDelivery>, StoreError> {
        let mut tx = self.begin().await?;
        tx.check_lane(lease).await?;
        // `state IN (...)` repeats the condition of the partial index `delivery_open`, so that the index is used.
        let statement = tx.sql(
            r"-- next deliveries of a lane
            SELECT d.id, d.attempts, d.unsure, d.problem, m.id AS message_id, m.mailbox, m.folder, m.uidvalidity, m.uid,
                m.size, m.sha256, m.internal_date, m.imported_at, m.historic, m.why, m.raw_removed_at,
                (SELECT b.host FROM mailbox b WHERE b.address = m.mailbox) AS host
            FROM (
                SELECT id FROM (
                    SELECT id FROM delivery
                    WHERE lane_id = $1 AND state IN ('queued', 'maybe', 'sending') AND state <> 'sending'
                        AND EXISTS (SELECT 1 FROM delivery_lane l WHERE l.id = $1 AND l.next_at <= $2)
                    ORDER BY id LIMIT $3
                ) AS q
                UNION ALL
                SELECT id FROM (
                    SELECT id FROM delivery
                    WHERE lane_id = $1 AND state = 'deferred' AND retry_at <= $2
                    ORDER BY retry_at LIMIT $3
                ) AS r
            ) AS n JOIN delivery d ON d.id = n.id JOIN message m ON m.id = d.message_id
            ORDER BY d.id LIMIT $3",
        );
        let found: Vec<OpenDelivery> = statement.bind(lease.lane_id).bind(now).bind(limit).all().await?;
        let mark = tx.sql(
            r"-- mark deliveries as being sent
            UPDATE delivery SET state = 'sending', last_attempt_at = $1, retry_at = NULL
            WHERE id IN ({list}) AND state IN ('queued', 'maybe', 'deferred')
            RETURNING id",
        );
        let marked: Vec<i64> = mark.bind(now).list(found.iter().map(|delivery| delivery.id)).values().await?;
        tx.commit().await?;
        // The deliveries that were not marked have been dropped since the first query.
        Ok(found.into_iter().filter(|delivery| marked.contains(&delivery.id)).collect())
    }

    /// Stores the results of a batch. The commit is on disk when this returns.
    pub async fn record_deliveries(
        &self,
        lease: &LaneLease,
        result: &BatchResult,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.check_lane(lease).await?;
        for (id, attempt) in &result.attempts {
            tx.record_attempt(*id, attempt, now).await?;
        }
        let has_delivered =
            result.attempts.iter().any(|(_, attempt)| matches!(attempt, AttemptResult::Delivered { .. }));
        match &result.target {
            TargetResult::Answered => tx.target_answered(lease.target.id, has_delivered.then_some(now)).await?,
            TargetResult::Failed { problem, retry_at } => {
                tx.target_failed(lease.target.id, problem, (now, *retry_at)).await?;
            }
            TargetResult::Stopped { problem } => {
                tx.target_failed(lease.target.id, problem, (now, now)).await?;
                tx.pause_delivery_target(lease.target.id, true).await?;
            }
            TargetResult::Untried => {}
        }
        tx.schedule_lane(lease.lane_id, result.next_at).await?;
        let pace = tx.sql(
            r"-- keep the rate of a target
            UPDATE delivery_lane SET not_before = $2 WHERE id = $1",
        );
        pace.bind(lease.lane_id).bind(result.not_before).run().await?;
        tx.commit().await
    }
}

impl Tx<'_> {
    /// Marks the deliveries that a dead worker was sending as unsure, since the mails may have arrived.
    async fn recover_interrupted(
        &mut self,
        lane_id: i64,
        target: &DeliveryTarget,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        // `state IN (...)` repeats the condition of the partial index `delivery_open`, so that the index is used.
        let statement = self.sql(
            r"-- recover interrupted deliveries
            UPDATE delivery SET state = $2, unsure = TRUE, attempts = attempts + 1, problem = $3
            WHERE lane_id = $1 AND state IN ('queued', 'maybe', 'sending') AND state = 'sending'",
        );
        let state = match target.rule_for_lost_answer() {
            WhenUnknown::Repeat => "maybe",
            WhenUnknown::Hold => "held",
        };
        let problem = to_json(&DeliveryProblem::Interrupted);
        let recovered = statement.bind(lane_id).bind(state).bind(problem).run().await?;
        // An SMTP relay may need a while to deliver a mail that it has accepted; an LMTP server answers after the delivery.
        let is_on_its_way = recovered > 0 && target.look_in.is_some() && target.kind() == TargetKind::Smtp;
        let next_at = if is_on_its_way { now.plus(RELAY_TIME) } else { now };
        self.schedule_lane(lane_id, next_at).await
    }

    async fn record_attempt(&mut self, id: i64, attempt: &AttemptResult, now: Timestamp) -> Result<(), StoreError> {
        let (state, problem, counts) = match attempt {
            AttemptResult::Delivered { .. } => ("delivered", None, true),
            AttemptResult::Queued { problem, counts } => ("queued", problem.as_ref(), *counts),
            AttemptResult::Deferred { problem, .. } => ("deferred", Some(problem), true),
            AttemptResult::Unsure { problem } => ("maybe", Some(problem), true),
            AttemptResult::Held { problem, .. } => ("held", Some(problem), true),
        };
        let retry_at = match attempt {
            AttemptResult::Deferred { retry_at, .. } => Some(*retry_at),
            _ => None,
        };
        let answer = match attempt {
            AttemptResult::Delivered { answer } => Some(answer.as_str()),
            _ => None,
        };
        let is_unsure = matches!(attempt, AttemptResult::Unsure { .. } | AttemptResult::Held { unsure: true, .. });
        let is_finished = matches!(attempt, AttemptResult::Delivered { .. });
        let statement = self.sql(
            r"-- record an attempt
            UPDATE delivery SET
                state = CASE
                    WHEN $2 = 'queued' AND unsure THEN 'maybe'
                    WHEN $2 = 'delivered' AND returned IS NOT NULL THEN 'held'
                    ELSE $2
                END,
                problem = coalesce($3, CASE WHEN $2 = 'delivered' THEN returned ELSE problem END),
                attempts = attempts + $4, retry_at = $5, answer = $6, unsure = unsure OR $7,
                finished_at = CASE WHEN returned IS NULL THEN CAST($8 AS BIGINT) END
            WHERE id = $1 AND state = 'sending'",
        );
        let statement = statement.bind(id).bind(state).bind(problem.map(to_json)).bind(i64::from(counts));
        let statement = statement.bind(retry_at).bind(answer).bind(is_unsure).bind(is_finished.then_some(now));
        statement.run().await?;
        Ok(())
    }

    /// Sets both times at which a lane is due: `next_at` if a delivery is queued, and the earliest retry of its
    /// deferred deliveries.
    pub(super) async fn schedule_lane(&mut self, lane_id: i64, next_at: Timestamp) -> Result<(), StoreError> {
        let statement = self.sql(
            r"-- schedule a lane
            UPDATE delivery_lane SET
                next_at = CASE WHEN EXISTS (
                    SELECT 1 FROM delivery d
                    WHERE d.lane_id = delivery_lane.id AND d.state IN ('queued', 'maybe', 'sending')
                ) THEN CAST($2 AS BIGINT) END,
                deferred_at = (
                    SELECT min(d.retry_at) FROM delivery d WHERE d.lane_id = delivery_lane.id AND d.state = 'deferred'
                )
            WHERE id = $1",
        );
        statement.bind(lane_id).bind(next_at).run().await?;
        Ok(())
    }
}

/// The time within which a relay usually delivers a mail.
const RELAY_TIME: Duration = Duration::from_mins(5);

/// The duration of a lane's lease, unless the lease is renewed.
pub const LANE_LEASE: Duration = Duration::from_secs(60);
