//! Mail that also reaches the importing system by forwarding. While a customer switches over, each mail arrives twice
//! but counts once.

use std::ops::Range;

use super::{Mailbox, Reader, Store, StoreError, Tx};
use crate::clock::Timestamp;
use crate::fact::{BothWays, DeliveryProblem, to_json};

/// The copy of a forwarded mail that counts. This is the answer to a [`ForwardReport`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CountedCopy {
    /// The forwarded copy; the polled one is not delivered.
    Forwarded,
    /// The polled copy, which is this message: it was or may have been delivered, or is in the built-in store.
    Polled { message: i64 },
}

/// A report by the importing system that a mail reached it by forwarding.
#[derive(Debug, Clone, Copy)]
pub struct ForwardReport {
    pub inbox_id: i64,
    /// The hash by which copies of a mail are recognised: the same as in the column `message.identity`.
    pub identity: [u8; 32],
    /// The target that delivers to the importing system; `None` if that system reads the built-in store.
    pub target: Option<i64>,
}

impl ForwardReport {
    /// The target as stored: 0 for `None`.
    fn target_id(&self) -> i64 {
        self.target.unwrap_or(0)
    }
}

/// Maximum number of polled mails, and of forwarded mails, to compare.
const MAX_COMPARED: usize = 50;
/// Number of the latest messages in an inbox that are searched for these mails.
const MAX_SEARCHED: i64 = 500;

/// One of the latest messages of an inbox.
#[derive(sqlx::FromRow)]
struct LatestMessage {
    is_polled: bool,
    is_forwarded: bool,
    imported_at: Timestamp,
}

