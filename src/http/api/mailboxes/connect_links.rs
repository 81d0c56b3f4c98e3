//! `/mailboxes/{address}/connect-links`: links by which the customer gives the credentials himself.

use axum::Json;
use axum::extract::State as FromState;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::Serialize;
use utoipa::ToSchema;

use super::seen;
use crate::app::links;
use crate::clock::Timestamp;
use crate::http::State;
use crate::http::api::auth::Caller;
use crate::http::api::extract::InPath;
use crate::http::api::problem::Answer;

/// A link that was just made.
#[derive(Serialize, ToSchema)]
#[schema(as = ConnectLink)]
pub struct Link {
    /// The link itself. It is shown this once.
    #[schema(example = "https://mailferry.kundo.se/customer/…")]
    url: String,
    /// It works once, and until then.
    expires_at: Timestamp,
}

/// Makes a link by which the customer's own IT gives a password or a consent for this mailbox. An open one no longer works then.
#[utoipa::path(post, path = "/mailboxes/{address}/connect-links", tag = "Setting up",
    params(("address" = String, Path, description = "The mailbox's address")),
    responses((status = 201, description = "It was made", body = Link)))]
pub async fn create(FromState(state): FromState<State>, caller: Caller, InPath(address): InPath<String>) -> Answer {
    let (_, mailbox) = seen(&address, &caller, &state).await?;
    let links::ConnectLink { key, expires_at } = links::make(state.acting(&caller.actor), &mailbox).await?;
    let url = state.page.link(&format!("/customer/{key}"));
    Ok((StatusCode::CREATED, Json(Link { url, expires_at })).into_response())
}
