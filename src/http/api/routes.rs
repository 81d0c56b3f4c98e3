//! `/routes`: which recipient's mail goes to which inbox.

use axum::Json;
use axum::extract::State as FromState;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use serde::Deserialize;
use utoipa::ToSchema;

use super::body::{Asked, Given, InPath};
use super::caller::Caller;
use super::cursor::{Page, Paging};
use super::inboxes::{self, ListQuery};
use super::parts::Checks;
use super::problem::{Answer, Refusal};
use super::version::{Version, part};
use crate::address::Address;
use crate::http::State;
use crate::store::Route;

/// A new route.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRoute {
    /// The recipient's address, as it stands in Delivered-To or To.
    #[schema(example = "jobb@lillestad.se")]
    recipient: String,
    /// The inbox's address.
    #[schema(example = "jobb.lillestad.se@mail.kundo.se")]
    inbox: String,
}

fn version(route: &Route) -> Version {
    Version::of(&(&route.recipient, &route.inbox))
}

/// The route between these, if the caller has it.
async fn seen(recipient: &str, inbox: &str, caller: &Caller, state: &State) -> Result<(Address, Route, i64), Refusal> {
    let missing = || Refusal::NotFound("there is no such route".to_owned());
    let recipient: Address = recipient.parse().map_err(|_| missing())?;
    let (_, inbox) = inboxes::seen(inbox, caller, state).await.map_err(|error| match error {
        Refusal::NotFound(_) => missing(),
        other => other,
    })?;
    if !state.deps.store.has_route(&recipient, inbox.id).await? {
        return Err(missing());
    }
    let route = Route { recipient: recipient.to_string(), inbox: inbox.address, inbox_id: inbox.id };
    Ok((recipient, route, inbox.organisation_id))
}

/// The routes, by recipient.
#[utoipa::path(get, path = "/routes", tag = "Routes", params(ListQuery),
    responses((status = 200, description = "A page of routes", body = Page<Route>)))]
pub async fn list(FromState(state): FromState<State>, caller: Caller, Asked(asked): Asked<ListQuery>) -> Answer {
    let paging = Paging::<(String, String)>::of("routes", asked.limit, asked.after.as_deref())?;
    let found = state.deps.store.route_page(caller.scope(), paging.after.as_ref(), paging.with_one_more()).await?;
    let page = Page::of("routes", found, paging.limit, |route| (route.recipient.clone(), route.inbox.clone()));
    Ok(Json(page).into_response())
}

/// Sends a recipient's mail to an inbox. Doing so again changes nothing.
#[utoipa::path(post, path = "/routes", tag = "Routes", request_body = NewRoute,
    responses((status = 201, description = "There is such a route", body = Route)))]
pub async fn create(FromState(state): FromState<State>, caller: Caller, given: Given) -> Answer {
    let body: NewRoute = given.json()?;
    let mut checks = Checks::default();
    let recipient = checks.address("/recipient", &body.recipient);
    let inbox = checks.address("/inbox", &body.inbox);
    let (Some(recipient), Some(inbox)) = (recipient, inbox) else { return Err(checks.refusal()) };
    let (_, stored) = inboxes::seen(inbox.as_str(), &caller, &state).await?;
    let (store, now) = (&state.deps.store, state.deps.clock.now());
    store.add_route(&recipient, &inbox, now).await?;
    let change = caller.change(Some(stored.organisation_id), "route-added", recipient.as_str(), inbox.as_str());
    store.audit(change, now).await?;
    let route = Route { recipient: recipient.to_string(), inbox: stored.address, inbox_id: stored.id };
    let path = format!("/routes/{}/{}", part(&route.recipient), part(&route.inbox));
    Ok(version(&route).made(&path, &route))
}

/// One route.
#[utoipa::path(get, path = "/routes/{recipient}/{inbox}", tag = "Routes",
    params(("recipient" = String, Path, description = "The recipient's address"), ("inbox" = String, Path, description = "The inbox's address")),
    responses((status = 200, description = "The route", body = Route)))]
pub async fn one(
    FromState(state): FromState<State>,
    caller: Caller,
    InPath((recipient, inbox)): InPath<(String, String)>,
) -> Answer {
    let (_, route, _) = seen(&recipient, &inbox, &caller, &state).await?;
    Ok(version(&route).show(&route))
}

/// Removes a route.
#[utoipa::path(delete, path = "/routes/{recipient}/{inbox}", tag = "Routes",
    params(("recipient" = String, Path, description = "The recipient's address"), ("inbox" = String, Path, description = "The inbox's address")),
    responses((status = 204, description = "It is gone")))]
pub async fn remove(
    FromState(state): FromState<State>,
    caller: Caller,
    InPath((recipient, inbox)): InPath<(String, String)>,
    headers: HeaderMap,
) -> Answer {
    let (recipient, route, owner) = seen(&recipient, &inbox, &caller, &state).await?;
    version(&route).is_meant(&headers)?;
    let (store, now) = (&state.deps.store, state.deps.clock.now());
    let inbox: Address = route.inbox.parse().map_err(|_| Refusal::Inside)?;
    store.remove_route(&recipient, Some(&inbox)).await?;
    store.audit(caller.change(Some(owner), "route-removed", recipient.as_str(), inbox.as_str()), now).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
