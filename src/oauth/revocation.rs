//! Revokes a consent at its provider, if no other mailbox uses the consent and the provider supports revocation.

use super::OAuthDeps;
use super::grant::{self, GrantError, Lock};
use crate::fact::RevocationOutcome;
use crate::store::{Grant, GrantKey, GrantKind, Login, Mailbox};

/// The consent of a mailbox.
pub enum Consent {
    /// The mailbox has no consent.
    None,
    /// Other mailboxes use the same consent.
    Shared,
    /// The consent may be revoked: no other mailbox uses it, or [`lock_consent`] was called. The lock prevents a renewal,
    /// whose new token would otherwise survive.
    Last(Box<Lock>),
}

impl Consent {
    /// Revokes the consent at its provider, unless it is `Shared`. `None` if there is no consent.
    pub async fn end(&self, deps: &OAuthDeps) -> Option<RevocationOutcome> {
        match self {
            Self::None => None,
            Self::Shared => Some(RevocationOutcome::Shared),
            Self::Last(lock) => Some(revoke_at_provider(lock, deps).await),
        }
    }

    /// Releases the lock, so that the grant can be renewed again.
    pub async fn release(self, deps: &OAuthDeps) {
        if let Self::Last(lock) = self {
            lock.release(deps).await;
        }
    }
}

/// Locks the consent of a grant, even if several mailboxes use it.
///
/// # Errors
/// A renewal of the grant does not end in time, or shutdown has begun.
pub async fn lock_consent(grant_id: i64, deps: &OAuthDeps) -> Result<Consent, GrantError> {
    Ok(Consent::Last(Box::new(Lock::take(grant_id, deps).await?)))
}

/// The consent of a mailbox, locked if no other mailbox uses it, so that unused consents are not left at a provider.
///
/// # Errors
/// A renewal of the grant does not end in time, or shutdown has begun.
pub async fn last_consent(mailbox: &Mailbox, deps: &OAuthDeps) -> Result<Consent, GrantError> {
    let Login::OAuth { grant_id, key } = &mailbox.login else { return Ok(Consent::None) };
    let mailboxes = deps.store.mailboxes_by_grant().await?.remove(grant_id).unwrap_or_default();
    // Google revokes all consents of an account together, so grants of other organisations count too.
    let grants = deps.store.grants().await?;
    let is_used_elsewhere =
        |grant: &Grant| grant.id != *grant_id && grant.key == *key && grant.refresh_sealed.is_some();
    match mailboxes.iter().any(|other| *other != mailbox.address) || grants.iter().any(is_used_elsewhere) {
        true => Ok(Consent::Shared),
        false => lock_consent(*grant_id, deps).await,
    }
}

/// Revokes the consent at its provider if that is supported, and reports the result.
async fn revoke_at_provider(lock: &Lock, deps: &OAuthDeps) -> RevocationOutcome {
    let GrantKey { provider, kind, identity } = lock.grant.key.clone();
    let is_microsoft = deps.config.providers.get(&provider).is_some_and(|app| app.family() == "microsoft");
    match grant::revoke(&lock.grant, deps).await {
        _ if kind == GrantKind::AppOnly => RevocationOutcome::OfApplication,
        Ok(true) => RevocationOutcome::Ended { provider, identity },
        Ok(false) if lock.grant.refresh_sealed.is_none() => RevocationOutcome::NeverGiven { identity },
        Ok(false) => RevocationOutcome::NoWay { provider, identity, is_microsoft },
        Err(GrantError::Token(error)) => {
            RevocationOutcome::Refused { provider, identity, is_microsoft, why: error.trouble }
        }
        Err(GrantError::Store(error)) => {
            tracing::error!(%error, provider, "a consent could not be revoked at its provider");
            RevocationOutcome::Failed { provider, identity, is_microsoft }
        }
    }
}
