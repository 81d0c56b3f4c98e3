//! `/mailboxes/{address}/connect-links`: links through which customers enter the credentials themselves.

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

/// A connect link that was just created.
#[derive(Serialize, ToSchema)]
#[schema(as = ConnectLink)]
pub struct CreatedLink {
    /// The link itself. It is shown only in this response.
    #[schema(example = "https://mailferry.kundo.se/customer/…")]
    url: String,
    /// When the link expires. It works only once.
    expires_at: Timestamp,
}

/// Create a connect link.
///
/// The customer's own IT staff use the link to enter the password or give consent for this mailbox. A new link replaces one
/// that has not been used.
#[utoipa::path(post, path = "/mailboxes/{address}/connect-links", tag = "Setting up",
    params(("address" = String, Path, description = "The mailbox's address")),
    responses((status = 201, description = "Created", body = CreatedLink)))]
pub async fn create(
    FromState(state): FromState<State>,
    caller: Caller,
    PathParams(address): PathParams<String>,
) -> ApiResult {
    let (_, mailbox) = find_mailbox(&address, &caller, &state).await?;
    let links::ConnectLink { key, expires_at } = links::create(state.acting(&caller.actor), &mailbox).await?;
    let url = state.settings.link(&format!("/customer/{key}"));
    Ok((StatusCode::CREATED, Json(CreatedLink { url, expires_at })).into_response())
}
