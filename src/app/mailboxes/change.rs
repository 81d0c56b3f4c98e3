//! Changing a mailbox: its settings, and the password or consent that it is opened with.

use super::credential_policy::{self, Fate};
use super::settings::{never_in_clear_text, not_into_itself};
use super::{Refused, ChangeDeps, guesses, hold, target};
use crate::address::Address;
use crate::app::inboxes::visible;
use crate::app::{Acting, Error};
use crate::fact::{Done, GivenUp, Part};
use crate::oauth::give_up::{self, Consent};
use crate::store::{Changes, GrantKind, Login, Mailbox, NewLogin, StoreError};
use crate::vault::Vault;

/// The fate of a login that was given for another server than the mailbox is to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MovedLogin {
    /// It has to be given anew, with the change.
    GivenAnew,
    /// It is forgotten, and asked for next.
    Forgotten,
}

/// A change that somebody asks for.
pub struct Request<'a> {
    /// The mailbox as they saw it.
    pub before: &'a Mailbox,
    /// The changes.
    pub changes: Changes,
    /// The fate of a login that was given for another server.
    pub moved_login: MovedLogin,
}

/// A mailbox that was changed.
pub struct Changed {
    /// The mailbox as it is now.
    pub mailbox: Mailbox,
    /// How the consent ended that it was opened with before, where there was one.
    pub given_up: Option<GivenUp>,
    /// Whether the login has to be given, or consented to, before the mailbox can be opened again.
    pub asks_login: bool,
}

/// Changes a mailbox, and has it looked at soon. Another way to log in takes the place of the one before, whose consent is given up
/// if no other mailbox needs it. `around` may be left out at the command line where no login is given: no key is needed then.
///
/// # Errors
/// A part of it cannot be, or is refused; the mailbox is not as it was meant to be, or was changed meanwhile.
pub async fn change(
    acting: Acting<'_>,
    request: Request<'_>,
    change_deps: Option<ChangeDeps<'_>>,
    is_meant: impl FnOnce(&Mailbox) -> bool,
) -> Result<Changed, Error> {
    acting.actor.may_change()?;
    let Request { before, mut changes, moved_login } = request;
    if let Some(inbox) = &changes.inbox {
        let mut reader = acting.store.read().await?;
        visible(acting, inbox, &mut reader).await?;
    }
    check(before, &changes)?;
    let mut asks_login = false;
    if let Some(change_deps) = change_deps.filter(|_| acting.actor.is_judged()) {
        asks_login = judge(acting, before, &mut changes, moved_login, change_deps)?;
        no_guessing(before, &changes, change_deps).await?;
    }
    let tokens = change_deps.map(|change_deps| change_deps.deps.tokens());
    let consent = match (&changes.login, &tokens) {
        (Some(login), Some(tokens)) if !before.login.is_consent_of(login) => {
            give_up::last_consent(before, tokens).await?
        }
        _ => Consent::None,
    };
    let vault = change_deps.map(|change_deps| &*change_deps.deps.vault);
    let changed = write(acting, before, &changes, vault, is_meant).await;
    let Some(tokens) = tokens else { return changed.map(|mailbox| Changed { mailbox, given_up: None, asks_login }) };
    let given_up = match &changed {
        Ok(_) => consent.end(&tokens).await,
        Err(_) => None,
    };
    consent.release(&tokens).await;
    if let Some(given_up) = &given_up {
        tracing::info!(mailbox = before.address, ended = given_up.at_provider(), "a consent was given up");
    }
    changed.map(|mailbox| Changed { mailbox, given_up, asks_login })
}

/// Refuses what could never work.
fn check(before: &Mailbox, changes: &Changes) -> Result<(), Error> {
    let is_by_token = match &changes.login {
        Some(login) => matches!(login, NewLogin::OAuth(_)),
        None => matches!(before.login, Login::OAuth { .. }),
    };
    never_in_clear_text(changes.server.as_ref().unwrap_or(&before.server), is_by_token)?;
    let after = changes.settings.on(&before.settings);
    Ok(not_into_itself(&after.after_import, &after.folders)?)
}

