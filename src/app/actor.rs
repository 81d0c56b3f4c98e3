//! The actor of a use case: the command line, a person, a program with a token, or a customer with a connect link.

use std::borrow::Cow;

use super::error::{Error, Forbidden};
use crate::store::{Creator, Person, Role, Scope, Token, TokenScope};

/// The caller of a use case.
#[derive(Clone)]
pub enum Actor {
    /// The command line of this machine. It has the master key and may do everything.
    CommandLine,
    /// A signed-in user.
    Person(Person),
    /// A program with an API token.
    Token(Token),
    /// The customer's IT staff, who follow a connect link.
    Link {
        /// The row number of the organisation that created the link.
        organisation_id: i64,
    },
    /// A person who accepts an invitation and has no account yet.
    Guest {
        /// The name they choose.
        name: String,
    },
}

impl Actor {
    /// The command line's name in the audit log.
    pub const COMMAND_LINE: &'static str = "command line";
    /// A connect link's name in the audit log.
    pub const LINK: &'static str = "connect link";

    /// The actor's name in the audit log.
    pub fn name(&self) -> Cow<'_, str> {
        match self {
            Self::CommandLine => Cow::Borrowed(Self::COMMAND_LINE),
            Self::Person(person) => Cow::Borrowed(&person.name),
            Self::Token(token) => Cow::Owned(format!("token {}", token.name)),
            Self::Link { .. } => Cow::Borrowed(Self::LINK),
            Self::Guest { name } => Cow::Borrowed(name),
        }
    }

    /// The organisations whose data the actor may see.
    pub fn scope(&self) -> Scope {
        Scope::from_organisation(self.organisation())
    }

    /// The row number of the actor's organisation; `None` for an actor who belongs to none, such as an operator.
    pub fn organisation(&self) -> Option<i64> {
        match self {
            Self::CommandLine | Self::Guest { .. } => None,
            Self::Person(person) => person.organisation_id,
            Self::Token(token) => token.organisation_id,
            Self::Link { organisation_id } => Some(*organisation_id),
        }
    }

    /// Whether the credential policy applies to the actor. The command line is exempt, because its user has the master
    /// key.
    pub fn is_bound_by_credential_policy(&self) -> bool {
        !matches!(self, Self::CommandLine)
    }

    /// Refuses actors with read-only access.
    ///
    /// # Errors
    /// [`Forbidden::ReadOnly`].
    pub fn may_change(&self) -> Result<(), Error> {
        let may = match self {
            Self::CommandLine | Self::Link { .. } | Self::Guest { .. } => true,
            Self::Person(person) => person.role >= Role::Admin,
            Self::Token(token) => token.scope >= TokenScope::Write,
        };
        if may { Ok(()) } else { Err(Forbidden::ReadOnly.into()) }
    }

    /// Refuses actors who belong to one organisation.
    ///
    /// # Errors
    /// [`Forbidden::OneOrganisation`].
    pub fn may_do_all(&self) -> Result<(), Error> {
        if self.organisation().is_none() { Ok(()) } else { Err(Forbidden::OneOrganisation.into()) }
    }

    /// The API token of the actor, if any. Links and tokens that the actor creates are recorded as created with this token.
    pub fn token(&self) -> Option<i64> {
        match self {
            Self::Token(token) => Some(token.id),
            _ => None,
        }
    }

    /// The creator to record for a link. When a token is revoked, the links that were created with it are revoked too.
    pub fn link_creator<'a>(&self, name: &'a str) -> Creator<'a> {
        Creator { who: name, token: self.token() }
    }

    /// The name of the user to whom a token that this actor creates is attributed; empty without a user, as for the command
    /// line.
    pub fn person(&self) -> &str {
        match self {
            Self::Person(person) => &person.name,
            Self::Token(token) => &token.created_by,
            Self::CommandLine | Self::Link { .. } | Self::Guest { .. } => "",
        }
    }
}
