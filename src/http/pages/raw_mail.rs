//! Downloads of a raw mail through a link from a webhook's payload. The link is the authorisation: it is for one mail, and
//! expires.

use axum::extract::{Path, State as FromState};
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::IntoResponse;

use crate::deliver::webhook::raw_link::RawAccess;
use crate::http::State;
use crate::http::mail_download;
use crate::http::page::answer::PageResult;
use crate::http::page::error::PageError;
use crate::store::Scope;

/// Returns the bytes of the mail, exactly as they arrived.
pub async fn download(FromState(state): FromState<State>, Path(token): Path<String>) -> PageResult {
    let now = state.deps.clock.now();
    let access = RawAccess::verify(&token, &state.deps.vault, now).ok_or(PageError::NotFound)?;
    let scope = Scope::Organisation(access.organisation);
    let message = state.deps.store.message(access.message, scope).await?;
    let sent = mail_download::original(&message, scope.id(), &state).await?;
    // The client is a program that tries again after this response.
    Ok(sent.unwrap_or_else(|| (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "30")]).into_response()))
}
