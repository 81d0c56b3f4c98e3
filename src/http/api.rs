//! `/api/v1`, the HTTP API.
//!
//! A client authenticates with a token (`Authorization: Bearer mf_…`, RFC 6750) and sees only the data of the token's
//! organisation; some tokens are for all organisations. Cookies are ignored, and CORS is not enabled. Errors are
//! problem details (RFC 9457). Lists are paginated with opaque cursors. A POST can be repeated with an
//! `Idempotency-Key`; PATCH and DELETE require `If-Match` (RFC 9110 13.1.1). Credentials are never returned. The
//! OpenAPI document is generated from the handlers ([`openapi`]).

mod audit;
mod auth;
mod cursor;
mod deliveries;
mod discovery;
mod etag;
mod extract;
mod forwarded;
mod guard;
mod idempotency;
mod inboxes;
mod mailboxes;
mod message_parts;
mod messages;
mod openapi;
mod organisations;
mod people;
mod problem;
mod routes;
mod search;
mod targets;
#[cfg(test)]
mod tests;
mod tokens;
mod validate;

use std::collections::BTreeMap;

use axum::Router;
use axum::handler::Handler;
use axum::http::{Method, Uri};
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodFilter, MethodRouter, any, on};

use super::State;
use super::server::nul;
pub use auth::{Caller, TokenAccess};
pub use problem::Refusal;

/// The base path of the API.
const BASE: &str = "/api/v1";

/// One endpoint.
pub struct Endpoint {
    /// GET, POST, PATCH or DELETE.
    pub method: Method,
    /// The path below [`BASE`], with parameters in braces.
    pub path: &'static str,
    /// The kind of token that the endpoint requires.
    pub access: TokenAccess,
    handler: MethodRouter<State>,
}

fn endpoint<H: Handler<T, State>, T: 'static>(
    method: Method,
    path: &'static str,
    access: TokenAccess,
    handler: H,
) -> Endpoint {
    let filter = MethodFilter::try_from(method.clone()).unwrap_or(MethodFilter::GET);
    Endpoint { method, path, access, handler: on(filter, handler) }
}

/// All endpoints.
pub fn endpoint_table() -> Vec<Endpoint> {
    let mut all = main_endpoints();
    all.extend(delivery_endpoints());
    all
}

fn delivery_endpoints() -> Vec<Endpoint> {
    use TokenAccess::{Read, Write};
    const GET: Method = Method::GET;
    const POST: Method = Method::POST;
    vec![
        endpoint(GET, "/inboxes/{address}/targets", Read, targets::list),
        endpoint(POST, "/inboxes/{address}/targets", Write, targets::create),
        endpoint(POST, "/inboxes/{address}/seen", Write, forwarded::report),
        endpoint(GET, "/targets/{id}", Read, targets::get),
        endpoint(Method::PATCH, "/targets/{id}", Write, targets::change),
        endpoint(Method::DELETE, "/targets/{id}", Write, targets::remove),
        endpoint(POST, "/targets/{id}/pause", Write, targets::pause),
        endpoint(POST, "/targets/{id}/resume", Write, targets::resume),
        endpoint(POST, "/targets/{id}/test", Write, targets::test),
        endpoint(POST, "/targets/{id}/retry-held", Write, targets::retry_held),
        endpoint(POST, "/targets/{id}/drop-held", Write, targets::drop_held),
        endpoint(GET, "/deliveries", Read, deliveries::list),
        endpoint(GET, "/deliveries/{id}", Read, deliveries::get),
        endpoint(POST, "/deliveries/{id}/retry", Write, deliveries::retry),
        endpoint(POST, "/deliveries/{id}/drop", Write, deliveries::drop),
    ]
}

