//! Authentication and authorisation with tokens.

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;

use super::problem::Refusal;
use crate::app::Actor;
use crate::app::organisations::Owner;
use crate::http::State;
use crate::opaque;
use crate::store::{Scope, Token};

/// The kind of token that an endpoint requires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenAccess {
    /// No token.
    Public,
    /// Any token.
    Read,
    /// A token with write scope.
    Write,
    /// A token for all organisations.
    ReadAll,
    /// A token for all organisations with write scope.
    WriteAll,
}

/// The program that sends a request, identified by its token.
#[derive(Clone)]
pub struct Caller {
    pub token: Token,
    /// The token as the actor of use cases.
    pub actor: Actor,
}

impl Caller {
    /// Looks up the token from the Authorization header.
    pub async fn authenticate(state: &State, headers: &HeaderMap) -> Result<Self, Refusal> {
        let mut all = headers.get_all(AUTHORIZATION).iter();
        let (Some(value), None) = (all.next(), all.next()) else { return Err(Refusal::NoToken) };
        let key = value.to_str().ok().and_then(|value| value.split_once(' '));
        let key = key.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        let (_, key) = key.ok_or(Refusal::NoToken)?;
        let token = state.deps.store.token_by_hash(&opaque::hash(key.trim()), state.deps.clock.now()).await?;
        let token = token.ok_or(Refusal::UnknownToken)?;
        Ok(Self { actor: Actor::Token(token.clone()), token })
    }

    /// Checks that the token allows this access.
    pub fn check_access(&self, access: TokenAccess) -> Result<(), Refusal> {
        if matches!(access, TokenAccess::Write | TokenAccess::WriteAll) {
            self.actor.may_change()?;
        }
        if matches!(access, TokenAccess::ReadAll | TokenAccess::WriteAll) {
            self.actor.may_do_all()?;
        }
        Ok(())
    }

    /// The organisations whose data the token may see.
    pub fn scope(&self) -> Scope {
        Scope::from_organisation(self.token.organisation_id)
    }
}

/// The organisation that a new inbox or token will belong to: the named organisation, else the caller's own. A caller with a
/// token for all organisations has none of its own; [`Owner::Own`] then means the default of the use case.
pub fn owner(named: Option<&str>) -> Owner {
    named.map_or(Owner::Own, |name| Owner::Named(name.to_owned()))
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        parts.extensions.get::<Self>().cloned().ok_or(Refusal::NoToken)
    }
}
