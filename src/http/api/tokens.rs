//! `/tokens`: who may use the API.

use axum::Json;
use axum::extract::State as FromState;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::cursor::{Page, Paging};
use super::inboxes::ListQuery;
use super::problem::{ApiResult, Refusal};
use crate::app::tokens::{self, WhichToken};
use crate::http::State;
use crate::http::api::auth::{Caller, owner};
use crate::http::api::etag::{Condition, Version, path_segment};
use crate::http::api::extract::{JsonBody, PathParams, QueryParams};
use crate::http::api::validate::{Checks, valid_name};
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
pub struct CreatedToken {
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

/// Which token is meant.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TokenQuery {
    /// Whose token it is, for a caller of all organisations, where several have one of this name.
    #[param(max_length = 100)]
    organisation: Option<String>,
}

/// Which token is to be revoked, and what with it.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RevokeQuery {
    /// Whose token it is, for a caller of all organisations, where several have one of this name.
    #[param(max_length = 100)]
    organisation: Option<String>,
    /// Whether the tokens that were made by it are revoked too.
    #[serde(default)]
    #[param(required = false)]
    with_made: bool,
}

/// What became of the tokens that were made by a revoked token.
#[derive(Serialize, ToSchema)]
pub struct RevokedToken {
    /// The revoked token.
    name: String,
    /// The tokens that were made by it, by those in turn, and so on.
    made: Vec<String>,
    /// Whether those are revoked too; else they still work.
    made_revoked: bool,
}

/// The token that a path names.
fn which<'a>(name: &'a str, organisation: Option<&'a str>) -> Result<WhichToken<'a>, Refusal> {
    let missing = || Refusal::NotFound("there is no such token".to_owned());
    if organisation.is_some_and(|name| name.chars().any(char::is_control)) {
        return Err(missing());
    }
    Ok(WhichToken::Named { name: valid_name(name)?, organisation })
}

fn version(token: &Token) -> Version {
    Version::new(&(token.id, &token.name, token.scope, token.organisation_id))
}

/// The tokens, by name.
#[utoipa::path(get, path = "/tokens", tag = "Tokens", params(ListQuery),
    responses((status = 200, description = "A page of tokens", body = Page<Token>)))]
pub async fn list(
    FromState(state): FromState<State>,
    caller: Caller,
    QueryParams(query): QueryParams<ListQuery>,
) -> ApiResult {
    let paging = Paging::<(String, i64)>::parse("tokens", query.limit, query.after.as_deref())?;
    let found = state.deps.store.token_page(caller.scope(), paging.after.as_ref(), paging.fetch_limit()).await?;
    Ok(Json(Page::from_items("tokens", found, paging.limit, |token| (token.name.clone(), token.id))).into_response())
}

/// Makes a token. It is shown in this answer, and only its hash is kept.
#[utoipa::path(post, path = "/tokens", tag = "Tokens", request_body = NewToken,
    responses((status = 201, description = "It was made", body = CreatedToken)))]
pub async fn create(FromState(state): FromState<State>, caller: Caller, body: JsonBody) -> ApiResult {
    let body: NewToken = body.parse()?;
    let mut checks = Checks::default();
    let fits = (1..=100).contains(&body.name.trim().chars().count()) && !body.name.chars().any(char::is_control);
    if !fits {
        checks.add("/name", "1 to 100 characters, on one line");
    }
    checks.finish()?;
    let name = body.name.trim();
    let owner = owner(body.organisation.as_deref());
    let made = tokens::make(state.acting(&caller.actor), name, body.scope, &owner).await?;
    let whose = made.organisation.as_ref().map(|one| one.id);
    let version = Version::new(&(made.id, name, body.scope, whose));
    let organisation = made.organisation.map(|one| one.name);
    let question = match &organisation {
        Some(whose) if caller.scope().id().is_none() => format!("?organisation={}", path_segment(whose)),
        _ => String::new(),
    };
    let made = CreatedToken { name: name.to_owned(), scope: body.scope, organisation, token: made.token };
    Ok(version.respond_created(&format!("/tokens/{}{question}", path_segment(name)), &made))
}

/// One token, without what it is shown by.
#[utoipa::path(get, path = "/tokens/{name}", tag = "Tokens",
    params(("name" = String, Path, description = "Its name"), TokenQuery),
    responses((status = 200, description = "The token", body = Token)))]
pub async fn get(
    FromState(state): FromState<State>,
    caller: Caller,
    PathParams(name): PathParams<String>,
    QueryParams(query): QueryParams<TokenQuery>,
) -> ApiResult {
    let which = which(&name, query.organisation.as_deref())?;
    let token = tokens::find(state.acting(&caller.actor), &which).await?;
    Ok(version(&token).respond(&token))
}

/// Revokes a token: it is refused from then on. The answer names the tokens that were made by it, if there are any.
#[utoipa::path(delete, path = "/tokens/{name}", tag = "Tokens",
    params(("name" = String, Path, description = "Its name"), RevokeQuery),
    responses((status = 200, description = "It is gone; tokens were made by it", body = RevokedToken),
        (status = 204, description = "It is gone; no token was made by it")))]
pub async fn revoke(
    FromState(state): FromState<State>,
    caller: Caller,
    PathParams(name): PathParams<String>,
    QueryParams(query): QueryParams<RevokeQuery>,
    headers: HeaderMap,
) -> ApiResult {
    let acting = state.acting(&caller.actor);
    let which = which(&name, query.organisation.as_deref())?;
    tokens::find(acting, &which).await?;
    let condition = Condition::from_headers(&headers)?;
    let is_meant = |token: &Token| condition.matches(&version(token));
    let revoked = tokens::revoke(acting, which, query.with_made, is_meant).await?;
    let tokens::RevokedToken { token, made } = revoked;
    Ok(match made.is_empty() {
        true => StatusCode::NO_CONTENT.into_response(),
        false => Json(RevokedToken { name: token.name, made, made_revoked: query.with_made }).into_response(),
    })
}
