//! `/audit`: the audit log.

use axum::Json;
use axum::extract::State as FromState;
use axum::response::IntoResponse;
use serde::Serialize;
use utoipa::ToSchema;

use super::cursor::{Page, Paging};
use super::inboxes::ListQuery;
use super::problem::ApiResult;
use crate::clock::Timestamp;
use crate::http::State;
use crate::http::api::auth::Caller;
use crate::http::api::extract::QueryParams;
use crate::locale::Language;
use crate::store::AuditLine as Stored;

/// One change in the audit log.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AuditLine {
    /// The entry's number. Later entries have higher numbers.
    id: i64,
    /// When the change was made.
    at: Timestamp,
    /// The actor: a user's name, a token's name, or the command line.
    who: String,
    /// The action, for example `mailbox-added`.
    action: String,
    /// The object that was changed.
    target: String,
    /// Further details. Never contains a secret.
    detail: String,
}

impl From<Stored> for AuditLine {
    fn from(line: Stored) -> Self {
        let detail = line.detail(Language::English);
        Self { id: line.id, at: line.at, who: line.who, action: line.action, target: line.target, detail }
    }
}

/// List the audit log, newest first.
#[utoipa::path(get, path = "/audit", tag = "Audit", params(ListQuery),
    responses((status = 200, description = "A page of changes", body = Page<AuditLine>)))]
pub async fn list(
    FromState(state): FromState<State>,
    caller: Caller,
    QueryParams(query): QueryParams<ListQuery>,
) -> ApiResult {
    let paging = Paging::<i64>::parse("audit", query.limit, query.after.as_deref())?;
    let found = state.deps.store.audit_lines(caller.scope(), paging.after, paging.fetch_limit()).await?;
    let page = Page::from_items("audit", found, paging.limit, |line| line.id);
    Ok(Json(page.map(AuditLine::from)).into_response())
}
