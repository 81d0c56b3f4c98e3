//! Leases: at most one worker polls a mailbox. Everything a poll writes is checked against its lease, so a worker that was
//! thought dead cannot write over the one that took its place.

use std::time::Duration;

use super::{Mailbox, Store, StoreError, Tx};
use crate::address::Address;
use crate::clock::Timestamp;

/// The right to poll one mailbox until it ends or is taken away.
#[derive(Debug, Clone)]
pub struct Lease {
    /// The mailbox, as it was when the lease was taken.
    pub mailbox: Mailbox,
    /// The number that every write must still find in the mailbox's row.
    pub token: i64,
}

/// Who takes a lease.
#[derive(Debug, Clone, Copy)]
pub struct Taker<'a> {
    /// What it is called.
    pub owner: &'a str,
    /// The token of a holder that is known to be gone.
    pub dead: Option<i64>,
}

/// A mailbox that ought to be polled.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Due {
    /// Its address.
    pub address: String,
    /// Its host, for the number of polls at once on it.
    pub host: String,
    /// Whose it is.
    pub organisation_id: i64,
    /// Failed polls in a row.
    pub failures: i64,
    /// It failed the last time, or was never seen to its end.
    pub is_doubtful: bool,
    /// Who polls it now, or did when it died.
    pub lease_owner: Option<String>,
    /// That one's token.
    pub lease_token: Option<i64>,
    /// Until when it is taken.
    pub lease_until: Option<Timestamp>,
}

/// No poll is put off for longer: a next poll or a hold that lies further ahead was written down by a clock that was wrong.
const LONGEST_WAIT: Duration = Duration::from_hours(25);

impl Store {
    /// Mailboxes whose time has come, the longest waiting first, but for those that somebody else is polling; `near` is how
    /// the owners on this machine are called, of whom the caller knows whether they live. Of one host at most `per_host`, and
    /// of the doubtful ones and of the others at most `limit` each, one of each organisation after the other, so that neither a
    /// host on which a thousand wait nor an organisation with a thousand silent hosts hides the others.
    pub async fn due(&self, near: &str, now: Timestamp, per_host: i64, limit: i64) -> Result<Vec<Due>, StoreError> {
        // However often somebody asks for a poll, pauses or changes a mailbox: each poll is a login at somebody else's server.
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
        let near = format!("{near}%");
        Ok(statement.bind(now).bind(per_host).bind(limit).bind(near).bind(rested).all().await?)
    }

    /// Who has this mailbox now.
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

    /// Takes the mailbox: if nobody has it, if its lease has run out, or if its holder is known to be gone. `None` if somebody has it.
    pub async fn take_lease(
        &self,
        address: &Address,
        taker: Taker<'_>,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<Lease>, StoreError> {
        let Taker { owner, dead } = taker;
        let token: i64 = rand::random();
        let mut tx = self.begin().await?;
        let statement = tx.sql(
            r"-- take a lease
            UPDATE mailbox SET lease_token = $2, lease_owner = $3, lease_until = $5
            WHERE address = $1 AND NOT paused AND (lease_token IS NULL OR lease_until <= $4 OR lease_token = $6)",
        );
        let statement = statement.bind(address.as_str()).bind(token).bind(owner).bind(now).bind(until).bind(dead);
        let taken = statement.run().await?;
        tx.commit().await?;
        if taken == 0 {
            return Ok(None);
        }
        Ok(Some(Lease { mailbox: self.mailbox(address).await?, token }))
    }

    /// Prolongs a lease that is still ours.
    pub async fn renew_lease(&self, lease: &Lease, until: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let statement = tx.sql(
            r"-- renew a lease
            UPDATE mailbox SET lease_until = $3 WHERE id = $1 AND lease_token = $2",
        );
        let kept = statement.bind(lease.mailbox.id).bind(lease.token).bind(until).run().await?;
        tx.commit().await?;
        if kept == 1 { Ok(()) } else { Err(StoreError::LeaseLost) }
    }

    /// Gives a mailbox back without a word about how its poll went, as when shutting down.
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

    /// Looks again at the mailboxes that wait for a person, since the configuration may be what was mended, and at those whose
    /// next poll lies further ahead than any wait is: the clock was wrong when it was written down.
    pub async fn wake_waiting(&self, now: Timestamp) -> Result<(), StoreError> {
        let furthest = now.plus(LONGEST_WAIT);
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
    /// Fails unless the lease is still ours, and keeps others from taking it before the commit.
    pub(super) async fn guard(&mut self, lease: &Lease) -> Result<(), StoreError> {
        let statement = self.sql(
            r"-- guard a lease
            UPDATE mailbox SET lease_token = lease_token WHERE id = $1 AND lease_token = $2",
        );
        let kept = statement.bind(lease.mailbox.id).bind(lease.token).run().await?;
        if kept == 1 { Ok(()) } else { Err(StoreError::LeaseLost) }
    }
}
