//! `/api/v1`: everything that is kept, for programs.
//!
//! Whoever asks shows a token (`Authorization: Bearer mf_…`, RFC 6750) and sees what its organisation has; no cookie is looked
//! at, and no other site's script is let in. What is refused is told as a problem (RFC 9457). Lists come in pages with opaque
//! cursors. A POST may be sent again with its `Idempotency-Key`; PATCH and DELETE say with `If-Match` what they mean to change
//! (RFC 9110 13.1.1). Credentials go in and never come out. The description of it all is made from the handlers
//! ([`openapi`]).

mod audit;
mod auth;
mod cursor;
mod discovery;
mod etag;
mod extract;
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
pub use auth::{Caller, Needs};
pub use problem::Refusal;

/// Where it lies.
const BASE: &str = "/api/v1";

/// One line of the table.
pub struct Endpoint {
    /// GET, POST, PATCH or DELETE.
    pub method: Method,
    /// The path below [`BASE`], with what is variable in braces.
    pub path: &'static str,
    /// What token it needs.
    pub needs: Needs,
    handler: MethodRouter<State>,
}

fn row<H: Handler<T, State>, T: 'static>(method: Method, path: &'static str, needs: Needs, handler: H) -> Endpoint {
    let filter = MethodFilter::try_from(method.clone()).unwrap_or(MethodFilter::GET);
    Endpoint { method, path, needs, handler: on(filter, handler) }
}

/// All of them.
pub fn table() -> Vec<Endpoint> {
    use Needs::{Nothing, Read, ReadAll, Write, WriteAll};
    const GET: Method = Method::GET;
    const POST: Method = Method::POST;
    const PATCH: Method = Method::PATCH;
    const DELETE: Method = Method::DELETE;
    vec![
        row(GET, "/openapi.json", Nothing, openapi::document),
        // Mail.
        row(GET, "/inboxes/{address}/messages", Read, messages::pull),
        row(GET, "/messages/{id}", Read, messages::one),
        row(GET, "/messages/{id}/raw", Read, message_parts::raw),
        row(GET, "/messages/{id}/parsed", Read, message_parts::parsed),
        row(GET, "/messages/{id}/attachments/{index}", Read, message_parts::attachment),
        row(POST, "/messages/{id}/ack", Write, messages::acknowledge),
        row(GET, "/search", Read, search::search),
        // Where it ends up.
        row(GET, "/inboxes", Read, inboxes::list),
        row(POST, "/inboxes", Write, inboxes::create),
        row(GET, "/inboxes/{address}", Read, inboxes::one),
        row(PATCH, "/inboxes/{address}", Write, inboxes::change),
        row(DELETE, "/inboxes/{address}", Write, inboxes::remove),
        row(GET, "/routes", Read, routes::list),
        row(POST, "/routes", Write, routes::create),
        row(GET, "/routes/{recipient}/{inbox}", Read, routes::one),
        row(DELETE, "/routes/{recipient}/{inbox}", Write, routes::remove),
        // Where it comes from.
        row(GET, "/mailboxes", Read, mailboxes::list),
        row(POST, "/mailboxes", Write, mailboxes::create),
        row(GET, "/mailboxes/{address}", Read, mailboxes::one),
        row(PATCH, "/mailboxes/{address}", Write, mailboxes::change),
        row(DELETE, "/mailboxes/{address}", Write, mailboxes::remove),
        row(POST, "/mailboxes/{address}/pause", Write, mailboxes::pause),
        row(POST, "/mailboxes/{address}/resume", Write, mailboxes::resume),
        row(POST, "/mailboxes/{address}/poll", Write, mailboxes::poll),
        row(GET, "/mailboxes/{address}/ledger", Read, mailboxes::ledger::list),
        row(POST, "/mailboxes/{address}/ledger/retry", Write, mailboxes::ledger::retry),
        row(POST, "/mailboxes/{address}/ledger/skip", Write, mailboxes::ledger::skip),
        // What there is at the customer's, before anything is imported, and whether it arrives.
        row(POST, "/discover", Write, discovery::discover),
        row(GET, "/mailboxes/{address}/folders", Write, mailboxes::inspect::folders),
        row(GET, "/mailboxes/{address}/effects", Write, mailboxes::inspect::effects),
        row(POST, "/mailboxes/{address}/dry-run", Write, mailboxes::dry_run::dry_run),
        row(POST, "/mailboxes/{address}/check", Write, mailboxes::check::check),
        row(POST, "/mailboxes/{address}/connect-links", Write, mailboxes::connect_links::create),
        row(POST, "/mailboxes/{address}/tests", Write, mailboxes::test_mail::begin),
        row(GET, "/mailboxes/{address}/tests/{id}", Read, mailboxes::test_mail::follow),
        // Who may, and who did.
        row(GET, "/users", Read, people::list),
        row(GET, "/users/{name}", Read, people::one),
        row(DELETE, "/users/{name}", Write, people::remove),
        row(GET, "/tokens", Read, tokens::list),
        row(POST, "/tokens", Write, tokens::create),
        row(GET, "/tokens/{name}", Read, tokens::one),
        row(DELETE, "/tokens/{name}", Write, tokens::revoke),
        row(GET, "/audit", Read, audit::list),
        row(GET, "/organisations", ReadAll, organisations::list),
        row(POST, "/organisations", WriteAll, organisations::create),
    ]
}

/// The table as a router.
pub fn router(state: State) -> Router<State> {
    let mut by_path = BTreeMap::<&str, (MethodRouter<State>, Vec<String>)>::new();
    for endpoint in table() {
        let guarded = endpoint.handler.route_layer(from_fn_with_state((state.clone(), endpoint.needs), guard::guard));
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
        let other = move || std::future::ready(Refusal::Method(names.clone()));
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
