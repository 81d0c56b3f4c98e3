//! Queues new messages for the targets of their inboxes, in the transaction of the import.

use std::ops::Range;
use std::time::Duration;

use crate::clock::Timestamp;
use crate::fact::{DeliveryProblem, to_json};
use crate::store::{StoreError, Tx};

/// The hour in which the mails of a sender are counted, since 1970.
pub fn hour(at: Timestamp) -> i64 {
    at.0.div_euclid(i64::try_from(Duration::from_hours(1).as_millis()).unwrap_or(i64::MAX))
}

impl Tx<'_> {
    /// Queues the deliveries of the messages with these numbers. A message that reached the importing system by forwarding is not
    /// delivered. What one sender sends to one inbox beyond `sender_limit` mails an hour is held, since only a loop sends so much;
    /// mail that was there before its mailbox was added does not count.
    pub(in crate::store) async fn queue_deliveries(
        &mut self,
        messages: Range<i64>,
        sender_limit: i64,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let hour = hour(now);
        let queue = self.sql(
            r"-- queue the deliveries of new messages
            INSERT INTO delivery (lane_id, message_id, state, created_at, frees_raw, problem, finished_at)
            SELECT lane_id, message_id, state, $3, frees_raw,
                CASE state WHEN 'dropped' THEN $6 WHEN 'held' THEN $7 END,
                CASE state WHEN 'dropped' THEN CAST($3 AS BIGINT) END
            FROM (
                SELECT l.id AS lane_id, m.id AS message_id, t.only_target AS frees_raw,
                    CASE
                        WHEN m.forwarded_at IS NOT NULL THEN 'dropped'
                        WHEN NOT m.historic AND m.from_address IS NOT NULL AND coalesce((
                            SELECT r.mails FROM sender_rate r
                            WHERE r.inbox_id = m.inbox_id AND r.sender = m.from_address AND r.hour = $4
                        ), 0) + row_number() OVER (
                            PARTITION BY l.id, m.from_address, m.historic, m.forwarded_at IS NULL ORDER BY m.id
                        ) > $5 THEN 'held'
                        ELSE 'queued'
                    END AS state
                FROM message m JOIN delivery_lane l ON l.inbox_id = m.inbox_id AND l.accepts
                    JOIN delivery_target t ON t.id = l.target_id
                WHERE m.id >= $1 AND m.id < $2
            ) AS n
            ORDER BY message_id, lane_id",
        );
        let queue = queue.bind(messages.start).bind(messages.end).bind(now).bind(hour).bind(sender_limit);
        let queue = queue.bind(to_json(&DeliveryProblem::Forwarded));
        if queue.bind(to_json(&DeliveryProblem::TooManyFromSender { limit: sender_limit })).run().await? == 0 {
            return Ok(());
        }
        self.count_senders(messages.clone(), hour).await?;
        let wake = self.sql(
            r"-- wake the lanes of new deliveries
            UPDATE delivery_lane SET next_at = $3
            WHERE next_at IS NULL AND accepts
                AND inbox_id IN (SELECT inbox_id FROM message WHERE id >= $1 AND id < $2)",
        );
        wake.bind(messages.start).bind(messages.end).bind(now).run().await?;
        Ok(())
    }

    /// Counts the mails of each sender to each inbox with a target.
    async fn count_senders(&mut self, messages: Range<i64>, hour: i64) -> Result<(), StoreError> {
        let statement = self.sql(
            r"-- count the mails of senders
            INSERT INTO sender_rate (inbox_id, sender, hour, mails)
            SELECT m.inbox_id, m.from_address, $3, count(*) FROM message m
            WHERE m.id >= $1 AND m.id < $2 AND NOT m.historic AND m.from_address IS NOT NULL AND m.forwarded_at IS NULL
                AND EXISTS (SELECT 1 FROM delivery_lane l WHERE l.inbox_id = m.inbox_id AND l.accepts)
            GROUP BY m.inbox_id, m.from_address
            ON CONFLICT (inbox_id, sender, hour) DO UPDATE SET mails = sender_rate.mails + excluded.mails",
        );
        statement.bind(messages.start).bind(messages.end).bind(hour).run().await?;
        Ok(())
    }
}
