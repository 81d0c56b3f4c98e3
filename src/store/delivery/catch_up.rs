//! The progress of a target through the mails that wait for it.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::fact::CatchUp;
use crate::store::{DeliveryCounts, DeliveryTarget, Reader, StoreError};

/// The smallest backlog whose progress is shown.
const MIN_BACKLOG: i64 = 50;
/// The period over which the speed is measured.
const MEASURED: Duration = Duration::from_mins(10);

/// Numbers of finished deliveries: since the backlog began, and within the measured period.
#[derive(sqlx::FromRow)]
struct FinishedCounts {
    done: i64,
    recent: i64,
}

impl Reader {
    /// The progress of a target through its backlog; `None` if it has none. The backlog began when the oldest waiting mail was
    /// queued, and includes the mail that was delivered since then.
    pub async fn catch_up(
        &mut self,
        target: &DeliveryTarget,
        counts: DeliveryCounts,
        now: Timestamp,
    ) -> Result<Option<CatchUp>, StoreError> {
        if counts.waiting < MIN_BACKLOG {
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
        let seconds = (now.0 - measured.0).max(1) / 1000 + 1;
        let minutes_left = (finished.recent > 0).then(|| counts.waiting * seconds / finished.recent / 60 + 1);
        Ok(Some(CatchUp { done: finished.done, total: finished.done + counts.waiting, minutes_left }))
    }
}
