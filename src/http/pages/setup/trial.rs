//! The last step: the dry run, and the start.

use std::time::Duration;

use askama::Template;
use axum::extract::{Path, Query, State as FromState};
use axum::http::HeaderMap;
use serde::Deserialize;

use super::folders::inspect_failed;
use crate::app::Error;
use crate::app::mailboxes::{self, inspect};
use crate::http::State;
use crate::http::page::answer::{PageResult, redirect, show};
use crate::http::page::frame::Frame;
use crate::http::page::last_error::LastError;
use crate::http::page::paths::mailbox as path;
use crate::http::page::visitor::SignedIn;
use crate::http::page::words::Words;
use crate::http::pages::inspect_failure::server_failure;
use crate::http::pages::mailbox::find_mailbox;
use crate::poll::dry_run::{DryRun, Target, Verdict};
use crate::store::{Login, Mailbox};

/// The time limit of a dry run.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// The maximum number of inboxes that are listed.
const MAX_TARGETS: usize = 20;

#[derive(Template)]
#[template(path = "setup_trial.html")]
struct DryRunPage {
    f: Frame,
    step: &'static str,
    mailbox: Mailbox,
    report: Option<DryRunReport>,
}

#[derive(Template)]
#[template(path = "setup_dry_run.html")]
struct DryRunReport {
    w: Words,
    run: DryRun,
    problems: Vec<(String, LastError)>,
    targets: Vec<(Target, u64)>,
    /// The number of messages whose inboxes are not listed.
    others: u64,
}

impl DryRunReport {
    fn new(run: DryRun, user: &SignedIn) -> Self {
        let folder_problem = |folder: &crate::poll::dry_run::FolderDryRun| {
            Some((folder.name.clone(), LastError::from_poll_error(folder.problem.as_ref()?)))
        };
        let problems = run.folders.iter().filter_map(folder_problem).collect();
        let (targets, others) = run.targets(MAX_TARGETS);
        Self { w: user.visitor.words.clone(), run, problems, targets, others }
    }
}

#[derive(Deserialize)]
pub struct DryRunQuery {
    #[serde(default)]
    run: String,
}

/// Shows the dry run. The page loads it with htmx or, without scripts, through a link.
pub async fn page(
    FromState(state): FromState<State>,
    user: SignedIn,
    Path(address): Path<String>,
    Query(query): Query<DryRunQuery>,
    headers: HeaderMap,
) -> PageResult {
    let mailbox = find_mailbox(&address, &state, &user).await?;
    let is_fragment = headers.contains_key("hx-request");
    let report = match query.run.is_empty() {
        true => None,
        false => match inspect::dry_run(state.inspector(&user.actor), &mailbox, TIME_LIMIT).await {
            Ok(run) => Some(DryRunReport::new(run, &user)),
            Err(error) if is_fragment => return failure(error, &mailbox, &state, &user),
            Err(error) => return inspect_failed(error, mailbox, &state, &user),
        },
    };
    match report {
        Some(report) if is_fragment => show(&report),
        report => show(&DryRunPage { f: Frame::new(&user.visitor, "mailboxes"), step: "trial", mailbox, report }),
    }
}

#[derive(Template)]
#[template(path = "setup_failure.html")]
struct FailureFragment {
    w: Words,
    error: LastError,
    path: String,
}

fn failure(error: Error, mailbox: &Mailbox, state: &State, user: &SignedIn) -> PageResult {
    let error = LastError::from_poll_error(&server_failure(error, state)?);
    show(&FailureFragment { w: user.visitor.words.clone(), error, path: path(&mailbox.address) })
}

/// Starts the mailbox.
pub async fn begin(FromState(state): FromState<State>, user: SignedIn, Path(address): Path<String>) -> PageResult {
    let mailbox = find_mailbox(&address, &state, &user).await?;
    if matches!(mailbox.login, Login::Password(None)) {
        return redirect(&format!("{}/setup/login", path(&mailbox.address)));
    }
    mailboxes::start(state.acting(&user.actor), &mailbox).await?;
    redirect(&format!("{}?done=started", path(&mailbox.address)))
}
