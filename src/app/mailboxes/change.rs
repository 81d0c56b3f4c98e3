//! Changing a mailbox: its settings, and its password or consent.

use super::credential_policy::{self, LoginFate};
use super::settings::{check_move_target, require_tls_for_tokens};
use super::{ChangeDeps, Refused, lock_mailbox, login_limit, target};
use crate::address::Address;
use crate::app::inboxes::visible;
use crate::app::targets::check_not_target;
use crate::app::{Acting, Error};
use crate::fact::{AuditEvent, MailboxPart, RevocationOutcome};
use crate::oauth::revocation::{self, Consent};
use crate::store::{Changes, GrantKind, Login, Mailbox, NewLogin, StoreError};
use crate::vault::Vault;

/// The rule for the stored login when a change names another server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoredLogin {
    /// The change must include a new login.
    MustBeReplaced,
    /// The login is deleted, and the next page asks for a new one.
    IsDeleted,
}

/// A change to a mailbox.
pub struct Request<'a> {
    /// The mailbox as the actor saw it.
    pub before: &'a Mailbox,
    pub changes: Changes,
    /// The rule for the stored login if the server changes.
    pub stored_login: StoredLogin,
}

/// The outcome of a change.
pub struct Changed {
    /// The changed mailbox.
    pub mailbox: Mailbox,
    /// The outcome of revoking the previous consent, if there was one.
    pub revocation: Option<RevocationOutcome>,
    /// Whether a new login or consent is required before the mailbox can be polled again.
    pub needs_login: bool,
}

/// Changes a mailbox and schedules a poll. A new login replaces the old one; a replaced consent that no other mailbox uses
/// is then revoked at its provider. The command line may leave out `deps_for_change` if no login is given, since no key is
/// needed then.
///
/// # Errors
/// A field is invalid or refused by the policy; the mailbox does not meet the precondition, or has changed in the meantime.
pub async fn change(
    acting: Acting<'_>,
    request: Request<'_>,
    deps_for_change: Option<ChangeDeps<'_>>,
    precondition: impl FnOnce(&Mailbox) -> bool,
) -> Result<Changed, Error> {
    acting.actor.may_change()?;
    let Request { before, mut changes, stored_login } = request;
    if let Some(inbox) = &changes.inbox {
        let mut reader = acting.store.read().await?;
        visible(acting, inbox, &mut reader).await?;
    }
    check(before, &changes)?;
    let mut needs_login = false;
    if let Some(deps_for_change) = deps_for_change.filter(|_| acting.actor.is_bound_by_credential_policy()) {
        needs_login = judge(acting, before, &mut changes, stored_login, deps_for_change)?;
        refuse_password_guessing(before, &changes, deps_for_change).await?;
    }
    let tokens = deps_for_change.map(|deps_for_change| deps_for_change.deps.tokens());
    let consent = match (&changes.login, &tokens) {
        (Some(login), Some(tokens)) if !before.login.uses_consent(login) => {
            revocation::last_consent(before, tokens).await?
        }
        _ => Consent::None,
    };
    let vault = deps_for_change.map(|deps_for_change| &*deps_for_change.deps.vault);
    let changed = write(acting, before, &changes, vault, precondition).await;
    let Some(tokens) = tokens else { return changed.map(|mailbox| Changed { mailbox, revocation: None, needs_login }) };
    let revocation = match &changed {
        Ok(_) => consent.end(&tokens).await,
        Err(_) => None,
    };
    consent.release(&tokens).await;
    if let Some(revocation) = &revocation {
        tracing::info!(mailbox = before.address, ended = revocation.at_provider(), "a consent was revoked");
    }
    changed.map(|mailbox| Changed { mailbox, revocation, needs_login })
}

/// Refuses settings that can never work.
fn check(before: &Mailbox, changes: &Changes) -> Result<(), Error> {
    let is_by_token = match &changes.login {
        Some(login) => matches!(login, NewLogin::OAuth(_)),
        None => matches!(before.login, Login::OAuth { .. }),
    };
    require_tls_for_tokens(changes.server.as_ref().unwrap_or(&before.server), is_by_token)?;
    let after = changes.settings.apply_to(&before.settings);
    Ok(check_move_target(&after.after_import, &after.folders)?)
}

