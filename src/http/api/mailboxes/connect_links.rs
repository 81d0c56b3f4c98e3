//! `/mailboxes/{address}/connect-links`: links by which the customer gives the credentials himself.

use axum::Json;
use axum::extract::State as FromState;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::Serialize;
use utoipa::ToSchema;

use super::find_mailbox;
use crate::app::links;
use crate::clock::Timestamp;
use crate::http::State;
use crate::http::api::auth::Caller;
use crate::http::api::extract::PathParams;
use crate::http::api::problem::ApiResult;

/// A link that was just made.
#[derive(Serialize, ToSchema)]
#[schema(as = ConnectLink)]
pub struct CreatedLink {
    /// The link itself. It is shown this once.
    #[schema(example = "https://mailferry.kundo.se/customer/…")]
    url: String,
    /// It works once, and until then.
    expires_at: Timestamp,
}

/// Makes a link by which the customer's own IT gives a password or a consent for this mailbox. An open one no longer works then.
#[utoipa::path(post, path = "/mailboxes/{address}/connect-links", tag = "Setting up",
    params(("address" = String, Path, description = "The mailbox's address")),
    responses((status = 201, description = "It was made", body = CreatedLink)))]
pub async fn create(
    FromState(state): FromState<State>,
    caller: Caller,
    PathParams(address): PathParams<String>,
) -> ApiResult {
    let (_, mailbox) = find_mailbox(&address, &caller, &state).await?;
    let links::ConnectLink { key, expires_at } = links::make(state.acting(&caller.actor), &mailbox).await?;
    let url = state.settings.link(&format!("/customer/{key}"));
    Ok((StatusCode::CREATED, Json(CreatedLink { url, expires_at })).into_response())
}
