//! `/mailboxes`: the customers' mail accounts.

mod change;
pub mod check;
pub mod connect_links;
pub mod dry_run;
pub mod inspect;
pub mod ledger;
mod request;
pub mod test_mail;
mod view;

use axum::Json;
use axum::extract::State as FromState;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::Deserialize;
use utoipa::IntoParams;

use super::cursor::{Page, Paging};
use super::problem::{ApiResult, Refusal};
use crate::address::Address;
use crate::app::mailboxes;
use crate::http::State;
use crate::http::api::auth::Caller;
use crate::http::api::extract::{PathParams, QueryParams};
use crate::http::api::validate::valid_name;
use crate::store::{ListFilter, Mailbox as Stored, MailboxState, Moments};

pub use change::*;

pub use view::{Mailbox, MailboxSummary};

/// The requested page of the mailboxes.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MailboxQuery {
    /// Only mailboxes in this state.
    #[param(inline)]
    state: Option<MailboxState>,
    /// Only mailboxes whose address or inbox contains this text.
    #[param(max_length = 200)]
    q: Option<String>,
    /// The number of items on a page [default: 50].
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
    /// The `next` value of the previous page.
    after: Option<String>,
}

/// The mailbox with this address, if the caller may see it.
async fn find_mailbox(address: &str, caller: &Caller, state: &State) -> Result<(Address, Stored), Refusal> {
    let mailbox = mailboxes::find(state.acting(&caller.actor), address).await?;
    let address = mailbox.address.parse().map_err(|_| Refusal::Internal)?;
    Ok((address, mailbox))
}

/// List the mailboxes, by address.
#[utoipa::path(get, path = "/mailboxes", tag = "Mailboxes", params(MailboxQuery),
    responses((status = 200, description = "A page of mailboxes", body = Page<MailboxSummary>)))]
pub async fn list(
    FromState(state): FromState<State>,
    caller: Caller,
    QueryParams(query): QueryParams<MailboxQuery>,
) -> ApiResult {
    let paging = Paging::<String>::parse("mailboxes", query.limit, query.after.as_deref())?;
    let text = query.q.as_deref().map(str::trim).filter(|text| !text.is_empty());
    if text.is_some_and(|text| text.chars().count() > 200 || valid_name(text).is_err()) {
        return Err(Refusal::BadRequest("q must have at most 200 characters on one line".to_owned()));
    }
    let filter = ListFilter { scope: caller.scope(), text, mailbox_state: query.state, inbox_id: None };
    let (store, now) = (&state.deps.store, state.deps.clock.now());
    let found =
        store.mailbox_page(filter, Moments { today: now, now }, paging.after.as_deref(), paging.fetch_limit()).await?;
    let page = Page::from_items("mailboxes", found, paging.limit, |line| line.address.clone());
    Ok(Json(page.map(MailboxSummary::from)).into_response())
}

/// Get a mailbox with its settings and its status.
///
/// Credentials are never returned.
#[utoipa::path(get, path = "/mailboxes/{address}", tag = "Mailboxes",
    params(("address" = String, Path, description = "The mailbox's address")),
    responses((status = 200, description = "The mailbox", body = Mailbox)))]
pub async fn get(
    FromState(state): FromState<State>,
    caller: Caller,
    PathParams(address): PathParams<String>,
) -> ApiResult {
    let (_, mailbox) = find_mailbox(&address, &caller, &state).await?;
    Ok(view::version(&mailbox).respond(&Mailbox::from_stored(&mailbox, &caller, &state).await?))
}

/// Pause a mailbox.
///
/// Mailferry stops polling the mailbox. Pausing a paused mailbox changes nothing.
#[utoipa::path(post, path = "/mailboxes/{address}/pause", tag = "Mailboxes",
    params(("address" = String, Path, description = "The mailbox's address")),
    responses((status = 200, description = "Paused", body = Mailbox)))]
pub async fn pause(
    FromState(state): FromState<State>,
    caller: Caller,
    PathParams(address): PathParams<String>,
) -> ApiResult {
    set_paused(&address, true, &caller, &state).await
}

/// Resume a paused mailbox.
#[utoipa::path(post, path = "/mailboxes/{address}/resume", tag = "Mailboxes",
    params(("address" = String, Path, description = "The mailbox's address")),
    responses((status = 200, description = "Resumed", body = Mailbox)))]
pub async fn resume(
    FromState(state): FromState<State>,
    caller: Caller,
    PathParams(address): PathParams<String>,
) -> ApiResult {
    set_paused(&address, false, &caller, &state).await
}

async fn set_paused(address: &str, paused: bool, caller: &Caller, state: &State) -> ApiResult {
    let (address, _) = find_mailbox(address, caller, state).await?;
    let mailbox = mailboxes::pause(state.acting(&caller.actor), &address, paused).await?;
    Ok(view::version(&mailbox).respond(&Mailbox::from_stored(&mailbox, caller, state).await?))
}

/// Poll a mailbox now.
///
/// The poll is refused while the customer's server has asked Mailferry to wait, or while Mailferry waits after a failed
/// login, because more attempts can lock the account.
#[utoipa::path(post, path = "/mailboxes/{address}/poll", tag = "Mailboxes",
    params(("address" = String, Path, description = "The mailbox's address")),
    responses((status = 202, description = "The poll is scheduled", body = Mailbox)))]
pub async fn poll(
    FromState(state): FromState<State>,
    caller: Caller,
    PathParams(address): PathParams<String>,
) -> ApiResult {
    let (address, mailbox) = find_mailbox(&address, &caller, &state).await?;
    mailboxes::poll_soon(state.acting(&caller.actor), &mailbox).await?;
    let mailbox = state.deps.store.mailbox(&address).await?;
    Ok((StatusCode::ACCEPTED, Json(Mailbox::from_stored(&mailbox, &caller, &state).await?)).into_response())
}
