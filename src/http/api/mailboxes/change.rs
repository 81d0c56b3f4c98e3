//! Adding, changing and removing mailboxes.

use axum::Json;
use axum::extract::State as FromState;
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use serde::Serialize;
use utoipa::ToSchema;

use super::find_mailbox;
use super::view::{Mailbox, version};
use crate::address::Address;
use crate::app::mailboxes::{self, Request, StoredLogin};
use crate::fact::{Fact, RevocationOutcome};
use crate::http::State;
use crate::http::api::auth::Caller;
use crate::http::api::etag::{IfMatch, path_segment};
use crate::http::api::extract::{JsonBody, PathParams};
use crate::http::api::mailboxes::request::{MailboxPatch, MailboxRequest, NewMailboxBody};
use crate::http::api::problem::{ApiResult, Refusal};
use crate::http::api::validate::Checks;
use crate::locale::Language;
use crate::mailbox::Settings;
use crate::store::{Changes, Mailbox as Stored, NewMailbox};

/// The result of removing a mailbox.
#[derive(Serialize, ToSchema)]
pub struct RemovedMailbox {
    /// The address of the removed mailbox.
    mailbox: String,
    /// Whether the provider has revoked the consent; null if there was no consent to revoke.
    revoked_at_provider: Option<bool>,
    /// The result of revoking the consent, as a sentence.
    detail: Option<String>,
}

/// Add a mailbox.
///
/// Mailferry connects to the mailbox only at the first poll.
#[utoipa::path(post, path = "/mailboxes", tag = "Mailboxes", request_body = NewMailboxBody,
    responses((status = 201, description = "Added", body = Mailbox)))]
pub async fn create(FromState(state): FromState<State>, caller: Caller, body: JsonBody) -> ApiResult {
    let (address, request) = body.parse::<NewMailboxBody>()?.split();
    let mut checks = Checks::default();
    let Some(address) = checks.address("/address", &address) else { return Err(checks.into_refusal()) };
    let new = new_mailbox(address.clone(), request.read(&address, &caller, &state)?)?;
    let acting = state.acting(&caller.actor);
    let mailbox = mailboxes::add(acting, new.into(), &state.deps.vault, Some(state.deps_for_change())).await?;
    let shown = Mailbox::from_stored(&mailbox, &caller, &state).await?;
    Ok(version(&mailbox).respond_created(&format!("/mailboxes/{}", path_segment(address.as_str())), &shown))
}

/// The new mailbox that a request describes, with defaults for omitted fields.
fn new_mailbox(address: Address, request: MailboxRequest) -> Result<NewMailbox, Refusal> {
    let mut checks = Checks::default();
    let server = request.server.new_server(request.usual_host)?;
    if server.is_none() {
        checks.add("/host", "is required");
    }
    if request.login.is_none() {
        checks.add("/password", "password or oauth is required");
    }
    let (Some(inbox), Some(server), Some(login)) = (request.inbox, server, request.login) else {
        return Err(checks.into_refusal());
    };
    Ok(NewMailbox {
        username: request.username.unwrap_or_else(|| address.to_string()),
        inbox,
        server,
        needs_consent: false,
        login: Some(login),
        setup: false,
        settings: request.settings.apply_to(&Settings::default()),
        address,
    })
}

/// Change a mailbox.
///
/// The change schedules a poll. New credentials replace the old ones. A previous consent that no other mailbox needs is
/// revoked at its provider.
#[utoipa::path(patch, path = "/mailboxes/{address}", tag = "Mailboxes",
    params(("address" = String, Path, description = "The mailbox's address")), request_body = MailboxPatch,
    responses((status = 200, description = "Changed", body = Mailbox)))]
pub async fn change(
    FromState(state): FromState<State>,
    caller: Caller,
    PathParams(address): PathParams<String>,
    headers: HeaderMap,
    body: JsonBody,
) -> ApiResult {
    let (address, _) = find_mailbox(&address, &caller, &state).await?;
    let request = body.parse::<MailboxPatch>()?.read(&address, &caller, &state)?;
    let (_, before) = find_mailbox(address.as_str(), &caller, &state).await?;
    let condition = IfMatch::from_headers(&headers)?;
    let is_meant = |mailbox: &Stored| condition.matches(&version(mailbox));
    if !is_meant(&before) {
        return Err(Refusal::Changed);
    }
    let mailbox = match changes(&before, request)? {
        Some(changes) => {
            let request = Request { before: &before, changes, stored_login: StoredLogin::MustBeReplaced };
            let acting = state.acting(&caller.actor);
            mailboxes::change(acting, request, Some(state.deps_for_change()), is_meant).await?.mailbox
        }
        None => before,
    };
    Ok(version(&mailbox).respond(&Mailbox::from_stored(&mailbox, &caller, &state).await?))
}

/// The changes that a request asks for; `None` if it asks for none.
fn changes(before: &Stored, request: MailboxRequest) -> Result<Option<Changes>, Refusal> {
    let changes = Changes {
        server: request.server.apply_to(&before.server)?,
        inbox: request.inbox,
        username: request.username,
        login: request.login,
        expected_account: Some((before.server.clone(), before.username.clone())),
        settings: request.settings,
        ..Changes::default()
    };
    let Changes { inbox, server, username, login, settings, .. } = &changes;
    let is_something =
        inbox.is_some() || server.is_some() || username.is_some() || login.is_some() || !settings.is_empty();
    Ok(is_something.then_some(changes))
}

/// Remove a mailbox with its credentials and its ledger.
///
/// Imported messages stay in their inbox. A consent that no other mailbox needs is revoked at its provider.
#[utoipa::path(delete, path = "/mailboxes/{address}", tag = "Mailboxes",
    params(("address" = String, Path, description = "The mailbox's address")),
    responses((status = 200, description = "Removed", body = RemovedMailbox)))]
pub async fn remove(
    FromState(state): FromState<State>,
    caller: Caller,
    PathParams(address): PathParams<String>,
    headers: HeaderMap,
) -> ApiResult {
    let (address, mailbox) = find_mailbox(&address, &caller, &state).await?;
    let condition = IfMatch::from_headers(&headers)?;
    let is_meant = |mailbox: &Stored| condition.matches(&version(mailbox));
    let acting = state.acting(&caller.actor);
    let tokens = state.deps.tokens();
    let revocation = mailboxes::remove(acting, &mailbox, Some(&tokens), is_meant).await?;
    let removed = RemovedMailbox {
        mailbox: address.to_string(),
        revoked_at_provider: revocation.as_ref().map(RevocationOutcome::at_provider),
        detail: revocation.map(|revocation| revocation.words(Language::English)),
    };
    Ok(Json(removed).into_response())
}
