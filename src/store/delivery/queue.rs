//! Queues deliveries of new messages to the targets of their inboxes, in the transaction of the import.

use std::ops::Range;
use std::time::Duration;

use crate::clock::Timestamp;
use crate::fact::{DeliveryProblem, to_json};
use crate::store::{StoreError, Tx};

/// The number of the hour, since 1970, that a time is in. The mails of a sender are counted by this hour.
pub fn hour(at: Timestamp) -> i64 {
    at.0.div_euclid(HOUR)
}

/// The length of an hour in milliseconds.
const HOUR: i64 = Duration::from_hours(1).as_millis() as i64;

impl Tx<'_> {
    /// Queues the deliveries of the messages with these numbers. A message that already reached the system behind a target
    /// by forwarding is not delivered to that target. If a sender sends more than `sender_limit` mails to one inbox within
    /// an hour, the rest of them are held, since so many suggest a loop. Mail from before the mailbox was added is not
    /// counted. The hour is taken from INTERNALDATE, so that a backlog of several days does not look like a loop.
    pub(in crate::store) async fn queue_deliveries(
        &mut self,
        messages: Range<i64>,
        sender_limit: i64,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let queue = self.sql(
            r"-- queue the deliveries of new messages
            INSERT INTO delivery (lane_id, message_id, state, created_at, frees_raw, problem, finished_at)
            SELECT lane_id, message_id, state, $3, frees_raw AND state <> 'dropped',
                CASE state WHEN 'dropped' THEN $6 WHEN 'held' THEN $7 END,
                CASE state WHEN 'dropped' THEN CAST($3 AS BIGINT) END
            FROM (
                SELECT lane_id, message_id, frees_raw,
                    CASE
                        WHEN is_forwarded THEN 'dropped'
                        WHEN NOT historic AND sender IS NOT NULL AND coalesce((
                            SELECT r.mails FROM sender_rate r
                            WHERE r.inbox_id = n.inbox_id AND r.sender = n.sender AND r.hour = n.hour
                        ), 0) + row_number() OVER (
                            PARTITION BY lane_id, sender, hour, historic, is_forwarded ORDER BY message_id
                        ) > $5 THEN 'held'
                        ELSE 'queued'
                    END AS state
                FROM (
                    SELECT l.id AS lane_id, m.id AS message_id, m.inbox_id, m.historic, t.only_target AS frees_raw,
                        substr(lower(m.from_address), 1, 200) AS sender, coalesce(m.internal_date, $3) / $4 AS hour,
                        EXISTS (
                            SELECT 1 FROM forwarded f
                            WHERE f.message_id = m.id AND (f.target_id = t.id OR f.target_id = 0)
                        ) AS is_forwarded
                    FROM message m JOIN delivery_lane l ON l.inbox_id = m.inbox_id AND l.accepts
                        JOIN delivery_target t ON t.id = l.target_id
                    WHERE m.id >= $1 AND m.id < $2
                ) AS n
            ) AS s
            ORDER BY message_id, lane_id",
        );
        let queue = queue.bind(messages.start).bind(messages.end).bind(now).bind(HOUR).bind(sender_limit);
        let queue = queue.bind(to_json(&DeliveryProblem::Forwarded));
        if queue.bind(to_json(&DeliveryProblem::TooManyFromSender { limit: sender_limit })).run().await? == 0 {
            return Ok(());
        }
        self.count_mails_by_sender(messages.clone(), now).await?;
        let wake = self.sql(
            r"-- wake the lanes of new deliveries
            UPDATE delivery_lane SET next_at = $3
            WHERE next_at IS NULL AND accepts
                AND inbox_id IN (SELECT inbox_id FROM message WHERE id >= $1 AND id < $2)",
        );
        wake.bind(messages.start).bind(messages.end).bind(now).run().await?;
        Ok(())
    }

    /// Adds the messages to the hourly count of each sender, for inboxes with a target.
    async fn count_mails_by_sender(&mut self, messages: Range<i64>, now: Timestamp) -> Result<(), StoreError> {
        let statement = self.sql(
            r"-- count the mails of senders
            INSERT INTO sender_rate (inbox_id, sender, hour, mails)
            SELECT inbox_id, sender, hour, count(*) FROM (
                SELECT m.inbox_id, substr(lower(m.from_address), 1, 200) AS sender,
                    coalesce(m.internal_date, $3) / $4 AS hour
                FROM message m
                WHERE m.id >= $1 AND m.id < $2 AND NOT m.historic AND m.from_address IS NOT NULL
                    AND m.forwarded_at IS NULL
                    AND EXISTS (SELECT 1 FROM delivery_lane l WHERE l.inbox_id = m.inbox_id AND l.accepts)
            ) AS n
            WHERE TRUE
            GROUP BY inbox_id, sender, hour
            ON CONFLICT (inbox_id, sender, hour) DO UPDATE SET mails = sender_rate.mails + excluded.mails",
        );
        statement.bind(messages.start).bind(messages.end).bind(now).bind(HOUR).run().await?;
        Ok(())
    }
}
