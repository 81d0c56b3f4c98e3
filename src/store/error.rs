//! Errors of the store.

use crate::fact::{Conflict, Fact, Resource};
use crate::locale::Language;

/// An error of the store. It never contains a secret or mail content.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database refused a statement or is unreachable.
    #[error("the database: {0}")]
    Database(#[from] sqlx::Error),
    #[error("the database's schema: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    #[error("the database URL cannot be used: {0}")]
    Url(String),
    /// The lease of the mailbox or lane is no longer held: another worker has it, or a change has revoked it. Nothing was
    /// written.
    #[error("another worker has taken this mailbox over")]
    LeaseLost,
    #[error("{}", .0.words(Language::English))]
    NotFound(Resource),
    /// A change conflicts with the current state.
    #[error("{}", .0.words(Language::English))]
    Conflict(Conflict),
    /// The login was given for a server that the mailbox (named by its address) no longer has.
    #[error("the server of {0} was changed in the meantime; check it again")]
    ServerChanged(String),
    /// The link that authorised the change has been used or revoked, or has expired; nothing was written.
    #[error("the link no longer works")]
    LinkInvalid,
    #[error(transparent)]
    Vault(#[from] crate::vault::VaultError),
    /// The database contains a value that this version does not know.
    #[error("the database holds a value that this version does not know: {0}")]
    Unknown(String),
}

impl StoreError {
    /// Whether the error means that the database cannot store a text: PostgreSQL rejects U+0000
    /// (character_not_in_repertoire, untranslatable_character).
    pub fn is_unstorable_text(&self) -> bool {
        let Self::Database(sqlx::Error::Database(error)) = self else { return false };
        matches!(error.code().as_deref(), Some("22021" | "22P05"))
    }

    /// Turns a violation of a unique constraint into a conflict.
    pub(super) fn on_unique_violation(error: sqlx::Error, conflict: impl FnOnce() -> Conflict) -> Self {
        match &error {
            sqlx::Error::Database(inner) if inner.is_unique_violation() => Self::Conflict(conflict()),
            _ => Self::Database(error),
        }
    }
}

impl From<Conflict> for StoreError {
    fn from(conflict: Conflict) -> Self {
        Self::Conflict(conflict)
    }
}

impl Resource {
    /// The error that this resource is missing.
    pub fn missing(self) -> StoreError {
        StoreError::NotFound(self)
    }
}
