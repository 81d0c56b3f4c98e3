//! The use cases: a file for each kind of thing, a function for each use case. Each finds the thing and authorises the actor,
//! validates, limits, makes the change and its audit line in one transaction, and returns the outcome as data. The command line, the
//! API and the pages parse, call and show; no other module changes the store for an actor.

mod actor;
pub mod consents;
pub mod deliveries;
mod error;
pub mod forwarded;
pub mod inboxes;
pub mod invitations;
pub mod keys;
pub mod ledger;
pub mod links;
pub mod mailboxes;
pub mod organisations;
pub mod people;
pub mod routes;
pub mod targets;
pub mod test_mails;
pub mod tokens;

use crate::clock::Timestamp;
use crate::fact::{AuditEvent, Conflict};
use crate::store::{Change, Scope, Store, Tx};

pub use actor::Actor;
pub use error::{Error, Forbidden};

/// One call of a use case: the actor, the store, and the time.
#[derive(Clone, Copy)]
pub struct Acting<'a> {
    pub actor: &'a Actor,
    pub store: &'a Store,
    pub now: Timestamp,
}

/// The target of a change, as the audit log names it.
struct Target<'a> {
    /// The row of the organisation that the target belongs to; `None`: the installation.
    organisation: Option<i64>,
    /// The target's name or address.
    name: &'a str,
}

impl<'a> Acting<'a> {
    /// The organisations whose data the actor may see.
    fn scope(&self) -> Scope {
        self.actor.scope()
    }

    /// Begins the transaction of a change.
    ///
    /// # Errors
    /// The actor has read-only access.
    async fn begin(&self) -> Result<Tx<'a>, Error> {
        self.actor.may_change()?;
        Ok(self.store.begin().await?)
    }

    /// The error for an address that is taken. An actor who may not see the owner learns only that the address cannot be used.
    fn address_taken(&self, taken: Conflict, organisation: i64) -> Error {
        if self.scope().has(organisation) { taken.into() } else { Conflict::AddressTaken.into() }
    }

    /// Writes the audit line of a change into its transaction.
    async fn audit(&self, tx: &mut Tx<'_>, done: &AuditEvent, target: Target<'_>) -> Result<(), Error> {
        let who = self.actor.name();
        let change = Change { who: &who, organisation: target.organisation, done, target: target.name };
        Ok(tx.audit(change, self.now).await?)
    }

    /// Writes the audit line of a change and commits.
    async fn finish(&self, mut tx: Tx<'_>, done: &AuditEvent, target: Target<'_>) -> Result<(), Error> {
        self.audit(&mut tx, done, target).await?;
        Ok(tx.commit().await?)
    }
}

/// The precondition of a caller that has none: it accepts every state.
pub fn any<T>(_: &T) -> bool {
    true
}

/// Refuses a change if the resource does not meet its precondition, such as the `If-Match` header of an API request.
///
/// # Errors
/// [`Error::Changed`].
fn check_precondition<T>(thing: &T, precondition: impl FnOnce(&T) -> bool) -> Result<(), Error> {
    if precondition(thing) { Ok(()) } else { Err(Error::Changed) }
}