impl Tx<'_> {
    /// Records that a mail reached the importing system by forwarding, and returns which copy counts. A repeated report
    /// gets the same answer.
    pub async fn record_forwarded(
        &mut self,
        report: &ForwardReport,
        now: Timestamp,
    ) -> Result<CountedCopy, StoreError> {
        if let Some(answer) = self.recorded_answer(report).await? {
            return Ok(answer);
        }
        // Imports take this lock too, so a concurrent import either sees this report or has stored its message by now.
        self.block_imports().await?;
        let polled = self.polled_copy(report).await?;
        let is_forwarded_counted = match polled {
            None => true,
            // The importing system reads the built-in store, so it has the polled copy as well.
            Some(_) if report.target.is_none() => false,
            Some(message) => self.drop_unsent(message, report, now).await?,
        };
        let record = self.sql(
            r"-- record a forwarded mail
            INSERT INTO forwarded (inbox_id, identity, target_id, seen_at, message_id, keep) VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT DO NOTHING",
        );
        let record = record.bind(report.inbox_id).bind(report.identity.to_vec()).bind(report.target_id()).bind(now);
        if record.bind(polled).bind(is_forwarded_counted).run().await? == 0 {
            return Ok(self.recorded_answer(report).await?.unwrap_or(CountedCopy::Forwarded));
        }
        let Some(message) = polled else { return Ok(CountedCopy::Forwarded) };
        let mark = self.sql(
            r"-- mark a message as forwarded
            UPDATE message SET forwarded_at = coalesce(forwarded_at, $2) WHERE id = $1",
        );
        mark.bind(message).bind(now).run().await?;
        Ok(if is_forwarded_counted { CountedCopy::Forwarded } else { CountedCopy::Polled { message } })
    }

    /// The oldest message of the reported mail in the inbox that no earlier report for this target is matched with.
    async fn polled_copy(&mut self, report: &ForwardReport) -> Result<Option<i64>, StoreError> {
        let statement = self.sql(
            r"-- polled copy of a forwarded mail
            SELECT m.id FROM message m
            WHERE m.inbox_id = $1 AND m.identity = $2
                AND NOT EXISTS (SELECT 1 FROM forwarded f WHERE f.message_id = m.id AND f.target_id = $3)
            ORDER BY m.id LIMIT 1",
        );
        let statement = statement.bind(report.inbox_id).bind(report.identity.to_vec());
        Ok(statement.bind(report.target_id()).first_value().await?)
    }

    /// Drops the deliveries of a message to a target. Returns false and changes nothing if the target has or may have
    /// the message.
    async fn drop_unsent(&mut self, message: i64, report: &ForwardReport, now: Timestamp) -> Result<bool, StoreError> {
        // This waits for a worker that is about to send one of these deliveries, or makes that worker wait.
        let lock = self.sql(
            r"-- lock the deliveries of a message
            UPDATE delivery SET state = state WHERE message_id = $1",
        );
        lock.bind(message).run().await?;
        let sent = self.sql(
            r"-- count the deliveries that a target may have
            SELECT count(*) FROM delivery d JOIN delivery_lane l ON l.id = d.lane_id
            WHERE d.message_id = $1 AND l.target_id = $2 AND d.state <> 'dropped'
                AND (d.state IN ('sending', 'maybe', 'delivered') OR d.unsure)",
        );
        let sent: i64 = sent.bind(message).bind(report.target_id()).value().await?;
        if sent > 0 {
            return Ok(false);
        }
        let drop = self.sql(
            r"-- drop the deliveries of a forwarded message
            UPDATE delivery SET state = 'dropped', retry_at = NULL, finished_at = $3, problem = $4
            WHERE message_id = $1 AND state IN ('queued', 'deferred', 'held')
                AND lane_id IN (SELECT id FROM delivery_lane WHERE target_id = $2)",
        );
        let drop = drop.bind(message).bind(report.target_id()).bind(now);
        drop.bind(to_json(&DeliveryProblem::Forwarded)).run().await?;
        self.keep_bytes(message).await?;
        Ok(true)
    }

    /// The answer to an earlier report.
    async fn recorded_answer(&mut self, report: &ForwardReport) -> Result<Option<CountedCopy>, StoreError> {
        let statement = self.sql(
            r"-- answer to an earlier report
            SELECT keep, message_id FROM forwarded WHERE inbox_id = $1 AND identity = $2 AND target_id = $3",
        );
        let statement = statement.bind(report.inbox_id).bind(report.identity.to_vec()).bind(report.target_id());
        let found: Option<(bool, Option<i64>)> = statement.first().await?;
        Ok(found.map(|(is_forwarded_counted, message)| match message {
            Some(message) if !is_forwarded_counted => CountedCopy::Polled { message },
            _ => CountedCopy::Forwarded,
        }))
    }

    /// Marks new messages that were already reported as forwarded. Each report matches one message, so that the second
    /// of two equal mails is still delivered. If the importing system reads the built-in store, the message counts as
    /// acknowledged.
    pub(super) async fn match_forwarded(&mut self, messages: Range<i64>, now: Timestamp) -> Result<(), StoreError> {
        let find = self.sql(
            r"-- find the polled copies of forwarded mails
            UPDATE forwarded SET message_id = m.id FROM message m
            WHERE m.id >= $1 AND m.id < $2 AND forwarded.inbox_id = m.inbox_id AND forwarded.identity = m.identity
                AND forwarded.message_id IS NULL",
        );
        if find.bind(messages.start).bind(messages.end).run().await? == 0 {
            return Ok(());
        }
        let mark = self.sql(
            r"-- mark the new messages that were forwarded
            UPDATE message SET forwarded_at = (SELECT min(f.seen_at) FROM forwarded f WHERE f.message_id = message.id),
                acknowledged_at = CASE
                    WHEN EXISTS (SELECT 1 FROM forwarded f WHERE f.message_id = message.id AND f.target_id = 0)
                        THEN CAST($3 AS BIGINT)
                    ELSE acknowledged_at
                END
            WHERE id >= $1 AND id < $2 AND EXISTS (SELECT 1 FROM forwarded f WHERE f.message_id = message.id)",
        );
        mark.bind(messages.start).bind(messages.end).bind(now).run().await?;
        Ok(())
    }
}

