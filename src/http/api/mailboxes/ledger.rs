//! `/mailboxes/{address}/ledger`: the outcome of every UID.

use axum::Json;
use axum::extract::State as FromState;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::find_mailbox;
use crate::app::ledger;
use crate::http::State;
use crate::http::api::auth::Caller;
use crate::http::api::cursor::{self, Page, Paging};
use crate::http::api::extract::{JsonBody, PathParams, QueryParams};
use crate::http::api::problem::{ApiResult, Refusal};
use crate::store::{LedgerLine, QuarantineFilter, UidState, WatchedFolder};

/// The requested page of the ledger.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LedgerQuery {
    /// Only entries in this state.
    #[param(inline)]
    state: Option<UidState>,
    /// The number of items on a page [default: 50].
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
    /// The `next` value of the previous page.
    after: Option<String>,
}

/// The quarantined messages to retry.
#[derive(Deserialize, ToSchema, Default)]
#[serde(deny_unknown_fields)]
pub struct RetryRequest {
    /// Only the message with this UID [default: all quarantined messages].
    uid: Option<u32>,
    /// Only messages in this folder.
    folder: Option<String>,
    /// Retry only if the folder still has this UIDVALIDITY.
    uidvalidity: Option<u32>,
}

/// The result of a retry.
#[derive(Serialize, ToSchema)]
pub struct RetryResult {
    /// The number of messages that will be retried.
    retried: u64,
}

/// The message to skip.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SkipRequest {
    /// The message's UID.
    uid: u32,
    /// The message's folder; required if the mailbox has several.
    folder: Option<String>,
    /// Skip only if the folder still has this UIDVALIDITY.
    uidvalidity: Option<u32>,
}

/// The name of the list in cursors.
const LIST: &str = "ledger";

/// List the ledger of a mailbox, newest first.
#[utoipa::path(get, path = "/mailboxes/{address}/ledger", tag = "Ledger",
    params(("address" = String, Path, description = "The mailbox's address"), LedgerQuery),
    responses((status = 200, description = "A page of the ledger", body = Page<LedgerLine>)))]
pub async fn list(
    FromState(state): FromState<State>,
    caller: Caller,
    PathParams(address): PathParams<String>,
    QueryParams(query): QueryParams<LedgerQuery>,
) -> ApiResult {
    let (_, mailbox) = find_mailbox(&address, &caller, &state).await?;
    let paging = Paging::<(i64, u32)>::parse(LIST, query.limit, query.after.as_deref())?;
    let (items, next) = state.deps.store.newest_ledger(mailbox.id, query.state, paging.after, paging.limit).await?;
    Ok(Json(Page { items, next: next.map(|key| cursor::encode(LIST, &key)) }).into_response())
}

/// Retry quarantined messages.
///
/// The next poll fetches the messages again.
#[utoipa::path(post, path = "/mailboxes/{address}/ledger/retry", tag = "Ledger",
    params(("address" = String, Path, description = "The mailbox's address")), request_body = Option<RetryRequest>,
    responses((status = 200, description = "The messages will be retried", body = RetryResult)))]
pub async fn retry(
    FromState(state): FromState<State>,
    caller: Caller,
    PathParams(address): PathParams<String>,
    body: JsonBody,
) -> ApiResult {
    let (_, mailbox) = find_mailbox(&address, &caller, &state).await?;
    let body: RetryRequest = body.parse_or_default::<Option<RetryRequest>>()?.unwrap_or_default();
    let which = QuarantineFilter { folder: body.folder.as_deref(), uidvalidity: body.uidvalidity, uid: body.uid };
    let retried = ledger::retry(state.acting(&caller.actor), &mailbox, which).await?;
    Ok(Json(RetryResult { retried }).into_response())
}

/// Skip a message that is quarantined or cannot be fetched.
///
/// The message stays in the customer's mailbox.
#[utoipa::path(post, path = "/mailboxes/{address}/ledger/skip", tag = "Ledger",
    params(("address" = String, Path, description = "The mailbox's address")), request_body = SkipRequest,
    responses((status = 204, description = "Skipped")))]
pub async fn skip(
    FromState(state): FromState<State>,
    caller: Caller,
    PathParams(address): PathParams<String>,
    body: JsonBody,
) -> ApiResult {
    let (_, mailbox) = find_mailbox(&address, &caller, &state).await?;
    let body: SkipRequest = body.parse()?;
    let folders = state.deps.store.watched_folders(mailbox.id).await?;
    let folder =
        WatchedFolder::select(folders, body.folder.as_deref()).map_err(|why| Refusal::field("/folder", why))?;
    ledger::skip(state.acting(&caller.actor), &mailbox, &folder, body.uid, body.uidvalidity).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
