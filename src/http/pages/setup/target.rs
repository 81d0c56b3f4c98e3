//! The steps of what is to happen: to which inbox mail goes, what becomes of the customer's copy, and from when on.

use askama::Template;
use axum::Form;
use axum::extract::{Path, State as FromState};
use serde::Deserialize;

use super::folders::failed;
use super::{after, change, own_or_new};
use crate::address::Address;
use crate::app::inboxes::{self, WantedInbox};
use crate::app::mailboxes::inspect;
use crate::app::organisations::Owner;
use crate::http::State;
use crate::http::page::answer::{Answer, go, show, show_again};
use crate::http::page::error::PageError;
use crate::http::page::frame::Frame;
use crate::http::page::visitor::SignedIn;
use crate::http::pages::mailbox::seen;
use crate::mailbox::{AfterImport, SettingsChange, Start, check_move_target};
use crate::poll::capabilities::Ability;
use crate::store::{Changes, InboxOverview, Mailbox};

/// So many inboxes are offered; another is written.
const MOST_OFFERED: i64 = 100;

#[derive(Template)]
#[template(path = "setup_inbox.html")]
struct InboxPage {
    f: Frame,
    step: &'static str,
    mailbox: Mailbox,
    inboxes: Vec<InboxOverview>,
    proposed: String,
    problem: Option<String>,
}

#[derive(Deserialize)]
pub struct ChosenInbox {
    #[serde(default)]
    inbox: String,
    #[serde(default)]
    new: String,
}

async fn inbox_page(
    mailbox: Mailbox,
    problem: Option<&str>,
    state: &State,
    who: &SignedIn,
) -> Result<InboxPage, PageError> {
    // An operator sees all, and yet a mailbox stays with its organisation.
    let scope = crate::store::Scope::Organisation(mailbox.organisation_id);
    let mut inboxes = state.deps.store.inbox_page(scope, None, MOST_OFFERED).await?;
    if !inboxes.iter().any(|one| one.inbox.address == mailbox.inbox) {
        let own: Result<Address, _> = mailbox.inbox.parse();
        inboxes.insert(0, state.deps.store.inbox_overview(&own.map_err(|_| PageError::Inside)?).await?);
    }
    let address: Option<Address> = mailbox.address.parse().ok();
    let proposed = address.and_then(|address| Address::derive(&address, &state.page.inbox_domain).ok());
    let proposed = proposed.filter(|_| !state.page.inbox_domain.is_empty());
    let proposed = proposed
        .map(|address| address.to_string())
        .filter(|address| !inboxes.iter().any(|one| one.inbox.address == *address));
    Ok(InboxPage {
        f: Frame::new(&who.reader, "mailboxes"),
        step: "inbox",
        mailbox,
        inboxes,
        proposed: proposed.unwrap_or_default(),
        problem: problem.map(|name| who.reader.words.t(name)),
    })
}

/// Where mail goes.
pub async fn inbox(FromState(state): FromState<State>, who: SignedIn, Path(address): Path<String>) -> Answer {
    let mailbox = seen(&address, &state, &who).await?;
    show(&inbox_page(mailbox, None, &state, &who).await?)
}

/// Takes an inbox, or makes one.
pub async fn set_inbox(
    FromState(state): FromState<State>,
    who: SignedIn,
    Path(address): Path<String>,
    Form(given): Form<ChosenInbox>,
) -> Answer {
    let mailbox = seen(&address, &state, &who).await?;
    let text = if given.inbox == "new" { &given.new } else { &given.inbox };
    let chosen = match text.parse::<Address>() {
        Ok(address) => own_or_new(&address, mailbox.organisation_id, &state).await?,
        Err(_) => Err("fault-address"),
    };
    match chosen {
        Ok((inbox, is_new)) => {
            if is_new {
                let owner = Owner::Row(mailbox.organisation_id);
                let wanted = WantedInbox { address: inbox.clone(), name: None, reply_from: None, owner };
                inboxes::add(state.acting(&who.actor), wanted).await?;
            }
            let changes = Changes { inbox: Some(inbox), ..Changes::default() };
            change(&mailbox, changes, &state, &who).await?;
            go(&after("inbox", &mailbox))
        }
        Err(problem) => show_again(&inbox_page(mailbox, Some(problem), &state, &who).await?),
    }
}

#[derive(Template)]
#[template(path = "setup_copy.html")]
struct CopyPage {
    f: Frame,
    step: &'static str,
    mailbox: Mailbox,
    abilities: Vec<Ability>,
    keyword: String,
    folder: String,
    problem: Option<String>,
}

