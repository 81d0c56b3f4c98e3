//! The audit: who changed what, when.

use serde::Serialize;

use super::{Mailbox, Scope, Store, StoreError, Tx};
use crate::clock::Timestamp;

/// One change.
#[derive(Debug, Clone, Serialize, sqlx::FromRow, utoipa::ToSchema)]
pub struct AuditLine {
    /// Its number, which grows.
    pub id: i64,
    /// When.
    pub at: Timestamp,
    /// Who: a person's name, a token's, or the command line.
    pub who: String,
    /// What was done, such as `mailbox-added`; `locale/` has a sentence for each.
    pub action: String,
    /// To what.
    pub target: String,
    /// What else is worth knowing. Never a secret.
    pub detail: String,
}

/// A change to be written down.
#[derive(Debug, Clone, Copy)]
pub struct Change<'a> {
    /// Who did it.
    pub who: &'a str,
    /// Whose thing it was; `None`: the installation's.
    pub organisation: Option<i64>,
    /// What was done.
    pub action: &'static str,
    /// To what.
    pub target: &'a str,
    /// What else is worth knowing.
    pub detail: &'a str,
}

impl<'a> Change<'a> {
    /// A change of a mailbox.
    pub fn of_mailbox(who: &'a str, mailbox: &'a Mailbox, action: &'static str, detail: &'a str) -> Self {
        let Mailbox { organisation_id, address, .. } = mailbox;
        Self { who, organisation: Some(*organisation_id), action, target: address, detail }
    }
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
        let statement = self.sql(
            r"-- write a change down
            INSERT INTO audit (at, who, organisation_id, action, target, detail)
            VALUES ($1, $2, $3, $4, $5, $6)",
        );
        statement
            .bind(now)
            .bind(change.who)
            .bind(change.organisation)
            .bind(change.action)
            .bind(one_line(change.target))
            .bind(one_line(change.detail))
            .run()
            .await?;
        Ok(())
    }
}

impl Store {
    /// Writes a change down that has been made.
    pub async fn audit(&self, change: Change<'_>, now: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.audit(change, now).await?;
        tx.commit().await
    }

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
            SELECT id, at, who, action, target, detail
            FROM audit
            WHERE ($1 IS NULL OR organisation_id = $1) AND ($2 IS NULL OR id < $2)
            ORDER BY id DESC LIMIT $3",
        );
        Ok(statement.bind(scope.id()).bind(before).bind(limit).all().await?)
    }
}
