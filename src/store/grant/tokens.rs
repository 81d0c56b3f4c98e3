//! A grant's tokens: who may renew them, what came, and why nothing did.

use std::time::Duration;

use super::{Flow, Grant};
use crate::clock::Timestamp;
use crate::store::{Store, StoreError, Taker, Tx};

/// Tokens that came, sealed for their rows.
#[derive(Debug)]
pub struct SealedTokens {
    /// The access token.
    pub access: Vec<u8>,
    /// The refresh token; `None`: the old one stays.
    pub refresh: Option<Vec<u8>>,
    /// Until when the access token lives.
    pub expires_at: Timestamp,
    /// From when on it is renewed.
    pub renew_at: Timestamp,
    /// When the consent itself ends, where the provider says so.
    pub consent_ends_at: Option<Timestamp>,
}

/// Why a grant gives no token.
#[derive(Debug)]
pub struct GrantProblem {
    /// In words, as JSON.
    pub problem: String,
    /// Nothing but a new consent mends it.
    pub needs_consent: bool,
    /// Not asked for again before, by our own back-off.
    pub retry_at: Option<Timestamp>,
    /// Nor before that, by the provider's word.
    pub told_until: Option<Timestamp>,
}

/// A lock that lies further ahead than any is taken for, by more than clocks differ, was written by a clock that was wrong.
const CLOCKS_DIFFER: Duration = Duration::from_mins(1);

impl Store {
    /// Takes the right to renew a grant's token, and reads it as it then is. `None` if somebody else is at it.
    pub async fn lock_grant(
        &self,
        id: i64,
        taker: Taker<'_>,
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
        let take = take.bind(id).bind(lock).bind(taker.owner).bind(now).bind(until).bind(taker.dead);
        let taken = take.bind(until.plus(CLOCKS_DIFFER)).run().await?;
        let mut grant: Option<Grant> = None;
        if taken > 0 {
            let read = tx.sql(
                r"-- grant that was locked
                SELECT {grant_columns} FROM oauth_grant WHERE id = $1",
            );
            grant = read.bind(id).first().await?;
        }
        tx.commit().await?;
        Ok(grant.map(|grant| (grant, lock)))
    }

    /// Who has that right: the token and the owner. `None`: nobody, or it has run out; nobody's lasts longer than `longest`.
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
        Ok(statement.bind(id).bind(now).bind(now.plus(longest + CLOCKS_DIFFER)).first().await?)
    }

    /// Prolongs it, for whoever still has it.
    pub async fn prolong_grant_lock(&self, id: i64, lock: i64, until: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let statement = tx.sql(
            r"-- prolong the lock of a grant
            UPDATE oauth_grant SET lock_until = $3 WHERE id = $1 AND lock_token = $2",
        );
        statement.bind(id).bind(lock).bind(until).run().await?;
        tx.commit().await
    }

    /// Gives that right back.
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

    /// Keeps renewed tokens, unless others have come since `before` was read; mailboxes that failed for want of one are polled.
    /// Durable when it returns: a rotated refresh token is on the disk before anything is done with what came beside it.
    pub async fn keep_tokens(&self, before: &Grant, tokens: &SealedTokens, now: Timestamp) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let keep = tx.sql(
            r"-- keep renewed tokens
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

    /// Keeps the tokens of a new consent, whatever was there, and has its mailboxes polled. A poll under way loses its lease, so
    /// that what it has to say of the old one is not written down. `false`: the grant is gone.
    pub async fn keep_consent(
        &self,
        id: i64,
        flow: Flow,
        tokens: &SealedTokens,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let keep = tx.sql(
            r"-- keep the tokens of a new consent
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

    /// Writes down why there is no token, unless one has come since `before` was read. Returns whether it was written.
    pub async fn grant_failed(&self, before: &Grant, what: &GrantProblem, now: Timestamp) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let statement = tx.sql(
            r"-- write down why there is no token
            UPDATE oauth_grant SET problem = $3, problem_since = coalesce(problem_since, $4), needs_consent = $5,
                retry_at = $6, told_until = $7, failures = failures + 1
            WHERE id = $1 AND version = $2",
        );
        let statement = statement.bind(before.id).bind(before.version).bind(&what.problem).bind(now);
        let statement = statement.bind(what.needs_consent).bind(what.retry_at).bind(what.told_until);
        let written = statement.run().await?;
        tx.commit().await?;
        Ok(written == 1)
    }
}

impl Tx<'_> {
    /// Forgets a grant's tokens; it needs a new consent then.
    pub async fn forget_tokens(&mut self, id: i64) -> Result<(), StoreError> {
        let statement = self.sql(
            r"-- forget the tokens of a grant
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
