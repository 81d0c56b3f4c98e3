//! The step of the folders: which of them are fetched. Here the way to the mailbox is gone for the first time, so what is wrong
//! with the steps before is told on their own pages.

use askama::Template;
use axum::extract::{Path, RawForm, State as FromState};

use super::{after, change, login, server};
use crate::app::Error;
use crate::app::mailboxes::inspect;
use crate::http::State;
use crate::http::page::answer::{Answer, go, show, show_again};
use crate::http::page::frame::Frame;
use crate::http::page::last_error::LastError;
use crate::http::page::visitor::SignedIn;
use crate::http::pages::inspect_failure::at_server;
use crate::http::pages::mailbox::seen;
use crate::mailbox::folder_name;
use crate::mailbox::{SettingsChange, check_move_target};
use crate::poll::folders::FolderOffer;
use crate::store::Mailbox;

#[derive(Template)]
#[template(path = "setup_folders.html")]
struct Page {
    f: Frame,
    step: &'static str,
    mailbox: Mailbox,
    offers: Vec<FolderOffer>,
    problem: Option<String>,
}

impl Page {
    fn is_chosen(&self, name: &str) -> bool {
        self.mailbox.folders.iter().any(|folder| folder == name)
    }
}

/// More folders than this are not polled in one mailbox.
const MOST: usize = 100;

/// The page of the step that an error belongs to.
pub fn failed(error: Error, mailbox: Mailbox, state: &State, who: &SignedIn) -> Answer {
    let error = LastError::of(&at_server(error, state)?);
    match error.step() {
        "dns" | "tcp" | "tls" | "starttls" | "greeting" => server::wrong(mailbox, error, who),
        _ => login::wrong(mailbox, error, state, who),
    }
}

/// The page.
pub async fn page(FromState(state): FromState<State>, who: SignedIn, Path(address): Path<String>) -> Answer {
    let mailbox = seen(&address, &state, &who).await?;
    match inspect::folders(state.inspector(&who.actor), &mailbox).await {
        Ok(offers) => show(&made(mailbox, offers, None, &who)),
        Err(error) => failed(error, mailbox, &state, &who),
    }
}

fn made(mailbox: Mailbox, mut offers: Vec<FolderOffer>, problem: Option<String>, who: &SignedIn) -> Page {
    offers.retain(|offer| offer.selectable);
    Page { f: Frame::new(&who.reader, "mailboxes"), step: "folders", mailbox, offers, problem }
}

/// Takes what is ticked.
pub async fn choose(
    FromState(state): FromState<State>,
    who: SignedIn,
    Path(address): Path<String>,
    RawForm(form): RawForm,
) -> Answer {
    let mailbox = seen(&address, &state, &who).await?;
    let mut chosen: Vec<String> = Vec::new();
    for (key, value) in url::form_urlencoded::parse(&form) {
        if let Some(name) = folder_name(&value).ok().filter(|name| key == "folder" && !chosen.contains(name)) {
            chosen.push(name);
        }
        if chosen.len() > MOST {
            break;
        }
    }
    let problem = match () {
        () if chosen.is_empty() => Some("folders-none"),
        () if chosen.len() > MOST => Some("folders-many"),
        () if check_move_target(&mailbox.after_import, &chosen).is_err() => Some("folders-target"),
        () => None,
    };
    if let Some(problem) = problem {
        let problem = Some(who.reader.words.t(problem));
        return match inspect::folders(state.inspector(&who.actor), &mailbox).await {
            Ok(offers) => show_again(&made(mailbox, offers, problem, &who)),
            Err(error) => failed(error, mailbox, &state, &who),
        };
    }
    change(&mailbox, SettingsChange { folders: Some(chosen), ..SettingsChange::default() }.into(), &state, &who)
        .await?;
    go(&after("folders", &mailbox))
}
