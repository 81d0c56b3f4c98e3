//! The last step: the dry run, and the start.

use std::time::Duration;

use askama::Template;
use axum::extract::{Path, Query, State as FromState};
use axum::http::HeaderMap;
use serde::Deserialize;

use super::folders::failed;
use crate::app::Error;
use crate::app::mailboxes::{self, inspect};
use crate::http::State;
use crate::http::page::answer::{Answer, go, show};
use crate::http::page::frame::Frame;
use crate::http::page::last_error::LastError;
use crate::http::page::paths::mailbox as path;
use crate::http::page::visitor::SignedIn;
use crate::http::page::words::Words;
use crate::http::pages::inspect_failure::at_server;
use crate::http::pages::mailbox::seen;
use crate::poll::dry_run::{DryRun, Target, Verdict};
use crate::store::{Login, Mailbox};

/// Somebody waits.
const WITHIN: Duration = Duration::from_secs(60);

/// So many targets are named.
const MOST_TARGETS: usize = 20;

#[derive(Template)]
#[template(path = "setup_trial.html")]
struct Page {
    f: Frame,
    step: &'static str,
    mailbox: Mailbox,
    told: Option<Told>,
}

#[derive(Template)]
#[template(path = "setup_told.html")]
struct Told {
    w: Words,
    run: DryRun,
    problems: Vec<(String, LastError)>,
    targets: Vec<(Target, u64)>,
    /// Mails by other evidence.
    others: u64,
}

impl Told {
    fn of(run: DryRun, who: &SignedIn) -> Self {
        let of_folder = |folder: &crate::poll::dry_run::FolderDryRun| {
            Some((folder.name.clone(), LastError::of(folder.problem.as_ref()?)))
        };
        let problems = run.folders.iter().filter_map(of_folder).collect();
        let (targets, others) = run.targets(MOST_TARGETS);
        Self { w: who.reader.words.clone(), run, problems, targets, others }
    }
}

#[derive(Deserialize)]
pub struct Run {
    #[serde(default)]
    run: String,
}

/// What a poll would do: the page asks for it by htmx, or without scripts by a link.
pub async fn page(
    FromState(state): FromState<State>,
    who: SignedIn,
    Path(address): Path<String>,
    Query(run): Query<Run>,
    headers: HeaderMap,
) -> Answer {
    let mailbox = seen(&address, &state, &who).await?;
    let is_fragment = headers.contains_key("hx-request");
    let told = match run.run.is_empty() {
        true => None,
        false => match inspect::dry_run(state.inspector(&who.actor), &mailbox, WITHIN).await {
            Ok(run) => Some(Told::of(run, &who)),
            Err(error) if is_fragment => return failure(error, &mailbox, &state, &who),
            Err(error) => return failed(error, mailbox, &state, &who),
        },
    };
    match told {
        Some(told) if is_fragment => show(&told),
        told => show(&Page { f: Frame::new(&who.reader, "mailboxes"), step: "trial", mailbox, told }),
    }
}

#[derive(Template)]
#[template(path = "setup_failure.html")]
struct Failure {
    w: Words,
    error: LastError,
    path: String,
}

fn failure(error: Error, mailbox: &Mailbox, state: &State, who: &SignedIn) -> Answer {
    let error = LastError::of(&at_server(error, state)?);
    show(&Failure { w: who.reader.words.clone(), error, path: path(&mailbox.address) })
}

/// Starts it.
pub async fn begin(FromState(state): FromState<State>, who: SignedIn, Path(address): Path<String>) -> Answer {
    let mailbox = seen(&address, &state, &who).await?;
    if matches!(mailbox.login, Login::Password(None)) {
        return go(&format!("{}/setup/login", path(&mailbox.address)));
    }
    mailboxes::start(state.acting(&who.actor), &mailbox).await?;
    go(&format!("{}?done=started", path(&mailbox.address)))
}
