//! Why a use case was refused, without a word of HTTP or of the command line: each door has its own.

use super::mailboxes::Refused;
use super::mailboxes::settings::Wrong;
use crate::fact::{Conflict, Resource};
use crate::oauth::{GrantError, TokenError};
use crate::poll::PollError;
use crate::store::StoreError;

/// Why somebody may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forbidden {
    /// They may only look.
    ReadOnly,
    /// They belong to one organisation, and this is for those who see all.
    OneOrganisation,
    /// They would remove themselves.
    Yourself,
}

/// Why a use case was refused. Nothing was changed.
#[derive(Debug)]
pub enum Error {
    /// There is no such thing, or none that the actor may know of.
    Missing(Resource),
    /// The actor may not.
    Forbidden(Forbidden),
    /// A part of what was given cannot be.
    Invalid(Wrong),
    /// The credential policy forbids it.
    Refused(Refused),
    /// It does not go with what is there.
    Conflict(Conflict),
    /// The thing is not in the state that the change was meant for.
    Changed,
    /// The login was given for another server than the mailbox of this address has by now.
    Moved(String),
    /// The link no longer works.
    LinkOver,
    /// The server has refused too many passwords of this account: none is taken for so many minutes.
    PasswordsWait(i64),
    /// The server has refused too many logins of this account: none is tried for so many minutes.
    LoginsWait(i64),
    /// The customer's server, or the way to it, failed us; in words that the actor may see.
    AtServer(Box<PollError>),
    /// The consent is being renewed just now, or its provider refuses.
    Consent(Box<TokenError>),
    /// Something here.
    Inside(StoreError),
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound(thing) => Self::Missing(thing),
            StoreError::Conflict(conflict) => Self::Conflict(conflict),
            StoreError::Moved(address) => Self::Moved(address),
            StoreError::LinkOver => Self::LinkOver,
            error => Self::Inside(error),
        }
    }
}

impl From<GrantError> for Error {
    fn from(error: GrantError) -> Self {
        match error {
            GrantError::Store(error) => error.into(),
            GrantError::Token(error) => Self::Consent(Box::new(error)),
        }
    }
}

impl From<Forbidden> for Error {
    fn from(forbidden: Forbidden) -> Self {
        Self::Forbidden(forbidden)
    }
}

impl From<Conflict> for Error {
    fn from(conflict: Conflict) -> Self {
        Self::Conflict(conflict)
    }
}

impl From<Wrong> for Error {
    fn from(wrong: Wrong) -> Self {
        Self::Invalid(wrong)
    }
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}
