//! The tokens of a grant: the lock for renewing them, their storage, and failures to get them.

use std::time::Duration;

use super::{Flow, Grant};
use crate::clock::Timestamp;
use crate::store::{LeaseTaker, Store, StoreError, Tx};

/// New tokens, sealed for their rows.
#[derive(Debug)]
pub struct SealedTokens {
    pub access: Vec<u8>,
    /// The refresh token; `None`: the previous one stays valid.
    pub refresh: Option<Vec<u8>>,
    /// Expiry of the access token.
    pub expires_at: Timestamp,
    /// The time from which the access token is renewed before it is used again.
    pub renew_at: Timestamp,
    /// Expiry of the consent itself, if the provider reports one.
    pub consent_ends_at: Option<Timestamp>,
}

/// Why no token could be obtained for a grant.
#[derive(Debug)]
pub struct GrantProblem {
    /// The problem, as JSON.
    pub problem: String,
    /// Whether only a new consent can solve the problem.
    pub needs_consent: bool,
    /// The time before which our own back-off allows no token request.
    pub retry_at: Option<Timestamp>,
    /// The time before which the provider's `Retry-After` allows no token request.
    pub provider_retry_at: Option<Timestamp>,
}

/// Maximum difference between the clocks of workers. A lock that ends later than now plus its maximum duration and this
/// difference was written with a wrong clock and counts as expired.
const MAX_CLOCK_SKEW: Duration = Duration::from_mins(1);

impl Store {
    /// Locks a grant for renewing its token, and returns the grant with the lock's token. `None` if somebody else holds
    /// the lock.
    pub async fn lock_grant(
        &self,
        id: i64,
        taker: LeaseTaker<'_>,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<(Grant, i64)>, StoreError> {
        let lock: i64 = rand::random();
        let mut tx = self.begin().await?;
        let take = tx.sql(
            r"-- lock a grant
            UPDATE oauth_grant SET lock_token = $2, lock_owner = $3, lock_until = $5
            WHERE id = $1 AND (lock_token IS NULL OR lock_until <= $4 OR lock_until > $7 OR lock_token = $6)",
        );
        let take = take.bind(id).bind(lock).bind(taker.owner).bind(now).bind(until).bind(taker.dead_token);
        let taken = take.bind(until.plus(MAX_CLOCK_SKEW)).run().await?;
        let mut grant: Option<Grant> = None;
        if taken > 0 {
            let read = tx.sql(
                r"-- locked grant
                SELECT {grant_columns} FROM oauth_grant WHERE id = $1",
            );
            grant = read.bind(id).first().await?;
        }
        tx.commit().await?;
        Ok(grant.map(|grant| (grant, lock)))
    }

