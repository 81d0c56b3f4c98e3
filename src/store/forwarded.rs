//! Mail that reached the importing system by forwarding too: while a customer switches over, each mail comes twice, and counts once.

use std::ops::Range;

use super::{Inbox, Mailbox, Reader, Store, StoreError, Tx};
use crate::clock::Timestamp;
use crate::fact::{BothWays, DeliveryProblem, to_json};

/// The copy of a forwarded mail that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstCopy {
    /// The forwarded copy. The polled one is not delivered.
    Forwarded,
    /// The polled copy, which is this message: it was delivered before, or may have been.
    Polled { message: i64 },
}

/// Mails that are compared.
const COMPARED: usize = 50;
/// The latest messages of the inbox, among which they are looked for.
const LATEST: i64 = 500;

/// One of the latest messages of an inbox.
#[derive(sqlx::FromRow)]
struct Latest {
    is_polled: bool,
    is_forwarded: bool,
    imported_at: Timestamp,
}

/// A copy of a mail in an inbox.
#[derive(sqlx::FromRow)]
struct Copy {
    id: i64,
    deliveries: i64,
    /// Deliveries that the target has, or may have.
    sent: i64,
    /// Whether new mail of the inbox is delivered to a target.
    has_target: bool,
}

impl Copy {
    /// Whether no target has the mail, although one should. Without a target the importing system reads it from the store.
    fn is_undelivered(&self) -> bool {
        if self.deliveries == 0 { self.has_target } else { self.sent == 0 }
    }
}

