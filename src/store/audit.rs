//! The audit log: who changed what, and when.

use super::{Scope, Store, StoreError, Tx};
use crate::clock::Timestamp;
use crate::fact::AuditEvent;
use crate::locale::Language;

/// A line of the audit log.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct AuditLine {
    /// The number of the line; later lines have higher numbers.
    pub id: i64,
    pub at: Timestamp,
    /// The actor: a person's name, a token's name, the command line, or a connect link.
    pub who: String,
    /// The id of the action, such as `mailbox-added`.
    pub action: String,
    /// The object that was changed, such as a mailbox.
    pub target: String,
    /// The details as a sentence, if an earlier version of the program wrote the line; otherwise empty.
    detail: String,
    /// The action with its arguments, as JSON; `None` if an earlier version wrote the line.
    done: Option<String>,
}

impl AuditLine {
    /// The details in words; empty if there are none. The text of a line that an earlier version wrote is returned
    /// unchanged.
    pub fn detail(&self, language: Language) -> String {
        self.done().map_or_else(|| self.detail.clone(), |done| done.detail(language))
    }

    /// The action with its arguments; `None` if an earlier version wrote the line, or if this version does not know the
    /// action.
    pub fn done(&self) -> Option<AuditEvent> {
        self.done.as_deref().and_then(|json| serde_json::from_str(json).ok())
    }
}

/// A change that is to be recorded in the audit log.
#[derive(Debug, Clone, Copy)]
pub struct Change<'a> {
    /// The name of the actor.
    pub who: &'a str,
    /// The organisation that the changed object belongs to; `None` if the change concerns the installation.
    pub organisation: Option<i64>,
    pub done: &'a AuditEvent,
    /// The object that is changed.
    pub target: &'a str,
}

/// A text that a person may have entered, on one line and cut to [`MAX_LENGTH`].
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_LENGTH).collect()
}

/// Maximum length of the target in a line of the audit log, in characters.
const MAX_LENGTH: usize = 500;

impl Tx<'_> {
    /// Records a change in the audit log, in the transaction that makes the change.
    pub async fn audit(&mut self, change: Change<'_>, now: Timestamp) -> Result<(), StoreError> {
        let done = serde_json::to_string(change.done).map_err(|error| StoreError::Unknown(error.to_string()))?;
        let statement = self.sql(
            r"-- record a change
            INSERT INTO audit (at, who, organisation_id, action, target, detail, done)
            VALUES ($1, $2, $3, $4, $5, '', $6)",
        );
        let statement = statement.bind(now).bind(change.who).bind(change.organisation).bind(change.done.id());
        statement.bind(one_line(change.target)).bind(done).run().await?;
        Ok(())
    }
}

impl Store {
    /// A page of the audit log, newest first: the lines with a lower number than `before`.
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
