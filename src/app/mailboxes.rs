//! Mailboxes: the customers' mail accounts.

mod add;
mod change;
pub mod credential_policy;
pub mod inspect;
pub mod login_limit;
mod poll_now;
pub mod settings;

use super::{Acting, Error, Target, check_precondition};
use crate::address::Address;
use crate::fact::{AuditEvent, Conflict, Resource, RevocationOutcome};
use crate::oauth::{self, revocation};
use crate::poll::Deps;
use crate::store::{Mailbox, Scope, StoreError, Tx};

pub use add::{WantedMailbox, add};
pub use change::{Request, StoredLogin, change};
pub use credential_policy::{Refused, Rules};
pub use poll_now::{PollNow, VerifiedFolder, poll_now, verify};

/// Dependencies of a mailbox change, which may need a key, a provider or the network.
#[derive(Clone, Copy)]
pub struct ChangeDeps<'a> {
    /// Dependencies of a poll.
    pub deps: &'a Deps,
    /// Ports of mail servers that actors of one organisation may choose.
    pub ports: &'a [u16],
}

impl ChangeDeps<'_> {
    /// The credential policy for an actor with this scope.
    pub fn rules(&self, scope: Scope) -> Rules<'_> {
        Rules { oauth: &self.deps.oauth, ports: self.ports, scope }
    }
}

/// The mailbox as the object of an audit line.
pub(super) fn target(mailbox: &Mailbox) -> Target<'_> {
    Target { organisation: Some(mailbox.organisation_id), name: &mailbox.address }
}

/// Finds a mailbox by its address.
///
/// # Errors
/// The mailbox does not exist, or the actor may not see it.
pub async fn find(acting: Acting<'_>, address: &str) -> Result<Mailbox, Error> {
    let missing = || Error::Missing(Resource::Mailbox(address.to_owned()));
    let address: Address = address.parse().map_err(|_| missing())?;
    check_visible(acting, acting.store.mailbox(&address).await?)
}

fn check_visible(acting: Acting<'_>, mailbox: Mailbox) -> Result<Mailbox, Error> {
    match acting.scope().has(mailbox.organisation_id) {
        true => Ok(mailbox),
        false => Err(Error::Missing(Resource::Mailbox(mailbox.address))),
    }
}

/// Locks a mailbox for the rest of the transaction and returns its current state.
///
/// # Errors
/// The mailbox was removed, its address now belongs to another mailbox, or the mailbox does not meet the precondition.
async fn lock_mailbox(
    acting: Acting<'_>,
    shown: &Mailbox,
    tx: &mut Tx<'_>,
    precondition: impl FnOnce(&Mailbox) -> bool,
) -> Result<Mailbox, Error> {
    let address: Address = shown.address.parse().map_err(StoreError::Unknown)?;
    let held = check_visible(acting, tx.lock_mailbox(&address).await?)?;
    if held.id != shown.id {
        return Err(Error::Missing(Resource::MailboxOfRow));
    }
    check_precondition(&held, precondition)?;
    Ok(held)
}

/// Pauses or resumes polling. A repeated call changes nothing.
///
/// # Errors
/// The mailbox does not exist; [`Conflict::InSetup`].
pub async fn pause(acting: Acting<'_>, address: &Address, paused: bool) -> Result<Mailbox, Error> {
    let mut tx = acting.begin().await?;
    let mailbox = check_visible(acting, tx.mailbox(address).await?)?;
    if mailbox.setup {
        return Err(Conflict::InSetup.into());
    }
    if mailbox.paused == paused {
        return Ok(mailbox);
    }
    tx.pause_mailbox(mailbox.id, paused, acting.now).await?;
    let done = if paused { AuditEvent::MailboxPaused } else { AuditEvent::MailboxResumed };
    acting.audit(&mut tx, &done, target(&mailbox)).await?;
    let mailbox = tx.mailbox(address).await?;
    tx.commit().await?;
    Ok(mailbox)
}

/// Starts a mailbox after its setup. A repeated call changes nothing.
///
/// # Errors
/// The actor has read-only access.
pub async fn start(acting: Acting<'_>, mailbox: &Mailbox) -> Result<(), Error> {
    let mut tx = acting.begin().await?;
    match tx.start_mailbox(mailbox.id, acting.now).await? {
        true => acting.finish(tx, &AuditEvent::MailboxStarted, target(mailbox)).await,
        false => Ok(()),
    }
}

/// Schedules a poll now. If the server asked us to wait, or the last poll failed, the mailbox keeps waiting: extra logins
/// can lock the account.
///
/// # Errors
/// [`Conflict::InSetup`], [`Conflict::Paused`], [`Conflict::Failing`], [`Conflict::ServerAskedToWait`].
pub async fn poll_soon(acting: Acting<'_>, mailbox: &Mailbox) -> Result<(), Error> {
    let mut tx = acting.begin().await?;
    if tx.poll_soon(mailbox.id, acting.now).await? {
        return Ok(tx.commit().await?);
    }
    Err(Error::Conflict(match mailbox {
        one if one.setup => Conflict::InSetup,
        one if one.paused => Conflict::Paused,
        one if one.status.failures > 0 => Conflict::Failing,
        _ => Conflict::ServerAskedToWait,
    }))
}

/// Removes a mailbox with its password or consent and its ledger. Imported mail stays in its inbox. A consent that no other
/// mailbox uses is revoked at its provider; `tokens` is required if the mailbox has a consent.
///
/// # Errors
/// The mailbox does not meet the precondition, or its consent is being renewed at this moment.
pub async fn remove(
    acting: Acting<'_>,
    mailbox: &Mailbox,
    tokens: Option<&oauth::OAuthDeps>,
    precondition: impl Fn(&Mailbox) -> bool,
) -> Result<Option<RevocationOutcome>, Error> {
    acting.actor.may_change()?;
    check_precondition(mailbox, &precondition)?;
    let Some(tokens) = tokens else {
        remove_row(acting, mailbox, None, precondition).await?;
        return Ok(None);
    };
    let consent = revocation::last_consent(mailbox, tokens).await?;
    // Revoke the consent at the provider first: otherwise a crash could leave a consent at the provider that the database no
    // longer knows.
    let revocation = consent.end(tokens).await;
    let removed = remove_row(acting, mailbox, revocation.clone(), precondition).await;
    consent.release(tokens).await;
    removed.map(|()| revocation)
}

/// Removes the row of a mailbox. Checks the precondition again, since the provider may have taken seconds to answer.
async fn remove_row(
    acting: Acting<'_>,
    mailbox: &Mailbox,
    consent: Option<RevocationOutcome>,
    precondition: impl FnOnce(&Mailbox) -> bool,
) -> Result<(), Error> {
    let mut tx = acting.begin().await?;
    let held = lock_mailbox(acting, mailbox, &mut tx, precondition).await?;
    tx.remove_mailbox(held.id).await?;
    acting.finish(tx, &AuditEvent::MailboxRemoved { consent }, target(&held)).await
}
