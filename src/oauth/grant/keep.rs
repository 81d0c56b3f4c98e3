//! Writing down what came: sealed, and for as long as it takes.

use std::time::Duration;

use secrecy::ExposeSecret;
use tokio::time::Instant;

use super::{GrantError, Lock, TO_WRITE, works};
use crate::clock::Timestamp;
use crate::fact::Resource;
use crate::oauth::claims::Claims;
use crate::oauth::{Deps, Tokens};
use crate::store::{Flow, SealedTokens, StoreError, access_row, refresh_row};
use crate::vault::Vault;

/// A token in the last part of its life is renewed before it is used: it may be needed for a long poll.
const RENEW_AT: f64 = 0.8;
/// How long, and how often, it is tried to write down what came: it is all there is of a consent.
const TO_KEEP: Duration = Duration::from_mins(5);
const AGAIN: Duration = Duration::from_millis(250);

/// What came is in memory only: a database or a key file that is away for a while must not cost a consent.
struct Patience<'a> {
    until: Instant,
    lock: &'a Lock,
}

impl<'a> Patience<'a> {
    fn new(lock: &'a Lock) -> Self {
        Self { until: Instant::now() + TO_KEEP, lock }
    }

    /// Waits a little where it makes sense to try again, and keeps others from asking meanwhile.
    async fn with(&self, error: StoreError, deps: &Deps) -> Result<(), StoreError> {
        if Instant::now() >= self.until || !matches!(error, StoreError::Database(_) | StoreError::Vault(_)) {
            return Err(error);
        }
        tracing::warn!(%error, "what an identity provider gave could not be written down yet");
        let until = deps.clock.now().plus(deps.deadlines.token.0 + TO_WRITE);
        // Where that fails too, nobody else reaches the database either, or the lock is lost and the version decides.
        let _ = deps.store.prolong_grant_lock(self.lock.grant.id, self.lock.token, until).await;
        tokio::time::sleep(AGAIN).await;
        Ok(())
    }
}

/// Keeps renewed tokens; the end of the new access token's life, or `None` if others have come meanwhile.
pub(super) async fn keep(
    lock: &Lock,
    tokens: &Tokens,
    now: Timestamp,
    deps: &Deps,
) -> Result<Option<Timestamp>, StoreError> {
    let patience = Patience::new(lock);
    loop {
        // Sealed each time anew: the key may have been changed.
        let kept = match seal(lock.grant.id, tokens, now, deps) {
            Ok(sealed) => {
                let kept = deps.store.keep_tokens(&lock.grant, &sealed, now).await;
                kept.map(|is_mine| is_mine.then_some(sealed.expires_at))
            }
            Err(error) => Err(error),
        };
        match kept {
            Ok(kept) => return Ok(kept),
            Err(error) => patience.with(error, deps).await?,
        }
    }
}

async fn keep_consent(
    lock: &Lock,
    flow: Flow,
    tokens: &Tokens,
    now: Timestamp,
    deps: &Deps,
) -> Result<bool, StoreError> {
    let patience = Patience::new(lock);
    loop {
        let kept = match seal(lock.grant.id, tokens, now, deps) {
            Ok(sealed) => deps.store.keep_consent(lock.grant.id, flow, &sealed, now).await,
            Err(error) => Err(error),
        };
        match kept {
            Ok(kept) => return Ok(kept),
            Err(error) => patience.with(error, deps).await?,
        }
    }
}

/// Seals tokens for their rows, with the times that go with them.
fn seal(grant_id: i64, tokens: &Tokens, now: Timestamp, deps: &Deps) -> Result<SealedTokens, StoreError> {
    let refresh = tokens.refresh.as_ref().map(|token| deps.vault.seal(&refresh_row(grant_id), token)).transpose()?;
    // Where the provider's word and the token's own differ, the earlier end counts.
    let told = now.plus(tokens.lifetime);
    let own = Claims::read(tokens.access.expose_secret()).and_then(|claims| claims.exp);
    let own = own.map(|seconds| Timestamp((seconds * 1000.0) as i64)).filter(|end| *end > now);
    let expires_at = own.map_or(told, |own| own.min(told));
    Ok(SealedTokens {
        access: deps.vault.seal(&access_row(grant_id), &tokens.access)?,
        refresh,
        expires_at,
        renew_at: now.plus(expires_at.since(now).mul_f64(RENEW_AT)),
        consent_ends_at: tokens.consent_lifetime.map(|lifetime| now.plus(lifetime)),
    })
}

/// Keeps what a person has consented to.
pub async fn connect(grant_id: i64, flow: Flow, tokens: &Tokens, deps: &Deps) -> Result<(), GrantError> {
    let lock = Lock::take(grant_id, deps).await?;
    let now = deps.clock.now();
    let kept = keep_consent(&lock, flow, tokens, now, deps).await;
    let key = lock.grant.key.clone();
    lock.release(deps).await;
    if !kept? {
        return Err(Resource::ConsentedMailbox.missing().into());
    }
    works(&key, Some(flow), now, deps).await;
    Ok(())
}

/// Seals every grant's tokens with the key that seals now. No renewal is under way for a grant while that is done, so that none
/// writes down what it has sealed with the old key.
pub async fn reseal(deps: &Deps, vault: &Vault) -> Result<usize, GrantError> {
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
