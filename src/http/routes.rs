//! The table of all page routes, with the access that each of them requires. Tests go through the whole table.

use axum::Router;
use axum::handler::Handler;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, get, post};

use super::ops::{health, metrics};
use super::server::assets;
use super::{State, api, pages};
use crate::http::page::guard::{PageAccess, guard};

/// One route.
pub struct Route {
    /// GET or POST.
    #[cfg_attr(not(test), expect(dead_code, reason = "the test that walks the table uses it"))]
    pub method: &'static str,
    /// The path, with parameters in braces.
    pub path: &'static str,
    /// The visitors that may use the route.
    pub access: PageAccess,
    handler: MethodRouter<State>,
}

fn get_route<H: Handler<T, State>, T: 'static>(path: &'static str, access: PageAccess, handler: H) -> Route {
    Route { method: "GET", path, access, handler: get(handler) }
}

fn post_route<H: Handler<T, State>, T: 'static>(path: &'static str, access: PageAccess, handler: H) -> Route {
    Route { method: "POST", path, access, handler: post(handler) }
}

/// All page routes.
pub fn route_table() -> Vec<Route> {
    let mut all = sign_in_routes();
    all.extend(mailbox_routes());
    all.extend(other_routes());
    all
}

/// Static files, signing in and out, the user's own account, and the pages behind a connect link.
fn sign_in_routes() -> Vec<Route> {
    use PageAccess::{Public, SignedIn};
    use pages::{account, connect_link, consent, invitation, login, oauth_callback, sso};
    vec![
        get_route("/assets/{version}/{name}", Public, assets::serve_file),
        get_route("/login", Public, login::page),
        post_route("/login", Public, login::log_in),
        post_route("/logout", Public, login::log_out),
        get_route("/sso", Public, sso::begin),
        get_route(sso::CALLBACK, Public, sso::callback),
        post_route("/language", Public, account::language),
        get_route("/setup/{key}", Public, invitation::set_up),
        post_route("/setup/{key}", Public, invitation::accept),
        get_route("/invitation/{key}", Public, invitation::invited),
        post_route("/invitation/{key}", Public, invitation::accept),
        get_route("/account", SignedIn, account::page),
        post_route("/account", SignedIn, account::preferences),
        post_route("/account/password", SignedIn, account::password),
        // The customer's own IT staff, through a connect link.
        get_route("/customer/{key}", Public, connect_link::page),
        post_route("/customer/{key}", Public, connect_link::submit),
        get_route(consent::CALLBACK, Public, oauth_callback::callback),
    ]
}

fn mailbox_routes() -> Vec<Route> {
    use PageAccess::{Admin, SignedIn};
    use pages::{consent, mailbox, setup, test_mail};
    vec![
        get_route("/", SignedIn, pages::mailboxes::list),
        get_route("/connect", Admin, setup::address),
        post_route("/connect", Admin, setup::begin_setup),
        get_route("/mailboxes/{address}", SignedIn, mailbox::page),
        get_route("/mailboxes/{address}/ledger", SignedIn, mailbox::ledger),
        post_route("/mailboxes/{address}/pause", Admin, mailbox::pause),
        post_route("/mailboxes/{address}/resume", Admin, mailbox::resume),
        post_route("/mailboxes/{address}/poll", Admin, mailbox::poll),
        post_route("/mailboxes/{address}/check", Admin, mailbox::check),
        post_route("/mailboxes/{address}/password", Admin, mailbox::password),
        post_route("/mailboxes/{address}/consent", Admin, consent::begin),
        post_route("/mailboxes/{address}/link", Admin, mailbox::link),
        post_route("/mailboxes/{address}/retry", Admin, mailbox::retry),
        post_route("/mailboxes/{address}/skip", Admin, mailbox::skip),
        post_route("/mailboxes/{address}/remove", Admin, mailbox::remove),
        get_route("/mailboxes/{address}/setup/server", Admin, setup::server),
        post_route("/mailboxes/{address}/setup/server", Admin, setup::set_server),
        get_route("/mailboxes/{address}/setup/login", Admin, setup::login),
        post_route("/mailboxes/{address}/setup/login", Admin, setup::password),
        get_route("/mailboxes/{address}/setup/folders", Admin, setup::folders),
        post_route("/mailboxes/{address}/setup/folders", Admin, setup::choose_folders),
        get_route("/mailboxes/{address}/setup/inbox", Admin, setup::inbox),
        post_route("/mailboxes/{address}/setup/inbox", Admin, setup::set_inbox),
        get_route("/mailboxes/{address}/setup/copy", Admin, setup::copy),
        post_route("/mailboxes/{address}/setup/copy", Admin, setup::set_copy),
        get_route("/mailboxes/{address}/setup/start", Admin, setup::start),
        post_route("/mailboxes/{address}/setup/start", Admin, setup::set_start),
        get_route("/mailboxes/{address}/setup/trial", Admin, setup::trial),
        post_route("/mailboxes/{address}/setup/begin", Admin, setup::begin),
        get_route("/mailboxes/{address}/test", Admin, test_mail::page),
        post_route("/mailboxes/{address}/test", Admin, test_mail::begin),
        get_route("/mailboxes/{address}/test/{id}", Admin, test_mail::follow),
    ]
}