/// Applies the credential policy to a change. Returns whether a new login or consent is required.
fn judge(
    acting: Acting<'_>,
    before: &Mailbox,
    changes: &mut Changes,
    stored_login: StoredLogin,
    deps_for_change: ChangeDeps<'_>,
) -> Result<bool, Error> {
    if changes.server.is_none() && changes.username.is_none() && changes.login.is_none() {
        return Ok(false);
    }
    let is_renamed = changes.username.as_ref().is_some_and(|name| *name != before.username);
    let (server, login) = (changes.server.as_ref(), changes.login.as_ref());
    let change = credential_policy::Change { before: Some(before), server, is_renamed, login };
    let fate = deps_for_change.rules(acting.scope()).judge(&change)?;
    if fate == LoginFate::Forgotten && stored_login == StoredLogin::MustBeReplaced {
        return Err(Refused::LoginRequired(change.changed_setting()).into());
    }
    let is_same_consent = login.is_none_or(|login| before.login.uses_consent(login));
    let is_delegated = |login: &NewLogin| matches!(login, NewLogin::OAuth(key) if key.kind == GrantKind::Delegated);
    let is_asked = fate == LoginFate::ConsentRequired
        || login.is_some_and(|login| is_delegated(login) && (is_renamed || !before.login.uses_consent(login)));
    changes.keeps_login =
        fate == LoginFate::KeptWithProvider || (fate == LoginFate::ConsentRequired && is_same_consent);
    if changes.needs_consent.is_none() {
        changes.needs_consent = is_asked.then_some(true);
    }
    if fate == LoginFate::Forgotten {
        changes.login = Some(NewLogin::Unset);
    }
    Ok(matches!(fate, LoginFate::Forgotten | LoginFate::ConsentRequired))
}

/// Refuses another password if the server has refused too many for this account.
async fn refuse_password_guessing(
    before: &Mailbox,
    changes: &Changes,
    deps_for_change: ChangeDeps<'_>,
) -> Result<(), Error> {
    if !matches!(changes.login, Some(NewLogin::Password(_))) {
        return Ok(());
    }
    let server = changes.server.as_ref().unwrap_or(&before.server);
    let username = changes.username.as_ref().unwrap_or(&before.username);
    match login_limit::login_wait_minutes(server, username, before.organisation_id, deps_for_change.deps).await? {
        Some(minutes) => Err(Error::PasswordRateLimited(minutes)),
        None => Ok(()),
    }
}

/// Writes the change and its audit line in one transaction.
async fn write(
    acting: Acting<'_>,
    shown: &Mailbox,
    changes: &Changes,
    vault: Option<&Vault>,
    precondition: impl FnOnce(&Mailbox) -> bool,
) -> Result<Mailbox, Error> {
    let address: Address = shown.address.parse().map_err(StoreError::Unknown)?;
    let mut tx = acting.begin().await?;
    let before = lock_mailbox(acting, shown, &mut tx, precondition).await?;
    if let Some(inbox) = &changes.inbox {
        visible(acting, inbox, &mut tx).await?;
    }
    tx.change_mailbox(&address, changes, vault, acting.now).await?;
    if let Some(done) = audit_event(&before, changes) {
        acting.audit(&mut tx, &done, target(&before)).await?;
    }
    let mailbox = tx.mailbox(&address).await?;
    if changes.inbox.is_some() || changes.username.is_some() {
        check_not_target(&mailbox, &mut tx).await?;
    }
    tx.commit().await?;
    Ok(mailbox)
}

/// The audit event, with the settings that differ; `None` if the change only repeats the existing consent.
fn audit_event(before: &Mailbox, changes: &Changes) -> Option<AuditEvent> {
    let others = [
        (MailboxPart::Inbox, changes.inbox.as_ref().is_some_and(|inbox| inbox.as_str() != before.inbox)),
        (MailboxPart::Server, changes.server.as_ref().is_some_and(|server| *server != before.server)),
        (MailboxPart::Username, changes.username.as_ref().is_some_and(|name| *name != before.username)),
    ];
    let mut parts: Vec<MailboxPart> =
        others.into_iter().filter_map(|(part, is_other)| is_other.then_some(part)).collect();
    parts.extend(changes.settings.apply_to(&before.settings).differences(&before.settings));
    match &changes.login {
        Some(login) if before.login.uses_consent(login) => {
            (!parts.is_empty()).then_some(AuditEvent::MailboxChanged { parts })
        }
        Some(NewLogin::Password(_) | NewLogin::OAuth(_)) => Some(AuditEvent::CredentialsChanged { parts }),
        Some(NewLogin::Unset) | None => Some(AuditEvent::MailboxChanged { parts }),
    }
}
