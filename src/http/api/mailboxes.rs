//! `/mailboxes`: the customers' mail accounts that are polled.

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
use super::problem::{Answer, Refusal};
use crate::address::Address;
use crate::app::mailboxes;
use crate::http::State;
use crate::http::api::auth::Caller;
use crate::http::api::extract::{Asked, InPath};
use crate::http::api::validate::named;
use crate::store::{ListFilter, Mailbox as Stored, MailboxState, Moments};

pub use change::*;

pub use view::{Mailbox, MailboxSummary};

/// Which mailboxes.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MailboxQuery {
    /// Only those that fare so.
    #[param(inline)]
    state: Option<MailboxState>,
    /// Only those with this in their address or their inbox's.
    #[param(max_length = 200)]
    q: Option<String>,
    /// Items on a page [default: 50].
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
    /// `next` of the page before.
    after: Option<String>,
}

/// The mailbox of this address, if the caller has it.
async fn seen(address: &str, caller: &Caller, state: &State) -> Result<(Address, Stored), Refusal> {
    let mailbox = mailboxes::find(state.acting(&caller.actor), address).await?;
    let address = mailbox.address.parse().map_err(|_| Refusal::Inside)?;
    Ok((address, mailbox))
}

/// The mailboxes, by address.
#[utoipa::path(get, path = "/mailboxes", tag = "Mailboxes", params(MailboxQuery),
    responses((status = 200, description = "A page of mailboxes", body = Page<MailboxSummary>)))]
pub async fn list(FromState(state): FromState<State>, caller: Caller, Asked(asked): Asked<MailboxQuery>) -> Answer {
    let paging = Paging::<String>::of("mailboxes", asked.limit, asked.after.as_deref())?;
    let text = asked.q.as_deref().map(str::trim).filter(|text| !text.is_empty());
    if text.is_some_and(|text| text.chars().count() > 200 || named(text).is_err()) {
        return Err(Refusal::Bad("q has at most 200 characters, on one line".to_owned()));
    }
    let filter = ListFilter { scope: caller.scope(), text, mailbox_state: asked.state, inbox_id: None };
    let (store, now) = (&state.deps.store, state.deps.clock.now());
    let found = store
        .mailbox_page(filter, Moments { today: now, now }, paging.after.as_deref(), paging.with_one_more())
        .await?;
    let page = Page::of("mailboxes", found, paging.limit, |line| line.address.clone());
    Ok(Json(page.map(MailboxSummary::from)).into_response())
}

/// One mailbox: what it was told, and how it fares. Its credentials are never given back.
#[utoipa::path(get, path = "/mailboxes/{address}", tag = "Mailboxes",
    params(("address" = String, Path, description = "Its address")),
    responses((status = 200, description = "The mailbox", body = Mailbox)))]
pub async fn one(FromState(state): FromState<State>, caller: Caller, InPath(address): InPath<String>) -> Answer {
    let (_, mailbox) = seen(&address, &caller, &state).await?;
    Ok(view::version(&mailbox).show(&Mailbox::of(&mailbox, &caller, &state).await?))
}

/// Stops polling a mailbox. Doing so again changes nothing.
#[utoipa::path(post, path = "/mailboxes/{address}/pause", tag = "Mailboxes",
    params(("address" = String, Path, description = "Its address")),
    responses((status = 200, description = "It is paused", body = Mailbox)))]
pub async fn pause(FromState(state): FromState<State>, caller: Caller, InPath(address): InPath<String>) -> Answer {
    set_paused(&address, true, &caller, &state).await
}

/// Polls a paused mailbox again.
#[utoipa::path(post, path = "/mailboxes/{address}/resume", tag = "Mailboxes",
    params(("address" = String, Path, description = "Its address")),
    responses((status = 200, description = "It is polled again", body = Mailbox)))]
pub async fn resume(FromState(state): FromState<State>, caller: Caller, InPath(address): InPath<String>) -> Answer {
    set_paused(&address, false, &caller, &state).await
}

async fn set_paused(address: &str, paused: bool, caller: &Caller, state: &State) -> Answer {
    let (address, _) = seen(address, caller, state).await?;
    let mailbox = mailboxes::pause(state.acting(&caller.actor), &address, paused).await?;
    Ok(view::version(&mailbox).show(&Mailbox::of(&mailbox, caller, state).await?))
}

/// Has a mailbox looked at now. Where its server told us to stay away, or a failed login has it wait, it is not: asking more
/// often locks accounts.
#[utoipa::path(post, path = "/mailboxes/{address}/poll", tag = "Mailboxes",
    params(("address" = String, Path, description = "Its address")),
    responses((status = 202, description = "It is looked at next", body = Mailbox)))]
pub async fn poll(FromState(state): FromState<State>, caller: Caller, InPath(address): InPath<String>) -> Answer {
    let (address, mailbox) = seen(&address, &caller, &state).await?;
    mailboxes::poll_soon(state.acting(&caller.actor), &mailbox).await?;
    let mailbox = state.deps.store.mailbox(&address).await?;
    Ok((StatusCode::ACCEPTED, Json(Mailbox::of(&mailbox, &caller, &state).await?)).into_response())
}
