//! Inspects a customer's server: its folders, and the effects on a copy that it supports.

use axum::Json;
use axum::extract::State as FromState;
use axum::response::IntoResponse;
use serde::Deserialize;
use utoipa::IntoParams;

use super::find_mailbox;
use crate::app::mailboxes::inspect;
use crate::http::State;
use crate::http::api::auth::Caller;
use crate::http::api::cursor::Page;
use crate::http::api::extract::{PathParams, QueryParams};
use crate::http::api::problem::{ApiResult, Refusal};
use crate::mailbox::folder_name;
use crate::poll::capabilities::Ability;
use crate::poll::folders::FolderOffer;

/// The folder to inspect.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EffectsQuery {
    /// The folder [default: the first folder that is polled].
    #[param(max_length = 1000, example = "INBOX")]
    folder: Option<String>,
}

/// List the folders of the mail account.
///
/// Messages are counted for at most one minute. No folder is opened.
#[utoipa::path(get, path = "/mailboxes/{address}/folders", tag = "Setting up",
    params(("address" = String, Path, description = "The mailbox's address")),
    responses((status = 200, description = "All folders, on one page", body = Page<FolderOffer>)))]
pub async fn folders(
    FromState(state): FromState<State>,
    caller: Caller,
    PathParams(address): PathParams<String>,
) -> ApiResult {
    let (_, mailbox) = find_mailbox(&address, &caller, &state).await?;
    let items = inspect::folders(state.inspector(&caller.actor), &mailbox).await?;
    Ok(Json(Page { items, next: None }).into_response())
}

/// List the effects on the customer's copy that the server supports.
///
/// The folder is opened read-only.
#[utoipa::path(get, path = "/mailboxes/{address}/effects", tag = "Setting up",
    params(("address" = String, Path, description = "The mailbox's address"), EffectsQuery),
    responses((status = 200, description = "All effects, on one page", body = Page<Ability>)))]
pub async fn effects(
    FromState(state): FromState<State>,
    caller: Caller,
    PathParams(address): PathParams<String>,
    QueryParams(query): QueryParams<EffectsQuery>,
) -> ApiResult {
    let (_, mailbox) = find_mailbox(&address, &caller, &state).await?;
    let folder = query.folder.as_deref().map(folder_name).transpose();
    let folder = folder.map_err(|_| Refusal::BadRequest("folder is not a valid folder name".to_owned()))?;
    let items = inspect::effects(state.inspector(&caller.actor), &mailbox, folder).await?;
    Ok(Json(Page { items, next: None }).into_response())
}
