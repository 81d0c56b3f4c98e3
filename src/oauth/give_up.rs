//! Giving a consent up: at its provider, as far as that lets us, and here.

use super::Deps;
use super::grant::{self, GrantError, Lock};
use crate::locale::Language;
use crate::store::{GrantKey, GrantKind, Login, Mailbox};

/// What became of a consent at its provider.
pub struct GivenUp {
    /// Whether its provider has ended it.
    pub at_provider: bool,
    /// In words.
    pub detail: String,
}

/// Gives a grant's tokens up at its provider and forgets them here.
pub async fn give_up(grant_id: i64, deps: &Deps) -> Result<GivenUp, GrantError> {
    // No renewal is under way while it is held, whose new token would be left behind.
    let lock = Lock::take(grant_id, deps).await?;
    let told = at_provider(&lock, deps).await;
    let forgotten = deps.store.forget_tokens(grant_id).await;
    lock.release(deps).await;
    forgotten?;
    Ok(told)
}

/// The consent of a mailbox that no other mailbox is opened with, to be given up once the mailbox needs it no more. `Err`: why
/// it stays.
pub async fn last_consent(mailbox: &Mailbox, deps: &Deps) -> Result<Option<Result<Lock, String>>, GrantError> {
    let Login::OAuth { grant_id, .. } = mailbox.login else { return Ok(None) };
    let mailboxes = deps.store.mailboxes_by_grant().await?.remove(&grant_id).unwrap_or_default();
    if mailboxes.iter().any(|other| *other != mailbox.address) {
        return Ok(Some(Err("Its consent stays, since other mailboxes are opened with it.".to_owned())));
    }
    Ok(Some(Ok(Lock::take(grant_id, deps).await?)))
}

/// Gives it up at its provider, as far as that lets us. What it does not do by itself is said.
pub async fn at_provider(lock: &Lock, deps: &Deps) -> GivenUp {
    let GrantKey { provider, kind, identity } = &lock.grant.key;
    let by_hand = match deps.config.providers.get(provider).map(|app| app.family()) {
        Some("microsoft") => format!(
            "{identity} can remove the application at https://myapps.microsoft.com, or an administrator ends the consent with \
             Remove-MgOauth2PermissionGrant"
        ),
        _ => "end it there by hand".to_owned(),
    };
    let (at_provider, detail) = match grant::revoke(&lock.grant, deps).await {
        _ if *kind == GrantKind::AppOnly => (
            false,
            "The application keeps its right until an administrator takes it away (Exchange: Remove-MailboxPermission)."
                .to_owned(),
        ),
        Ok(true) => (true, format!("{provider} has ended the consent of {identity}.")),
        Ok(false) if lock.grant.refresh_sealed.is_none() => (false, format!("{identity} had not consented.")),
        Ok(false) => (false, format!("{provider} has no way to end a consent from here: {by_hand}.")),
        Err(error) => {
            let why = match error {
                GrantError::Token(error) => error.trouble.sentence(Language::English),
                GrantError::Store(error) => error.to_string(),
            };
            (false, format!("At {provider} the consent could not be ended ({why}): {by_hand}."))
        }
    };
    GivenUp { at_provider, detail }
}
