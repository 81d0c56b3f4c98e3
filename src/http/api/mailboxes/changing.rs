//! Adding, changing and removing a mailbox.

use axum::Json;
use axum::extract::State as FromState;
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use serde::Serialize;
use utoipa::ToSchema;

use super::looking::english;
use super::seen;
use super::view::{Mailbox, version};
use super::wish::{MailboxPatch, NewMailboxBody, Wish};
use crate::address::Address;
use crate::http::State;
use crate::http::api::body::{Given, InPath};
use crate::http::api::caller::Caller;
use crate::http::api::inboxes;
use crate::http::api::parts::Checks;
use crate::http::api::problem::{Answer, Refusal};
use crate::http::api::turn::turn;
use crate::http::api::version::part;
use crate::http::entrusted::{self, Fate, Refused};
use crate::http::patience;
use crate::mailbox::{AfterImport, Start};
use crate::oauth::give_up;
use crate::store::wish::{never_in_clear_text, not_into_itself};
use crate::store::{Changes, GrantKind, Login, Mailbox as Stored, NewLogin, NewMailbox, Server};

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
    let (address, told) = given.json::<NewMailboxBody>()?.parted();
    let mut checks = Checks::default();
    let Some(address) = checks.address("/address", &address) else { return Err(checks.refusal()) };
    let new = new(address.clone(), told.read(&address, &caller, &state)?)?;
    let told =
        entrusted::Change { before: None, server: Some(&new.server), is_renamed: true, login: new.login.as_ref() };
    fate(&told, &caller, &state)?;
    let (_, inbox) = inboxes::seen(new.inbox.as_str(), &caller, &state).await?;
    if matches!(new.login, Some(NewLogin::Password(_))) {
        no_guessing(&new.server, &new.username, inbox.organisation_id, &state).await?;
    }
    let (store, now) = (&state.deps.store, state.deps.clock.now());
    if let Err(error) = store.add_mailbox(&new, &state.deps.vault, now).await {
        let is_ours = seen(address.as_str(), &caller, &state).await.is_ok();
        return Err(Refusal::taken(error, is_ours));
    }
    store.audit(caller.change(Some(inbox.organisation_id), "mailbox-added", address.as_str(), ""), now).await?;
    let mailbox = store.mailbox(&address).await?;
    let shown = Mailbox::of(&mailbox, &caller, &state).await?;
    Ok(version(&mailbox).made(&format!("/mailboxes/{}", part(address.as_str())), &shown))
}

/// A consent that somebody has given for one mailbox opens no other before they have consented for that one too.
fn is_asked(login: &NewLogin) -> bool {
    matches!(login, NewLogin::OAuth(key) if key.kind == GrantKind::Delegated)
}

fn is_by_token(login: &NewLogin) -> bool {
    matches!(login, NewLogin::OAuth(_))
}

/// A wish with what is usual where it says nothing.
fn new(address: Address, wish: Wish) -> Result<NewMailbox, Refusal> {
    let mut checks = Checks::default();
    let server = wish.server.new_server(wish.usual_host)?;
    if server.is_none() {
        checks.wrong("/host", "this is needed");
    }
    if wish.login.is_none() {
        checks.wrong("/password", "this or oauth is needed");
    }
    let (Some(inbox), Some(server), Some(login)) = (wish.inbox, server, wish.login) else {
        return Err(checks.refusal());
    };
    let new = NewMailbox {
        username: wish.username.unwrap_or_else(|| address.to_string()),
        inbox,
        server,
        asks_consent: is_asked(&login),
        login: Some(login),
        setup: false,
        folders: wish.folders.unwrap_or_else(|| vec!["INBOX".to_owned()]),
        start: wish.start.unwrap_or(Start::Now),
        after_import: wish.after_import.unwrap_or(AfterImport::Leave),
        interval_ms: wish.interval_ms.unwrap_or(60_000),
        max_size: wish.max_size.unwrap_or(50_000_000),
        address,
    };
    not_into_itself(&new.after_import, &new.folders)?;
    never_in_clear_text(&new.server, new.login.as_ref().is_some_and(is_by_token))?;
    Ok(new)
}

/// Where the server has refused passwords for this account too often, no further one is taken for a while.
async fn no_guessing(server: &Server, username: &str, organisation: i64, state: &State) -> Result<(), Refusal> {
    match patience::held(server, username, organisation, state).await? {
        Some(minutes) => Err(Refusal::Conflict(english(state).n("passwords-wait", minutes))),
        None => Ok(()),
    }
}

/// What becomes of what the mailbox is opened with.
fn fate(change: &entrusted::Change<'_>, caller: &Caller, state: &State) -> Result<Fate, Refusal> {
    match state.page.rules(&state.deps, caller.scope()).judge(change) {
        Ok(Fate::Forgotten) => Err(Refusal::part(
            moved_by(change),
            "what the mailbox is opened with was given for its server, and the trust in it, before; give password or oauth anew with it",
        )),
        Ok(fate) => Ok(fate),
        Err(Refused::OwnTrust) => Err(Refusal::part(
            moved_by(change),
            "a certificate or authorities of its own are for tokens of all organisations where a provider's tokens open the mailbox",
        )),
        Err(Refused::Port) => {
            Err(Refusal::part("/port", "is for tokens of all organisations; name one of egress.ports, such as 993"))
        }
        Err(Refused::AppOnly) => Err(Refusal::part(
            "/username",
            "of a mailbox that an application opens, as its server, is for tokens of all organisations",
        )),
        Err(Refused::Home(home)) => {
            Err(Refusal::part("/host", format!("the tokens of this provider are told to {home} only")))
        }
        Err(Refused::InClear) => Err(Refusal::part(
            "/tls",
            "none, to another machine than this one, is for tokens of all organisations: the password could be read on its way",
        )),
        Err(Refused::NoHome) => Err(Refusal::part(
            "/oauth/provider",
            "whose server is not known here is for tokens of all organisations; the operator names it in imap_host",
        )),
    }
}

