//! Leases: at most one worker polls a mailbox. Every write of a poll checks its lease, so a worker that was believed
//! dead cannot overwrite the work of its successor.

use std::time::Duration;

use super::{Mailbox, Store, StoreError, Tx};
use crate::address::Address;
use crate::clock::Timestamp;

/// The right to poll one mailbox until it expires or is revoked.
#[derive(Debug, Clone)]
pub struct Lease {
    /// The mailbox, as it was when the lease was taken.
    pub mailbox: Mailbox,
    /// Random token; every write checks that it is still in the mailbox's row.
    pub token: i64,
}

/// The worker that takes a lease.
#[derive(Debug, Clone, Copy)]
pub struct LeaseTaker<'a> {
    /// The worker's name.
    pub owner: &'a str,
    /// Lease token of a previous holder that is known to be dead.
    pub dead_token: Option<i64>,
}

/// A mailbox that is due, with the state of its lease.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Due {
    pub address: String,
    /// The host, for the limit of concurrent polls per host.
    pub host: String,
    pub organisation_id: i64,
    /// Failed polls in a row.
    pub failures: i64,
    /// Whether the mailbox is doubtful: its last poll failed, or no poll has been completed yet.
    pub is_doubtful: bool,
    /// The worker that holds the lease, or held it when it died.
    pub lease_owner: Option<String>,
    pub lease_token: Option<i64>,
    pub lease_until: Option<Timestamp>,
}

/// Maximum time from now to the end of a hold. The next poll may be up to two intervals of the mailbox later than that. A
/// time beyond these limits was stored with a wrong clock.
const MAX_DELAY: Duration = Duration::from_hours(25);