    /// The holder of a grant's lock: token and owner. `None` if nobody holds the lock or it has expired; `longest` is
    /// the maximum duration of a lock.
    pub async fn grant_lock(
        &self,
        id: i64,
        now: Timestamp,
        longest: Duration,
    ) -> Result<Option<(i64, String)>, StoreError> {
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- lock of a grant
            SELECT lock_token, lock_owner
            FROM oauth_grant
            WHERE id = $1 AND lock_token IS NOT NULL AND lock_until > $2 AND lock_until <= $3",
        );
        Ok(statement.bind(id).bind(now).bind(now.plus(longest + MAX_CLOCK_SKEW)).first().await?)
    }

    /// Prolongs a lock that is still held.
    pub async fn prolong_grant_lock(&self, id: i64, lock: i64, until: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let statement = tx.sql(
            r"-- prolong the lock of a grant
            UPDATE oauth_grant SET lock_until = $3 WHERE id = $1 AND lock_token = $2",
        );
        statement.bind(id).bind(lock).bind(until).run().await?;
        tx.commit().await
    }

    /// Releases a lock.
    pub async fn unlock_grant(&self, id: i64, lock: i64) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let statement = tx.sql(
            r"-- unlock a grant
            UPDATE oauth_grant SET lock_token = NULL, lock_owner = NULL, lock_until = NULL
            WHERE id = $1 AND lock_token = $2",
        );
        statement.bind(id).bind(lock).run().await?;
        tx.commit().await
    }

    /// Stores renewed tokens, unless other tokens were stored since `before` was read, and schedules polls of the
    /// mailboxes that failed for lack of a token. Durable on return: a rotated refresh token is on disk before the
    /// access token that came with it is used. Returns whether the tokens were stored.
    pub async fn store_renewed_tokens(
        &self,
        before: &Grant,
        tokens: &SealedTokens,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let keep = tx.sql(
            r"-- store renewed tokens
            UPDATE oauth_grant SET access_sealed = $3, refresh_sealed = coalesce($4, refresh_sealed),
                access_expires_at = $5, renew_at = $6, refreshed_at = $7,
                consent_ends_at = coalesce($8, consent_ends_at), problem = NULL, problem_since = NULL,
                needs_consent = FALSE, retry_at = NULL, told_until = NULL, failures = 0, version = version + 1
            WHERE id = $1 AND version = $2",
        );
        let keep = keep.bind(before.id).bind(before.version).bind(&tokens.access).bind(tokens.refresh.as_deref());
        let keep = keep.bind(tokens.expires_at).bind(tokens.renew_at).bind(now).bind(tokens.consent_ends_at);
        let kept = keep.run().await?;
        if before.problem.is_some() {
            let poll = tx.sql(
                r"-- poll the mailboxes of a grant that works again
                UPDATE mailbox SET next_poll_at = $2
                WHERE grant_id = $1 AND next_poll_at > $2 AND failures > 0 AND error_step = 'token'",
            );
            poll.bind(before.id).bind(now).run().await?;
        }
        tx.commit().await?;
        Ok(kept == 1)
    }

    /// Replaces the tokens of a grant with those of a new consent, and schedules polls of its mailboxes. A running poll
    /// loses its lease, so that it cannot report a failure of the previous consent. Returns `false` if the grant no
    /// longer exists.
    pub async fn store_consent(
        &self,
        id: i64,
        flow: Flow,
        tokens: &SealedTokens,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let keep = tx.sql(
            r"-- store the tokens of a new consent
            UPDATE oauth_grant SET flow = $2, access_sealed = $3, refresh_sealed = $4, access_expires_at = $5,
                renew_at = $6, consented_at = $7, refreshed_at = $7, consent_ends_at = $8, problem = NULL,
                problem_since = NULL, needs_consent = FALSE, retry_at = NULL, told_until = NULL, failures = 0,
                version = version + 1
            WHERE id = $1",
        );
        let keep = keep.bind(id).bind(flow.as_str()).bind(&tokens.access).bind(tokens.refresh.as_deref());
        let keep = keep.bind(tokens.expires_at).bind(tokens.renew_at).bind(now).bind(tokens.consent_ends_at);
        let kept = keep.run().await?;
        let poll = tx.sql(
            r"-- poll the mailboxes of a new consent
            UPDATE mailbox SET next_poll_at = $2, failures = 0, failing_since = NULL, last_error = NULL,
                error_step = NULL, error_blame = NULL, waits_for_person = FALSE,
                lease_token = NULL, lease_owner = NULL, lease_until = NULL
            WHERE grant_id = $1",
        );
        poll.bind(id).bind(now).run().await?;
        tx.commit().await?;
        Ok(kept == 1)
    }

    /// Stores why there is no token, unless a token was stored since `before` was read. Returns whether the problem was
    /// stored.
    pub async fn grant_failed(
        &self,
        before: &Grant,
        problem: &GrantProblem,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let statement = tx.sql(
            r"-- store why there is no token
            UPDATE oauth_grant SET problem = $3, problem_since = coalesce(problem_since, $4), needs_consent = $5,
                retry_at = $6, told_until = $7, failures = failures + 1
            WHERE id = $1 AND version = $2",
        );
        let statement = statement.bind(before.id).bind(before.version).bind(&problem.problem).bind(now);
        let statement = statement.bind(problem.needs_consent).bind(problem.retry_at).bind(problem.provider_retry_at);
        let written = statement.run().await?;
        tx.commit().await?;
        Ok(written == 1)
    }
}

impl Tx<'_> {
    /// Deletes the tokens of a grant, which then needs a new consent.
    pub async fn delete_tokens(&mut self, id: i64) -> Result<(), StoreError> {
        let statement = self.sql(
            r"-- delete the tokens of a grant
            UPDATE oauth_grant SET access_sealed = NULL, refresh_sealed = NULL, access_expires_at = NULL,
                renew_at = NULL, flow = NULL, consented_at = NULL, consent_ends_at = NULL, problem = NULL,
                problem_since = NULL, needs_consent = FALSE, retry_at = NULL, told_until = NULL, failures = 0,
                version = version + 1
            WHERE id = $1",
        );
        statement.bind(id).run().await?;
        Ok(())
    }
}
