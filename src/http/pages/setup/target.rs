//! The steps about what happens to mail: the inbox, the customer's copy, and the start date. Delivery targets have their
//! own pages.

use askama::Template;
use axum::Form;
use axum::extract::{Path, State as FromState};
use serde::Deserialize;

use super::folders::inspect_failed;
use super::{after, change, own_or_new};
use crate::address::Address;
use crate::app::inboxes::{self, WantedInbox};
use crate::app::mailboxes::inspect;
use crate::app::organisations::Owner;
use crate::http::State;
use crate::http::page::answer::{PageResult, redirect, show, show_invalid};
use crate::http::page::error::PageError;
use crate::http::page::frame::Frame;
use crate::http::page::visitor::SignedIn;
use crate::http::pages::mailbox::find_mailbox;
use crate::mailbox::{AfterImport, SettingsChange, Start, check_move_target};
use crate::poll::capabilities::Ability;
use crate::store::{Changes, InboxOverview, Mailbox};

/// The maximum number of inboxes to choose from. Others can be typed.
const MAX_OFFERED: i64 = 100;

#[derive(Template)]
#[template(path = "setup_inbox.html")]
struct InboxStepPage {
    f: Frame,
    step: &'static str,
    mailbox: Mailbox,
    inboxes: Vec<InboxOverview>,
    proposed: String,
    problem: Option<String>,
}

#[derive(Deserialize)]
pub struct InboxStepForm {
    #[serde(default)]
    inbox: String,
    #[serde(default)]
    new: String,
}

async fn inbox_page(
    mailbox: Mailbox,
    problem: Option<&str>,
    state: &State,
    user: &SignedIn,
) -> Result<InboxStepPage, PageError> {
    // An operator sees all inboxes, but a mailbox stays in its organisation.
    let scope = crate::store::Scope::Organisation(mailbox.organisation_id);
    let mut inboxes = state.deps.store.inbox_page(scope, None, MAX_OFFERED).await?;
    if !inboxes.iter().any(|overview| overview.inbox.address == mailbox.inbox) {
        let own: Result<Address, _> = mailbox.inbox.parse();
        inboxes.insert(0, state.deps.store.inbox_overview(&own.map_err(|_| PageError::Internal)?).await?);
    }
    let address: Option<Address> = mailbox.address.parse().ok();
    let proposed = address.and_then(|address| Address::derive(&address, &state.settings.inbox_domain).ok());
    let proposed = proposed.filter(|_| !state.settings.inbox_domain.is_empty());
    let proposed = proposed
        .map(|address| address.to_string())
        .filter(|address| !inboxes.iter().any(|overview| overview.inbox.address == *address));
    Ok(InboxStepPage {
        f: Frame::new(&user.visitor, "mailboxes"),
        step: "inbox",
        mailbox,
        inboxes,
        proposed: proposed.unwrap_or_default(),
        problem: problem.map(|name| user.visitor.words.t(name)),
    })
}

/// Shows the inbox step.
pub async fn inbox(FromState(state): FromState<State>, user: SignedIn, Path(address): Path<String>) -> PageResult {
    let mailbox = find_mailbox(&address, &state, &user).await?;
    show(&inbox_page(mailbox, None, &state, &user).await?)
}

/// Saves the inbox, and adds it if it is new.
pub async fn set_inbox(
    FromState(state): FromState<State>,
    user: SignedIn,
    Path(address): Path<String>,
    Form(form): Form<InboxStepForm>,
) -> PageResult {
    let mailbox = find_mailbox(&address, &state, &user).await?;
    let text = if form.inbox == "new" { &form.new } else { &form.inbox };
    let chosen = match text.parse::<Address>() {
        Ok(address) => own_or_new(&address, mailbox.organisation_id, &state).await?,
        Err(_) => Err("fault-address"),
    };
    match chosen {
        Ok((inbox, is_new)) => {
            if is_new {
                let owner = Owner::Row(mailbox.organisation_id);
                let wanted = WantedInbox { address: inbox.clone(), name: None, reply_from: None, owner };
                inboxes::add(state.acting(&user.actor), wanted).await?;
            }
            let changes = Changes { inbox: Some(inbox), ..Changes::default() };
            change(&mailbox, changes, &state, &user).await?;
            redirect(&after("inbox", &mailbox))
        }
        Err(problem) => show_invalid(&inbox_page(mailbox, Some(problem), &state, &user).await?),
    }
}

