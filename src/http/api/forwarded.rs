//! `/inboxes/{address}/seen`: the importing system reports mail that reached it by forwarding.

use axum::Json;
use axum::extract::State as FromState;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::problem::{ApiResult, Refusal};
use crate::app::forwarded::{self, ForwardedMail, ReportOutcome};
use crate::app::inboxes;
use crate::http::State;
use crate::http::api::auth::Caller;
use crate::http::api::extract::{JsonBody, PathParams};
use crate::store::CountedCopy;
use crate::tls;

/// A mail that reached the importing system by forwarding.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SeenBody {
    /// The whole header section as received, with bytes that are not valid UTF-8 replaced by U+FFFD. If the header exceeds
    /// 60 KiB, send only Message-ID, From, Date, Subject, To, Cc and the X-Mailferry fields.
    #[schema(
        example = "Message-ID: <1@example.org>\r\nFrom: anna@example.org\r\nDate: Fri, 27 Nov 2026 09:00:00 +0100\r\n"
    )]
    header: String,
    /// The SHA-256 of all bytes after the empty line that ends the header, in hexadecimal.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    body_sha256: String,
    /// The number of the target that delivers to the importing system; required if the inbox has several.
    target: Option<i64>,
}

/// The response to a report.
#[derive(Debug, Serialize, ToSchema)]
pub struct Seen {
    /// Whether to process the reported copy. False if Mailferry has delivered or may have delivered the mail, or already
    /// has it in the inbox.
    keep: bool,
    /// The number of the message to use instead of the reported copy; null if the reported copy is to be processed.
    message: Option<i64>,
}

/// Report a mail that arrived by forwarding.
///
/// While a customer switches from forwarding to polling, or back, each mail arrives twice: once by forwarding and once by
/// polling. Report every received mail before you process it, and process it only if `keep` is true in the response:
/// Mailferry then does not deliver its own copy. A repeated report gets the same response. For a mail that Mailferry itself
/// delivered, `keep` is always true.
#[utoipa::path(post, path = "/inboxes/{address}/seen", tag = "Delivery", params(("address" = String, Path, description = "The inbox's address")),
    request_body = SeenBody, responses((status = 200, description = "Whether to process the copy", body = Seen)))]
pub async fn report(
    FromState(state): FromState<State>,
    caller: Caller,
    PathParams(address): PathParams<String>,
    body: JsonBody,
) -> ApiResult {
    let acting = state.acting(&caller.actor);
    let inbox = inboxes::find(acting, &address).await?;
    let SeenBody { header, body_sha256, target } = body.parse()?;
    let Ok(body_sha256) = tls::parse_fingerprint(&body_sha256) else {
        return Err(Refusal::field("/body_sha256", "must be a SHA-256: 64 hexadecimal digits"));
    };
    let (keep, message) =
        match forwarded::report(acting, &inbox, &ForwardedMail { header, body_sha256 }, target).await? {
            ReportOutcome::Recorded(CountedCopy::Forwarded) => (true, None),
            ReportOutcome::Recorded(CountedCopy::Polled { message }) => (false, Some(message)),
            ReportOutcome::Unidentified => {
                return Err(Refusal::field("/header", "must contain a Message-ID, or From and Date"));
            }
            ReportOutcome::TargetRequired => {
                return Err(Refusal::field("/target", "is required, since the inbox has several"));
            }
            ReportOutcome::UnknownTarget => return Err(Refusal::field("/target", "is not a target of this inbox")),
        };
    Ok(Json(Seen { keep, message }).into_response())
}
