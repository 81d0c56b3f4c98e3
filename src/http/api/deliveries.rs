//! `/deliveries`: deliveries of messages to the targets of their inboxes.

use axum::Json;
use axum::extract::State as FromState;
use axum::response::IntoResponse;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::cursor::{Page, Paging};
use super::problem::{ApiResult, Refusal};
use crate::app::deliveries;
use crate::http::State;
use crate::http::api::auth::Caller;
use crate::http::api::extract::{JsonBody, PathParams, QueryParams};
use crate::store::{DeliveryFilter, DeliveryLine, DeliveryState};

/// The name of the list in cursors.
const LIST: &str = "deliveries";

/// Selects the deliveries to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeliveriesQuery {
    /// The number of items on a page [default: 50].
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
    /// The `next` value of the previous page.
    after: Option<String>,
    /// Only deliveries in this state.
    state: Option<DeliveryState>,
    /// Only deliveries to the target with this number.
    target: Option<i64>,
    /// Only deliveries from the inbox with this address.
    inbox: Option<String>,
    /// Only deliveries of the message with this number.
    message: Option<i64>,
}

/// The options of a retry.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RetryDelivery {
    /// The number of another target of the same inbox, to which a held delivery is then sent.
    target: Option<i64>,
}

fn number(text: &str) -> Result<i64, Refusal> {
    text.parse().map_err(|_| Refusal::NotFound(format!("there is no delivery {}", crate::shown::shown(text))))
}

/// List deliveries, the newest first.
#[utoipa::path(get, path = "/deliveries", tag = "Delivery", params(DeliveriesQuery),
    responses((status = 200, description = "A page of deliveries", body = Page<DeliveryLine>)))]
pub async fn list(
    FromState(state): FromState<State>,
    caller: Caller,
    QueryParams(query): QueryParams<DeliveriesQuery>,
) -> ApiResult {
    let paging = Paging::<i64>::parse(LIST, query.limit, query.after.as_deref())?;
    let DeliveriesQuery { state: in_state, target, inbox, message, .. } = query;
    let filter = DeliveryFilter { state: in_state, target, inbox: inbox.as_deref(), message };
    let acting = state.acting(&caller.actor);
    let found = deliveries::list(acting, filter, paging.after, paging.fetch_limit()).await?;
    Ok(Json(Page::from_items(LIST, found, paging.limit, |delivery| delivery.id)).into_response())
}

/// Get a delivery.
#[utoipa::path(get, path = "/deliveries/{id}", tag = "Delivery", params(("id" = i64, Path, description = "The delivery's number")),
    responses((status = 200, description = "The delivery", body = DeliveryLine)))]
pub async fn get(FromState(state): FromState<State>, caller: Caller, PathParams(id): PathParams<String>) -> ApiResult {
    Ok(Json(deliveries::find(state.acting(&caller.actor), number(&id)?).await?).into_response())
}

/// Send a delivery again.
///
/// The delivery is sent at once if it is held, waits for its next attempt or was dropped. A held delivery can be sent to
/// another target of its inbox.
#[utoipa::path(post, path = "/deliveries/{id}/retry", tag = "Delivery", params(("id" = i64, Path, description = "The delivery's number")),
    request_body = RetryDelivery, responses((status = 200, description = "The delivery", body = DeliveryLine)))]
pub async fn retry(
    FromState(state): FromState<State>,
    caller: Caller,
    PathParams(id): PathParams<String>,
    body: JsonBody,
) -> ApiResult {
    let acting = state.acting(&caller.actor);
    let id = deliveries::find(acting, number(&id)?).await?.id;
    let retried = match body.parse::<RetryDelivery>()?.target {
        Some(target) => deliveries::move_to_target(acting, id, target).await?,
        None => deliveries::retry(acting, id).await?,
    };
    Ok(Json(retried).into_response())
}

/// Drop a delivery.
///
/// Its message stays in the inbox.
#[utoipa::path(post, path = "/deliveries/{id}/drop", tag = "Delivery", params(("id" = i64, Path, description = "The delivery's number")),
    responses((status = 200, description = "The delivery", body = DeliveryLine)))]
pub async fn drop(FromState(state): FromState<State>, caller: Caller, PathParams(id): PathParams<String>) -> ApiResult {
    Ok(Json(deliveries::drop_delivery(state.acting(&caller.actor), number(&id)?).await?).into_response())
}
