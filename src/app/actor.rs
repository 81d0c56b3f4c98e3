//! The actor of a use case: the command line, a person, a program with a token, or a customer with a connect link.

use std::borrow::Cow;

use super::error::{Error, Forbidden};
use crate::store::{Maker, Person, Role, Scope, Token, TokenScope};

/// Who does something.
#[derive(Clone)]
pub enum Actor {
    /// Somebody at the command line of this machine, who holds the key and may do everything.
    CommandLine,
    /// Somebody who is signed in.
    Person(Person),
    /// A program that shows a token.
    Token(Token),
    /// The customer's own IT, by a connect link of this organisation's mailbox.
    Link {
        /// The row of the organisation that made the link.
        organisation_id: i64,
    },
    /// Somebody who accepts an invitation and has no account yet.
    Guest {
        /// The name that they choose.
        name: String,
    },
}

impl Actor {
    /// The command line's name in the audit.
    pub const COMMAND_LINE: &'static str = "command line";
    /// That of whoever has a connect link.
    pub const LINK: &'static str = "connect link";

    /// The name in the audit.
    pub fn name(&self) -> Cow<'_, str> {
        match self {
            Self::CommandLine => Cow::Borrowed(Self::COMMAND_LINE),
            Self::Person(person) => Cow::Borrowed(&person.name),
            Self::Token(token) => Cow::Owned(format!("token {}", token.name)),
            Self::Link { .. } => Cow::Borrowed(Self::LINK),
            Self::Guest { name } => Cow::Borrowed(name),
        }
    }

    /// The things that the actor may see.
    pub fn scope(&self) -> Scope {
        Scope::from_organisation(self.organisation())
    }

    /// The row of the organisation that they belong to; `None`: they see all.
    pub fn organisation(&self) -> Option<i64> {
        match self {
            Self::CommandLine | Self::Guest { .. } => None,
            Self::Person(person) => person.organisation_id,
            Self::Token(token) => token.organisation_id,
            Self::Link { organisation_id } => Some(*organisation_id),
        }
    }

    /// Whether the credential policy asks about what they change: who is at the command line holds the key and needs no such way.
    pub fn is_judged(&self) -> bool {
        !matches!(self, Self::CommandLine)
    }

    /// Refuses those who may only look.
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

    /// Refuses those who belong to one organisation.
    ///
    /// # Errors
    /// [`Forbidden::OneOrganisation`].
    pub fn may_do_all(&self) -> Result<(), Error> {
        if self.organisation().is_none() { Ok(()) } else { Err(Forbidden::OneOrganisation.into()) }
    }

    /// The token that something made by them goes with.
    pub fn token(&self) -> Option<i64> {
        match self {
            Self::Token(token) => Some(token.id),
            _ => None,
        }
    }

    /// The maker of a link: it goes with the token that made it.
    pub fn link_maker<'a>(&self, name: &'a str) -> Maker<'a> {
        Maker { who: name, token: self.token() }
    }

    /// The person behind a token that they make; empty: the command line.
    pub fn person(&self) -> &str {
        match self {
            Self::Person(person) => &person.name,
            Self::Token(token) => &token.created_by,
            Self::CommandLine | Self::Link { .. } | Self::Guest { .. } => "",
        }
    }
}
