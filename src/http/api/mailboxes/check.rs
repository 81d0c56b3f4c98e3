//! `/mailboxes/{address}/check`: the way to a mailbox, step by step.

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

/// What a check has found.
#[derive(Serialize, ToSchema)]
pub struct Check {
    /// Whether all is well.
    ok: bool,
    /// Whether it came to its end; else the time was up.
    complete: bool,
    /// Its steps, in their order; the first that fails ends it, but for the cause that could be found.
    lines: Vec<CheckStep>,
}

/// One step of a check.
#[derive(Serialize, ToSchema)]
pub struct CheckStep {
    /// Its name.
    #[schema(example = "login")]
    step: &'static str,
    /// Whether it went well.
    ok: bool,
    /// What was found, or what is wrong.
    detail: String,
    /// What mends it.
    remedy: Option<String>,
}

impl From<CheckLine> for CheckStep {
    fn from(line: CheckLine) -> Self {
        let CheckLine { step, ok, detail, remedy, cause: _, found: _ } = line;
        Self { step, ok, detail, remedy }
    }
}

/// Walks the way to a mailbox, from the name of its server to its folders, for 90 seconds at most, and finds the cause of what
/// fails. Nothing is changed. That a step fails is what was asked for, and no problem of the request.
#[utoipa::path(post, path = "/mailboxes/{address}/check", tag = "Setting up",
    params(("address" = String, Path, description = "The mailbox's address")),
    responses((status = 200, description = "What was found", body = Check)))]
pub async fn check(
    FromState(state): FromState<State>,
    caller: Caller,
    PathParams(address): PathParams<String>,
) -> ApiResult {
    let (_, mailbox) = find_mailbox(&address, &caller, &state).await?;
    let request = CheckOptions { as_polled: false, tell: |_: &CheckLine| {} };
    let mut checked = inspect::check(state.inspector(&caller.actor), &mailbox, request).await?;
    let trouble = checked.trouble.map(|trouble| CheckLine::diagnosis(&trouble.on_page(), Language::English));
    checked.lines.extend(trouble);
    let ok = checked.complete && checked.lines.iter().all(|line| line.ok);
    let lines = checked.lines.into_iter().map(CheckStep::from).collect();
    Ok(Json(Check { ok, complete: checked.complete, lines }).into_response())
}
