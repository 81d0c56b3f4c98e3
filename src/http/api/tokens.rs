//! `/tokens`: who may use the API.

use axum::Json;
use axum::extract::State as FromState;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::{Asked, Given, InPath};
use super::caller::Caller;
use super::cursor::{Page, Paging};
use super::inboxes::ListQuery;
use super::parts::{Checks, named};
use super::problem::Answer;
use super::version::{Version, part};
use crate::http::State;
use crate::opaque;
use crate::store::{Token, TokenScope};

/// A new token. It is never broader than the one that makes it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// What it is for.
    #[schema(example = "helpdesk")]
    name: String,
    /// Whether it may change things.
    scope: TokenScope,
    /// Whose things it is for [default: the caller's own organisation; everybody's, for a caller of all].
    organisation: Option<String>,
}

/// A token that was just made.
#[derive(Serialize, ToSchema)]
pub struct MadeToken {
    /// What it is called.
    name: String,
    /// What it may do.
    scope: TokenScope,
    /// Whose things it is for; null: everybody's.
    organisation: Option<String>,
    /// The token itself. It is shown this once.
    #[schema(example = "mf_…")]
    token: String,
}

fn version(token: &Token) -> Version {
    Version::of(&(token.id, &token.name, token.scope, token.organisation_id))
}

/// The tokens, by name.
#[utoipa::path(get, path = "/tokens", tag = "Tokens", params(ListQuery),
    responses((status = 200, description = "A page of tokens", body = Page<Token>)))]
pub async fn list(FromState(state): FromState<State>, caller: Caller, Asked(asked): Asked<ListQuery>) -> Answer {
    let paging = Paging::<String>::of("tokens", asked.limit, asked.after.as_deref())?;
    let found = state.deps.store.token_page(caller.scope(), paging.after.as_deref(), paging.with_one_more()).await?;
    Ok(Json(Page::of("tokens", found, paging.limit, |token| token.name.clone())).into_response())
}

/// Makes a token. It is shown in this answer, and only its hash is kept.
#[utoipa::path(post, path = "/tokens", tag = "Tokens", request_body = NewToken,
    responses((status = 201, description = "It was made", body = MadeToken)))]
pub async fn create(FromState(state): FromState<State>, caller: Caller, given: Given) -> Answer {
    let body: NewToken = given.json()?;
    let mut checks = Checks::default();
    let fits = (1..=100).contains(&body.name.trim().chars().count()) && !body.name.chars().any(char::is_control);
    if !fits {
        checks.wrong("/name", "1 to 100 characters, on one line");
    }
    checks.done()?;
    let name = body.name.trim();
    let organisation = caller.organisation(body.organisation.as_deref(), &state).await?;
    let (store, now) = (&state.deps.store, state.deps.clock.now());
    let (token, whose) = (opaque::new(opaque::TOKEN), organisation.as_ref().map(|one| one.id));
    store.add_token(name, &opaque::hash(&token), body.scope, whose, &caller.token.created_by, now).await?;
    store.audit(caller.change(whose, "token-created", name, body.scope.as_str()), now).await?;
    let version = version(&store.token(name, caller.scope()).await?);
    let made =
        MadeToken { name: name.to_owned(), scope: body.scope, organisation: organisation.map(|one| one.name), token };
    Ok(version.made(&format!("/tokens/{}", part(name)), &made))
}

/// One token, without what it is shown by.
#[utoipa::path(get, path = "/tokens/{name}", tag = "Tokens", params(("name" = String, Path, description = "Its name")),
    responses((status = 200, description = "The token", body = Token)))]
pub async fn one(FromState(state): FromState<State>, caller: Caller, InPath(name): InPath<String>) -> Answer {
    let token = state.deps.store.token(named(&name)?, caller.scope()).await?;
    Ok(version(&token).show(&token))
}

/// Takes a token back. It is refused from then on.
#[utoipa::path(delete, path = "/tokens/{name}", tag = "Tokens", params(("name" = String, Path, description = "Its name")),
    responses((status = 204, description = "It is gone")))]
pub async fn revoke(
    FromState(state): FromState<State>,
    caller: Caller,
    InPath(name): InPath<String>,
    headers: HeaderMap,
) -> Answer {
    let (store, now) = (&state.deps.store, state.deps.clock.now());
    let token = store.token(named(&name)?, caller.scope()).await?;
    version(&token).is_meant(&headers)?;
    store.revoke_token(&token.name, caller.scope()).await?;
    store.audit(caller.change(token.organisation_id, "token-revoked", &token.name, ""), now).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