/// The part of the body by which a server becomes another.
fn moved_by(change: &entrusted::Change<'_>) -> &'static str {
    let (Some(before), Some(after)) = (change.before.map(|before| &before.server), change.server) else {
        return if change.server.is_some_and(|server| server.ca_pem.is_some()) { "/ca_pem" } else { "/pin_sha256" };
    };
    match () {
        () if !before.host.eq_ignore_ascii_case(&after.host) => "/host",
        () if before.port != after.port => "/port",
        () if before.pin_sha256 != after.pin_sha256 => "/pin_sha256",
        () if before.ca_pem != after.ca_pem => "/ca_pem",
        () => "/tls",
    }
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
    let wish = given.json::<MailboxPatch>()?.read(&address, &caller, &state)?;
    let _turn = turn("mailbox", address.as_str()).await;
    let (_, before) = seen(address.as_str(), &caller, &state).await?;
    version(&before).is_meant(&headers)?;
    if let Some(inbox) = &wish.inbox {
        inboxes::seen(inbox.as_str(), &caller, &state).await?;
    }
    if let Some(mut changes) = changes(&before, wish)? {
        let is_renamed = changes.username.as_ref().is_some_and(|name| *name != before.username);
        let (server, login) = (changes.server.as_ref(), changes.login.as_ref());
        let change = entrusted::Change { before: Some(&before), server, is_renamed, login };
        let fate = fate(&change, &caller, &state)?;
        let is_same_consent = login.is_none_or(|login| before.login.is_consent_of(login));
        let is_asked = fate == Fate::AskedAnew
            || login.is_some_and(|login| is_asked(login) && (is_renamed || !before.login.is_consent_of(login)));
        changes.login_goes_along = fate == Fate::GoesAlong || (fate == Fate::AskedAnew && is_same_consent);
        changes.asks_consent = is_asked.then_some(true);
        if matches!(changes.login, Some(NewLogin::Password(_))) {
            let server = changes.server.as_ref().unwrap_or(&before.server);
            let username = changes.username.as_ref().unwrap_or(&before.username);
            no_guessing(server, username, before.organisation_id, &state).await?;
        }
        give_up::change(&before, &changes, &state.deps.tokens()).await?;
        let action = if changes.login.is_some() { "credentials-changed" } else { "mailbox-changed" };
        let change = caller.change(Some(before.organisation_id), action, address.as_str(), "");
        state.deps.store.audit(change, state.deps.clock.now()).await?;
    }
    let mailbox = state.deps.store.mailbox(&address).await?;
    Ok(version(&mailbox).show(&Mailbox::of(&mailbox, &caller, &state).await?))
}

/// What a wish changes; `None`: nothing.
fn changes(before: &Stored, wish: Wish) -> Result<Option<Changes>, Refusal> {
    let changes = Changes {
        server: wish.server.on(&before.server)?,
        inbox: wish.inbox,
        username: wish.username,
        login: wish.login,
        given_for: Some((before.server.clone(), before.username.clone())),
        login_goes_along: false,
        asks_consent: None,
        by_link: None,
        folders: wish.folders,
        start: wish.start,
        after_import: wish.after_import,
        interval_ms: wish.interval_ms,
        max_size: wish.max_size,
    };
    let by_token = changes.login.as_ref().map_or(matches!(before.login, Login::OAuth { .. }), is_by_token);
    never_in_clear_text(changes.server.as_ref().unwrap_or(&before.server), by_token)?;
    let folders = changes.folders.as_ref().unwrap_or(&before.folders);
    not_into_itself(changes.after_import.as_ref().unwrap_or(&before.after_import), folders)?;
    let Changes {
        inbox,
        server,
        username,
        login,
        given_for: _,
        login_goes_along: _,
        asks_consent: _,
        by_link: _,
        folders,
        start,
        after_import,
        interval_ms,
        max_size,
    } = &changes;
    let is_something = inbox.is_some()
        || server.is_some()
        || username.is_some()
        || login.is_some()
        || folders.is_some()
        || start.is_some()
        || after_import.is_some()
        || interval_ms.is_some()
        || max_size.is_some();
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
    let _turn = turn("mailbox", &address.to_lowercase()).await;
    let (address, mailbox) = seen(&address, &caller, &state).await?;
    version(&mailbox).is_meant(&headers)?;
    let told = give_up::remove(&mailbox, &state.deps.tokens()).await?;
    let detail = told.as_ref().map(|told| told.detail.as_str()).unwrap_or_default();
    let change = caller.change(Some(mailbox.organisation_id), "mailbox-removed", address.as_str(), detail);
    state.deps.store.audit(change, state.deps.clock.now()).await?;
    let removed = RemovedMailbox {
        mailbox: address.to_string(),
        revoked_at_provider: told.as_ref().map(|told| told.at_provider),
        detail: told.map(|told| told.detail),
    };
    Ok(Json(removed).into_response())
}
