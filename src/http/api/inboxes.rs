//! `/inboxes`: where mail ends up.

use std::collections::HashMap;

use axum::Json;
use axum::extract::State as FromState;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::cursor::{Page, Paging};
use super::problem::{ApiResult, Refusal};
use crate::address::Address;
use crate::app::inboxes::{self, InboxChanges, WantedInbox};
use crate::http::State;
use crate::http::api::auth::{Caller, owner};
use crate::http::api::etag::{EntityTag, IfMatch, path_segment};
use crate::http::api::extract::{JsonBody, PathParams, QueryParams, nullable};
use crate::http::api::validate::{Checks, single_line};
use crate::store::{Inbox as Stored, InboxOverview};

/// An inbox.
#[derive(Debug, Serialize, ToSchema)]
pub struct Inbox {
    /// The inbox's address.
    #[schema(example = "jobb.lillestad.se@mail.kundo.se")]
    address: String,
    /// The display name.
    name: Option<String>,
    /// The address that replies to the inbox's mail must be sent from.
    reply_from: Option<String>,
    /// The organisation that the inbox belongs to.
    organisation: String,
    /// The addresses of the mailboxes that feed the inbox.
    mailboxes: Vec<String>,
    /// The recipients whose mail is routed to the inbox.
    routes: Vec<String>,
    /// The number of messages in the inbox.
    messages: i64,
    /// When the inbox was added.
    created_at: crate::clock::Timestamp,
}

/// A new inbox.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewInboxBody {
    /// The inbox's address.
    #[schema(example = "jobb.lillestad.se@mail.kundo.se")]
    address: String,
    /// The display name.
    #[schema(example = "Jobb")]
    name: Option<String>,
    /// The address that replies to the inbox's mail must be sent from.
    #[schema(example = "jobb@lillestad.se")]
    reply_from: Option<String>,
    /// The organisation that the inbox belongs to; only with a token for all organisations [default: the first
    /// organisation].
    organisation: Option<String>,
}

/// Changes to an inbox. Omitted fields stay unchanged; null removes a value.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InboxPatch {
    /// The display name.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    name: Option<Option<String>>,
    /// The address that replies to the inbox's mail must be sent from.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    reply_from: Option<Option<String>>,
}

/// The requested page of a list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// The number of items on a page [default: 50].
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i64>,
    /// The `next` value of the previous page.
    pub after: Option<String>,
}

/// The options of a removal.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RemoveQuery {
    /// Whether to delete the inbox's messages permanently.
    #[serde(default)]
    #[param(required = false)]
    with_messages: bool,
}

fn parsed_address(inbox: &Stored) -> Result<Address, Refusal> {
    inbox.address.parse().map_err(|_| Refusal::Internal)
}

fn version(inbox: &Stored) -> EntityTag {
    EntityTag::new(&(inbox.id, &inbox.address, &inbox.name, &inbox.reply_from))
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

/// The names of all organisations, by row number.
async fn organisations(state: &State) -> Result<HashMap<i64, String>, Refusal> {
    Ok(state.deps.store.organisations().await?.into_iter().map(|item| (item.id, item.name)).collect())
}

async fn load(address: &Address, state: &State) -> Result<(EntityTag, Inbox), Refusal> {
    let overview = state.deps.store.inbox_overview(address).await?;
    Ok((version(&overview.inbox), view(overview, &organisations(state).await?)))
}

/// List the inboxes, by address.
#[utoipa::path(get, path = "/inboxes", tag = "Inboxes", params(ListQuery),
    responses((status = 200, description = "A page of inboxes", body = Page<Inbox>)))]
pub async fn list(
    FromState(state): FromState<State>,
    caller: Caller,
    QueryParams(query): QueryParams<ListQuery>,
) -> ApiResult {
    let paging = Paging::<String>::parse("inboxes", query.limit, query.after.as_deref())?;
    let found = state.deps.store.inbox_page(caller.scope(), paging.after.as_deref(), paging.fetch_limit()).await?;
    let page = Page::from_items("inboxes", found, paging.limit, |item| item.inbox.address.clone());
    let organisations = organisations(&state).await?;
    Ok(Json(page.map(|item| view(item, &organisations))).into_response())
}

