//! `/routes`: rules that send a recipient's mail to an inbox.

use axum::Json;
use axum::extract::State as FromState;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use serde::Deserialize;
use utoipa::ToSchema;

use super::cursor::{Page, Paging};
use super::inboxes::ListQuery;
use super::problem::{ApiResult, Refusal};
use crate::address::Address;
use crate::app::routes;
use crate::http::State;
use crate::http::api::auth::Caller;
use crate::http::api::etag::{EntityTag, IfMatch, path_segment};
use crate::http::api::extract::{JsonBody, PathParams, QueryParams};
use crate::http::api::validate::Checks;
use crate::store::Route;

/// A new route.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRoute {
    /// The recipient's address, as it appears in Delivered-To or To.
    #[schema(example = "jobb@lillestad.se")]
    recipient: String,
    /// The inbox's address.
    #[schema(example = "jobb.lillestad.se@mail.kundo.se")]
    inbox: String,
}

fn version(route: &Route) -> EntityTag {
    EntityTag::new(&(&route.recipient, &route.inbox))
}

/// List the routes, by recipient.
#[utoipa::path(get, path = "/routes", tag = "Routes", params(ListQuery),
    responses((status = 200, description = "A page of routes", body = Page<Route>)))]
pub async fn list(
    FromState(state): FromState<State>,
    caller: Caller,
    QueryParams(query): QueryParams<ListQuery>,
) -> ApiResult {
    let paging = Paging::<(String, String)>::parse("routes", query.limit, query.after.as_deref())?;
    let found = state.deps.store.route_page(caller.scope(), paging.after.as_ref(), paging.fetch_limit()).await?;
    let page = Page::from_items("routes", found, paging.limit, |route| (route.recipient.clone(), route.inbox.clone()));
    Ok(Json(page).into_response())
}

/// Add a route that sends a recipient's mail to an inbox.
///
/// Adding an existing route changes nothing.
#[utoipa::path(post, path = "/routes", tag = "Routes", request_body = NewRoute,
    responses((status = 201, description = "The route", body = Route)))]
pub async fn create(FromState(state): FromState<State>, caller: Caller, body: JsonBody) -> ApiResult {
    let body: NewRoute = body.parse()?;
    let mut checks = Checks::default();
    let recipient = checks.address("/recipient", &body.recipient);
    let inbox = checks.address("/inbox", &body.inbox);
    let (Some(recipient), Some(inbox)) = (recipient, inbox) else { return Err(checks.into_refusal()) };
    let route = routes::add(state.acting(&caller.actor), &recipient, &inbox).await?;
    let path = format!("/routes/{}/{}", path_segment(&route.recipient), path_segment(&route.inbox));
    Ok(version(&route).respond_created(&path, &route))
}

/// Get a route.
#[utoipa::path(get, path = "/routes/{recipient}/{inbox}", tag = "Routes",
    params(("recipient" = String, Path, description = "The recipient's address"), ("inbox" = String, Path, description = "The inbox's address")),
    responses((status = 200, description = "The route", body = Route)))]
pub async fn get(
    FromState(state): FromState<State>,
    caller: Caller,
    PathParams((recipient, inbox)): PathParams<(String, String)>,
) -> ApiResult {
    let route = routes::find(state.acting(&caller.actor), &recipient, &inbox).await?;
    Ok(version(&route).respond(&route))
}

/// Remove a route.
#[utoipa::path(delete, path = "/routes/{recipient}/{inbox}", tag = "Routes",
    params(("recipient" = String, Path, description = "The recipient's address"), ("inbox" = String, Path, description = "The inbox's address")),
    responses((status = 204, description = "Removed")))]
pub async fn remove(
    FromState(state): FromState<State>,
    caller: Caller,
    PathParams((recipient, inbox)): PathParams<(String, String)>,
    headers: HeaderMap,
) -> ApiResult {
    let acting = state.acting(&caller.actor);
    let route = routes::find(acting, &recipient, &inbox).await?;
    let condition = IfMatch::from_headers(&headers)?;
    if !condition.matches(&version(&route)) {
        return Err(Refusal::Changed);
    }
    let named = |text: &str| text.parse::<Address>().map_err(|_| Refusal::Internal);
    routes::remove(acting, &named(&route.recipient)?, Some(&named(&route.inbox)?)).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