fn main_endpoints() -> Vec<Endpoint> {
    use TokenAccess::{Public, Read, ReadAll, Write, WriteAll};
    const GET: Method = Method::GET;
    const POST: Method = Method::POST;
    const PATCH: Method = Method::PATCH;
    const DELETE: Method = Method::DELETE;
    vec![
        endpoint(GET, "/openapi.json", Public, openapi::document),
        // Messages.
        endpoint(GET, "/inboxes/{address}/messages", Read, messages::pull),
        endpoint(GET, "/messages/{id}", Read, messages::get),
        endpoint(GET, "/messages/{id}/raw", Read, message_parts::raw),
        endpoint(GET, "/messages/{id}/parsed", Read, message_parts::parsed),
        endpoint(GET, "/messages/{id}/attachments/{index}", Read, message_parts::attachment),
        endpoint(POST, "/messages/{id}/ack", Write, messages::acknowledge),
        endpoint(GET, "/search", Read, search::search),
        // Inboxes and routes.
        endpoint(GET, "/inboxes", Read, inboxes::list),
        endpoint(POST, "/inboxes", Write, inboxes::create),
        endpoint(GET, "/inboxes/{address}", Read, inboxes::get),
        endpoint(PATCH, "/inboxes/{address}", Write, inboxes::change),
        endpoint(DELETE, "/inboxes/{address}", Write, inboxes::remove),
        endpoint(GET, "/routes", Read, routes::list),
        endpoint(POST, "/routes", Write, routes::create),
        endpoint(GET, "/routes/{recipient}/{inbox}", Read, routes::get),
        endpoint(DELETE, "/routes/{recipient}/{inbox}", Write, routes::remove),
        // Mailboxes.
        endpoint(GET, "/mailboxes", Read, mailboxes::list),
        endpoint(POST, "/mailboxes", Write, mailboxes::create),
        endpoint(GET, "/mailboxes/{address}", Read, mailboxes::get),
        endpoint(PATCH, "/mailboxes/{address}", Write, mailboxes::change),
        endpoint(DELETE, "/mailboxes/{address}", Write, mailboxes::remove),
        endpoint(POST, "/mailboxes/{address}/pause", Write, mailboxes::pause),
        endpoint(POST, "/mailboxes/{address}/resume", Write, mailboxes::resume),
        endpoint(POST, "/mailboxes/{address}/poll", Write, mailboxes::poll),
        endpoint(GET, "/mailboxes/{address}/ledger", Read, mailboxes::ledger::list),
        endpoint(POST, "/mailboxes/{address}/ledger/retry", Write, mailboxes::ledger::retry),
        endpoint(POST, "/mailboxes/{address}/ledger/skip", Write, mailboxes::ledger::skip),
        // Setting up a mailbox: discovery, inspection, dry run and test message.
        endpoint(POST, "/discover", Write, discovery::discover),
        endpoint(GET, "/mailboxes/{address}/folders", Write, mailboxes::inspect::folders),
        endpoint(GET, "/mailboxes/{address}/effects", Write, mailboxes::inspect::effects),
        endpoint(POST, "/mailboxes/{address}/dry-run", Write, mailboxes::dry_run::dry_run),
        endpoint(POST, "/mailboxes/{address}/check", Write, mailboxes::check::check),
        endpoint(POST, "/mailboxes/{address}/connect-links", Write, mailboxes::connect_links::create),
        endpoint(POST, "/mailboxes/{address}/tests", Write, mailboxes::test_mail::begin),
        endpoint(GET, "/mailboxes/{address}/tests/{id}", Read, mailboxes::test_mail::follow),
        // Users, tokens, audit log and organisations.
        endpoint(GET, "/users", Read, people::list),
        endpoint(GET, "/users/{name}", Read, people::get),
        endpoint(DELETE, "/users/{name}", Write, people::remove),
        endpoint(GET, "/tokens", Read, tokens::list),
        endpoint(POST, "/tokens", Write, tokens::create),
        endpoint(GET, "/tokens/{name}", Read, tokens::get),
        endpoint(DELETE, "/tokens/{name}", Write, tokens::revoke),
        endpoint(GET, "/audit", Read, audit::list),
        endpoint(GET, "/organisations", ReadAll, organisations::list),
        endpoint(POST, "/organisations", WriteAll, organisations::create),
    ]
}

/// The router for all endpoints.
pub fn router(state: State) -> Router<State> {
    let mut by_path = BTreeMap::<&str, (MethodRouter<State>, Vec<String>)>::new();
    for endpoint in endpoint_table() {
        let guarded = endpoint.handler.route_layer(from_fn_with_state((state.clone(), endpoint.access), guard::guard));
        let (methods, names) = by_path.entry(endpoint.path).or_default();
        *methods = std::mem::take(methods).merge(guarded);
        names.push(endpoint.method.to_string());
        if endpoint.method == Method::GET {
            names.push("HEAD".to_owned());
        }
    }
    let mut router = Router::new();
    for (path, (methods, names)) in by_path {
        let names = names.join(", ");
        let other = move || std::future::ready(Refusal::MethodNotAllowed(names.clone()));
        router = router.route(&format!("{BASE}{path}"), methods.fallback(other));
    }
    let unknown = || {
        any(async |uri: Uri| match nul::is_in_uri(&uri) {
            true => Refusal::nul(),
            false => Refusal::NotFound("there is no such path".to_owned()),
        })
    };
    let below = format!("{BASE}/{{*rest}}");
    [BASE, &format!("{BASE}/"), &below].into_iter().fold(router, |router, path| router.route(path, unknown()))
}
