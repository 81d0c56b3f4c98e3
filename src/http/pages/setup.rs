//! Setting a mailbox up, a step a page; each can be gone back to, and changes a mailbox that was started as well.
//!
//! A mailbox is there from the first step on, marked `setup` and paused, so that every step works with what a poll works with.

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
use crate::app::mailboxes::{self, MovedLogin, Request, WantedMailbox, credential_policy};
use crate::app::organisations::Owner;
use crate::app::{Error, any};
use crate::discover::Discovery;
use crate::http::State;
use crate::http::page::answer::{Answer, go, show, show_again};
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

/// The steps after the address, in their order.
pub const STEPS: [&str; 7] = ["server", "login", "folders", "inbox", "copy", "start", "trial"];

#[derive(Template)]
#[template(path = "setup_address.html")]
struct Page {
    f: Frame,
    address: String,
    inbox: String,
    organisation: String,
    /// To choose from.
    organisations: Vec<Organisation>,
    /// No inbox is there, and none can be proposed: its address is asked for.
    asks_inbox: bool,
    problem: Option<String>,
    /// The mailbox that is there already.
    there: Option<String>,
}

#[derive(Deserialize, Clone)]
pub struct Wanted {
    #[serde(default)]
    address: String,
    #[serde(default)]
    inbox: String,
    #[serde(default)]
    organisation: String,
}

/// Where the next step is: of a mailbox that was started already, back to its page.
fn after(step: &str, mailbox: &Mailbox) -> String {
    let path = path(&mailbox.address);
    if !mailbox.setup {
        return format!("{path}?done=saved");
    }
    let next = STEPS.iter().skip_while(|one| **one != step).nth(1).unwrap_or(&"trial");
    format!("{path}/setup/{next}")
}

/// Changes a mailbox. Tells whether its login has to be given anew.
async fn change(mailbox: &Mailbox, changes: Changes, state: &State, who: &SignedIn) -> Result<bool, Error> {
    let request = Request { before: mailbox, changes, moved_login: MovedLogin::Forgotten };
    let changed = mailboxes::change(state.acting(&who.actor), request, Some(state.change_deps()), any).await?;
    Ok(changed.asks_login)
}

/// The first step: an address.
pub async fn address(FromState(state): FromState<State>, who: SignedIn) -> Answer {
    show(&first(&state, &who).await?)
}

/// The first step's page. An operator says whose the mailbox is, where there are several.
async fn first(state: &State, who: &SignedIn) -> Result<Page, PageError> {
    let store = &state.deps.store;
    let all = match who.scope() {
        Scope::All => store.organisations().await?,
        Scope::Organisation(_) => Vec::new(),
    };
    let is_empty = store.inbox_addresses(who.scope(), 1).await?.is_empty();
    Ok(Page {
        f: Frame::new(&who.reader, "mailboxes"),
        address: String::new(),
        inbox: String::new(),
        organisation: String::new(),
        organisations: Some(all).filter(|all| all.len() > 1).unwrap_or_default(),
        asks_inbox: state.page.inbox_domain.is_empty() && is_empty,
        problem: None,
        there: None,
    })
}

/// Whose a new mailbox is. The inner `Err`: the name of what is wrong.
async fn owner(named: &str, state: &State, who: &SignedIn) -> Result<Result<i64, &'static str>, PageError> {
    if let Some(own) = who.person.organisation_id {
        return Ok(Ok(own));
    }
    let store = &state.deps.store;
    match (named.trim(), store.organisations().await?.as_slice()) {
        ("", [only]) => Ok(Ok(only.id)),
        ("", _) => Ok(Err("organisation-needed")),
        (named, all) => Ok(all.iter().find(|one| one.name == named).map(|one| one.id).ok_or("organisation-needed")),
    }
}

