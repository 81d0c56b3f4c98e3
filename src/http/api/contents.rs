//! `/messages/{id}/raw`, `parsed` and `attachments`: what a message holds.

use axum::Json;
use axum::body::Body;
use axum::extract::State as FromState;
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use futures::stream;
use serde::Serialize;
use utoipa::ToSchema;

use super::body::InPath;
use super::caller::Caller;
use super::messages::seen;
use super::problem::{Answer, Refusal};
use crate::http::{State, stored};
use crate::reading::{self, Reading};
use crate::store::MessageLine;

/// The bytes of a message exactly as they came.
#[utoipa::path(get, path = "/messages/{id}/raw", tag = "Messages", params(("id" = i64, Path, description = "Its number")),
    responses((status = 200, description = "The bytes", body = inline(Vec<u8>), content_type = "message/rfc822")))]
pub async fn raw(FromState(state): FromState<State>, caller: Caller, InPath(id): InPath<String>) -> Answer {
    let message = seen(&id, &caller, &state).await?;
    let store = state.deps.store.clone();
    let sha256 = store.message_sha256(message.id).await?;
    // The first piece is got before anything is answered, so that what is not there is told as such.
    let first = match store.raw_chunk(&sha256, 0).await? {
        Some(chunk) => chunk,
        None if message.size == 0 => Vec::new(),
        None => return Err(Refusal::Inside),
    };
    // A large mail is never whole in memory.
    let chunks = stream::try_unfold((Some(first), 0_i64), move |(ready, seq)| {
        let (store, sha256) = (store.clone(), sha256.clone());
        async move {
            let chunk = match ready {
                Some(chunk) => Some(chunk),
                None => store.raw_chunk(&sha256, seq).await.map_err(std::io::Error::other)?,
            };
            Ok::<_, std::io::Error>(chunk.map(|chunk| (chunk, (None, seq + 1))))
        }
    });
    let length = u64::try_from(message.size).unwrap_or(0);
    let name = format!("{}.eml", message.id);
    Ok(download(&format!("attachment; filename=\"{name}\""), "message/rfc822", length, Body::from_stream(chunks)))
}

/// A message with what stands in it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ParsedMessage {
    /// The message.
    #[serde(flatten)]
    message: MessageLine,
    /// What it says; `null` if it cannot be read. Its raw bytes are as good as ever.
    parsed: Option<Reading>,
}

/// What stands in a message: headers, text, HTML as it was sent (clean it before you show it), and attachments.
#[utoipa::path(get, path = "/messages/{id}/parsed", tag = "Messages", params(("id" = i64, Path, description = "Its number")),
    responses((status = 200, description = "The message with what stands in it", body = ParsedMessage)))]
pub async fn parsed(FromState(state): FromState<State>, caller: Caller, InPath(id): InPath<String>) -> Answer {
    let message = seen(&id, &caller, &state).await?;
    let bytes = stored::bytes(&message, &state).await?;
    let read = stored::aside(move || reading::read(&bytes)).await.ok_or(Refusal::Inside)?;
    Ok(Json(ParsedMessage { message, parsed: read.ok() }).into_response())
}

/// The bytes of an attachment, decoded.
#[utoipa::path(get, path = "/messages/{id}/attachments/{index}", tag = "Messages",
    params(("id" = i64, Path, description = "The message's number"), ("index" = u32, Path, description = "The attachment's `index`")),
    responses((status = 200, description = "The bytes", body = inline(Vec<u8>), content_type = "application/octet-stream")))]
pub async fn attachment(
    FromState(state): FromState<State>,
    caller: Caller,
    InPath((id, index)): InPath<(String, String)>,
) -> Answer {
    let message = seen(&id, &caller, &state).await?;
    let missing = || Refusal::NotFound("there is no such attachment".to_owned());
    let index = index.parse().map_err(|_| missing())?;
    let bytes = stored::bytes(&message, &state).await?;
    let found = stored::aside(move || reading::attachment(&bytes, index)).await.ok_or(Refusal::Inside)?;
    let content = found.ok().flatten().ok_or_else(missing)?;
    let length = content.bytes.len() as u64;
    let disposition = reading::disposition(content.name.as_deref());
    Ok(download(&disposition, "application/octet-stream", length, Body::from(content.bytes)))
}

/// Something to be saved and not to be shown.
fn download(disposition: &str, content_type: &'static str, length: u64, body: Body) -> Response {
    let disposition = HeaderValue::from_str(disposition).unwrap_or(HeaderValue::from_static("attachment"));
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(content_type)),
        (CONTENT_DISPOSITION, disposition),
        (CONTENT_LENGTH, HeaderValue::from(length)),
    ];
    (headers, body).into_response()
}
