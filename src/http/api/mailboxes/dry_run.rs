//! `/mailboxes/{address}/dry-run`: what a poll would import, and where it would go.

use std::time::Duration;

use axum::Json;
use axum::extract::State as FromState;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::seen;
use crate::app::mailboxes::inspect;
use crate::config::Span;
use crate::fact::Fact;
use crate::http::State;
use crate::http::api::auth::Caller;
use crate::http::api::extract::{Given, InPath};
use crate::http::api::problem::Answer;
use crate::http::api::validate::Checks;
use crate::http::page::last_error::LastError;
use crate::locale::Language;
use crate::poll::dry_run::{self as report, Counts, Line, Target};

/// So many targets are named.
const MOST_TARGETS: usize = 100;
/// So many mails are shown, of all folders together: an answer that is kept for its `Idempotency-Key` has its limit.
const MOST_SHOWN: usize = 200;

/// How it is done.
#[derive(Deserialize, ToSchema, Default)]
#[serde(deny_unknown_fields)]
pub struct DryRunRequest {
    /// How long it may take, 60s at most [default: 60s].
    #[schema(example = "30s")]
    within: Option<String>,
}

/// What a poll would do now.
#[derive(Serialize, ToSchema)]
pub struct DryRun {
    /// The folders in the order of a poll.
    folders: Vec<DryRunFolder>,
    /// All of them together.
    totals: Counts,
    /// Where all that would be imported would go, and why, the most first.
    targets: Vec<DryRunTotal>,
    /// So many mails go by further evidence, which is not named.
    targets_more: u64,
    /// The time was up, or enough was read, before all was looked at.
    partial: bool,
}

/// What a poll would do with one folder.
#[derive(Serialize, ToSchema)]
pub struct DryRunFolder {
    /// Its name.
    name: String,
    /// Why it could not be looked at, or not to its end.
    problem: Option<DryRunProblem>,
    /// What there is to say of its numbers.
    note: Option<String>,
    /// Its mails by what would become of them.
    counts: Counts,
    /// The newest mails that a poll would ask for; at most 200 in all folders together.
    shown: Vec<Line>,
    /// So many more it would ask for.
    more: u64,
}

/// Why a folder could not be looked at.
#[derive(Serialize, ToSchema)]
pub struct DryRunProblem {
    /// What is wrong.
    problem: String,
    /// What mends it.
    remedy: String,
    /// The program's and the server's own words.
    detail: String,
}

/// How many mails would go somewhere by the same evidence.
#[derive(Serialize, ToSchema)]
pub struct DryRunTotal {
    /// Where, and why.
    target: Target,
    /// So many.
    mails: u64,
}

/// Tells what a poll would do now. Nothing is imported, and nothing changed anywhere. The mailbox may be paused.
#[utoipa::path(post, path = "/mailboxes/{address}/dry-run", tag = "Setting up",
    params(("address" = String, Path, description = "The mailbox's address")), request_body = Option<DryRunRequest>,
    responses((status = 200, description = "What it would do", body = DryRun)))]
pub async fn dry_run(
    FromState(state): FromState<State>,
    caller: Caller,
    InPath(address): InPath<String>,
    given: Given,
) -> Answer {
    let (_, mailbox) = seen(&address, &caller, &state).await?;
    let wish: DryRunRequest = given.json_or_nothing::<Option<DryRunRequest>>()?.unwrap_or_default();
    let mut checks = Checks::default();
    let time = checks.perhaps("/within", wish.within.as_ref(), time);
    checks.done()?;
    let time = time.unwrap_or(report::TIME_LIMIT);
    let run = inspect::dry_run(state.inspector(&caller.actor), &mailbox, time).await?;
    Ok(Json(DryRun::from(run)).into_response())
}

/// A time that somebody waits.
fn time(text: &str) -> Result<Duration, String> {
    let Span(time) = text.parse()?;
    if time <= report::TIME_LIMIT { Ok(time) } else { Err("60s at most".to_owned()) }
}

impl From<report::DryRun> for DryRun {
    fn from(run: report::DryRun) -> Self {
        let (targets, targets_more) = run.targets(MOST_TARGETS);
        let mut room = MOST_SHOWN;
        let folders = run.folders.into_iter().map(|folder| DryRunFolder::of(folder, &mut room)).collect();
        let targets = targets.into_iter().map(|(target, mails)| DryRunTotal { target, mails }).collect();
        Self { folders, totals: run.totals, targets, targets_more, partial: run.partial }
    }
}

impl DryRunFolder {
    fn of(mut folder: report::FolderDryRun, room: &mut usize) -> Self {
        let left_out = folder.shown.split_off(folder.shown.len().min(*room)).len();
        *room -= folder.shown.len();
        let problem = folder.problem.map(|error| {
            let error = LastError::of(&error);
            let (problem, remedy) = (error.sentence(Language::English), error.remedy_in(Language::English));
            DryRunProblem { problem, remedy, detail: error.detail().to_owned() }
        });
        Self {
            name: folder.name,
            problem,
            note: folder.note.map(|note| note.words(Language::English)),
            counts: folder.counts,
            shown: folder.shown,
            more: folder.more + left_out as u64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_has_it_look_for_longer_than_a_minute() {
        assert_eq!(time("60s"), Ok(Duration::from_secs(60)));
        for wrong in ["61s", "0s", "", "soon", "1 year", "-1s"] {
            assert!(time(wrong).is_err(), "{wrong}");
        }
    }
}
