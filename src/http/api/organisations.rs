//! `/organisations`: all organisations; requires a token for all of them.

use axum::Json;
use axum::extract::State as FromState;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::Deserialize;
use utoipa::ToSchema;

use super::cursor::{Page, Paging};
use super::inboxes::ListQuery;
use super::problem::{ApiResult, Refusal};
use crate::app::organisations;
use crate::http::State;
use crate::http::api::auth::Caller;
use crate::http::api::extract::{JsonBody, QueryParams};
use crate::store::Organisation;

/// A new organisation.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewOrganisation {
    /// The organisation's name.
    #[schema(example = "Lillestads kommun")]
    name: String,
}

/// List the organisations, by name.
#[utoipa::path(get, path = "/organisations", tag = "Organisations", params(ListQuery),
    responses((status = 200, description = "A page of organisations", body = Page<Organisation>)))]
pub async fn list(FromState(state): FromState<State>, QueryParams(query): QueryParams<ListQuery>) -> ApiResult {
    let paging = Paging::<String>::parse("organisations", query.limit, query.after.as_deref())?;
    let found = state.deps.store.organisation_page(paging.after.as_deref(), paging.fetch_limit()).await?;
    Ok(Json(Page::from_items("organisations", found, paging.limit, |organisation| organisation.name.clone()))
        .into_response())
}

/// Add an organisation.
#[utoipa::path(post, path = "/organisations", tag = "Organisations", request_body = NewOrganisation,
    responses((status = 201, description = "Added", body = Organisation)))]
pub async fn create(FromState(state): FromState<State>, caller: Caller, body: JsonBody) -> ApiResult {
    let body: NewOrganisation = body.parse()?;
    let name = body.name.trim();
    if !(1..=100).contains(&name.chars().count()) || name.chars().any(char::is_control) {
        return Err(Refusal::field("/name", "must have 1 to 100 characters on one line"));
    }
    let organisation = organisations::add(state.acting(&caller.actor), name).await?;
    Ok((StatusCode::CREATED, Json(organisation)).into_response())
}
