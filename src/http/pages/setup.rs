//! Setting up a mailbox, one step per page. Each step can be repeated, even for a mailbox that has been started.
//!
//! From the first step on, the mailbox exists in the store, marked `setup` and paused. Every step can therefore use the
//! same code as a poll.

mod folders;
mod login;
mod server;
mod target;
mod trial;

use askama::Template;
use axum::Form;
use axum::extract::State as FromState;
use serde::Deserialize;

use crate::address::Address;
use crate::app::inboxes::WantedInbox;
use crate::app::mailboxes::{self, Request, StoredLogin, WantedMailbox, credential_policy};
use crate::app::organisations::Owner;
use crate::app::{Error, any};
use crate::discover::Discovery;
use crate::http::State;
use crate::http::page::answer::{PageResult, redirect, show, show_invalid};
use crate::http::page::error::PageError;
use crate::http::page::frame::Frame;
use crate::http::page::paths::mailbox as path;
use crate::http::page::visitor::SignedIn;
use crate::mailbox::{Settings, TlsMode};
use crate::store::{Changes, Mailbox, NewMailbox, Organisation, Scope, Server, StoreError};

pub use folders::{choose as choose_folders, page as folders};
pub use login::{member, page as login, password, refused};
pub use server::{page as server, set as set_server};
pub use target::{copy, inbox, set_copy, set_inbox, set_start, start};
pub use trial::{begin, page as trial};

/// The steps after the address, in order.
pub const STEPS: [&str; 7] = ["server", "login", "folders", "inbox", "copy", "start", "trial"];

#[derive(Template)]
#[template(path = "setup_address.html")]
struct AddressPage {
    f: Frame,
    address: String,
    inbox: String,
    organisation: String,
    /// The organisations to choose from.
    organisations: Vec<Organisation>,
    /// Whether the form asks for an inbox address, because there is no inbox yet and none can be proposed.
    asks_inbox: bool,
    problem: Option<String>,
    /// The path of the existing mailbox with this address.
    existing_path: Option<String>,
}

#[derive(Deserialize, Clone)]
pub struct AddressForm {
    #[serde(default)]
    address: String,
    #[serde(default)]
    inbox: String,
    #[serde(default)]
    organisation: String,
}

/// The path of the next step; for a mailbox that has been started, its page.
fn after(step: &str, mailbox: &Mailbox) -> String {
    let path = path(&mailbox.address);
    if !mailbox.setup {
        return format!("{path}?done=saved");
    }
    let next = STEPS.iter().skip_while(|name| **name != step).nth(1).unwrap_or(&"trial");
    format!("{path}/setup/{next}")
}

/// Changes a mailbox. Returns whether the credentials have to be entered again.
async fn change(mailbox: &Mailbox, changes: Changes, state: &State, user: &SignedIn) -> Result<bool, Error> {
    let request = Request { before: mailbox, changes, stored_login: StoredLogin::IsDeleted };
    let changed = mailboxes::change(state.acting(&user.actor), request, Some(state.deps_for_change()), any).await?;
    Ok(changed.needs_login)
}

/// The first step: the address.
pub async fn address(FromState(state): FromState<State>, user: SignedIn) -> PageResult {
    show(&address_page(&state, &user).await?)
}

/// The page of the first step. An operator chooses the organisation if there are several.
async fn address_page(state: &State, user: &SignedIn) -> Result<AddressPage, PageError> {
    let store = &state.deps.store;
    let all = match user.scope() {
        Scope::All => store.organisations().await?,
        Scope::Organisation(_) => Vec::new(),
    };
    let is_empty = store.inbox_addresses(user.scope(), 1).await?.is_empty();
    Ok(AddressPage {
        f: Frame::new(&user.visitor, "mailboxes"),
        address: String::new(),
        inbox: String::new(),
        organisation: String::new(),
        organisations: Some(all).filter(|all| all.len() > 1).unwrap_or_default(),
        asks_inbox: state.settings.inbox_domain.is_empty() && is_empty,
        problem: None,
        existing_path: None,
    })
}

/// The organisation of a new mailbox. The inner `Err` is the id of a text that says what is wrong.
async fn owner(named: &str, state: &State, user: &SignedIn) -> Result<Result<i64, &'static str>, PageError> {
    if let Some(own) = user.person.organisation_id {
        return Ok(Ok(own));
    }
    let store = &state.deps.store;
    match (named.trim(), store.organisations().await?.as_slice()) {
        ("", [only]) => Ok(Ok(only.id)),
        ("", _) => Ok(Err("organisation-needed")),
        (named, all) => Ok(all
            .iter()
            .find(|organisation| organisation.name == named)
            .map(|organisation| organisation.id)
            .ok_or("organisation-needed")),
    }
}