impl Store {
    /// Mailboxes that are due, the longest waiting first, except those that a worker on another machine is polling.
    /// `local_owner` is the name prefix of the workers on this machine; mailboxes that they hold are included, since the
    /// caller knows which of these workers are alive. Returns at most `limit` doubtful mailboxes and `limit` others, taken
    /// from the organisations in turn; of each kind, at most `per_host` mailboxes of one organisation at one host. So
    /// neither a host with a thousand waiting mailboxes nor an organisation with a thousand silent hosts hides the others.
    pub async fn due(
        &self,
        local_owner: &str,
        now: Timestamp,
        per_host: i64,
        limit: i64,
    ) -> Result<Vec<Due>, StoreError> {
        // The minimum interval applies even if somebody requests a poll, pauses or changes the mailbox: each poll is a
        // login at the customer's server.
        let rested = now.minus(self.least_interval());
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- due mailboxes
            SELECT address, host, organisation_id, failures, is_doubtful, lease_owner, lease_token, lease_until
            FROM (
                SELECT v.*, row_number() OVER (PARTITION BY is_doubtful ORDER BY round, next_poll_at) AS turn
                FROM (
                    SELECT w.*,
                        row_number() OVER (PARTITION BY organisation_id, is_doubtful ORDER BY next_poll_at) AS round
                    FROM (
                        SELECT m.address, m.host, i.organisation_id, m.failures, m.lease_owner, m.lease_token,
                            m.lease_until, m.next_poll_at, m.failures > 0 OR m.last_success_at IS NULL AS is_doubtful,
                            row_number() OVER (
                                PARTITION BY m.host, i.organisation_id, m.failures > 0 OR m.last_success_at IS NULL
                                ORDER BY m.next_poll_at
                            ) AS place
                        FROM mailbox m JOIN inbox i ON i.id = m.inbox_id
                        WHERE NOT m.paused AND m.next_poll_at <= $1
                            AND (m.hold_until IS NULL OR m.hold_until <= $1)
                            AND (m.last_attempt_at IS NULL OR m.last_attempt_at <= $5 OR m.last_attempt_at > $1)
                            AND (m.lease_token IS NULL OR m.lease_until <= $1 OR m.lease_owner LIKE $4)
                    ) AS w
                    WHERE place <= $2
                ) AS v
            ) AS u
            WHERE turn <= $3
            ORDER BY next_poll_at",
        );
        let local_owner = format!("{local_owner}%");
        Ok(statement.bind(now).bind(per_host).bind(limit).bind(local_owner).bind(rested).all().await?)
    }

    /// The state of a mailbox's lease.
    pub async fn lease_state(&self, address: &Address) -> Result<Option<Due>, StoreError> {
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- lease of a mailbox
            SELECT m.address, m.host, i.organisation_id, m.failures,
                m.failures > 0 OR m.last_success_at IS NULL AS is_doubtful, m.lease_owner, m.lease_token, m.lease_until
            FROM mailbox m JOIN inbox i ON i.id = m.inbox_id
            WHERE m.address = $1",
        );
        Ok(statement.bind(address.as_str()).first().await?)
    }

    /// Takes the lease of a mailbox if it is free, has expired, or belongs to a holder that is known to be dead.
    /// Returns `None` if another worker holds it, or the mailbox is paused.
    pub async fn take_lease(
        &self,
        address: &Address,
        taker: LeaseTaker<'_>,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<Lease>, StoreError> {
        let LeaseTaker { owner, dead_token } = taker;
        let token: i64 = rand::random();
        let mut tx = self.begin().await?;
        let statement = tx.sql(
            r"-- take a lease
            UPDATE mailbox SET lease_token = $2, lease_owner = $3, lease_until = $5
            WHERE address = $1 AND NOT paused AND (lease_token IS NULL OR lease_until <= $4 OR lease_token = $6)",
        );
        let statement = statement.bind(address.as_str()).bind(token).bind(owner).bind(now).bind(until).bind(dead_token);
        let taken = statement.run().await?;
        tx.commit().await?;
        if taken == 0 {
            return Ok(None);
        }
        Ok(Some(Lease { mailbox: self.mailbox(address).await?, token }))
    }

    /// Renews a lease that is still held.
    pub async fn renew_lease(&self, lease: &Lease, until: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let statement = tx.sql(
            r"-- renew a lease
            UPDATE mailbox SET lease_until = $3 WHERE id = $1 AND lease_token = $2",
        );
        let renewed = statement.bind(lease.mailbox.id).bind(lease.token).bind(until).run().await?;
        tx.commit().await?;
        if renewed == 1 { Ok(()) } else { Err(StoreError::LeaseLost) }
    }

    /// Releases a lease without recording an outcome, for example on shutdown.
    pub async fn release_lease(&self, lease: &Lease) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let statement = tx.sql(
            r"-- release a lease
            UPDATE mailbox SET lease_token = NULL, lease_owner = NULL, lease_until = NULL
            WHERE id = $1 AND lease_token = $2",
        );
        statement.bind(lease.mailbox.id).bind(lease.token).run().await?;
        tx.commit().await
    }

    /// Schedules polls of the mailboxes that wait for a person, since the configuration may have been fixed, and of
    /// those whose next poll was stored with a wrong clock (see [`MAX_DELAY`]). Lifts holds that were stored with a wrong
    /// clock.
    pub async fn schedule_waiting_mailboxes(&self, now: Timestamp) -> Result<(), StoreError> {
        let furthest = now.plus(MAX_DELAY);
        let mut tx = self.begin().await?;
        let polls = tx.sql(
            r"-- poll the mailboxes that wait for a person
            UPDATE mailbox SET next_poll_at = $1
            WHERE next_poll_at IS NULL OR waits_for_person OR next_poll_at > $2 + 2 * interval_ms",
        );
        polls.bind(now).bind(furthest).run().await?;
        let holds = tx.sql(
            r"-- lift holds that no server can have asked for
            UPDATE mailbox SET hold_until = NULL WHERE hold_until > $1",
        );
        holds.bind(furthest).run().await?;
        tx.commit().await
    }
}

impl Tx<'_> {
    /// Fails unless the lease is still held, and prevents other workers from taking it before the commit.
    pub(super) async fn check_lease(&mut self, lease: &Lease) -> Result<(), StoreError> {
        let statement = self.sql(
            r"-- check a lease
            UPDATE mailbox SET lease_token = lease_token WHERE id = $1 AND lease_token = $2",
        );
        let renewed = statement.bind(lease.mailbox.id).bind(lease.token).run().await?;
        if renewed == 1 { Ok(()) } else { Err(StoreError::LeaseLost) }
    }
}
