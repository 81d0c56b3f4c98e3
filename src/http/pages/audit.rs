//! The audit log.

use askama::Template;
use axum::extract::{Query, State as FromState};
use serde::Deserialize;

use crate::fact::AuditEvent;
use crate::http::State;
use crate::http::page::answer::{PageResult, show};
use crate::http::page::frame::Frame;
use crate::http::page::visitor::SignedIn;
use crate::locale;
use crate::store::AuditLine;

/// Lines on one page.
const PAGE_SIZE: i64 = 100;

#[derive(Template)]
#[template(path = "audit.html")]
struct AuditPage {
    f: Frame,
    lines: Vec<AuditLine>,
    older: Option<i64>,
}

impl AuditPage {
    /// The action, in words.
    fn action(&self, line: &AuditLine) -> String {
        let name = format!("audit-{}", line.action);
        match locale::has(&name) {
            true => self.f.w.t(&name),
            false => line.action.clone(),
        }
    }

    /// The details, in words.
    fn detail(&self, line: &AuditLine) -> String {
        match line.done() {
            Some(AuditEvent::TokenCreated { scope }) => self.f.w.tt("token-scope-", &scope),
            _ => line.detail(self.f.w.language),
        }
    }

    /// The target of the change, in words. For an invitation, the target is the role.
    fn target(&self, line: &AuditLine) -> String {
        let name = format!("role-{}", line.target);
        match line.action.contains("invit") && locale::has(&name) {
            true => self.f.w.t(&name),
            false => line.target.clone(),
        }
    }
}

#[derive(Deserialize)]
pub struct AuditQuery {
    /// Only lines with a lower number than this are shown.
    #[serde(default)]
    before: Option<i64>,
}

/// Shows the audit log.
pub async fn page(FromState(state): FromState<State>, user: SignedIn, Query(query): Query<AuditQuery>) -> PageResult {
    let lines = state.deps.store.audit_lines(user.scope(), query.before, PAGE_SIZE).await?;
    let is_full = i64::try_from(lines.len()).is_ok_and(|count| count == PAGE_SIZE);
    let older = lines.last().filter(|_| is_full).map(|line| line.id);
    show(&AuditPage { f: Frame::new(&user.visitor, "audit"), lines, older })
}
