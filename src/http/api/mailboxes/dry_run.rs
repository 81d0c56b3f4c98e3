//! `/mailboxes/{address}/dry-run`: what a poll would import, and into which inboxes.

use std::time::Duration;

use axum::Json;
use axum::extract::State as FromState;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::find_mailbox;
use crate::app::mailboxes::inspect;
use crate::config::Span;
use crate::fact::Fact;
use crate::http::State;
use crate::http::api::auth::Caller;
use crate::http::api::extract::{JsonBody, PathParams};
use crate::http::api::problem::ApiResult;
use crate::http::api::validate::Checks;
use crate::http::page::last_error::LastError;
use crate::locale::Language;
use crate::poll::dry_run::{self as report, Counts, ListedMail, Target};

/// The maximum number of entries in [`DryRun::targets`], which are inboxes, not delivery targets.
const MAX_TARGETS: usize = 100;
/// The maximum number of messages that are listed, in all folders together, because responses that are stored for an
/// `Idempotency-Key` are limited in size.
const MAX_SHOWN: usize = 200;

/// Options of a dry run.
#[derive(Deserialize, ToSchema, Default)]
#[serde(deny_unknown_fields)]
pub struct DryRunRequest {
    /// The time limit, at most 60s [default: 60s].
    #[schema(example = "30s")]
    within: Option<String>,
}

/// The result of a dry run: what a poll would do now.
#[derive(Serialize, ToSchema)]
pub struct DryRun {
    /// The folders in the order in which a poll visits them.
    folders: Vec<DryRunFolder>,
    /// The sums of all folders.
    totals: Counts,
    /// The inboxes that messages would go to, with the reasons; those with the most messages come first.
    targets: Vec<DryRunTotal>,
    /// The number of messages with other inboxes and reasons, which are not listed.
    targets_more: u64,
    /// Whether the dry run stopped early because it reached its limit of time or data.
    partial: bool,
}

/// The expected results of a poll of one folder.
#[derive(Serialize, ToSchema)]
pub struct DryRunFolder {
    /// The folder's name.
    name: String,
    /// Why the folder could not be checked, or only in part.
    problem: Option<DryRunProblem>,
    /// A note on the UID numbering of the folder.
    note: Option<String>,
    /// The folder's messages by their outcome.
    counts: Counts,
    /// The newest messages that a poll would fetch; at most 200 in all folders together.
    shown: Vec<ListedMail>,
    /// The number of further messages that a poll would fetch.
    more: u64,
}

/// Why a folder could not be checked, or only in part.
#[derive(Serialize, ToSchema)]
pub struct DryRunProblem {
    /// The problem, in one sentence.
    problem: String,
    /// How to fix the problem.
    remedy: String,
    /// Technical details.
    detail: String,
}

/// The number of messages that would go to the same inbox for the same reason.
#[derive(Serialize, ToSchema)]
pub struct DryRunTotal {
    /// The inbox and the reason.
    target: Target,
    /// The number of messages.
    mails: u64,
}

/// Run a dry run: find out what a poll would do now.
///
/// Nothing is imported, and nothing is changed in the mailbox. The mailbox may be paused.
#[utoipa::path(post, path = "/mailboxes/{address}/dry-run", tag = "Setting up",
    params(("address" = String, Path, description = "The mailbox's address")), request_body = Option<DryRunRequest>,
    responses((status = 200, description = "The result of the dry run", body = DryRun)))]
pub async fn dry_run(
    FromState(state): FromState<State>,
    caller: Caller,
    PathParams(address): PathParams<String>,
    body: JsonBody,
) -> ApiResult {
    let (_, mailbox) = find_mailbox(&address, &caller, &state).await?;
    let request: DryRunRequest = body.parse_or_default::<Option<DryRunRequest>>()?.unwrap_or_default();
    let mut checks = Checks::default();
    let time = checks.optional("/within", request.within.as_ref(), wait_time);
    checks.finish()?;
    let time = time.unwrap_or(report::TIME_LIMIT);
    let run = inspect::dry_run(state.inspector(&caller.actor), &mailbox, time).await?;
    Ok(Json(DryRun::from(run)).into_response())
}

/// Parses the time limit.
fn wait_time(text: &str) -> Result<Duration, String> {
    let Span(time) = text.parse()?;
    if time <= report::TIME_LIMIT { Ok(time) } else { Err("must be at most 60s".to_owned()) }
}

impl From<report::DryRun> for DryRun {
    fn from(run: report::DryRun) -> Self {
        let (targets, targets_more) = run.targets(MAX_TARGETS);
        let mut room = MAX_SHOWN;
        let folders = run.folders.into_iter().map(|folder| DryRunFolder::from_report(folder, &mut room)).collect();
        let targets = targets.into_iter().map(|(target, mails)| DryRunTotal { target, mails }).collect();
        Self { folders, totals: run.totals, targets, targets_more, partial: run.partial }
    }
}

impl DryRunFolder {
    fn from_report(mut folder: report::FolderDryRun, room: &mut usize) -> Self {
        let omitted = folder.shown.split_off(folder.shown.len().min(*room)).len();
        *room -= folder.shown.len();
        let problem = folder.problem.map(|error| {
            let error = LastError::from_poll_error(&error);
            let (problem, remedy) = (error.sentence(Language::English), error.remedy_in(Language::English));
            DryRunProblem { problem, remedy, detail: error.detail().to_owned() }
        });
        Self {
            name: folder.name,
            problem,
            note: folder.note.map(|note| note.words(Language::English)),
            counts: folder.counts,
            shown: folder.shown,
            more: folder.more + omitted as u64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_limit_is_at_most_a_minute() {
        assert_eq!(wait_time("60s"), Ok(Duration::from_secs(60)));
        for wrong in ["61s", "0s", "", "soon", "1 year", "-1s"] {
            assert!(wait_time(wrong).is_err(), "{wrong}");
        }
    }
}