/// Applies the credential policy to a change. Returns whether the login has to be given anew.
fn judge(
    acting: Acting<'_>,
    before: &Mailbox,
    changes: &mut Changes,
    moved_login: MovedLogin,
    change_deps: ChangeDeps<'_>,
) -> Result<bool, Error> {
    if changes.server.is_none() && changes.username.is_none() && changes.login.is_none() {
        return Ok(false);
    }
    let is_renamed = changes.username.as_ref().is_some_and(|name| *name != before.username);
    let (server, login) = (changes.server.as_ref(), changes.login.as_ref());
    let change = credential_policy::Change { before: Some(before), server, is_renamed, login };
    let fate = change_deps.rules(acting.scope()).judge(&change)?;
    if fate == Fate::Forgotten && moved_login == MovedLogin::GivenAnew {
        return Err(Refused::LoginToo(change.moved_by()).into());
    }
    let is_same_consent = login.is_none_or(|login| before.login.is_consent_of(login));
    let is_delegated = |login: &NewLogin| matches!(login, NewLogin::OAuth(key) if key.kind == GrantKind::Delegated);
    let is_asked = fate == Fate::AskedAnew
        || login.is_some_and(|login| is_delegated(login) && (is_renamed || !before.login.is_consent_of(login)));
    changes.login_goes_along = fate == Fate::GoesAlong || (fate == Fate::AskedAnew && is_same_consent);
    if changes.asks_consent.is_none() {
        changes.asks_consent = is_asked.then_some(true);
    }
    if fate == Fate::Forgotten {
        changes.login = Some(NewLogin::ToCome);
    }
    Ok(matches!(fate, Fate::Forgotten | Fate::AskedAnew))
}

/// Takes no further password where the server has refused too many for this account.
async fn no_guessing(before: &Mailbox, changes: &Changes, change_deps: ChangeDeps<'_>) -> Result<(), Error> {
    if !matches!(changes.login, Some(NewLogin::Password(_))) {
        return Ok(());
    }
    let server = changes.server.as_ref().unwrap_or(&before.server);
    let username = changes.username.as_ref().unwrap_or(&before.username);
    match guesses::held(server, username, before.organisation_id, change_deps.deps).await? {
        Some(minutes) => Err(Error::PasswordsWait(minutes)),
        None => Ok(()),
    }
}

/// The transaction: the change and its audit line.
async fn write(
    acting: Acting<'_>,
    shown: &Mailbox,
    changes: &Changes,
    vault: Option<&Vault>,
    is_meant: impl FnOnce(&Mailbox) -> bool,
) -> Result<Mailbox, Error> {
    let address: Address = shown.address.parse().map_err(StoreError::Unknown)?;
    let mut tx = acting.begin().await?;
    let before = hold(acting, shown, &mut tx, is_meant).await?;
    if let Some(inbox) = &changes.inbox {
        visible(acting, inbox, &mut tx).await?;
    }
    tx.change_mailbox(&address, changes, vault, acting.now).await?;
    if let Some(done) = done(&before, changes) {
        acting.audit(&mut tx, &done, target(&before)).await?;
    }
    let mailbox = tx.mailbox(&address).await?;
    tx.commit().await?;
    Ok(mailbox)
}

/// The parts that really change. `None`: somebody consents once more to what the mailbox is opened with already.
fn done(before: &Mailbox, changes: &Changes) -> Option<Done> {
    let others = [
        (Part::Inbox, changes.inbox.as_ref().is_some_and(|inbox| inbox.as_str() != before.inbox)),
        (Part::Server, changes.server.as_ref().is_some_and(|server| *server != before.server)),
        (Part::Username, changes.username.as_ref().is_some_and(|name| *name != before.username)),
    ];
    let mut parts: Vec<Part> = others.into_iter().filter_map(|(part, is_other)| is_other.then_some(part)).collect();
    parts.extend(changes.settings.on(&before.settings).parts_unlike(&before.settings));
    match &changes.login {
        Some(login) if before.login.is_consent_of(login) => {
            (!parts.is_empty()).then_some(Done::MailboxChanged { parts })
        }
        Some(NewLogin::Password(_) | NewLogin::OAuth(_)) => Some(Done::CredentialsChanged { parts }),
        Some(NewLogin::ToCome) | None => Some(Done::MailboxChanged { parts }),
    }
}
