//! The last step: the dry run, and the start.

use std::time::Duration;

use askama::Template;
use axum::extract::{Path, Query, State as FromState};
use axum::http::HeaderMap;
use serde::Deserialize;

use super::folders::failed;
use crate::http::State;
use crate::http::fault::{Answer, go, show};
use crate::http::last_error::LastError;
use crate::http::pages::mailbox::{path, seen};
use crate::http::reader::{Frame, Who};
use crate::http::words::Words;
use crate::poll::dry_run::{DryRun, Verdict, dry_run};
use crate::store::{Login, Mailbox};

/// Somebody waits.
const WITHIN: Duration = Duration::from_secs(60);

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
    targets: Vec<(String, String, usize)>,
}

impl Told {
    fn of(run: DryRun, who: &Who) -> Self {
        let of_folder = |folder: &crate::poll::dry_run::FolderDryRun| {
            let error = LastError::of(folder.problem.as_ref()?).for_reader(who);
            Some((folder.name.clone(), error))
        };
        let problems = run.folders.iter().filter_map(of_folder).collect();
        // Where the mails would go, and why, the most first.
        let mut targets: Vec<(String, String, usize)> = Vec::new();
        let lines = run.folders.iter().flat_map(|folder| &folder.shown).filter(|line| line.verdict == Verdict::Import);
        for target in lines.flat_map(|line| &line.inboxes) {
            match targets.iter_mut().find(|(inbox, why, _)| *inbox == target.inbox && *why == target.why) {
                Some((_, _, count)) => *count += 1,
                None => targets.push((target.inbox.clone(), target.why.clone(), 1)),
            }
        }
        targets.sort_by_key(|(_, _, count)| std::cmp::Reverse(*count));
        targets.truncate(20);
        Self { w: who.reader.words.clone(), run, problems, targets }
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
    who: Who,
    Path(address): Path<String>,
    Query(run): Query<Run>,
    headers: HeaderMap,
) -> Answer {
    let mut mailbox = seen(&address, &state, &who).await?;
    let is_fragment = headers.contains_key("hx-request");
    if mailbox.setup {
        mailbox.added_at = who.reader.words.now; // as it will be if it is started now
    }
    let told = match run.run.is_empty() {
        true => None,
        false => match dry_run(&mailbox, &state.deps, WITHIN).await {
            Ok(run) => Some(Told::of(run, &who)),
            Err(error) if is_fragment => return failure(&error, &mailbox, &who),
            Err(error) => return failed(&error, mailbox, &state, &who),
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

fn failure(error: &crate::poll::PollError, mailbox: &Mailbox, who: &Who) -> Answer {
    let error = LastError::of(error).for_reader(who);
    show(&Failure { w: who.reader.words.clone(), error, path: path(&mailbox.address) })
}

/// Starts it.
pub async fn begin(FromState(state): FromState<State>, who: Who, Path(address): Path<String>) -> Answer {
    let mailbox = seen(&address, &state, &who).await?;
    if matches!(mailbox.login, Login::Password(None)) {
        return go(&format!("{}/setup/login", path(&mailbox.address)));
    }
    let (store, now) = (&state.deps.store, state.deps.clock.now());
    store.start_mailbox(mailbox.id, now).await?;
    store.audit(who.change(Some(mailbox.organisation_id), "mailbox-started", &mailbox.address, ""), now).await?;
    go(&format!("{}?done=started", path(&mailbox.address)))
}