#[derive(Template)]
#[template(path = "setup_copy.html")]
struct CopyStepPage {
    f: Frame,
    step: &'static str,
    mailbox: Mailbox,
    abilities: Vec<Ability>,
    keyword: String,
    folder: String,
    problem: Option<String>,
}

#[derive(Deserialize)]
pub struct CopyStepForm {
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
    user: &SignedIn,
) -> Result<CopyStepPage, PageResult> {
    match inspect::effects(state.inspector(&user.actor), &mailbox, None).await {
        Ok(abilities) => {
            let (keyword, target) = match &mailbox.after_import {
                AfterImport::Keyword(name) => (name.clone(), String::new()),
                AfterImport::Move(folder) => (String::new(), folder.clone()),
                _ => (String::new(), String::new()),
            };
            Ok(CopyStepPage {
                f: Frame::new(&user.visitor, "mailboxes"),
                step: "copy",
                mailbox,
                abilities,
                keyword: if keyword.is_empty() { "Mailferry".to_owned() } else { keyword },
                folder: target,
                problem,
            })
        }
        Err(error) => Err(inspect_failed(error, mailbox, state, user)),
    }
}

/// Shows the step about the customer's copy.
pub async fn copy(FromState(state): FromState<State>, user: SignedIn, Path(address): Path<String>) -> PageResult {
    let mailbox = find_mailbox(&address, &state, &user).await?;
    match copy_page(mailbox, None, &state, &user).await {
        Ok(page) => show(&page),
        Err(answer) => answer,
    }
}

/// Saves the effect on the customer's copy.
pub async fn set_copy(
    FromState(state): FromState<State>,
    user: SignedIn,
    Path(address): Path<String>,
    Form(form): Form<CopyStepForm>,
) -> PageResult {
    let mailbox = find_mailbox(&address, &state, &user).await?;
    let text = match form.copy.as_str() {
        "keyword" => format!("keyword:{}", form.keyword.trim()),
        "move" => format!("move:{}", form.folder.trim()),
        other => other.to_owned(),
    };
    let problem = match text.parse::<AfterImport>() {
        Ok(after_import) if check_move_target(&after_import, &mailbox.folders).is_err() => "folders-target",
        Ok(after_import) => {
            let changes = SettingsChange { after_import: Some(after_import), ..SettingsChange::default() }.into();
            change(&mailbox, changes, &state, &user).await?;
            return redirect(&after("copy", &mailbox));
        }
        Err(_) if form.copy == "keyword" => "keyword-wrong",
        Err(_) if form.copy == "move" => "folder-wrong",
        Err(_) => "copy-wrong",
    };
    match copy_page(mailbox, Some(user.visitor.words.t(problem)), &state, &user).await {
        Ok(page) => show_invalid(&page),
        Err(answer) => answer,
    }
}

#[derive(Template)]
#[template(path = "setup_start.html")]
struct StartStepPage {
    f: Frame,
    step: &'static str,
    mailbox: Mailbox,
    date: String,
    problem: Option<String>,
}

#[derive(Deserialize)]
pub struct StartStepForm {
    #[serde(default)]
    start: String,
    #[serde(default)]
    date: String,
}

fn start_page(mailbox: Mailbox, problem: Option<String>, user: &SignedIn) -> StartStepPage {
    let date = match mailbox.start {
        Start::Date(date) => date.to_string(),
        _ => String::new(),
    };
    StartStepPage { f: Frame::new(&user.visitor, "mailboxes"), step: "start", mailbox, date, problem }
}

/// Shows the step about the start date.
pub async fn start(FromState(state): FromState<State>, user: SignedIn, Path(address): Path<String>) -> PageResult {
    show(&start_page(find_mailbox(&address, &state, &user).await?, None, &user))
}

/// Saves the start date.
pub async fn set_start(
    FromState(state): FromState<State>,
    user: SignedIn,
    Path(address): Path<String>,
    Form(form): Form<StartStepForm>,
) -> PageResult {
    let mailbox = find_mailbox(&address, &state, &user).await?;
    let text = if form.start == "date" { form.date.trim() } else { form.start.as_str() };
    match text.parse::<Start>() {
        Ok(start) => {
            if start != mailbox.start {
                let changes = SettingsChange { start: Some(start), ..SettingsChange::default() }.into();
                change(&mailbox, changes, &state, &user).await?;
            }
            redirect(&after("start", &mailbox))
        }
        Err(_) => show_invalid(&start_page(mailbox, Some(user.visitor.words.t("start-wrong")), &user)),
    }
}
