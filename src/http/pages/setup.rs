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
use secrecy::SecretString;
use serde::Deserialize;

use crate::address::Address;
use crate::discover::{self, Discovery};
use crate::http::State;
use crate::http::fault::{Answer, Fault, go, show, show_again};
use crate::http::reader::{Frame, Who};
use crate::mailbox::{AfterImport, Start, TlsMode};
use crate::store::wish;
use crate::store::{Changes, InboxOverview, Mailbox, NewInbox, NewMailbox, Server, StoreError};

use super::mailbox::path;

pub use folders::{choose as choose_folders, page as folders};
pub use login::{page as login, password, refused};
pub use server::{page as server, set as set_server};
pub use target::{copy, inbox, set_copy, set_inbox, set_start, start};
pub use trial::{begin, page as trial};

/// The steps after the address, in their order.
pub const STEPS: [&str; 7] = ["server", "login", "folders", "inbox", "copy", "start", "trial"];

/// Which inbox a new mailbox feeds unless another is chosen on the way; the usual time between two polls, and the usual size.
const INTERVAL_MS: i64 = 60_000;
const MAX_SIZE: u64 = 50_000_000;

#[derive(Template)]
#[template(path = "setup_address.html")]
struct Page {
    f: Frame,
    address: String,
    inbox: String,
    /// No inbox is there, and none can be proposed: its address is asked for.
    asks_inbox: bool,
    problem: Option<String>,
    /// The mailbox that is there already.
    there: Option<String>,
}

#[derive(Deserialize)]
pub struct Wanted {
    #[serde(default)]
    address: String,
    #[serde(default)]
    inbox: String,
}

/// The registered providers, by name.
pub fn registered(state: &State) -> Vec<String> {
    state.deps.oauth.registered().map(str::to_owned).collect()
}

/// A password for a mail server; `Err`: the name of what is wrong.
pub fn mail_password(text: &str) -> Result<SecretString, &'static str> {
    wish::password(text).map_err(|_| "mail-password-wrong")
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

/// Changes a mailbox and says so in the audit.
async fn change(
    mailbox: &Mailbox,
    changes: &Changes,
    step: &'static str,
    state: &State,
    who: &Who,
) -> Result<(), Fault> {
    super::consent::change(mailbox, changes, state).await?;
    let line = who.change(Some(mailbox.organisation_id), "mailbox-changed", &mailbox.address, step);
    Ok(state.deps.store.audit(line, state.deps.clock.now()).await?)
}

/// The first step: an address.
pub async fn address(FromState(state): FromState<State>, who: Who) -> Answer {
    let asks_inbox = asks_inbox(&state, &who).await?;
    let (address, inbox) = (String::new(), String::new());
    show(&Page { f: Frame::new(&who.reader, "mailboxes"), address, inbox, asks_inbox, problem: None, there: None })
}

async fn asks_inbox(state: &State, who: &Who) -> Result<bool, Fault> {
    Ok(state.page.inbox_domain.is_empty() && state.deps.store.inboxes(who.scope()).await?.is_empty())
}