/// Looks for its server, and makes a mailbox that is not started.
pub async fn begin_setup(FromState(state): FromState<State>, who: SignedIn, Form(wanted): Form<Wanted>) -> Answer {
    let page = first(&state, &who).await?;
    let w = who.reader.words.clone();
    let again = |name: &str, there: Option<String>| {
        let Wanted { address, inbox, organisation } = wanted.clone();
        let asks_inbox = page.asks_inbox || name == "inbox-needed";
        show_again(&Page { address, inbox, organisation, asks_inbox, problem: Some(w.t(name)), there, ..page })
    };
    let Ok(address) = wanted.address.parse::<Address>() else { return again("fault-address", None) };
    if let Ok(mailbox) = state.deps.store.mailbox(&address).await {
        // Another organisation's is not named.
        let there = who.scope().has(mailbox.organisation_id).then(|| path(&mailbox.address));
        return again(if there.is_some() { "address-there" } else { "address-not-here" }, there);
    }
    let organisation = match owner(&wanted.organisation, &state, &who).await? {
        Ok(organisation) => organisation,
        Err(problem) => return again(problem, None),
    };
    let (inbox, is_new) = match inbox_for(&address, &wanted.inbox, organisation, &state).await? {
        Ok(inbox) => inbox,
        Err(problem) => return again(problem, None),
    };
    let found = state.discover(&address, who.scope()).await.unwrap_or(Discovery::Nothing);
    let (new, how) = new_mailbox(address, inbox.clone(), found, &state, &who);
    let inbox =
        is_new.then_some(WantedInbox { address: inbox, name: None, reply_from: None, owner: Owner::Row(organisation) });
    let acting = state.acting(&who.actor);
    match mailboxes::add(acting, WantedMailbox { new, inbox }, &state.deps.vault, Some(state.change_deps())).await {
        Ok(mailbox) => go(&format!("{}/setup/server?how={how}", path(&mailbox.address))),
        Err(Error::Conflict(_)) => again("address-not-here", None),
        Err(error) => Err(error.into()),
    }
}

/// A mailbox that is not started, at the server that was found, as far as the reader may name that one.
fn new_mailbox(
    address: Address,
    inbox: Address,
    found: Discovery,
    state: &State,
    who: &SignedIn,
) -> (NewMailbox, &'static str) {
    let (server, username, how) = match found {
        Discovery::Found(found) => {
            let server = Server { port: found.port, ..Server::usual(found.host, found.tls) };
            let change =
                credential_policy::Change { before: None, server: Some(&server), is_renamed: false, login: None };
            let is_allowed = state.change_deps().rules(who.scope()).judge(&change).is_ok();
            let server = if is_allowed { server } else { Server::usual(server.host, server.tls) };
            (server, found.username, found.how.id())
        }
        Discovery::Nothing => {
            let host = format!("imap.{}", address.domain());
            (Server::usual(host, TlsMode::Implicit), address.to_string(), "nothing")
        }
    };
    let new = NewMailbox {
        address,
        inbox,
        server,
        username,
        login: None,
        asks_consent: false,
        setup: true,
        settings: Settings::default(),
    };
    (new, how)
}

/// The inbox that a new mailbox feeds for now: the one that is named, else the one that its address proposes, else the first that its
/// organisation has; and whether it is to be added. The inner `Err`: the name of what is wrong.
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
    let domain = &state.page.inbox_domain;
    let proposed = if domain.is_empty() { None } else { Address::derive(address, domain).ok() };
    let first = state.deps.store.inbox_addresses(Scope::Organisation(organisation), 1).await?.pop();
    let there = |first: String| first.parse().map(|first| (first, false)).map_err(|_| "fault-address");
    match (proposed, first) {
        (Some(proposed), first) => match (own_or_new(&proposed, organisation, state).await?, first) {
            (Err(_), Some(first)) => Ok(there(first)),
            (made, _) => Ok(made),
        },
        (None, Some(first)) => Ok(there(first)),
        (None, None) => Ok(Err("inbox-needed")),
    }
}

/// An inbox of this organisation by its address, and whether it is to be added.
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
