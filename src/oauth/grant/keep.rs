//! Stores token responses encrypted, and retries for up to five minutes.

use std::time::Duration;

use secrecy::ExposeSecret;
use tokio::time::Instant;

use super::{GrantError, Lock, STORE_TIME, record_app_works};
use crate::clock::Timestamp;
use crate::fact::Resource;
use crate::oauth::claims::Claims;
use crate::oauth::{OAuthDeps, Tokens};
use crate::store::{Flow, SealedTokens, StoreError, access_row, refresh_row};
use crate::vault::Vault;

/// A token is renewed after this part of its lifetime, so that the remaining lifetime suffices for a long poll.
const RENEW_AT: f64 = 0.8;
/// How long and at which interval storing a response is retried: the response may hold the only copy of a consent.
const STORE_TIME_LIMIT: Duration = Duration::from_mins(5);
const STORE_RETRY_INTERVAL: Duration = Duration::from_millis(250);

/// Retries storing a response, so that a temporary failure of the database or the key file does not lose a consent.
struct StoreRetry<'a> {
    until: Instant,
    lock: &'a Lock,
}

impl<'a> StoreRetry<'a> {
    fn new(lock: &'a Lock) -> Self {
        Self { until: Instant::now() + STORE_TIME_LIMIT, lock }
    }

    /// Prolongs the lock and waits before the next attempt; returns the error if another attempt would be useless.
    async fn wait_after(&self, error: StoreError, deps: &OAuthDeps) -> Result<(), StoreError> {
        if Instant::now() >= self.until || !matches!(error, StoreError::Database(_) | StoreError::Vault(_)) {
            return Err(error);
        }
        tracing::warn!(%error, "a token response could not be stored yet; retrying");
        let until = deps.clock.now().plus(deps.deadlines.token.0 + STORE_TIME);
        // This may fail if the database is down, or if the lock is lost; then the grant's version decides whose tokens
        // are kept.
        let _ = deps.store.prolong_grant_lock(self.lock.grant.id, self.lock.token, until).await;
        tokio::time::sleep(STORE_RETRY_INTERVAL).await;
        Ok(())
    }
}

/// Stores renewed tokens. Returns the expiry of the access token, or `None` if a newer version was stored meanwhile.
pub(super) async fn store_renewed(
    lock: &Lock,
    tokens: &Tokens,
    now: Timestamp,
    deps: &OAuthDeps,
) -> Result<Option<Timestamp>, StoreError> {
    let retry = StoreRetry::new(lock);
    loop {
        // Encrypted in each attempt, since the key may have changed.
        let kept = match seal(lock.grant.id, tokens, now, deps) {
            Ok(sealed) => {
                let kept = deps.store.store_renewed_tokens(&lock.grant, &sealed, now).await;
                kept.map(|is_mine| is_mine.then_some(sealed.expires_at))
            }
            Err(error) => Err(error),
        };
        match kept {
            Ok(kept) => return Ok(kept),
            Err(error) => retry.wait_after(error, deps).await?,
        }
    }
}

async fn store_consent(
    lock: &Lock,
    flow: Flow,
    tokens: &Tokens,
    now: Timestamp,
    deps: &OAuthDeps,
) -> Result<bool, StoreError> {
    let retry = StoreRetry::new(lock);
    loop {
        let kept = match seal(lock.grant.id, tokens, now, deps) {
            Ok(sealed) => deps.store.store_consent(lock.grant.id, flow, &sealed, now).await,
            Err(error) => Err(error),
        };
        match kept {
            Ok(kept) => return Ok(kept),
            Err(error) => retry.wait_after(error, deps).await?,
        }
    }
}

/// Encrypts tokens for their rows, and computes the times of their renewal and expiry.
fn seal(grant_id: i64, tokens: &Tokens, now: Timestamp, deps: &OAuthDeps) -> Result<SealedTokens, StoreError> {
    let refresh = tokens.refresh.as_ref().map(|token| deps.vault.seal(&refresh_row(grant_id), token)).transpose()?;
    // If the expiry in the response and the expiry in the token differ, the earlier one counts.
    let in_response = now.plus(tokens.lifetime);
    let in_token = Claims::read(tokens.access.expose_secret()).and_then(|claims| claims.exp);
    let in_token = in_token.map(|seconds| Timestamp((seconds * 1000.0) as i64)).filter(|end| *end > now);
    let expires_at = in_token.map_or(in_response, |end| end.min(in_response));
    Ok(SealedTokens {
        access: deps.vault.seal(&access_row(grant_id), &tokens.access)?,
        refresh,
        expires_at,
        renew_at: now.plus(expires_at.since(now).mul_f64(RENEW_AT)),
        consent_ends_at: tokens.consent_lifetime.map(|lifetime| now.plus(lifetime)),
    })
}

/// Stores a person's consent.
pub async fn connect(grant_id: i64, flow: Flow, tokens: &Tokens, deps: &OAuthDeps) -> Result<(), GrantError> {
    let lock = Lock::take(grant_id, deps).await?;
    let now = deps.clock.now();
    let kept = store_consent(&lock, flow, tokens, now, deps).await;
    let key = lock.grant.key.clone();
    lock.release(deps).await;
    if !kept? {
        return Err(Resource::ConsentedMailbox.missing().into());
    }
    record_app_works(&key, Some(flow), now, deps).await;
    Ok(())
}

/// Encrypts every grant's tokens with the current key. The grant's lock prevents a renewal meanwhile, which might store
/// a token encrypted with the old key.
pub async fn reseal(deps: &OAuthDeps, vault: &Vault) -> Result<usize, GrantError> {
    let mut count = 0;
    for grant in deps.store.grants().await? {
        let lock = match Lock::take(grant.id, deps).await {
            Err(GrantError::Store(StoreError::NotFound(_))) => continue, // its last mailbox was removed
            lock => lock?,
        };
        let resealed = deps.store.reseal_tokens(grant.id, vault).await;
        lock.release(deps).await;
        count += resealed?;
    }
    Ok(count)
}