impl Tx<'_> {
    /// Records that a mail reached the importing system by forwarding, and says which copy counts. The same report again gets the
    /// same answer.
    pub async fn record_forwarded(
        &mut self,
        inbox: &Inbox,
        identity: [u8; 32],
        now: Timestamp,
    ) -> Result<FirstCopy, StoreError> {
        // As an import does, so that an import at the same time sees this report, or is seen by it.
        self.block_imports().await?;
        let polled = self.polled_copy(inbox, identity).await?;
        let came_first = polled.as_ref().is_none_or(Copy::is_undelivered);
        let record = self.sql(
            r"-- record a forwarded mail
            INSERT INTO forwarded (inbox_id, identity, seen_at, matched_at, came_first) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT DO NOTHING",
        );
        let record = record.bind(inbox.id).bind(identity.to_vec()).bind(now);
        if record.bind(polled.as_ref().map(|_| now)).bind(came_first).run().await? == 0 {
            return self.recorded_answer(inbox, identity).await;
        }
        let Some(Copy { id, .. }) = polled else { return Ok(FirstCopy::Forwarded) };
        let mark = self.sql(
            r"-- mark a message as forwarded
            UPDATE message SET forwarded_at = $2 WHERE id = $1",
        );
        mark.bind(id).bind(now).run().await?;
        if !came_first {
            return Ok(FirstCopy::Polled { message: id });
        }
        let drop = self.sql(
            r"-- drop the deliveries of a forwarded message
            UPDATE delivery SET state = 'dropped', retry_at = NULL, finished_at = $2, problem = $3
            WHERE message_id = $1 AND state IN ('queued', 'deferred', 'held')",
        );
        drop.bind(id).bind(now).bind(to_json(&DeliveryProblem::Forwarded)).run().await?;
        Ok(FirstCopy::Forwarded)
    }

    /// The oldest copy in the inbox that came from a customer's mailbox, and was not matched yet.
    async fn polled_copy(&mut self, inbox: &Inbox, identity: [u8; 32]) -> Result<Option<Copy>, StoreError> {
        let statement = self.sql(
            r"-- polled copy of a forwarded mail
            SELECT m.id, (SELECT count(*) FROM delivery d WHERE d.message_id = m.id) AS deliveries,
                (
                    SELECT count(*) FROM delivery d
                    WHERE d.message_id = m.id AND (d.state IN ('sending', 'maybe', 'delivered') OR d.unsure)
                ) AS sent,
                EXISTS (SELECT 1 FROM delivery_lane l WHERE l.inbox_id = m.inbox_id AND l.accepts) AS has_target
            FROM message m
            WHERE m.inbox_id = $1 AND m.identity = $2 AND m.forwarded_at IS NULL AND m.mailbox <> $3
            ORDER BY m.id LIMIT 1",
        );
        Ok(statement.bind(inbox.id).bind(identity.to_vec()).bind(inbox.address.clone()).first().await?)
    }

    /// The answer to an earlier report.
    async fn recorded_answer(&mut self, inbox: &Inbox, identity: [u8; 32]) -> Result<FirstCopy, StoreError> {
        let statement = self.sql(
            r"-- answer to an earlier report
            SELECT min(m.id) FROM forwarded f
                JOIN message m ON m.inbox_id = f.inbox_id AND m.identity = f.identity AND m.forwarded_at IS NOT NULL
            WHERE f.inbox_id = $1 AND f.identity = $2 AND NOT f.came_first",
        );
        let message: Option<i64> = statement.bind(inbox.id).bind(identity.to_vec()).value().await?;
        Ok(message.map_or(FirstCopy::Forwarded, |message| FirstCopy::Polled { message }))
    }

    /// Marks the new messages that reached the importing system by forwarding before. Each report marks one message, so that the
    /// second of two equal mails is delivered.
    pub(super) async fn match_forwarded(&mut self, messages: Range<i64>, now: Timestamp) -> Result<(), StoreError> {
        let mark = self.sql(
            r"-- mark the new messages that were forwarded
            UPDATE message SET forwarded_at = $3
            WHERE id IN (
                SELECT min(m.id)
                FROM message m JOIN forwarded f ON f.inbox_id = m.inbox_id AND f.identity = m.identity
                WHERE m.id >= $1 AND m.id < $2 AND f.matched_at IS NULL
                GROUP BY f.inbox_id, f.identity
            )",
        );
        if mark.bind(messages.start).bind(messages.end).bind(now).run().await? == 0 {
            return Ok(());
        }
        let matched = self.sql(
            r"-- store that forwarded mails were polled
            UPDATE forwarded SET matched_at = $3
            WHERE matched_at IS NULL AND EXISTS (
                SELECT 1 FROM message m
                WHERE m.id >= $1 AND m.id < $2 AND m.inbox_id = forwarded.inbox_id AND m.identity = forwarded.identity
            )",
        );
        matched.bind(messages.start).bind(messages.end).bind(now).run().await?;
        Ok(())
    }
}

impl Store {
    /// Compares the latest mails of a mailbox with those that came by forwarding: to the inbox's own address, where that is polled
    /// too, or as the importing system reports. `None` if none came both ways.
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
        let latest: Vec<Latest> = statement.bind(LATEST).all().await?;
        let polled: Vec<&Latest> = latest.iter().filter(|mail| mail.is_polled).take(COMPARED).collect();
        let forwarded: Vec<&Latest> = latest.iter().filter(|mail| mail.is_forwarded).take(COMPARED).collect();
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
            forwarded: (forwarded.len() + missed).min(COMPARED),
            also_polled: also_polled.min(COMPARED.saturating_sub(missed)),
            forwarding_can_end: also_polled == COMPARED && missed == 0,
            polling_can_end: also_forwarded == COMPARED,
        }))
    }
}

impl Reader {
    /// Counts the mails that were reported as forwarded within a time, and not polled.
    async fn forwarded_only(
        &mut self,
        inbox_id: i64,
        (since, until): (Timestamp, Timestamp),
    ) -> Result<usize, StoreError> {
        let statement = self.sql(
            r"-- count the mails that were only forwarded
            SELECT count(*) FROM forwarded
            WHERE inbox_id = $1 AND matched_at IS NULL AND seen_at >= $2 AND seen_at < $3",
        );
        let count: i64 = statement.bind(inbox_id).bind(since).bind(until).value().await?;
        Ok(usize::try_from(count).unwrap_or(usize::MAX))
    }
}