/// Add an inbox.
#[utoipa::path(post, path = "/inboxes", tag = "Inboxes", request_body = NewInboxBody,
    responses((status = 201, description = "Added", body = Inbox)))]
pub async fn create(FromState(state): FromState<State>, caller: Caller, body: JsonBody) -> ApiResult {
    let new: NewInboxBody = body.parse()?;
    let mut checks = Checks::default();
    let address = checks.address("/address", &new.address);
    let name = checks.optional("/name", new.name.as_ref(), single_line);
    let reply_from = checks.optional("/reply_from", new.reply_from.as_ref(), str::parse::<Address>);
    let Some(address) = address else { return Err(checks.into_refusal()) };
    checks.finish()?;
    let owner = owner(new.organisation.as_deref());
    let wanted = WantedInbox { address: address.clone(), name, reply_from, owner };
    inboxes::add(state.acting(&caller.actor), wanted).await?;
    let (version, inbox) = load(&address, &state).await?;
    Ok(version.respond_created(&format!("/inboxes/{}", path_segment(address.as_str())), &inbox))
}

/// Get an inbox.
#[utoipa::path(get, path = "/inboxes/{address}", tag = "Inboxes", params(("address" = String, Path, description = "The inbox's address")),
    responses((status = 200, description = "The inbox", body = Inbox)))]
pub async fn get(
    FromState(state): FromState<State>,
    caller: Caller,
    PathParams(address): PathParams<String>,
) -> ApiResult {
    let inbox = inboxes::find(state.acting(&caller.actor), &address).await?;
    let (version, inbox) = load(&parsed_address(&inbox)?, &state).await?;
    Ok(version.respond(&inbox))
}

/// Change an inbox.
///
/// Omitted fields stay unchanged.
#[utoipa::path(patch, path = "/inboxes/{address}", tag = "Inboxes", params(("address" = String, Path, description = "The inbox's address")),
    request_body = InboxPatch, responses((status = 200, description = "Changed", body = Inbox)))]
pub async fn change(
    FromState(state): FromState<State>,
    caller: Caller,
    PathParams(address): PathParams<String>,
    headers: HeaderMap,
    body: JsonBody,
) -> ApiResult {
    let acting = state.acting(&caller.actor);
    let before = inboxes::find(acting, &address).await?;
    let body: InboxPatch = body.parse()?;
    let mut checks = Checks::default();
    let name = body.name.as_ref().map(|name| checks.optional("/name", name.as_ref(), single_line));
    let reply_from =
        body.reply_from.as_ref().map(|from| checks.optional("/reply_from", from.as_ref(), str::parse::<Address>));
    checks.finish()?;
    let (address, condition) = (parsed_address(&before)?, IfMatch::from_headers(&headers)?);
    let is_meant = |inbox: &Stored| condition.matches(&version(inbox));
    inboxes::change(acting, &address, InboxChanges { name, reply_from }, is_meant).await?;
    let (version, inbox) = load(&address, &state).await?;
    Ok(version.respond(&inbox))
}

/// Remove an inbox.
///
/// An inbox that a mailbox or a route still feeds cannot be removed. An inbox with messages can be removed only together
/// with them.
#[utoipa::path(delete, path = "/inboxes/{address}", tag = "Inboxes",
    params(("address" = String, Path, description = "The inbox's address"), RemoveQuery),
    responses((status = 204, description = "Removed")))]
pub async fn remove(
    FromState(state): FromState<State>,
    caller: Caller,
    PathParams(address): PathParams<String>,
    QueryParams(query): QueryParams<RemoveQuery>,
    headers: HeaderMap,
) -> ApiResult {
    let acting = state.acting(&caller.actor);
    let inbox = inboxes::find(acting, &address).await?;
    let condition = IfMatch::from_headers(&headers)?;
    let is_meant = |inbox: &Stored| condition.matches(&version(inbox));
    inboxes::remove(acting, &parsed_address(&inbox)?, query.with_messages, is_meant).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
