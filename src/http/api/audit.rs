//! `/audit`: who changed what, and when.

use axum::Json;
use axum::extract::State as FromState;
use axum::response::IntoResponse;

use super::body::Asked;
use super::caller::Caller;
use super::cursor::{Page, Paging};
use super::inboxes::ListQuery;
use super::problem::Answer;
use crate::http::State;
use crate::store::AuditLine;

/// The changes, newest first.
#[utoipa::path(get, path = "/audit", tag = "Audit", params(ListQuery),
    responses((status = 200, description = "A page of changes", body = Page<AuditLine>)))]
pub async fn list(FromState(state): FromState<State>, caller: Caller, Asked(asked): Asked<ListQuery>) -> Answer {
    let paging = Paging::<i64>::of("audit", asked.limit, asked.after.as_deref())?;
    let found = state.deps.store.audit_lines(caller.scope(), paging.after, paging.with_one_more()).await?;
    Ok(Json(Page::of("audit", found, paging.limit, |line| line.id)).into_response())
}
