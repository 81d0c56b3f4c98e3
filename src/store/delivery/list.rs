//! Deliveries for people: lists, retries and drops.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::fact::{DeliveryProblem, Resource, StoredFact};
use crate::store::{Reader, Scope, StoreError, Tx};

/// The state of a delivery, as people see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum DeliveryState {
    /// The delivery waits for its turn.
    Queued,
    /// The mail is being sent.
    Sending,
    /// An attempt may have delivered the mail, which is sent again with the same id.
    Maybe,
    /// The target refused the mail for now; the delivery is retried automatically.
    Deferred,
    /// The delivery is not sent until a person decides.
    Held,
    /// The target has accepted the mail.
    Delivered,
    /// A person dropped the delivery, or the mail had already come by forwarding.
    Dropped,
}

impl DeliveryState {
    /// The name as stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Maybe => "maybe",
            Self::Deferred => "deferred",
            Self::Held => "held",
            Self::Delivered => "delivered",
            Self::Dropped => "dropped",
        }
    }
}

impl TryFrom<String> for DeliveryState {
    type Error = String;

    fn try_from(stored: String) -> Result<Self, String> {
        let all =
            [Self::Queued, Self::Sending, Self::Maybe, Self::Deferred, Self::Held, Self::Delivered, Self::Dropped];
        all.into_iter()
            .find(|state| state.as_str() == stored)
            .ok_or_else(|| format!("the state of a delivery: {}", crate::shown::shown(&stored)))
    }
}

/// A delivery, as a line of `mailferry delivery list` and in the API.
#[derive(Debug, Clone, Serialize, sqlx::FromRow, utoipa::ToSchema)]
#[schema(as = Delivery)]
pub struct DeliveryLine {
    /// The delivery's number.
    pub id: i64,
    /// The target's number.
    pub target: i64,
    /// The target's URL.
    pub url: String,
    /// The address of the inbox.
    #[schema(example = "jobb.lillestad.se@mail.kundo.se")]
    pub inbox: String,
    #[serde(skip)]
    pub organisation_id: i64,
    #[serde(skip)]
    pub lane_id: i64,
    /// The message's number.
    pub message: i64,
    /// The sender of the message.
    #[sqlx(rename = "from_address")]
    pub from: Option<String>,
    /// The subject of the message.
    pub subject: Option<String>,
    /// The state of the delivery.
    #[sqlx(try_from = "String")]
    pub state: DeliveryState,
    /// Whether the answer to an attempt was lost, so that the target may have the mail already.
    pub unsure: bool,
    /// The number of attempts.
    pub attempts: i64,
    /// When the mail was queued.
    pub created_at: Timestamp,
    /// When the delivery was last attempted.
    pub last_attempt_at: Option<Timestamp>,
    /// When a deferred delivery is tried again.
    pub retry_at: Option<Timestamp>,
    /// Why the last attempt failed.
    #[schema(value_type = Option<String>)]
    pub problem: Option<StoredFact<DeliveryProblem>>,
    /// The target's answer to the attempt that delivered the mail.
    pub answer: Option<String>,
    /// When the mail was delivered or the delivery was dropped.
    pub finished_at: Option<Timestamp>,
}

/// Selects deliveries. `None` means all.
#[derive(Debug, Default, Clone, Copy)]
pub struct DeliveryFilter<'a> {
    pub state: Option<DeliveryState>,
    pub target: Option<i64>,
    /// The address of an inbox.
    pub inbox: Option<&'a str>,
    pub message: Option<i64>,
}

/// The number of unfinished deliveries, and of failing targets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct DeliveryTotals {
    /// Deliveries that wait for their turn or for a retry, or are being sent.
    pub waiting: i64,
    /// Deliveries that are held until a person decides.
    pub held: i64,
    /// Number of failing targets.
    pub failing_targets: i64,
}

impl Reader {
    /// A page of the deliveries within the scope, newest first: those with a lower number than `before`.
    pub async fn deliveries(
        &mut self,
        scope: Scope,
        filter: DeliveryFilter<'_>,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<DeliveryLine>, StoreError> {
        let statement = self.sql(
            r"-- page of deliveries
            {delivery}
            WHERE ($1 IS NULL OR i.organisation_id = $1) AND ($2 IS NULL OR d.state = $2)
                AND ($3 IS NULL OR l.target_id = $3) AND ($4 IS NULL OR i.address = $4)
                AND ($5 IS NULL OR d.message_id = $5) AND ($6 IS NULL OR d.id < $6)
            ORDER BY d.id DESC LIMIT $7",
        );
        let statement = statement.bind(scope.id()).bind(filter.state.map(DeliveryState::as_str)).bind(filter.target);
        Ok(statement.bind(filter.inbox).bind(filter.message).bind(before).bind(limit).all().await?)
    }

    /// # Errors
    /// [`Resource::Delivery`] is missing, or outside the scope.
    pub async fn delivery(&mut self, id: i64, scope: Scope) -> Result<DeliveryLine, StoreError> {
        let statement = self.sql(
            r"-- delivery
            {delivery} WHERE d.id = $1 AND ($2 IS NULL OR i.organisation_id = $2)",
        );
        let found = statement.bind(id).bind(scope.id()).first().await?;
        found.ok_or_else(|| Resource::Delivery(id.to_string()).missing())
    }

