//! The error of a use case. It contains no wording for HTTP or the command line: each door maps it to its own response.

use super::mailboxes::Refused;
use super::mailboxes::settings::InvalidField;
use crate::fact::{Conflict, Resource};
use crate::oauth::{GrantError, TokenError};
use crate::poll::PollError;
use crate::store::StoreError;

/// The reason why an actor may not call a use case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forbidden {
    /// The actor has read-only access.
    ReadOnly,
    /// The actor belongs to one organisation, and the use case is reserved for operators.
    OneOrganisation,
    /// The actor tried to remove their own account.
    Yourself,
}

/// The reason why a use case failed without changing anything.
#[derive(Debug)]
pub enum Error {
    /// The resource does not exist, or the actor may not see it.
    Missing(Resource),
    /// The actor lacks the right.
    Forbidden(Forbidden),
    /// A field of the input is invalid.
    Invalid(InvalidField),
    /// The credential policy forbids the change.
    Refused(Refused),
    /// The change conflicts with the stored state.
    Conflict(Conflict),
    /// The resource does not meet the precondition of the change.
    Changed,
    /// The mailbox with this address has moved to another server since the login was entered.
    ServerChanged(String),
    /// The link no longer works.
    LinkInvalid,
    /// The server refused too many passwords for this account. Holds the minutes until another password may be tried.
    PasswordRateLimited(i64),
    /// The server refused too many logins to this account. Holds the minutes until another login may be tried.
    LoginRateLimited(i64),
    /// The customer's server, or the connection to it, failed. The error holds only details that the actor may see.
    Server(Box<PollError>),
    /// The consent is being renewed at this moment, or its provider refused the request.
    Consent(Box<TokenError>),
    /// The database, the vault or another part of this installation failed.
    Internal(StoreError),
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound(thing) => Self::Missing(thing),
            StoreError::Conflict(conflict) => Self::Conflict(conflict),
            StoreError::ServerChanged(address) => Self::ServerChanged(address),
            StoreError::LinkInvalid => Self::LinkInvalid,
            error => Self::Internal(error),
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

impl From<InvalidField> for Error {
    fn from(wrong: InvalidField) -> Self {
        Self::Invalid(wrong)
    }
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}
