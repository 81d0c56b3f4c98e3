//! The visitor of a page: a signed-in user or a guest.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::app::Actor;
use crate::http::page::error::PageError;
use crate::http::page::words::Words;
use crate::store::{Mailbox, Person, Role, Scope};

/// The visitor of a page.
#[derive(Clone)]
pub struct Visitor {
    /// The visitor's texts, language and time zone.
    pub words: Words,
    /// The user; `None` for a guest.
    pub person: Option<Person>,
    /// The hash of the session key.
    pub session: Option<Vec<u8>>,
    /// The client's address, for limits on logins.
    pub address: String,
    /// The requested path, with its query.
    pub path: String,
}

/// A signed-in user, as an argument of handlers that require one.
#[derive(Clone)]
pub struct SignedIn {
    pub visitor: Visitor,
    pub person: Person,
    /// The user as the actor of use cases.
    pub actor: Actor,
}

impl SignedIn {
    pub fn new(visitor: Visitor, person: Person) -> Self {
        Self { visitor, actor: Actor::Person(person.clone()), person }
    }

    /// The organisations whose data the user may see.
    pub fn scope(&self) -> Scope {
        Scope::from_organisation(self.person.organisation_id)
    }

    /// Whether the user may make changes.
    pub fn may_change(&self) -> bool {
        self.person.role >= Role::Admin
    }

    /// Returns the mailbox, unless it belongs to another organisation.
    ///
    /// # Errors
    /// [`PageError::NotFound`]
    pub fn check_visible(&self, mailbox: Mailbox) -> Result<Mailbox, PageError> {
        if self.scope().has(mailbox.organisation_id) { Ok(mailbox) } else { Err(PageError::NotFound) }
    }
}

impl<S: Sync> FromRequestParts<S> for Visitor {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, PageError> {
        parts.extensions.get::<Self>().cloned().ok_or(PageError::NotFound)
    }
}

impl<S: Sync> FromRequestParts<S> for SignedIn {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, PageError> {
        let visitor = parts.extensions.get::<Visitor>().cloned().ok_or(PageError::NotFound)?;
        let person = visitor.person.clone().ok_or(PageError::SignIn)?;
        Ok(Self::new(visitor, person))
    }
}