    /// Counts the unfinished deliveries and the failing targets.
    pub async fn delivery_totals(&mut self) -> Result<DeliveryTotals, StoreError> {
        let statement = self.sql(
            r"-- count unfinished deliveries and failing targets
            SELECT (SELECT count(*) FROM delivery WHERE state IN ('queued', 'maybe', 'sending'))
                    + (SELECT count(*) FROM delivery WHERE state = 'deferred') AS waiting,
                (SELECT count(*) FROM delivery WHERE state = 'held') AS held,
                (SELECT count(*) FROM delivery_target WHERE failures > 0) AS failing_targets",
        );
        Ok(statement.only().await?)
    }
}

impl Tx<'_> {
    /// Puts a delivery that waits, is held or was dropped back into the queue, and resets its attempts. Returns false if
    /// the mail was delivered or is being sent.
    pub async fn retry_delivery(&mut self, delivery: &DeliveryLine, now: Timestamp) -> Result<bool, StoreError> {
        let statement = self.sql(
            r"-- retry a delivery
            UPDATE delivery SET state = CASE WHEN unsure THEN 'maybe' ELSE 'queued' END, attempts = 0, retry_at = NULL,
                finished_at = NULL, returned = NULL
            WHERE id = $1 AND state IN ('held', 'deferred', 'queued', 'maybe', 'dropped')",
        );
        let retried = statement.bind(delivery.id).run().await?;
        self.schedule_lane(delivery.lane_id, now).await?;
        Ok(retried == 1)
    }

    /// Retries all held deliveries of a target. Returns the number of these deliveries.
    pub async fn retry_held(&mut self, target_id: i64, now: Timestamp) -> Result<u64, StoreError> {
        let statement = self.sql(
            r"-- retry the held deliveries of a target
            UPDATE delivery SET state = CASE WHEN unsure THEN 'maybe' ELSE 'queued' END, attempts = 0, retry_at = NULL,
                returned = NULL
            WHERE state = 'held' AND lane_id IN (SELECT id FROM delivery_lane WHERE target_id = $1)",
        );
        let retried = statement.bind(target_id).run().await?;
        self.schedule_lanes(target_id, now).await?;
        Ok(retried)
    }

    /// Drops an unfinished delivery. The message stays in the inbox. Returns false if the delivery is finished or is
    /// being sent.
    pub async fn drop_delivery(&mut self, delivery: &DeliveryLine, now: Timestamp) -> Result<bool, StoreError> {
        let statement = self.sql(
            r"-- drop a delivery
            UPDATE delivery SET state = 'dropped', retry_at = NULL, finished_at = $2
            WHERE id = $1 AND state IN ('held', 'deferred', 'queued', 'maybe')",
        );
        let dropped = statement.bind(delivery.id).bind(now).run().await?;
        if dropped == 1 {
            self.keep_bytes(delivery.message).await?;
        }
        self.schedule_lane(delivery.lane_id, now).await?;
        Ok(dropped == 1)
    }

    /// Drops all held deliveries of a target. Returns the number of these deliveries.
    pub async fn drop_held(&mut self, target_id: i64, now: Timestamp) -> Result<u64, StoreError> {
        let keep = self.sql(
            r"-- keep the bytes of held messages that are dropped
            UPDATE delivery SET frees_raw = FALSE WHERE message_id IN (
                SELECT d.message_id FROM delivery d JOIN delivery_lane l ON l.id = d.lane_id
                WHERE d.state = 'held' AND l.target_id = $1
            )",
        );
        keep.bind(target_id).run().await?;
        let statement = self.sql(
            r"-- drop the held deliveries of a target
            UPDATE delivery SET state = 'dropped', finished_at = $2
            WHERE state = 'held' AND lane_id IN (SELECT id FROM delivery_lane WHERE target_id = $1)",
        );
        Ok(statement.bind(target_id).bind(now).run().await?)
    }

    /// Moves a held delivery to another target of the same inbox, and queues it there. Returns false if the delivery is
    /// not held.
    pub async fn move_delivery(
        &mut self,
        delivery: &DeliveryLine,
        target_id: i64,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let statement = self.sql(
            r"-- move a held delivery to another target
            UPDATE delivery SET state = 'queued', unsure = FALSE, attempts = 0, retry_at = NULL, returned = NULL,
                frees_raw = frees_raw AND (SELECT t.only_target FROM delivery_target t WHERE t.id = $3), lane_id = (
                    SELECT n.id FROM delivery_lane n JOIN delivery_lane l ON l.inbox_id = n.inbox_id
                    WHERE l.id = $2 AND n.target_id = $3
                )
            WHERE id = $1 AND state = 'held'",
        );
        let moved = statement.bind(delivery.id).bind(delivery.lane_id).bind(target_id).run().await?;
        self.schedule_lanes(target_id, now).await?;
        Ok(moved == 1)
    }

    async fn schedule_lanes(&mut self, target_id: i64, now: Timestamp) -> Result<(), StoreError> {
        let statement = self.sql(
            r"-- lanes of a delivery target
            SELECT id FROM delivery_lane WHERE target_id = $1",
        );
        let lanes: Vec<i64> = statement.bind(target_id).values().await?;
        for lane in lanes {
            self.schedule_lane(lane, now).await?;
        }
        Ok(())
    }
}
