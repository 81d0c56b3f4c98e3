//! `/mailboxes/{address}/check`: checks the connection to a mailbox, step by step.

use axum::Json;
use axum::extract::State as FromState;
use axum::response::IntoResponse;
use serde::Serialize;
use utoipa::ToSchema;

use super::find_mailbox;
use crate::app::mailboxes::inspect::{self, CheckOptions};
use crate::http::State;
use crate::http::api::auth::Caller;
use crate::http::api::extract::PathParams;
use crate::http::api::problem::ApiResult;
use crate::locale::Language;
use crate::poll::check::CheckLine;

/// The result of a check.
#[derive(Serialize, ToSchema)]
pub struct Check {
    /// Whether every step succeeded.
    ok: bool,
    /// Whether the check was completed within its time limit.
    complete: bool,
    /// The steps, in order. The check stops at the first step that fails; if the cause is known, a last step `diagnosis`
    /// names it.
    #[serde(rename = "lines")]
    steps: Vec<CheckStep>,
}

/// One step of a check.
#[derive(Serialize, ToSchema)]
pub struct CheckStep {
    /// The name of the step.
    #[schema(example = "login")]
    step: &'static str,
    /// Whether the step succeeded.
    ok: bool,
    /// The finding of the step, or the problem.
    detail: String,
    /// How to fix the problem.
    remedy: Option<String>,
}

impl From<CheckLine> for CheckStep {
    fn from(line: CheckLine) -> Self {
        let CheckLine { step, ok, detail, remedy, cause: _, finding: _ } = line;
        Self { step, ok, detail, remedy }
    }
}

/// Check the connection to a mailbox.
///
/// Tries each step, from resolving the server's name to listing the folders, for at most 90 seconds, and diagnoses a
/// failure. Nothing is changed. A failing step is a result of the check, not an error of the request.
#[utoipa::path(post, path = "/mailboxes/{address}/check", tag = "Setting up",
    params(("address" = String, Path, description = "The mailbox's address")),
    responses((status = 200, description = "The result of the check", body = Check)))]
pub async fn check(
    FromState(state): FromState<State>,
    caller: Caller,
    PathParams(address): PathParams<String>,
) -> ApiResult {
    let (_, mailbox) = find_mailbox(&address, &caller, &state).await?;
    let options = CheckOptions { as_polled: false, on_step: |_: &CheckLine| {} };
    let mut checked = inspect::check(state.inspector(&caller.actor), &mailbox, options).await?;
    let trouble = checked.trouble.map(|trouble| CheckLine::diagnosis(&trouble.on_page(), Language::English));
    checked.steps.extend(trouble);
    let ok = checked.complete && checked.steps.iter().all(|step| step.ok);
    let steps = checked.steps.into_iter().map(CheckStep::from).collect();
    Ok(Json(Check { ok, complete: checked.complete, steps }).into_response())
}