#[derive(Deserialize)]
pub struct ChosenCopy {
    #[serde(default)]
    copy: String,
    #[serde(default)]
    keyword: String,
    #[serde(default)]
    folder: String,
}

async fn copy_page(
    mailbox: Mailbox,
    problem: Option<String>,
    state: &State,
    who: &SignedIn,
) -> Result<CopyPage, Answer> {
    match inspect::effects(state.inspector(&who.actor), &mailbox, None).await {
        Ok(abilities) => {
            let (keyword, target) = match &mailbox.after_import {
                AfterImport::Keyword(name) => (name.clone(), String::new()),
                AfterImport::Move(folder) => (String::new(), folder.clone()),
                _ => (String::new(), String::new()),
            };
            Ok(CopyPage {
                f: Frame::new(&who.reader, "mailboxes"),
                step: "copy",
                mailbox,
                abilities,
                keyword: if keyword.is_empty() { "Mailferry".to_owned() } else { keyword },
                folder: target,
                problem,
            })
        }
        Err(error) => Err(failed(error, mailbox, state, who)),
    }
}

/// What happens to the customer's copy.
pub async fn copy(FromState(state): FromState<State>, who: SignedIn, Path(address): Path<String>) -> Answer {
    let mailbox = seen(&address, &state, &who).await?;
    match copy_page(mailbox, None, &state, &who).await {
        Ok(page) => show(&page),
        Err(answer) => answer,
    }
}

/// Takes a wish.
pub async fn set_copy(
    FromState(state): FromState<State>,
    who: SignedIn,
    Path(address): Path<String>,
    Form(given): Form<ChosenCopy>,
) -> Answer {
    let mailbox = seen(&address, &state, &who).await?;
    let text = match given.copy.as_str() {
        "keyword" => format!("keyword:{}", given.keyword.trim()),
        "move" => format!("move:{}", given.folder.trim()),
        other => other.to_owned(),
    };
    let problem = match text.parse::<AfterImport>() {
        Ok(wish) if check_move_target(&wish, &mailbox.folders).is_err() => "folders-target",
        Ok(wish) => {
            let changes = SettingsChange { after_import: Some(wish), ..SettingsChange::default() }.into();
            change(&mailbox, changes, &state, &who).await?;
            return go(&after("copy", &mailbox));
        }
        Err(_) if given.copy == "keyword" => "keyword-wrong",
        Err(_) if given.copy == "move" => "folder-wrong",
        Err(_) => "copy-wrong",
    };
    match copy_page(mailbox, Some(who.reader.words.t(problem)), &state, &who).await {
        Ok(page) => show_again(&page),
        Err(answer) => answer,
    }
}

#[derive(Template)]
#[template(path = "setup_start.html")]
struct StartPage {
    f: Frame,
    step: &'static str,
    mailbox: Mailbox,
    date: String,
    problem: Option<String>,
}

#[derive(Deserialize)]
pub struct ChosenStart {
    #[serde(default)]
    start: String,
    #[serde(default)]
    date: String,
}

fn start_page(mailbox: Mailbox, problem: Option<String>, who: &SignedIn) -> StartPage {
    let date = match mailbox.start {
        Start::Date(date) => date.to_string(),
        _ => String::new(),
    };
    StartPage { f: Frame::new(&who.reader, "mailboxes"), step: "start", mailbox, date, problem }
}

/// From when on.
pub async fn start(FromState(state): FromState<State>, who: SignedIn, Path(address): Path<String>) -> Answer {
    show(&start_page(seen(&address, &state, &who).await?, None, &who))
}

/// Takes a start.
pub async fn set_start(
    FromState(state): FromState<State>,
    who: SignedIn,
    Path(address): Path<String>,
    Form(given): Form<ChosenStart>,
) -> Answer {
    let mailbox = seen(&address, &state, &who).await?;
    let text = if given.start == "date" { given.date.trim() } else { given.start.as_str() };
    match text.parse::<Start>() {
        Ok(start) => {
            if start != mailbox.start {
                let changes = SettingsChange { start: Some(start), ..SettingsChange::default() }.into();
                change(&mailbox, changes, &state, &who).await?;
            }
            go(&after("start", &mailbox))
        }
        Err(_) => show_again(&start_page(mailbox, Some(who.reader.words.t("start-wrong")), &who)),
    }
}
