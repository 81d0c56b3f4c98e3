//! Giving a consent up: at its provider, as far as that lets us, and here.

use super::Deps;
use super::grant::{self, GrantError, Lock};
use crate::fact::RevocationOutcome;
use crate::store::{Grant, GrantKey, GrantKind, Login, Mailbox};

/// The consent of a mailbox.
pub enum Consent {
    /// It has none.
    None,
    /// Others are opened with it too.
    Shared,
    /// No other mailbox is opened with it. No renewal is under way while it is held, whose new token would be left behind.
    Last(Box<Lock>),
}

impl Consent {
    /// Ends it at its provider, if no other mailbox needs it. `None`: there was none to end.
    pub async fn end(&self, deps: &Deps) -> Option<RevocationOutcome> {
        match self {
            Self::None => None,
            Self::Shared => Some(RevocationOutcome::Shared),
            Self::Last(lock) => Some(at_provider(lock, deps).await),
        }
    }

    /// Lets renewals go on.
    pub async fn release(self, deps: &Deps) {
        if let Self::Last(lock) = self {
            lock.release(deps).await;
        }
    }
}

/// The consent of one grant, whoever is opened with it.
///
/// # Errors
/// It is being renewed just now.
pub async fn consent_of(grant_id: i64, deps: &Deps) -> Result<Consent, GrantError> {
    Ok(Consent::Last(Box::new(Lock::take(grant_id, deps).await?)))
}

/// The consent of a mailbox, held where no other mailbox is opened with it: what nobody uses is not left behind at a provider.
///
/// # Errors
/// It is being renewed just now.
pub async fn last_consent(mailbox: &Mailbox, deps: &Deps) -> Result<Consent, GrantError> {
    let Login::OAuth { grant_id, key } = &mailbox.login else { return Ok(Consent::None) };
    let mailboxes = deps.store.mailboxes_by_grant().await?.remove(grant_id).unwrap_or_default();
    // Google ends all that an account has consented to together, so what another organisation's is opened with counts too.
    let grants = deps.store.grants().await?;
    let is_elsewhere = |grant: &Grant| grant.id != *grant_id && grant.key == *key && grant.refresh_sealed.is_some();
    match mailboxes.iter().any(|other| *other != mailbox.address) || grants.iter().any(is_elsewhere) {
        true => Ok(Consent::Shared),
        false => consent_of(*grant_id, deps).await,
    }
}

/// Gives it up at its provider, as far as that lets us. What it does not do by itself is said.
async fn at_provider(lock: &Lock, deps: &Deps) -> RevocationOutcome {
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
            tracing::error!(%error, provider, "a consent could not be ended at its provider");
            RevocationOutcome::Failed { provider, identity, is_microsoft }
        }
    }
}
