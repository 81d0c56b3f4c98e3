//! `/inboxes`: where mail ends up.

use std::collections::HashMap;

use axum::Json;
use axum::extract::State as FromState;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::cursor::{Page, Paging};
use super::problem::{Answer, Refusal};
use crate::address::Address;
use crate::app::inboxes::{self, InboxChanges, WantedInbox};
use crate::http::State;
use crate::http::api::auth::{Caller, owner};
use crate::http::api::etag::{Condition, Version, part};
use crate::http::api::extract::{Asked, Given, InPath, nullable};
use crate::http::api::validate::{Checks, line};
use crate::store::{Inbox as Stored, InboxOverview};

/// An inbox with what feeds it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Inbox {
    /// Its address.
    #[schema(example = "jobb.lillestad.se@mail.kundo.se")]
    address: String,
    /// What people call it.
    name: Option<String>,
    /// The only address that replies leave from.
    reply_from: Option<String>,
    /// Whose it is.
    organisation: String,
    /// The mailboxes that feed it.
    mailboxes: Vec<String>,
    /// The recipients routed to it.
    routes: Vec<String>,
    /// How many messages it holds.
    messages: i64,
    /// When it was added.
    created_at: crate::clock::Timestamp,
}

/// A new inbox.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewInboxBody {
    /// Its address.
    #[schema(example = "jobb.lillestad.se@mail.kundo.se")]
    address: String,
    /// What people call it.
    #[schema(example = "Jobb")]
    name: Option<String>,
    /// The only address that replies leave from.
    #[schema(example = "jobb@lillestad.se")]
    reply_from: Option<String>,
    /// Whose it is, where the token is for all organisations [default: the first].
    organisation: Option<String>,
}

/// What is to change of an inbox; null takes a part away.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InboxPatch {
    /// What people call it.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    name: Option<Option<String>>,
    /// The only address that replies leave from.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    reply_from: Option<Option<String>>,
}

/// Which part of a list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// Items on a page [default: 50].
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i64>,
    /// `next` of the page before.
    pub after: Option<String>,
}

/// What goes with an inbox.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RemoveQuery {
    /// Whether its messages go too, for good.
    #[serde(default)]
    #[param(required = false)]
    with_messages: bool,
}

/// The address of an inbox that is stored.
fn named(inbox: &Stored) -> Result<Address, Refusal> {
    inbox.address.parse().map_err(|_| Refusal::Inside)
}

fn version(inbox: &Stored) -> Version {
    Version::of(&(inbox.id, &inbox.address, &inbox.name, &inbox.reply_from))
}

fn view(overview: InboxOverview, organisations: &HashMap<i64, String>) -> Inbox {
    let InboxOverview { inbox, mailboxes, routes, messages } = overview;
    Inbox {
        organisation: organisations.get(&inbox.organisation_id).cloned().unwrap_or_default(),
        address: inbox.address,
        name: inbox.name,
        reply_from: inbox.reply_from,
        mailboxes,
        routes,
        messages,
        created_at: inbox.created_at,
    }
}

/// What organisations are called, by their rows.
async fn organisations(state: &State) -> Result<HashMap<i64, String>, Refusal> {
    Ok(state.deps.store.organisations().await?.into_iter().map(|one| (one.id, one.name)).collect())
}

async fn shown(address: &Address, state: &State) -> Result<(Version, Inbox), Refusal> {
    let overview = state.deps.store.inbox_overview(address).await?;
    Ok((version(&overview.inbox), view(overview, &organisations(state).await?)))
}

/// The inboxes, by address.
#[utoipa::path(get, path = "/inboxes", tag = "Inboxes", params(ListQuery),
    responses((status = 200, description = "A page of inboxes", body = Page<Inbox>)))]
