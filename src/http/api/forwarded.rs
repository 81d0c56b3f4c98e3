//! `/inboxes/{address}/seen`: the importing system reports mail that reached it by forwarding.

use axum::Json;
use axum::extract::State as FromState;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::problem::{ApiResult, Refusal};
use crate::app::forwarded::{self, ForwardedMail};
use crate::app::inboxes;
use crate::http::State;
use crate::http::api::auth::Caller;
use crate::http::api::extract::{JsonBody, PathParams};
use crate::store::FirstCopy;
use crate::tls;

/// A mail that reached the importing system by forwarding.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SeenBody {
    /// The header section of the mail as received, with its Message-ID, or From and Date. Other fields may be left out.
    #[schema(
        example = "Message-ID: <1@example.org>\r\nFrom: anna@example.org\r\nDate: Fri, 27 Nov 2026 09:00:00 +0100\r\n"
    )]
    header: String,
    /// The SHA-256 of all bytes after the empty line that ends the header, hexadecimal.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    body_sha256: String,
}

/// The copy that counts.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum First {
    /// The forwarded copy: keep it. Mailferry does not deliver its own copy.
    Forwarded,
    /// The polled copy: Mailferry has delivered it, or has it ready in the inbox. Discard the forwarded copy.
    Polled,
}

/// The answer to a report.
#[derive(Debug, Serialize, ToSchema)]
pub struct Seen {
    /// The copy that counts.
    first: First,
    /// The number of the polled message; null if the forwarded copy counts.
    message: Option<i64>,
}

/// Report a mail that came by forwarding.
///
/// While a customer switches from forwarding to polling, or back, each mail comes both ways. Report every forwarded mail before you
/// process it, and process it only if it came first. Reporting it again returns the same answer.
#[utoipa::path(post, path = "/inboxes/{address}/seen", tag = "Delivery", params(("address" = String, Path, description = "The inbox's address")),
    request_body = SeenBody, responses((status = 200, description = "The copy that counts", body = Seen)))]
pub async fn report(
    FromState(state): FromState<State>,
    caller: Caller,
    PathParams(address): PathParams<String>,
    body: JsonBody,
) -> ApiResult {
    let acting = state.acting(&caller.actor);
    let inbox = inboxes::find(acting, &address).await?;
    let SeenBody { header, body_sha256 } = body.parse()?;
    let Ok(body_sha256) = tls::parse_fingerprint(&body_sha256) else {
        return Err(Refusal::field("/body_sha256", "must be a SHA-256: 64 hexadecimal digits"));
    };
    let inbox = inbox.address.parse().map_err(|_| Refusal::Internal)?;
    match forwarded::report(acting, &inbox, &ForwardedMail { header, body_sha256 }).await? {
        None => Err(Refusal::field("/header", "must contain a Message-ID, or From and Date")),
        Some(FirstCopy::Forwarded) => Ok(Json(Seen { first: First::Forwarded, message: None }).into_response()),
        Some(FirstCopy::Polled { message }) => {
            Ok(Json(Seen { first: First::Polled, message: Some(message) }).into_response())
        }
    }
}
