//! Who asks for a page: somebody who is signed in, or a guest.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::app::Actor;
use crate::http::page::error::PageError;
use crate::http::page::words::Words;
use crate::store::{Mailbox, Person, Role, Scope};

/// Who asks.
#[derive(Clone)]
pub struct Visitor {
    /// Their language and zone.
    pub words: Words,
    /// Who they are; `None`: a guest.
    pub person: Option<Person>,
    /// The hash of the key of their session.
    pub session: Option<Vec<u8>>,
    /// Where they come from, for limits on logins.
    pub address: String,
    /// The path that they asked for, with its question.
    pub path: String,
}

/// Somebody who is signed in: what routes that need it give to their handlers.
#[derive(Clone)]
pub struct SignedIn {
    /// The reader.
    pub visitor: Visitor,
    /// Who it is.
    pub person: Person,
    /// The same, as whoever does something.
    pub actor: Actor,
}

impl SignedIn {
    /// A reader who is signed in.
    pub fn new(visitor: Visitor, person: Person) -> Self {
        Self { visitor, actor: Actor::Person(person.clone()), person }
    }

    /// What they may see.
    pub fn scope(&self) -> Scope {
        Scope::of(self.person.organisation_id)
    }

    /// Whether they may change anything.
    pub fn may_change(&self) -> bool {
        self.person.role >= Role::Admin
    }

    /// A mailbox that is not theirs is not there.
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
