//! `/discover`: finds the mail server of an address.

use axum::Json;
use axum::extract::State as FromState;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::problem::{ApiResult, Refusal};
use crate::discover::{Discovery, Proposal};
use crate::http::State;
use crate::http::api::auth::Caller;
use crate::http::api::extract::JsonBody;
use crate::http::api::validate::Checks;

/// The address whose mail server is to be found.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DiscoverRequest {
    /// The customer's address.
    #[schema(example = "jobb@lillestad.se")]
    address: String,
}

/// The result of a discovery.
#[derive(Serialize, ToSchema)]
pub struct Discovered {
    /// The server; null if none was found.
    server: Option<Proposal>,
}

/// Find the mail server of an address.
///
/// Takes at most ten seconds and stores nothing. The result is only a proposal: it comes from the owner of the domain, who
/// thereby decides where a password would be sent. Let a person confirm it.
#[utoipa::path(post, path = "/discover", tag = "Setting up", request_body = DiscoverRequest,
    responses((status = 200, description = "The result", body = Discovered)))]
pub async fn discover(FromState(state): FromState<State>, caller: Caller, body: JsonBody) -> ApiResult {
    let body: DiscoverRequest = body.parse()?;
    let mut checks = Checks::default();
    let Some(address) = checks.address("/address", &body.address) else { return Err(checks.into_refusal()) };
    let found = state.discover(&address, caller.scope()).await;
    let server = match found.map_err(|error| Refusal::Conflict(error.message))? {
        Discovery::Found(found) => Some(Proposal::from_found(&found)),
        Discovery::Nothing => None,
    };
    Ok(Json(Discovered { server }).into_response())
}
