//! What can go wrong with the store.

use crate::fact::{Conflict, Fact, Resource};
use crate::locale::Language;

/// Why the store could not do it. Never holds a secret or a mail.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database refused or is not there.
    #[error("the database: {0}")]
    Database(#[from] sqlx::Error),
    /// The schema could not be brought up to date.
    #[error("the database's schema: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// The database URL cannot be used.
    #[error("the database URL cannot be used: {0}")]
    Url(String),
    /// Another worker has taken the mailbox over; nothing was written.
    #[error("another worker has taken this mailbox over")]
    LeaseLost,
    /// A thing that was named is not there.
    #[error("{}", .0.words(Language::English))]
    NotFound(Resource),
    /// A change does not go with what is there.
    #[error("{}", .0.words(Language::English))]
    Conflict(Conflict),
    /// A login was given for another server than the mailbox of this address has by now.
    #[error("the server of {0} was changed meanwhile; look at it once more")]
    Moved(String),
    /// The link that it was to be done by was used, taken back or has ended meanwhile; nothing was written.
    #[error("the link no longer works")]
    LinkOver,
    /// A secret could not be sealed.
    #[error(transparent)]
    Vault(#[from] crate::vault::VaultError),
    /// A stored value is none that this version writes.
    #[error("the database holds a value that this version does not know: {0}")]
    Unknown(String),
}

impl StoreError {
    /// Whether the database takes a text not at all: PostgreSQL none with U+0000 (character_not_in_repertoire,
    /// untranslatable_character).
    pub fn is_unstorable_text(&self) -> bool {
        let Self::Database(sqlx::Error::Database(error)) = self else { return false };
        matches!(error.code().as_deref(), Some("22021" | "22P05"))
    }

    /// Turns a violated uniqueness into the conflict that it is.
    pub(super) fn taken(error: sqlx::Error, conflict: impl FnOnce() -> Conflict) -> Self {
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
    /// The error that it is missing.
    pub fn missing(self) -> StoreError {
        StoreError::NotFound(self)
    }
}