/// Looks for its server, and makes a mailbox that is not started.
pub async fn begin_setup(FromState(state): FromState<State>, who: Who, Form(wanted): Form<Wanted>) -> Answer {
    let (deps, now) = (&state.deps, state.deps.clock.now());
    let asks_inbox = asks_inbox(&state, &who).await?;
    let w = who.reader.words.clone();
    let again = |problem: String, there: Option<String>| {
        let f = Frame::new(&who.reader, "mailboxes");
        let (address, inbox) = (wanted.address.clone(), wanted.inbox.clone());
        show_again(&Page { f, address, inbox, asks_inbox, problem: Some(problem), there })
    };
    let Ok(address) = wanted.address.parse::<Address>() else { return again(w.t("fault-address"), None) };
    if let Ok(mailbox) = deps.store.mailbox(&address).await {
        // Another organisation's is not named.
        let there = who.scope().has(mailbox.organisation_id).then(|| path(&mailbox.address));
        return again(w.t(if there.is_some() { "address-there" } else { "address-not-here" }), there);
    }
    let inbox = match inbox_for(&address, &wanted.inbox, &state, &who).await? {
        Ok(inbox) => inbox,
        Err(problem) => return again(w.t(problem), None),
    };
    let (server, username, how) = match discover::find(&address, &deps.egress, &deps.deadlines, &deps.oauth).await {
        Discovery::Found(found) => {
            let is_allowed = state.page.may_use_port(who.scope(), found.port);
            let port = if is_allowed { found.port } else { found.tls.default_port() };
            let server = Server { host: found.host, port, tls: found.tls, ca_pem: None, pin_sha256: None };
            (server, found.username, found.how.id())
        }
        Discovery::Nothing => {
            let host = format!("imap.{}", address.domain());
            (
                Server::usual(host, TlsMode::Implicit),
                address.to_string(),
                "nothing",
            )
        }
    };
    let new = NewMailbox {
        address: address.clone(),
        inbox,
        server,
        username,
        login: None,
        setup: true,
        folders: vec!["INBOX".to_owned()],
        start: Start::Now,
        after_import: AfterImport::Leave,
        interval_ms: INTERVAL_MS,
        max_size: MAX_SIZE,
    };
    match deps.store.add_mailbox(&new, &deps.vault, now).await {
        Ok(()) => {}
        Err(StoreError::Conflict(_)) => return again(w.t("address-not-here"), None),
        Err(error) => return Err(error.into()),
    }
    let mailbox = deps.store.mailbox(&address).await?;
    deps.store.audit(who.change(Some(mailbox.organisation_id), "mailbox-added", &mailbox.address, ""), now).await?;
    go(&format!("{}/setup/server?how={how}", path(&mailbox.address)))
}

/// The inbox that a new mailbox feeds for now: the one that is named, else the first there is, else one that is made. `Err` in the
/// inner result: the name of what is wrong.
async fn inbox_for(
    address: &Address,
    named: &str,
    state: &State,
    who: &Who,
) -> Result<Result<Address, &'static str>, Fault> {
    let inboxes = state.deps.store.inboxes(who.scope()).await?;
    let proposed = Address::derived(address, &state.page.inbox_domain);
    let wanted = match (named.trim().is_empty(), proposed) {
        (false, _) => match named.parse::<Address>() {
            Ok(wanted) => wanted,
            Err(_) => return Ok(Err("fault-address")),
        },
        (true, _) if let Some(first) = inboxes.first() => {
            return Ok(first.inbox.address.parse().map_err(|_| "fault-address"));
        }
        (true, Ok(proposed)) if !state.page.inbox_domain.is_empty() => proposed,
        (true, _) => return Ok(Err("inbox-needed")),
    };
    own_or_new(&wanted, &inboxes, state, who).await
}

/// An inbox of the reader's by its address; made, if there is none.
async fn own_or_new(
    wanted: &Address,
    own: &[InboxOverview],
    state: &State,
    who: &Who,
) -> Result<Result<Address, &'static str>, Fault> {
    if own.iter().any(|one| one.inbox.address == wanted.as_str()) {
        return Ok(Ok(wanted.clone()));
    }
    let new =
        NewInbox { address: wanted.clone(), name: None, reply_from: None, organisation_id: who.person.organisation_id };
    let (store, now) = (&state.deps.store, state.deps.clock.now());
    match store.add_inbox(&new, now).await {
        Ok(()) => {
            let organisation = store.inbox(wanted).await?.organisation_id;
            store.audit(who.change(Some(organisation), "inbox-added", wanted.as_str(), ""), now).await?;
            Ok(Ok(wanted.clone()))
        }
        Err(StoreError::Conflict(_)) => Ok(Err("address-not-here")),
        Err(error) => Err(error.into()),
    }
}
