//! Adding, changing and removing a mailbox.

use axum::Json;
use axum::extract::State as FromState;
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use serde::Serialize;
use utoipa::ToSchema;

use super::seen;
use super::view::{Mailbox, version};
use crate::address::Address;
use crate::app::mailboxes::{self, MovedLogin, Request};
use crate::fact::{Fact, GivenUp};
use crate::http::State;
use crate::http::api::auth::Caller;
use crate::http::api::etag::{Condition, part};
use crate::http::api::extract::{Given, InPath};
use crate::http::api::mailboxes::request::{MailboxPatch, MailboxRequest, NewMailboxBody};
use crate::http::api::problem::{Answer, Refusal};
use crate::http::api::validate::Checks;
use crate::locale::Language;
use crate::mailbox::Settings;
use crate::store::{Changes, Mailbox as Stored, NewMailbox};

/// What became of a mailbox that was removed.
#[derive(Serialize, ToSchema)]
pub struct RemovedMailbox {
    /// Its address.
    mailbox: String,
    /// Whether its provider has ended the consent; null: there was none to end.
    revoked_at_provider: Option<bool>,
    /// What became of the consent, in words.
    detail: Option<String>,
}

/// Adds a mailbox. Nothing is connected to before its first poll.
#[utoipa::path(post, path = "/mailboxes", tag = "Mailboxes", request_body = NewMailboxBody,
    responses((status = 201, description = "It was added", body = Mailbox)))]
pub async fn create(FromState(state): FromState<State>, caller: Caller, given: Given) -> Answer {
    let (address, request) = given.json::<NewMailboxBody>()?.parted();
    let mut checks = Checks::default();
    let Some(address) = checks.address("/address", &address) else { return Err(checks.refusal()) };
    let new = new(address.clone(), request.read(&address, &caller, &state)?)?;
    let acting = state.acting(&caller.actor);
    let mailbox = mailboxes::add(acting, new.into(), &state.deps.vault, Some(state.change_deps())).await?;
    let shown = Mailbox::of(&mailbox, &caller, &state).await?;
    Ok(version(&mailbox).made(&format!("/mailboxes/{}", part(address.as_str())), &shown))
}

/// A wish with what is usual where it says nothing.
fn new(address: Address, request: MailboxRequest) -> Result<NewMailbox, Refusal> {
    let mut checks = Checks::default();
    let server = request.server.new_server(request.usual_host)?;
    if server.is_none() {
        checks.wrong("/host", "this is needed");
    }
    if request.login.is_none() {
        checks.wrong("/password", "this or oauth is needed");
    }
    let (Some(inbox), Some(server), Some(login)) = (request.inbox, server, request.login) else {
        return Err(checks.refusal());
    };
    Ok(NewMailbox {
        username: request.username.unwrap_or_else(|| address.to_string()),
        inbox,
        server,
        asks_consent: false,
        login: Some(login),
        setup: false,
        settings: request.settings.apply_to(&Settings::default()),
        address,
    })
}

/// Changes a mailbox, and has it looked at soon. Another way to log in takes the place of the one before, whose consent is given
/// up if no other mailbox needs it.
#[utoipa::path(patch, path = "/mailboxes/{address}", tag = "Mailboxes",
    params(("address" = String, Path, description = "Its address")), request_body = MailboxPatch,
    responses((status = 200, description = "It was changed", body = Mailbox)))]
pub async fn change(
    FromState(state): FromState<State>,
    caller: Caller,
    InPath(address): InPath<String>,
    headers: HeaderMap,
    given: Given,
) -> Answer {
    let (address, _) = seen(&address, &caller, &state).await?;
    let request = given.json::<MailboxPatch>()?.read(&address, &caller, &state)?;
    let (_, before) = seen(address.as_str(), &caller, &state).await?;
    let condition = Condition::of(&headers)?;
    let is_meant = |mailbox: &Stored| condition.means(&version(mailbox));
    if !is_meant(&before) {
        return Err(Refusal::Changed);
    }
    let mailbox = match changes(&before, request)? {
        Some(changes) => {
            let request = Request { before: &before, changes, moved_login: MovedLogin::GivenAnew };
            let acting = state.acting(&caller.actor);
            mailboxes::change(acting, request, Some(state.change_deps()), is_meant).await?.mailbox
        }
        None => before,
    };
    Ok(version(&mailbox).show(&Mailbox::of(&mailbox, &caller, &state).await?))
}

/// What a wish changes; `None`: nothing.
fn changes(before: &Stored, request: MailboxRequest) -> Result<Option<Changes>, Refusal> {
    let changes = Changes {
        server: request.server.on(&before.server)?,
        inbox: request.inbox,
        username: request.username,
        login: request.login,
        given_for: Some((before.server.clone(), before.username.clone())),
        settings: request.settings,
        ..Changes::default()
    };
    let Changes { inbox, server, username, login, settings, .. } = &changes;
    let is_something =
        inbox.is_some() || server.is_some() || username.is_some() || login.is_some() || !settings.is_empty();
    Ok(is_something.then_some(changes))
}

/// Removes a mailbox with its password or consent and its ledger. Imported mail stays in its inbox. A consent that no other
/// mailbox is opened with is given up at its provider.
#[utoipa::path(delete, path = "/mailboxes/{address}", tag = "Mailboxes",
    params(("address" = String, Path, description = "Its address")),
    responses((status = 200, description = "It is gone", body = RemovedMailbox)))]
pub async fn remove(
    FromState(state): FromState<State>,
    caller: Caller,
    InPath(address): InPath<String>,
    headers: HeaderMap,
) -> Answer {
    let (address, mailbox) = seen(&address, &caller, &state).await?;
    let condition = Condition::of(&headers)?;
    let is_meant = |mailbox: &Stored| condition.means(&version(mailbox));
    let acting = state.acting(&caller.actor);
    let tokens = state.deps.tokens();
    let given_up = mailboxes::remove(acting, &mailbox, Some(&tokens), is_meant).await?;
    let removed = RemovedMailbox {
        mailbox: address.to_string(),
        revoked_at_provider: given_up.as_ref().map(GivenUp::at_provider),
        detail: given_up.map(|given_up| given_up.words(Language::English)),
    };
    Ok(Json(removed).into_response())
}