impl Reader {
    /// The targets that new mail of an inbox is delivered to.
    pub async fn accepting_targets(&mut self, inbox_id: i64) -> Result<Vec<i64>, StoreError> {
        let statement = self.sql(
            r"-- targets of new mail
            SELECT target_id FROM delivery_lane WHERE inbox_id = $1 AND accepts ORDER BY target_id",
        );
        Ok(statement.bind(inbox_id).values().await?)
    }
}

impl Store {
    /// Compares the latest mails of a mailbox with those that came by forwarding, which are either reported by the
    /// importing system or polled from the inbox's own address. Returns `None` if no mail came both ways.
    pub async fn both_ways(&self, mailbox: &Mailbox) -> Result<Option<BothWays>, StoreError> {
        if mailbox.address == mailbox.inbox {
            return Ok(None);
        }
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- ways of the latest messages of an inbox
            SELECT m.imported_at,
                EXISTS (
                    SELECT 1 FROM arrival a JOIN epoch e ON e.id = a.epoch_id JOIN folder f ON f.id = e.folder_id
                    WHERE a.message_id = m.id AND f.mailbox_id = $3
                ) AS is_polled,
                m.forwarded_at IS NOT NULL OR EXISTS (
                    SELECT 1 FROM arrival a JOIN epoch e ON e.id = a.epoch_id JOIN folder f ON f.id = e.folder_id
                        JOIN mailbox b ON b.id = f.mailbox_id
                    WHERE a.message_id = m.id AND b.address = $2
                ) AS is_forwarded
            FROM (SELECT * FROM message WHERE inbox_id = $1 ORDER BY id DESC LIMIT $4) AS m
            ORDER BY m.id DESC",
        );
        let statement = statement.bind(mailbox.inbox_id).bind(mailbox.inbox.clone()).bind(mailbox.id);
        let latest: Vec<LatestMessage> = statement.bind(MAX_SEARCHED).all().await?;
        let polled: Vec<&LatestMessage> = latest.iter().filter(|mail| mail.is_polled).take(MAX_COMPARED).collect();
        let forwarded: Vec<&LatestMessage> =
            latest.iter().filter(|mail| mail.is_forwarded).take(MAX_COMPARED).collect();
        let also_forwarded = polled.iter().filter(|mail| mail.is_forwarded).count();
        let Some(oldest) = forwarded.last().filter(|_| also_forwarded > 0) else { return Ok(None) };
        let also_polled = forwarded.iter().filter(|mail| mail.is_polled).count();
        let missed = match mailbox.status.last_success_at {
            Some(polled_at) => {
                reader.forwarded_only(mailbox.inbox_id, (oldest.imported_at, Timestamp(polled_at))).await?
            }
            None => 0,
        };
        Ok(Some(BothWays {
            polled: polled.len(),
            also_forwarded,
            forwarded: (forwarded.len() + missed).min(MAX_COMPARED),
            also_polled: also_polled.min(MAX_COMPARED.saturating_sub(missed)),
            forwarding_can_end: also_polled == MAX_COMPARED && missed == 0,
            polling_can_end: also_forwarded == MAX_COMPARED,
        }))
    }
}

impl Reader {
    /// Counts the mails that were reported as forwarded within this period but not polled.
    async fn forwarded_only(
        &mut self,
        inbox_id: i64,
        (since, until): (Timestamp, Timestamp),
    ) -> Result<usize, StoreError> {
        let statement = self.sql(
            r"-- count the mails that were only forwarded
            SELECT count(*) FROM forwarded
            WHERE inbox_id = $1 AND message_id IS NULL AND seen_at >= $2 AND seen_at < $3",
        );
        let count: i64 = statement.bind(inbox_id).bind(since).bind(until).value().await?;
        Ok(usize::try_from(count).unwrap_or(usize::MAX))
    }
}
