//! The audit: who changed what, when.

use super::{Scope, Store, StoreError, Tx};
use crate::clock::Timestamp;
use crate::fact::AuditEvent;
use crate::locale::Language;

/// One change.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct AuditLine {
    /// Its number, which grows.
    pub id: i64,
    /// When.
    pub at: Timestamp,
    /// Who: a person's name, a token's, the command line, or a connect link.
    pub who: String,
    /// The name of what was done, such as `mailbox-added`.
    pub action: String,
    /// To what.
    pub target: String,
    /// What else is worth knowing, as a version before this one wrote it; empty otherwise.
    detail: String,
    /// What was done, as JSON; `None`: a version before this one wrote the line.
    done: Option<String>,
}

impl AuditLine {
    /// What else is worth knowing, in words; empty: nothing. A line of an earlier version is shown as it stands.
    pub fn detail(&self, language: Language) -> String {
        self.done().map_or_else(|| self.detail.clone(), |done| done.detail(language))
    }

    /// What was done; `None`: an earlier version wrote the line.
    pub fn done(&self) -> Option<AuditEvent> {
        self.done.as_deref().and_then(|json| serde_json::from_str(json).ok())
    }
}

/// A change to be written down.
#[derive(Debug, Clone, Copy)]
pub struct Change<'a> {
    /// Who makes it.
    pub who: &'a str,
    /// Whose thing it is; `None`: the installation's.
    pub organisation: Option<i64>,
    /// What is done.
    pub done: &'a AuditEvent,
    /// To what.
    pub target: &'a str,
}

/// What somebody gave, on one line and no longer than people read.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST).collect()
}

/// In characters.
const LONGEST: usize = 500;

impl Tx<'_> {
    /// Writes a change down, in the transaction that makes it.
    pub async fn audit(&mut self, change: Change<'_>, now: Timestamp) -> Result<(), StoreError> {
        let done = serde_json::to_string(change.done).map_err(|error| StoreError::Unknown(error.to_string()))?;
        let statement = self.sql(
            r"-- write a change down
            INSERT INTO audit (at, who, organisation_id, action, target, detail, done)
            VALUES ($1, $2, $3, $4, $5, '', $6)",
        );
        let statement = statement.bind(now).bind(change.who).bind(change.organisation).bind(change.done.id());
        statement.bind(one_line(change.target)).bind(done).run().await?;
        Ok(())
    }
}

impl Store {
    /// The changes before one (the newest, if it is `None`), newest first.
    pub async fn audit_lines(
        &self,
        scope: Scope,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<AuditLine>, StoreError> {
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- newest changes
            SELECT id, at, who, action, target, detail, done
            FROM audit
            WHERE ($1 IS NULL OR organisation_id = $1) AND ($2 IS NULL OR id < $2)
            ORDER BY id DESC LIMIT $3",
        );
        Ok(statement.bind(scope.id()).bind(before).bind(limit).all().await?)
    }
}
