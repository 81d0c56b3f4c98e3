//! The progress of a target through the mails that wait for it.

use crate::clock::Timestamp;
use crate::fact::{CatchUp, LEAST_BACKLOG, MEASURED, Speed};
use crate::store::{DeliveryCounts, DeliveryTarget, Reader, StoreError};

/// Numbers of finished deliveries: since the backlog began, and within the measured period.
#[derive(sqlx::FromRow)]
struct FinishedCounts {
    done: i64,
    recent: i64,
}

impl Reader {
    /// The progress of a target through its backlog; `None` if it has no backlog. The backlog began when the oldest
    /// waiting mail was queued, and includes the mail that was delivered since then.
    pub async fn catch_up(
        &mut self,
        target: &DeliveryTarget,
        counts: DeliveryCounts,
        now: Timestamp,
    ) -> Result<Option<CatchUp>, StoreError> {
        if counts.waiting < LEAST_BACKLOG {
            return Ok(None);
        }
        let oldest = self.sql(
            r"-- oldest waiting delivery of a target
            SELECT min((
                SELECT d.created_at FROM delivery d
                WHERE d.lane_id = l.id AND d.state IN ('queued', 'maybe', 'sending')
                ORDER BY d.id LIMIT 1
            ))
            FROM delivery_lane l WHERE l.target_id = $1",
        );
        let oldest: Option<Timestamp> = oldest.bind(target.id).value().await?;
        let Some(began) = oldest else { return Ok(None) };
        let finished = self.sql(
            r"-- deliveries of a target since its backlog began
            SELECT count(*) AS done, CAST(coalesce(sum(CASE WHEN d.finished_at >= $3 THEN 1 ELSE 0 END), 0) AS BIGINT) AS recent
            FROM delivery d JOIN delivery_lane l ON l.id = d.lane_id
            WHERE l.target_id = $1 AND d.state = 'delivered' AND d.finished_at >= $2",
        );
        let measured = began.max(now.minus(MEASURED));
        let finished: FinishedCounts = finished.bind(target.id).bind(began).bind(measured).only().await?;
        let speed = Speed { done: finished.recent, milliseconds: now.0 - measured.0 };
        let minutes_left = speed.minutes_for(counts.waiting);
        Ok(Some(CatchUp { done: finished.done, total: finished.done + counts.waiting, minutes_left }))
    }
}
