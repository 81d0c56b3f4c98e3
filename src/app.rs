//! The use cases: one file for each kind of resource, one function for each use case. A use case finds the resource,
//! authorises the actor, validates the input, applies limits, writes the change and its audit line in one transaction, and
//! returns the outcome as data. The command line, the API and the pages parse input, call use cases and show outcomes; no
//! other module changes the store for an actor.

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

/// The object that a change concerns, as the audit log names it; not a delivery target.
struct Target<'a> {
    /// The row number of the organisation that the object belongs to; `None` for the installation itself.
    organisation: Option<i64>,
    /// The object's name or address.
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

    /// Writes the audit line of a change within the transaction of the change.
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

/// A precondition that accepts every state, for callers that have none.
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