/// Inboxes with their targets and messages, the search, the audit log, users, and the settings of the installation.
fn other_routes() -> Vec<Route> {
    use PageAccess::{Admin, Public, SignedIn};
    use pages::{audit, inboxes, messages, people, raw_mail, settings, targets};
    vec![
        get_route("/inboxes", SignedIn, inboxes::list),
        post_route("/inboxes", Admin, inboxes::add),
        get_route("/inboxes/{address}", SignedIn, inboxes::page),
        post_route("/inboxes/{address}", Admin, inboxes::set),
        post_route("/inboxes/{address}/routes", Admin, inboxes::add_route),
        post_route("/inboxes/{address}/routes/remove", Admin, inboxes::remove_route),
        get_route("/inboxes/{address}/targets", Admin, targets::new),
        post_route("/inboxes/{address}/targets", Admin, targets::add),
        get_route("/targets/{id}", SignedIn, targets::page),
        post_route("/targets/{id}", Admin, targets::set),
        post_route("/targets/{id}/test", Admin, targets::test),
        post_route("/targets/{id}/pause", Admin, targets::pause),
        post_route("/targets/{id}/resume", Admin, targets::resume),
        post_route("/targets/{id}/remove", Admin, targets::remove),
        post_route("/targets/{id}/retry-held", Admin, targets::retry_held),
        post_route("/targets/{id}/drop-held", Admin, targets::drop_held),
        post_route("/deliveries/{id}/retry", Admin, targets::retry),
        post_route("/deliveries/{id}/drop", Admin, targets::drop),
        get_route("/messages/{id}", SignedIn, messages::page),
        get_route("/messages/{id}/html", SignedIn, messages::html),
        get_route("/messages/{id}/original", SignedIn, messages::eml),
        get_route("/messages/{id}/attachments/{index}", SignedIn, messages::attachment),
        // A raw mail, for the receiver of a webhook.
        get_route("/d/{token}", Public, raw_mail::download),
        get_route("/search", SignedIn, messages::search),
        // The audit log, users and settings.
        get_route("/audit", SignedIn, audit::page),
        get_route("/people", Admin, people::list),
        post_route("/people/invite", Admin, people::invite),
        post_route("/people/invite/revoke", Admin, people::revoke),
        post_route("/people/remove", Admin, people::remove),
        get_route("/settings", Admin, settings::page),
        post_route("/settings/tokens", Admin, settings::add_token),
        post_route("/settings/tokens/revoke", Admin, settings::revoke_token),
    ]
}

/// The router for pages, API and monitoring.
pub fn router(state: State) -> Router {
    let monitoring = Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(metrics::text));
    let mut router = Router::new();
    for route in route_table() {
        let guarded = route.handler.layer(from_fn_with_state((state.clone(), route.access), guard));
        router = router.route(route.path, guarded);
    }
    let not_found = from_fn_with_state((state.clone(), PageAccess::Public), guard);
    let not_found = get(pages::not_found).layer(not_found);
    monitoring
        .merge(router)
        .merge(api::router(state.clone()))
        .fallback_service(not_found.with_state(state.clone()))
        .with_state(state)
}

#[cfg(test)]
mod tests;
