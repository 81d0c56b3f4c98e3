//! `/messages/{id}/raw`, `parsed` and `attachments`: the content of a message.

use axum::Json;
use axum::extract::State as FromState;
use axum::response::IntoResponse;
use serde::Serialize;
use utoipa::ToSchema;

use super::messages::find_message;
use super::problem::{ApiResult, Refusal};
use crate::http::State;
use crate::http::api::auth::Caller;
use crate::http::api::extract::PathParams;
use crate::http::mail_download::{self, LoadedMail, WithShare};
use crate::reading::{self, Reading};
use crate::store::MessageLine;

/// Download the bytes of a message, exactly as they arrived.
#[utoipa::path(get, path = "/messages/{id}/raw", tag = "Messages", params(("id" = i64, Path, description = "The message's number")),
    responses((status = 200, description = "The bytes", body = inline(Vec<u8>), content_type = "message/rfc822")))]
pub async fn raw(FromState(state): FromState<State>, caller: Caller, PathParams(id): PathParams<String>) -> ApiResult {
    let message = find_message(&id, &caller, &state).await?;
    mail_download::original(&message, caller.scope().id(), &state).await?.ok_or_else(busy)
}

/// A message with its parsed content.
#[derive(Debug, Serialize, ToSchema)]
pub struct ParsedMessage {
    /// The message.
    #[serde(flatten)]
    message: MessageLine,
    /// The parsed content; null if the message cannot be parsed. Its raw bytes are always available.
    parsed: Option<Reading>,
}

/// Get the parsed content of a message.
///
/// The response contains the headers, the text, the HTML and the list of attachments. The HTML is returned as it was sent:
/// sanitise it before you display it.
#[utoipa::path(get, path = "/messages/{id}/parsed", tag = "Messages", params(("id" = i64, Path, description = "The message's number")),
    responses((status = 200, description = "The message with its parsed content", body = ParsedMessage)))]
pub async fn parsed(
    FromState(state): FromState<State>,
    caller: Caller,
    PathParams(id): PathParams<String>,
) -> ApiResult {
    let message = find_message(&id, &caller, &state).await?;
    let mail = load_mail(&message, &caller, &state).await?;
    let WithShare { value, share } = mail.read(&state, reading::read).await.ok_or_else(busy)?;
    Ok(mail_download::attach_share(share, Json(ParsedMessage { message, parsed: value.ok() }).into_response()))
}

/// Download an attachment, decoded.
#[utoipa::path(get, path = "/messages/{id}/attachments/{index}", tag = "Messages",
    params(("id" = i64, Path, description = "The message's number"), ("index" = u32, Path, description = "The attachment's `index`")),
    responses((status = 200, description = "The bytes", body = inline(Vec<u8>), content_type = "application/octet-stream")))]
pub async fn attachment(
    FromState(state): FromState<State>,
    caller: Caller,
    PathParams((id, index)): PathParams<(String, String)>,
) -> ApiResult {
    let message = find_message(&id, &caller, &state).await?;
    let missing = || Refusal::NotFound("there is no such attachment".to_owned());
    let index = index.parse().map_err(|_| missing())?;
    let found = load_mail(&message, &caller, &state).await?.attachment(index, &state).await.ok_or_else(busy)?;
    found.ok_or_else(missing)
}

async fn load_mail(message: &MessageLine, caller: &Caller, state: &State) -> Result<LoadedMail, Refusal> {
    LoadedMail::load(message, caller.scope().id(), state).await?.ok_or_else(busy)
}

fn busy() -> Refusal {
    Refusal::Conflict("too many messages are being read; retry in a moment".to_owned())
}
