//! `/inboxes/{address}/messages` and `/messages`: importing systems pull messages in the order of import and
//! acknowledge them.

use axum::Json;
use axum::extract::State as FromState;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::cursor::{self, Page, Paging};
use super::problem::{ApiResult, Refusal};
use crate::app::inboxes;
use crate::http::State;
use crate::http::api::auth::Caller;
use crate::http::api::etag::EntityTag;
use crate::http::api::extract::{PathParams, QueryParams};
use crate::store::{MessageFilter, MessageLine};

/// The name of the list in cursors.
const LIST: &str = "messages";

/// A message with its cursor.
#[derive(Debug, Serialize, ToSchema)]
pub struct PulledMessage {
    /// The message.
    #[serde(flatten)]
    message: MessageLine,
    /// The value of `after` that continues after this message. A client that stores the cursor of its last message misses
    /// no message.
    cursor: String,
}

/// The requested page of messages.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PullQuery {
    /// The number of items on a page [default: 50].
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
    /// The `cursor` of the last message that was processed, or the `next` value of the previous page.
    after: Option<String>,
    /// Only messages that have not been acknowledged.
    #[serde(default)]
    #[param(required = false)]
    unacknowledged: bool,
}

/// List the messages of an inbox, in the order of import.
///
/// Messages are numbered in the order in which imports are committed, so a new message never appears before a cursor that
/// you already have.
#[utoipa::path(get, path = "/inboxes/{address}/messages", tag = "Messages",
    params(("address" = String, Path, description = "The inbox's address"), PullQuery),
    responses((status = 200, description = "A page of messages", body = Page<PulledMessage>)))]
pub async fn pull(
    FromState(state): FromState<State>,
    caller: Caller,
    PathParams(address): PathParams<String>,
    QueryParams(query): QueryParams<PullQuery>,
) -> ApiResult {
    let inbox = inboxes::find(state.acting(&caller.actor), &address).await?;
    let paging = Paging::<i64>::parse(LIST, query.limit, query.after.as_deref())?;
    let filter = MessageFilter { inbox: Some(&inbox.address), mailbox: None, unacknowledged: query.unacknowledged };
    let found = state.deps.store.messages(filter, paging.after.unwrap_or(0), paging.fetch_limit()).await?;
    let page = Page::from_items(LIST, found, paging.limit, |message| message.id);
    let pulled = page.map(|message| PulledMessage { cursor: cursor::encode(LIST, &message.id), message });
    Ok(Json(pulled).into_response())
}

/// The message with this number, if the caller may see it.
pub async fn find_message(id: &str, caller: &Caller, state: &State) -> Result<MessageLine, Refusal> {
    let id = id.parse().map_err(|_| Refusal::NotFound(format!("there is no message {}", crate::shown::shown(id))))?;
    Ok(state.deps.store.message(id, caller.scope()).await?)
}

/// Get a message.
#[utoipa::path(get, path = "/messages/{id}", tag = "Messages", params(("id" = i64, Path, description = "The message's number")),
    responses((status = 200, description = "The message", body = MessageLine)))]
pub async fn get(FromState(state): FromState<State>, caller: Caller, PathParams(id): PathParams<String>) -> ApiResult {
    let message = find_message(&id, &caller, &state).await?;
    Ok(EntityTag::new(&(message.id, &message.sha256, message.acknowledged_at)).respond(&message))
}

/// Acknowledge a message.
///
/// Tells Mailferry that the importing system has stored the message. Acknowledging it again changes nothing.
#[utoipa::path(post, path = "/messages/{id}/ack", tag = "Messages", params(("id" = i64, Path, description = "The message's number")),
    responses((status = 204, description = "Acknowledged")))]
pub async fn acknowledge(
    FromState(state): FromState<State>,
    caller: Caller,
    PathParams(id): PathParams<String>,
) -> ApiResult {
    let message = find_message(&id, &caller, &state).await?;
    state.deps.store.acknowledge(message.id, caller.scope(), state.deps.clock.now()).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
