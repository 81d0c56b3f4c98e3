//! The folder step: which folders to poll. This step is the first to connect to the mailbox, so it can reveal errors in
//! earlier steps; these are shown on the pages of those steps.

use askama::Template;
use axum::extract::{Path, RawForm, State as FromState};

use super::{after, change, login, server};
use crate::app::Error;
use crate::app::mailboxes::inspect;
use crate::http::State;
use crate::http::page::answer::{PageResult, redirect, show, show_invalid};
use crate::http::page::frame::Frame;
use crate::http::page::last_error::LastError;
use crate::http::page::visitor::SignedIn;
use crate::http::pages::inspect_failure::server_failure;
use crate::http::pages::mailbox::find_mailbox;
use crate::mailbox::folder_name;
use crate::mailbox::{SettingsChange, check_move_target};
use crate::poll::folders::FolderOffer;
use crate::store::Mailbox;

#[derive(Template)]
#[template(path = "setup_folders.html")]
struct FoldersPage {
    f: Frame,
    step: &'static str,
    mailbox: Mailbox,
    offers: Vec<FolderOffer>,
    problem: Option<String>,
}

impl FoldersPage {
    fn is_chosen(&self, name: &str) -> bool {
        self.mailbox.folders.iter().any(|folder| folder == name)
    }
}

/// The maximum number of folders of one mailbox.
const MAX_FOLDERS: usize = 100;

/// Shows an error on the page of the step that it belongs to.
pub fn inspect_failed(error: Error, mailbox: Mailbox, state: &State, user: &SignedIn) -> PageResult {
    let error = LastError::from_poll_error(&server_failure(error, state)?);
    match error.step() {
        "dns" | "tcp" | "tls" | "starttls" | "greeting" => server::failed(mailbox, error, user),
        _ => login::failed(mailbox, error, state, user),
    }
}

pub async fn page(FromState(state): FromState<State>, user: SignedIn, Path(address): Path<String>) -> PageResult {
    let mailbox = find_mailbox(&address, &state, &user).await?;
    match inspect::folders(state.inspector(&user.actor), &mailbox).await {
        Ok(offers) => show(&folders_page(mailbox, offers, None, &user)),
        Err(error) => inspect_failed(error, mailbox, &state, &user),
    }
}

fn folders_page(
    mailbox: Mailbox,
    mut offers: Vec<FolderOffer>,
    problem: Option<String>,
    user: &SignedIn,
) -> FoldersPage {
    offers.retain(|offer| offer.selectable);
    FoldersPage { f: Frame::new(&user.visitor, "mailboxes"), step: "folders", mailbox, offers, problem }
}

/// Saves the chosen folders.
pub async fn choose(
    FromState(state): FromState<State>,
    user: SignedIn,
    Path(address): Path<String>,
    RawForm(form): RawForm,
) -> PageResult {
    let mailbox = find_mailbox(&address, &state, &user).await?;
    let mut chosen: Vec<String> = Vec::new();
    for (key, value) in url::form_urlencoded::parse(&form) {
        if let Some(name) = folder_name(&value).ok().filter(|name| key == "folder" && !chosen.contains(name)) {
            chosen.push(name);
        }
        if chosen.len() > MAX_FOLDERS {
            break;
        }
    }
    let problem = match () {
        () if chosen.is_empty() => Some("folders-none"),
        () if chosen.len() > MAX_FOLDERS => Some("folders-many"),
        () if check_move_target(&mailbox.after_import, &chosen).is_err() => Some("folders-target"),
        () => None,
    };
    if let Some(problem) = problem {
        let problem = Some(user.visitor.words.t(problem));
        return match inspect::folders(state.inspector(&user.actor), &mailbox).await {
            Ok(offers) => show_invalid(&folders_page(mailbox, offers, problem, &user)),
            Err(error) => inspect_failed(error, mailbox, &state, &user),
        };
    }
    change(&mailbox, SettingsChange { folders: Some(chosen), ..SettingsChange::default() }.into(), &state, &user)
        .await?;
    redirect(&after("folders", &mailbox))
}
