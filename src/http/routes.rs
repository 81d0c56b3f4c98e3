//! THE TABLE of everything that is answered: what, and who may. A test walks it.

use axum::Router;
use axum::handler::Handler;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, get, post};

use super::ops::{health, metrics};
use super::server::assets;
use super::{State, api, pages};
use crate::http::page::guard::{Needs, guard};

/// One line of the table.
pub struct Route {
    /// The method: GET or POST.
    #[cfg_attr(not(test), expect(dead_code, reason = "the walk over the table asks by it"))]
    pub method: &'static str,
    /// The path, with what is variable in braces.
    pub path: &'static str,
    /// Who may.
    pub needs: Needs,
    handler: MethodRouter<State>,
}

fn look<H: Handler<T, State>, T: 'static>(path: &'static str, needs: Needs, handler: H) -> Route {
    Route { method: "GET", path, needs, handler: get(handler) }
}

fn act<H: Handler<T, State>, T: 'static>(path: &'static str, needs: Needs, handler: H) -> Route {
    Route { method: "POST", path, needs, handler: post(handler) }
}

/// All pages.
pub fn table() -> Vec<Route> {
    let mut all = entrances();
    all.extend(mailboxes());
    all.extend(the_rest());
    all
}

/// Coming in, and one's own account.
fn entrances() -> Vec<Route> {
    use Needs::{Nothing, SignIn};
    use pages::{account, connect_link, consent, invitation, login, oauth_callback, sso};
    vec![
        look("/assets/{version}/{name}", Nothing, assets::file),
        look("/login", Nothing, login::form),
        act("/login", Nothing, login::log_in),
        act("/logout", Nothing, login::log_out),
        look("/sso", Nothing, sso::begin),
        look(sso::CALLBACK, Nothing, sso::callback),
        act("/language", Nothing, account::language),
        look("/setup/{key}", Nothing, invitation::set_up),
        act("/setup/{key}", Nothing, invitation::accept),
        look("/invitation/{key}", Nothing, invitation::invited),
        act("/invitation/{key}", Nothing, invitation::accept),
        look("/account", SignIn, account::page),
        act("/account", SignIn, account::taste),
        act("/account/password", SignIn, account::password),
        // The customer's own IT, by a link.
        look("/customer/{key}", Nothing, connect_link::page),
        act("/customer/{key}", Nothing, connect_link::give),
        look(consent::CALLBACK, Nothing, oauth_callback::callback),
    ]
}

fn mailboxes() -> Vec<Route> {
    use Needs::{Admin, SignIn};
    use pages::{consent, mailbox, setup, test_mail};
    vec![
        look("/", SignIn, pages::mailboxes::list),
        look("/connect", Admin, setup::address),
        act("/connect", Admin, setup::begin_setup),
        look("/mailboxes/{address}", SignIn, mailbox::page),
        look("/mailboxes/{address}/ledger", SignIn, mailbox::ledger),
        act("/mailboxes/{address}/pause", Admin, mailbox::pause),
        act("/mailboxes/{address}/resume", Admin, mailbox::resume),
        act("/mailboxes/{address}/poll", Admin, mailbox::poll),
        act("/mailboxes/{address}/check", Admin, mailbox::check),
        act("/mailboxes/{address}/password", Admin, mailbox::password),
        act("/mailboxes/{address}/consent", Admin, consent::begin),
        act("/mailboxes/{address}/link", Admin, mailbox::link),
        act("/mailboxes/{address}/retry", Admin, mailbox::retry),
        act("/mailboxes/{address}/skip", Admin, mailbox::skip),
        act("/mailboxes/{address}/remove", Admin, mailbox::remove),
        look("/mailboxes/{address}/setup/server", Admin, setup::server),
        act("/mailboxes/{address}/setup/server", Admin, setup::set_server),
        look("/mailboxes/{address}/setup/login", Admin, setup::login),
        act("/mailboxes/{address}/setup/login", Admin, setup::password),
        look("/mailboxes/{address}/setup/folders", Admin, setup::folders),
        act("/mailboxes/{address}/setup/folders", Admin, setup::choose_folders),
        look("/mailboxes/{address}/setup/inbox", Admin, setup::inbox),
        act("/mailboxes/{address}/setup/inbox", Admin, setup::set_inbox),
        look("/mailboxes/{address}/setup/copy", Admin, setup::copy),
        act("/mailboxes/{address}/setup/copy", Admin, setup::set_copy),
        look("/mailboxes/{address}/setup/start", Admin, setup::start),
        act("/mailboxes/{address}/setup/start", Admin, setup::set_start),
        look("/mailboxes/{address}/setup/trial", Admin, setup::trial),
        act("/mailboxes/{address}/setup/begin", Admin, setup::begin),
        look("/mailboxes/{address}/test", Admin, test_mail::page),
        act("/mailboxes/{address}/test", Admin, test_mail::begin),
        look("/mailboxes/{address}/test/{id}", Admin, test_mail::follow),
    ]
}

/// Inboxes and their mail, people, and the installation.
fn the_rest() -> Vec<Route> {
    use Needs::{Admin, SignIn};
    use pages::{audit, inboxes, messages, people};
    vec![
        look("/inboxes", SignIn, inboxes::list),
        act("/inboxes", Admin, inboxes::add),
        look("/inboxes/{address}", SignIn, inboxes::page),
        act("/inboxes/{address}", Admin, inboxes::set),
        act("/inboxes/{address}/routes", Admin, inboxes::add_route),
        act("/inboxes/{address}/routes/remove", Admin, inboxes::remove_route),
        look("/messages/{id}", SignIn, messages::page),
        look("/messages/{id}/html", SignIn, messages::html),
        look("/messages/{id}/original", SignIn, messages::eml),
        look("/messages/{id}/attachments/{index}", SignIn, messages::attachment),
        look("/search", SignIn, messages::search),
        // Who changed what, and who may.
        look("/audit", SignIn, audit::page),
        look("/people", Admin, people::list),
        act("/people/invite", Admin, people::invite),
        act("/people/invite/revoke", Admin, people::revoke),
        act("/people/remove", Admin, people::remove),
        look("/settings", Admin, audit::settings_page),
        act("/settings/tokens", Admin, audit::add_token),
        act("/settings/tokens/revoke", Admin, audit::revoke_token),
    ]
}

/// The table as a router, with whoever watches the process beside it.
pub fn router(state: State) -> Router {
    let watched = Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(metrics::text));
    let mut router = Router::new();
    for route in table() {
        let guarded = route.handler.layer(from_fn_with_state((state.clone(), route.needs), guard));
        router = router.route(route.path, guarded);
    }
    let lost = from_fn_with_state((state.clone(), Needs::Nothing), guard);
    let lost = get(pages::lost).layer(lost);
    watched
        .merge(router)
        .merge(api::router(state.clone()))
        .fallback_service(lost.with_state(state.clone()))
        .with_state(state)
}

#[cfg(test)]
mod tests;
