//! Giving a consent up: at its provider, as far as that lets us, and here.

use super::Deps;
use super::grant::{self, GrantError, Lock};
use crate::address::Address;
use crate::locale::Language;
use crate::store::{Changes, Grant, GrantKey, GrantKind, Login, Mailbox, StoreError};

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

/// Changes a mailbox. Where it is opened in another way from now on, the consent that it was opened with is given up if no other
/// mailbox needs it: what nobody uses is not left behind at a provider. `None`: there was none to give up.
///
/// # Errors
/// The change cannot be made, which costs no consent; or the consent is being renewed just now.
pub async fn change(before: &Mailbox, changes: &Changes, deps: &Deps) -> Result<Option<GivenUp>, GrantError> {
    let address: Address = before.address.parse().map_err(StoreError::Unknown)?;
    let consent = match &changes.login {
        Some(login) if !before.login.is_consent_of(login) => last_consent(before, deps).await?,
        _ => Consent::None,
    };
    let changed = deps.store.change_mailbox(&address, changes, Some(&deps.vault), deps.clock.now()).await;
    match consent {
        Consent::Last(lock) => {
            let told = if changed.is_ok() { Some(at_provider(&lock, deps).await) } else { None };
            lock.release(deps).await;
            changed.map(|()| told)
        }
        consent => changed.map(|()| consent.stays()),
    }
    .map_err(GrantError::from)
}

/// Removes a mailbox, and gives its consent up if no other mailbox needs it. `None`: there was none to give up.
///
/// # Errors
/// It cannot be removed; or the consent is being renewed just now.
pub async fn remove(mailbox: &Mailbox, deps: &Deps) -> Result<Option<GivenUp>, GrantError> {
    let address: Address = mailbox.address.parse().map_err(StoreError::Unknown)?;
    match last_consent(mailbox, deps).await? {
        Consent::Last(lock) => {
            // First there, so that no consent is left that nobody here knows of.
            let told = at_provider(&lock, deps).await;
            let removed = deps.store.remove_mailbox(&address).await;
            lock.release(deps).await;
            removed?;
            Ok(Some(told))
        }
        consent => {
            deps.store.remove_mailbox(&address).await?;
            Ok(consent.stays())
        }
    }
}

/// The consent of a mailbox.
enum Consent {
    /// It has none.
    None,
    /// Others are opened with it too.
    Shared,
    /// No other mailbox is opened with it.
    Last(Box<Lock>),
}

impl Consent {
    fn stays(self) -> Option<GivenUp> {
        let detail = "Its consent stays, since other mailboxes are opened with it.".to_owned();
        matches!(self, Self::Shared).then_some(GivenUp { at_provider: false, detail })
    }
}

async fn last_consent(mailbox: &Mailbox, deps: &Deps) -> Result<Consent, GrantError> {
    let Login::OAuth { grant_id, key } = &mailbox.login else { return Ok(Consent::None) };
    let mailboxes = deps.store.mailboxes_by_grant().await?.remove(grant_id).unwrap_or_default();
    // Google ends all that an account has consented to together, so what another organisation's is opened with counts too.
    let grants = deps.store.grants().await?;
    let is_elsewhere = |grant: &Grant| grant.id != *grant_id && grant.key == *key && grant.refresh_sealed.is_some();
    match mailboxes.iter().any(|other| *other != mailbox.address) || grants.iter().any(is_elsewhere) {
        true => Ok(Consent::Shared),
        false => Ok(Consent::Last(Box::new(Lock::take(*grant_id, deps).await?))),
    }
}

/// Gives it up at its provider, as far as that lets us. What it does not do by itself is said.
async fn at_provider(lock: &Lock, deps: &Deps) -> GivenUp {
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
