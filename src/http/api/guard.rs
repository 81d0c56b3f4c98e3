//! Middleware before every endpoint: authentication, authorisation and idempotency.

use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State as FromState};
use axum::http::Method;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::problem::{ApiResult, Refusal, internal};
use super::{extract, idempotency};
use crate::http::State;
use crate::http::api::auth::{Caller, TokenAccess};
use crate::http::server::nul;

/// Checks a request and passes it to its endpoint.
pub async fn guard(
    FromState((state, access)): FromState<(State, TokenAccess)>,
    request: Request,
    next: Next,
) -> Response {
    if nul::is_in_uri(request.uri()) {
        return Refusal::nul().into_response();
    }
    match access {
        TokenAccess::Public => next.run(request).await,
        access => authorise(state, access, request, next).await.unwrap_or_else(IntoResponse::into_response),
    }
}

/// Holds a share of the memory until the response is sent.
async fn hold(state: &State, caller: &Caller, response: Response) -> ApiResult {
    let busy =
        || Refusal::Conflict("too many responses to your organisation are in progress; retry in a moment".to_owned());
    state.shares.hold(caller.scope().id(), response).await.ok_or_else(busy)
}

/// Whether the request may contain a password or another secret: either nobody on the network could read it, or the
/// operator accepts unencrypted secrets (`http.passwords_in_clear`).
fn is_private(state: &State, request: &Parts) -> bool {
    let peer = request.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    // A request without a peer address did not come over the network: a test made it.
    state.settings.passwords_in_clear || peer.is_none_or(|peer| state.settings.peers.is_private(peer, &request.headers))
}

async fn authorise(state: State, access: TokenAccess, request: Request, next: Next) -> ApiResult {
    let (mut parts, body) = request.into_parts();
    let caller = Caller::authenticate(&state, &parts.headers).await?;
    caller.check_access(access)?;
    parts.extensions.insert(caller.clone());
    if matches!(parts.method, Method::GET | Method::HEAD) {
        return hold(&state, &caller, next.run(Request::from_parts(parts, body)).await).await;
    }
    // Read the body only after the caller has been authenticated.
    let bytes = extract::read_body(&parts.headers, body).await?;
    if !is_private(&state, &parts)
        && let Some(field) = extract::secret_field(&bytes)
    {
        return Err(Refusal::field(&field, "must not be sent unencrypted from another machine; use https"));
    }
    let idempotent = match parts.method {
        Method::POST => idempotency::IdempotentRequest::from_request(&parts, &bytes)?,
        _ => None,
    };
    let work = async move {
        let run = next.run(Request::from_parts(parts, Body::from(bytes)));
        let response = match idempotent {
            Some(idempotent) => idempotent.run(&state, &caller, run).await?,
            None => run.await,
        };
        hold(&state, &caller, response).await
    };
    // Spawn the work, so that a change completes even if the client disconnects.
    tokio::spawn(work).await.map_err(|error| internal(&error))?
}