/// Discovers the server, and adds the mailbox in setup.
pub async fn begin_setup(
    FromState(state): FromState<State>,
    user: SignedIn,
    Form(form): Form<AddressForm>,
) -> PageResult {
    let page = address_page(&state, &user).await?;
    let w = user.visitor.words.clone();
    let show_problem = |name: &str, existing_path: Option<String>| {
        let AddressForm { address, inbox, organisation } = form.clone();
        let asks_inbox = page.asks_inbox || name == "inbox-needed";
        show_invalid(&AddressPage {
            address,
            inbox,
            organisation,
            asks_inbox,
            problem: Some(w.t(name)),
            existing_path,
            ..page
        })
    };
    let Ok(address) = form.address.parse::<Address>() else { return show_problem("fault-address", None) };
    if let Ok(mailbox) = state.deps.store.mailbox(&address).await {
        // Do not reveal mailboxes of other organisations.
        let existing_path = user.scope().has(mailbox.organisation_id).then(|| path(&mailbox.address));
        return show_problem(
            if existing_path.is_some() { "address-exists" } else { "address-not-here" },
            existing_path,
        );
    }
    let organisation = match owner(&form.organisation, &state, &user).await? {
        Ok(organisation) => organisation,
        Err(problem) => return show_problem(problem, None),
    };
    let (inbox, is_new) = match inbox_for(&address, &form.inbox, organisation, &state).await? {
        Ok(inbox) => inbox,
        Err(problem) => return show_problem(problem, None),
    };
    let found = state.discover(&address, user.scope()).await.unwrap_or(Discovery::Nothing);
    let (new, how) = new_mailbox(address, inbox.clone(), found, &state, &user);
    let inbox =
        is_new.then_some(WantedInbox { address: inbox, name: None, reply_from: None, owner: Owner::Row(organisation) });
    let acting = state.acting(&user.actor);
    match mailboxes::add(acting, WantedMailbox { new, inbox }, &state.deps.vault, Some(state.deps_for_change())).await {
        Ok(mailbox) => redirect(&format!("{}/setup/server?how={how}", path(&mailbox.address))),
        Err(Error::Conflict(_)) => show_problem("address-not-here", None),
        Err(error) => Err(error.into()),
    }
}

/// Makes a mailbox in setup at the discovered server, else at `imap.` in the address's domain. The discovered port is used
/// if the user may choose it, else the default port. Also returns how the server was found, as the last part of a text id.
fn new_mailbox(
    address: Address,
    inbox: Address,
    found: Discovery,
    state: &State,
    user: &SignedIn,
) -> (NewMailbox, &'static str) {
    let (server, username, how) = match found {
        Discovery::Found(found) => {
            let server = Server { port: found.port, ..Server::on_default_port(found.host, found.tls) };
            let change =
                credential_policy::Change { before: None, server: Some(&server), is_renamed: false, login: None };
            let is_allowed = state.deps_for_change().rules(user.scope()).judge(&change).is_ok();
            let server = if is_allowed { server } else { Server::on_default_port(server.host, server.tls) };
            (server, found.username, found.source.id())
        }
        Discovery::Nothing => {
            let host = format!("imap.{}", address.domain());
            (Server::on_default_port(host, TlsMode::Implicit), address.to_string(), "nothing")
        }
    };
    let new = NewMailbox {
        address,
        inbox,
        server,
        username,
        login: None,
        needs_consent: false,
        setup: true,
        settings: Settings::default(),
    };
    (new, how)
}

/// The inbox of a new mailbox: the named one, else the proposed one, else the organisation's first one. The bool is true if
/// the inbox has to be added. The inner `Err` is the id of a text that says what is wrong.
async fn inbox_for(
    address: &Address,
    named: &str,
    organisation: i64,
    state: &State,
) -> Result<Result<(Address, bool), &'static str>, PageError> {
    if !named.trim().is_empty() {
        return match named.parse::<Address>() {
            Ok(wanted) => own_or_new(&wanted, organisation, state).await,
            Err(_) => Ok(Err("fault-address")),
        };
    }
    let domain = &state.settings.inbox_domain;
    let proposed = if domain.is_empty() { None } else { Address::derive(address, domain).ok() };
    let first = state.deps.store.inbox_addresses(Scope::Organisation(organisation), 1).await?.pop();
    let existing = |first: String| first.parse().map(|first| (first, false)).map_err(|_| "fault-address");
    match (proposed, first) {
        (Some(proposed), first) => match (own_or_new(&proposed, organisation, state).await?, first) {
            (Err(_), Some(first)) => Ok(existing(first)),
            (inbox, _) => Ok(inbox),
        },
        (None, Some(first)) => Ok(existing(first)),
        (None, None) => Ok(Err("inbox-needed")),
    }
}

/// An inbox of this organisation by its address, and whether it has to be added. The inner `Err` is the id of a text that
/// says what is wrong.
async fn own_or_new(
    wanted: &Address,
    organisation: i64,
    state: &State,
) -> Result<Result<(Address, bool), &'static str>, PageError> {
    match state.deps.store.inbox(wanted).await {
        Ok(inbox) if inbox.organisation_id == organisation => Ok(Ok((wanted.clone(), false))),
        Ok(_) => Ok(Err("address-not-here")),
        Err(StoreError::NotFound(_)) => Ok(Ok((wanted.clone(), true))),
        Err(error) => Err(error.into()),
    }
}
