//! The use cases: a file for each kind of thing, a function for each use case. Each finds the thing and authorises the actor,
//! validates, limits, makes the change and its audit line in one transaction, and returns the outcome as data. The command line, the
//! API and the pages parse, call and show; only here is the store changed on somebody's behalf.

mod actor;
pub mod consents;
mod error;
pub mod inboxes;
pub mod invitations;
pub mod keys;
pub mod ledger;
pub mod links;
pub mod mailboxes;
pub mod organisations;
pub mod people;
pub mod routes;
pub mod test_mails;
pub mod tokens;

use crate::clock::Timestamp;
use crate::fact::{AuditEvent, Conflict};
use crate::store::{Change, Scope, Store, Tx};

pub use actor::Actor;
pub use error::{Error, Forbidden};

/// Somebody at work: who, on which store, and at which moment.
#[derive(Clone, Copy)]
pub struct Acting<'a> {
    /// Who it is.
    pub actor: &'a Actor,
    /// Where.
    pub store: &'a Store,
    /// When.
    pub now: Timestamp,
}

/// A thing that is changed, for the audit.
struct Target<'a> {
    /// The row of the organisation that it belongs to; `None`: the installation.
    organisation: Option<i64>,
    /// Its name or address.
    name: &'a str,
}

impl<'a> Acting<'a> {
    /// The things that the actor may see.
    fn scope(&self) -> Scope {
        self.actor.scope()
    }

    /// Begins a change.
    ///
    /// # Errors
    /// The actor may only look.
    async fn begin(&self) -> Result<Tx<'a>, Error> {
        self.actor.may_change()?;
        Ok(self.store.begin().await?)
    }

    /// The error that an address is taken; whose it is, and that it is there, is told to those who may see it only.
    fn taken(&self, taken: Conflict, organisation: i64) -> Error {
        if self.scope().has(organisation) { taken.into() } else { Conflict::AddressTaken.into() }
    }

    /// Writes down what was done, in the transaction that did it.
    async fn audit(&self, tx: &mut Tx<'_>, done: &AuditEvent, target: Target<'_>) -> Result<(), Error> {
        let who = self.actor.name();
        let change = Change { who: &who, organisation: target.organisation, done, target: target.name };
        Ok(tx.audit(change, self.now).await?)
    }

    /// Ends a change: its audit line, and the commit.
    async fn finish(&self, mut tx: Tx<'_>, done: &AuditEvent, target: Target<'_>) -> Result<(), Error> {
        self.audit(&mut tx, done, target).await?;
        Ok(tx.commit().await?)
    }
}

/// Accepts a thing in whatever state it is: for doors that do not say which state they mean to change.
pub fn any<T>(_: &T) -> bool {
    true
}

/// Refuses a change that is meant for another state of a thing.
///
/// # Errors
/// [`Error::Changed`].
fn meant<T>(thing: &T, is_meant: impl FnOnce(&T) -> bool) -> Result<(), Error> {
    if is_meant(thing) { Ok(()) } else { Err(Error::Changed) }
}
