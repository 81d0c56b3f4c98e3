//! THE TABLE of everything that is answered: what, and who may. A test walks it.

use axum::Router;
use axum::handler::Handler;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, get, post};

use super::guard::{Needs, guard};
use super::{State, assets, health, metrics, pages};

/// One line of the table.
pub struct Route {
    /// The method: GET or POST.
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
    use Needs::{Admin, Nothing, Operator, SignIn};
    use pages::{account, entrance, invitation, people};
    vec![
        look("/assets/{version}/{name}", Nothing, assets::file),
        look("/login", Nothing, entrance::form),
        act("/login", Nothing, entrance::log_in),
        act("/logout", Nothing, entrance::log_out),
        act("/language", Nothing, account::language),
        look("/setup/{key}", Nothing, invitation::set_up),
        act("/setup/{key}", Nothing, invitation::accept),
        look("/invitation/{key}", Nothing, invitation::invited),
        act("/invitation/{key}", Nothing, invitation::accept),
        look("/account", SignIn, account::page),
        act("/account", SignIn, account::taste),
        act("/account/password", SignIn, account::password),
        look("/people", Admin, people::list),
        act("/people/invite", Admin, people::invite),
        act("/people/remove", Admin, people::remove),
        look("/", SignIn, pages::mailboxes::list),
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
    watched.merge(router).fallback_service(lost.with_state(state.clone())).with_state(state)
}
