//! Mailboxes: the customers' mail accounts that are polled.

mod add;
mod change;
pub mod credential_policy;
pub mod guesses;
pub mod inspect;
mod poll_now;
pub mod settings;

use super::{Acting, Error, Target, meant};
use crate::address::Address;
use crate::fact::{Conflict, Done, GivenUp, Thing};
use crate::oauth::{self, revocation};
use crate::poll::Deps;
use crate::store::{Mailbox, Scope, StoreError, Tx};

pub use add::{WantedMailbox, add};
pub use change::{MovedLogin, Request, change};
pub use credential_policy::{Refused, Rules};
pub use poll_now::{PollNow, VerifiedFolder, poll_now, verify};

/// The surroundings of a change that may need a key, a provider or the network.
#[derive(Clone, Copy)]
pub struct ChangeDeps<'a> {
    /// The parts that a poll works with.
    pub deps: &'a Deps,
    /// The ports of mail servers that an actor of one organisation may name.
    pub ports: &'a [u16],
}

impl ChangeDeps<'_> {
    /// The credential policy for somebody who sees this.
    pub fn rules(&self, scope: Scope) -> Rules<'_> {
        Rules { oauth: &self.deps.oauth, ports: self.ports, scope }
    }
}

/// A mailbox as the target of a change.
pub(super) fn target(mailbox: &Mailbox) -> Target<'_> {
    Target { organisation: Some(mailbox.organisation_id), name: &mailbox.address }
}

/// The mailbox of this address, as it stands in a path or on the command line.
///
/// # Errors
/// It is missing.
pub async fn find(acting: Acting<'_>, address: &str) -> Result<Mailbox, Error> {
    let missing = || Error::Missing(Thing::Mailbox(address.to_owned()));
    let address: Address = address.parse().map_err(|_| missing())?;
    seen(acting, acting.store.mailbox(&address).await?)
}

fn seen(acting: Acting<'_>, mailbox: Mailbox) -> Result<Mailbox, Error> {
    match acting.scope().has(mailbox.organisation_id) {
        true => Ok(mailbox),
        false => Err(Error::Missing(Thing::Mailbox(mailbox.address))),
    }
}

/// The mailbox as it is now, which nobody else changes before the end of the transaction.
///
/// # Errors
/// It is missing, or another one has its address; it is not as it was meant to be.
async fn hold(
    acting: Acting<'_>,
    shown: &Mailbox,
    tx: &mut Tx<'_>,
    is_meant: impl FnOnce(&Mailbox) -> bool,
) -> Result<Mailbox, Error> {
    let address: Address = shown.address.parse().map_err(StoreError::Unknown)?;
    let held = seen(acting, tx.hold_mailbox(&address).await?)?;
    if held.id != shown.id {
        return Err(Error::Missing(Thing::MailboxOfRow));
    }
    meant(&held, is_meant)?;
    Ok(held)
}

/// Pauses or resumes polling. Doing so again changes nothing.
///
/// # Errors
/// It is missing; [`Conflict::BeingSetUp`]: it is paused until it is started.
pub async fn pause(acting: Acting<'_>, address: &Address, paused: bool) -> Result<Mailbox, Error> {
    let mut tx = acting.begin().await?;
    let mailbox = seen(acting, tx.mailbox(address).await?)?;
    if mailbox.setup {
        return Err(Conflict::BeingSetUp.into());
    }
    if mailbox.paused == paused {
        return Ok(mailbox);
    }
    tx.pause_mailbox(mailbox.id, paused, acting.now).await?;
    let done = if paused { Done::MailboxPaused } else { Done::MailboxResumed };
    acting.audit(&mut tx, &done, target(&mailbox)).await?;
    let mailbox = tx.mailbox(address).await?;
    tx.commit().await?;
    Ok(mailbox)
}

/// Starts a mailbox that was set up. Doing so again changes nothing.
///
/// # Errors
/// The actor may only look.
pub async fn start(acting: Acting<'_>, mailbox: &Mailbox) -> Result<(), Error> {
    let mut tx = acting.begin().await?;
    match tx.start_mailbox(mailbox.id, acting.now).await? {
        true => acting.finish(tx, &Done::MailboxStarted, target(mailbox)).await,
        false => Ok(()),
    }
}

/// Has a mailbox looked at now. Where its server told us to stay away, or a failed login has it wait, it is not: asking more often
/// locks accounts.
///
/// # Errors
/// [`Conflict::BeingSetUp`], [`Conflict::Paused`], [`Conflict::Failing`], [`Conflict::HeldByServer`].
pub async fn poll_soon(acting: Acting<'_>, mailbox: &Mailbox) -> Result<(), Error> {
    let mut tx = acting.begin().await?;
    if tx.poll_soon(mailbox.id, acting.now).await? {
        return Ok(tx.commit().await?);
    }
    Err(Error::Conflict(match mailbox {
        one if one.setup => Conflict::BeingSetUp,
        one if one.paused => Conflict::Paused,
        one if one.status.failures > 0 => Conflict::Failing,
        _ => Conflict::HeldByServer,
    }))
}

/// Removes a mailbox with its password or consent and its ledger; imported mail stays in its inbox. A consent that no other mailbox
/// is opened with is given up at its provider; `tokens` are needed for a mailbox that is opened with one.
///
/// # Errors
/// It is not as it was meant to be; its consent is being renewed just now.
pub async fn remove(
    acting: Acting<'_>,
    mailbox: &Mailbox,
    tokens: Option<&oauth::OAuthDeps>,
    is_meant: impl Fn(&Mailbox) -> bool,
) -> Result<Option<GivenUp>, Error> {
    acting.actor.may_change()?;
    meant(mailbox, &is_meant)?;
    let Some(tokens) = tokens else {
        remove_row(acting, mailbox, None, is_meant).await?;
        return Ok(None);
    };
    let consent = revocation::last_consent(mailbox, tokens).await?;
    // First at the provider, so that no consent is left that nobody here knows of.
    let given_up = consent.end(tokens).await;
    let removed = remove_row(acting, mailbox, given_up.clone(), is_meant).await;
    consent.release(tokens).await;
    removed.map(|()| given_up)
}

/// Removes the row, if it is still the mailbox that was meant: its provider may have taken seconds to answer.
async fn remove_row(
    acting: Acting<'_>,
    mailbox: &Mailbox,
    consent: Option<GivenUp>,
    is_meant: impl FnOnce(&Mailbox) -> bool,
) -> Result<(), Error> {
    let mut tx = acting.begin().await?;
    let held = hold(acting, mailbox, &mut tx, is_meant).await?;
    tx.remove_mailbox(held.id).await?;
    acting.finish(tx, &Done::MailboxRemoved { consent }, target(&held)).await
}
