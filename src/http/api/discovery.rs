//! `/discover`: where the mail of an address is.

use axum::Json;
use axum::extract::State as FromState;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::problem::{Answer, Refusal};
use crate::discover::{Discovery, Proposal};
use crate::http::State;
use crate::http::api::auth::Caller;
use crate::http::api::extract::Given;
use crate::http::api::validate::Checks;

/// Whose server is looked for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// The customer's address.
    #[schema(example = "jobb@lillestad.se")]
    address: String,
}

/// What was found.
#[derive(Serialize, ToSchema)]
pub struct Discovered {
    /// The server; null: nobody knows one.
    server: Option<Proposal>,
}

/// Looks for the mail server of an address, for ten seconds at most. It is a proposal for somebody to look at: whoever rules the
/// domain says where a password would go. Nothing is kept.
#[utoipa::path(post, path = "/discover", tag = "Setting up", request_body = Wanted,
    responses((status = 200, description = "What was found, if anything", body = Discovered)))]
pub async fn discover(FromState(state): FromState<State>, caller: Caller, given: Given) -> Answer {
    let body: Wanted = given.json()?;
    let mut checks = Checks::default();
    let Some(address) = checks.address("/address", &body.address) else { return Err(checks.refusal()) };
    let found = state.discover(&address, caller.scope()).await;
    let server = match found.map_err(|error| Refusal::Conflict(error.message))? {
        Discovery::Found(found) => Some(Proposal::from_found(&found)),
        Discovery::Nothing => None,
    };
    Ok(Json(Discovered { server }).into_response())
}
