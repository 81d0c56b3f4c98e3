//! `/tokens`: the tokens for this API.

use axum::Json;
use axum::extract::State as FromState;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::cursor::{Page, Paging};
use super::inboxes::ListQuery;
use super::problem::{ApiResult, Refusal};
use crate::app::tokens::{self, TokenSelector};
use crate::http::State;
use crate::http::api::auth::{Caller, owner};
use crate::http::api::etag::{EntityTag, IfMatch, path_segment};
use crate::http::api::extract::{JsonBody, PathParams, QueryParams};
use crate::http::api::validate::{Checks, valid_name};
use crate::store::{Token, TokenScope};

/// A new token. It cannot have more rights than the token that creates it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// The token's name.
    #[schema(example = "helpdesk")]
    name: String,
    /// Whether the token may change things.
    scope: TokenScope,
    /// The organisation that the token is for [default: the caller's own organisation, or all organisations if the caller's
    /// token is for all].
    organisation: Option<String>,
}

/// A token that was just created.
#[derive(Serialize, ToSchema)]
pub struct CreatedToken {
    /// The token's name.
    name: String,
    /// The rights of the token.
    scope: TokenScope,
    /// The organisation that the token is for; null for all organisations.
    organisation: Option<String>,
    /// The token itself. It is shown only in this response.
    #[schema(example = "mf_…")]
    token: String,
}

/// Identifies a token.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TokenQuery {
    /// The token's organisation, if several organisations have a token with this name. Only with a token for all
    /// organisations.
    #[param(max_length = 100)]
    organisation: Option<String>,
}

/// Identifies the token to revoke.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RevokeQuery {
    /// The token's organisation, if several organisations have a token with this name. Only with a token for all
    /// organisations.
    #[param(max_length = 100)]
    organisation: Option<String>,
    /// Whether to revoke the tokens that were created with this token, too.
    #[serde(default)]
    #[param(required = false)]
    with_made: bool,
}

/// The result of revoking a token with which others were created.
#[derive(Serialize, ToSchema)]
pub struct RevokedToken {
    /// The name of the revoked token.
    name: String,
    /// The names of the tokens that were created with the revoked token, directly or indirectly.
    made: Vec<String>,
    /// Whether those tokens were revoked, too. Otherwise they are still valid.
    made_revoked: bool,
}

/// Selects the token with the name in the path and the organisation in the query.
fn which<'a>(name: &'a str, organisation: Option<&'a str>) -> Result<TokenSelector<'a>, Refusal> {
    let missing = || Refusal::NotFound("there is no such token".to_owned());
    if organisation.is_some_and(|name| name.chars().any(char::is_control)) {
        return Err(missing());
    }
    Ok(TokenSelector::Named { name: valid_name(name)?, organisation })
}

fn version(token: &Token) -> EntityTag {
    EntityTag::new(&(token.id, &token.name, token.scope, token.organisation_id))
}

/// List the tokens, by name.
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

/// Create a token.
///
/// The token is shown only in this response. Mailferry stores only its hash.
#[utoipa::path(post, path = "/tokens", tag = "Tokens", request_body = NewToken,
    responses((status = 201, description = "Created", body = CreatedToken)))]
pub async fn create(FromState(state): FromState<State>, caller: Caller, body: JsonBody) -> ApiResult {
    let body: NewToken = body.parse()?;
    let mut checks = Checks::default();
    let fits = (1..=100).contains(&body.name.trim().chars().count()) && !body.name.chars().any(char::is_control);
    if !fits {
        checks.add("/name", "must have 1 to 100 characters on one line");
    }
    checks.finish()?;
    let name = body.name.trim();
    let owner = owner(body.organisation.as_deref());
    let created = tokens::create(state.acting(&caller.actor), name, body.scope, &owner).await?;
    let organisation_id = created.organisation.as_ref().map(|organisation| organisation.id);
    let version = EntityTag::new(&(created.id, name, body.scope, organisation_id));
    let organisation = created.organisation.map(|organisation| organisation.name);
    let query = match &organisation {
        Some(organisation) if caller.scope().id().is_none() => format!("?organisation={}", path_segment(organisation)),
        _ => String::new(),
    };
    let body = CreatedToken { name: name.to_owned(), scope: body.scope, organisation, token: created.token };
    Ok(version.respond_created(&format!("/tokens/{}{query}", path_segment(name)), &body))
}

/// Get a token, without its secret.
#[utoipa::path(get, path = "/tokens/{name}", tag = "Tokens",
    params(("name" = String, Path, description = "The token's name"), TokenQuery),
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

/// Revoke a token.
///
/// From then on, the token is rejected. The response lists the tokens that were created with it, if there are any.
#[utoipa::path(delete, path = "/tokens/{name}", tag = "Tokens",
    params(("name" = String, Path, description = "The token's name"), RevokeQuery),
    responses((status = 200, description = "Revoked; tokens were created with it", body = RevokedToken),
        (status = 204, description = "Revoked; no tokens were created with it")))]
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
    let condition = IfMatch::from_headers(&headers)?;
    let is_meant = |token: &Token| condition.matches(&version(token));
    let revoked = tokens::revoke(acting, which, query.with_made, is_meant).await?;
    let tokens::RevokedToken { token, descendants } = revoked;
    Ok(match descendants.is_empty() {
        true => StatusCode::NO_CONTENT.into_response(),
        false => {
            Json(RevokedToken { name: token.name, made: descendants, made_revoked: query.with_made }).into_response()
        }
    })
}
