//! Who asks: a program that shows a token.

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;

use super::problem::Refusal;
use crate::http::State;
use crate::opaque;
use crate::store::{Change, Maker, Organisation, Scope, Token, TokenScope};

/// What token a path needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// None.
    Nothing,
    /// Any.
    Read,
    /// One that may change things.
    Write,
    /// One of all organisations.
    ReadAll,
    /// One of all organisations that may change things.
    WriteAll,
}

/// The program behind a token.
#[derive(Clone)]
pub struct Caller {
    /// The token, without what it is shown by.
    pub token: Token,
    who: String,
}

impl Caller {
    /// The one who sent these headers.
    pub async fn of(state: &State, headers: &HeaderMap) -> Result<Self, Refusal> {
        let mut all = headers.get_all(AUTHORIZATION).iter();
        let (Some(value), None) = (all.next(), all.next()) else { return Err(Refusal::NoToken) };
        let shown = value.to_str().ok().and_then(|value| value.split_once(' '));
        let shown = shown.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        let (_, shown) = shown.ok_or(Refusal::NoToken)?;
        let token = state.deps.store.token_of(&opaque::hash(shown.trim()), state.deps.clock.now()).await?;
        let token = token.ok_or(Refusal::UnknownToken)?;
        Ok(Self { who: format!("token {}", token.name), token })
    }

    /// Whether the token is enough.
    pub fn may(&self, needs: Needs) -> Result<(), Refusal> {
        if matches!(needs, Needs::Write | Needs::WriteAll) && self.token.scope < TokenScope::Write {
            return Err(Refusal::Forbidden("it may only look"));
        }
        if matches!(needs, Needs::ReadAll | Needs::WriteAll) && self.token.organisation_id.is_some() {
            return Err(Refusal::Forbidden("it is one organisation's, and this is for tokens of all"));
        }
        Ok(())
    }

    /// What it sees.
    pub fn scope(&self) -> Scope {
        Scope::of(self.token.organisation_id)
    }

    /// Who it is, as in the audit.
    pub fn who(&self) -> &str {
        &self.who
    }

    /// As the maker of a link, which goes with the token.
    pub fn maker(&self) -> Maker<'_> {
        Maker { who: &self.who, token: Some(self.token.id) }
    }

    /// A change that it makes to something of this organisation.
    pub fn change<'a>(
        &'a self,
        organisation: Option<i64>,
        action: &'static str,
        target: &'a str,
        detail: &'a str,
    ) -> Change<'a> {
        Change { who: &self.who, organisation, action, target, detail }
    }

    /// The organisation that something new is to belong to: the caller's own; for a caller of all, the named one, or none.
    pub async fn organisation(&self, named: Option<&str>, state: &State) -> Result<Option<Organisation>, Refusal> {
        let all = state.deps.store.organisations().await?;
        let own = self.token.organisation_id;
        let Some(named) = named.map(str::trim) else {
            return Ok(all.into_iter().find(|one| Some(one.id) == own));
        };
        // Another's name is as unknown as one that nobody has.
        let found = all.into_iter().find(|one| one.name == named && own.is_none_or(|own| own == one.id));
        found.map(Some).ok_or_else(|| Refusal::NotFound("there is no such organisation".to_owned()))
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        parts.extensions.get::<Self>().cloned().ok_or(Refusal::NoToken)
    }
}