pub async fn list(FromState(state): FromState<State>, caller: Caller, Asked(asked): Asked<ListQuery>) -> Answer {
    let paging = Paging::<String>::of("inboxes", asked.limit, asked.after.as_deref())?;
    let found = state.deps.store.inbox_page(caller.scope(), paging.after.as_deref(), paging.with_one_more()).await?;
    let page = Page::of("inboxes", found, paging.limit, |one| one.inbox.address.clone());
    let organisations = organisations(&state).await?;
    Ok(Json(page.map(|one| view(one, &organisations))).into_response())
}

/// Adds an inbox.
#[utoipa::path(post, path = "/inboxes", tag = "Inboxes", request_body = NewInboxBody,
    responses((status = 201, description = "It was added", body = Inbox)))]
pub async fn create(FromState(state): FromState<State>, caller: Caller, given: Given) -> Answer {
    let body: NewInboxBody = given.json()?;
    let mut checks = Checks::default();
    let address = checks.address("/address", &body.address);
    let name = checks.perhaps("/name", body.name.as_ref(), line);
    let reply_from = checks.perhaps("/reply_from", body.reply_from.as_ref(), str::parse::<Address>);
    let Some(address) = address else { return Err(checks.refusal()) };
    checks.done()?;
    let owner = owner(body.organisation.as_deref());
    let wanted = WantedInbox { address: address.clone(), name, reply_from, owner };
    inboxes::add(state.acting(&caller.actor), wanted).await?;
    let (version, inbox) = shown(&address, &state).await?;
    Ok(version.made(&format!("/inboxes/{}", part(address.as_str())), &inbox))
}

/// One inbox.
#[utoipa::path(get, path = "/inboxes/{address}", tag = "Inboxes", params(("address" = String, Path, description = "Its address")),
    responses((status = 200, description = "The inbox", body = Inbox)))]
pub async fn one(FromState(state): FromState<State>, caller: Caller, InPath(address): InPath<String>) -> Answer {
    let inbox = inboxes::find(state.acting(&caller.actor), &address).await?;
    let (version, inbox) = shown(&named(&inbox)?, &state).await?;
    Ok(version.show(&inbox))
}

/// Changes an inbox; what is not named stays.
#[utoipa::path(patch, path = "/inboxes/{address}", tag = "Inboxes", params(("address" = String, Path, description = "Its address")),
    request_body = InboxPatch, responses((status = 200, description = "It was changed", body = Inbox)))]
pub async fn change(
    FromState(state): FromState<State>,
    caller: Caller,
    InPath(address): InPath<String>,
    headers: HeaderMap,
    given: Given,
) -> Answer {
    let acting = state.acting(&caller.actor);
    let before = inboxes::find(acting, &address).await?;
    let body: InboxPatch = given.json()?;
    let mut checks = Checks::default();
    let name = body.name.as_ref().map(|name| checks.perhaps("/name", name.as_ref(), line));
    let reply_from =
        body.reply_from.as_ref().map(|from| checks.perhaps("/reply_from", from.as_ref(), str::parse::<Address>));
    checks.done()?;
    let (address, condition) = (named(&before)?, Condition::of(&headers)?);
    let is_meant = |inbox: &Stored| condition.means(&version(inbox));
    inboxes::change(acting, &address, InboxChanges { name, reply_from }, is_meant).await?;
    let (version, inbox) = shown(&address, &state).await?;
    Ok(version.show(&inbox))
}

/// Removes an inbox that nothing feeds any more. One that holds mail goes only with its messages.
#[utoipa::path(delete, path = "/inboxes/{address}", tag = "Inboxes",
    params(("address" = String, Path, description = "Its address"), RemoveQuery),
    responses((status = 204, description = "It is gone")))]
pub async fn remove(
    FromState(state): FromState<State>,
    caller: Caller,
    InPath(address): InPath<String>,
    Asked(asked): Asked<RemoveQuery>,
    headers: HeaderMap,
) -> Answer {
    let acting = state.acting(&caller.actor);
    let inbox = inboxes::find(acting, &address).await?;
    let condition = Condition::of(&headers)?;
    let is_meant = |inbox: &Stored| condition.means(&version(inbox));
    inboxes::remove(acting, &named(&inbox)?, asked.with_messages, is_meant).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
