//! The settings of a mailbox: which mail is imported, how often, and the effect on the customer's copy.

use super::{AfterImport, Start};
use crate::fact::MailboxPart;

#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Settings {
    /// The folders that are polled.
    #[sqlx(skip)]
    pub folders: Vec<String>,
    /// The date from which mail is imported.
    #[sqlx(try_from = "String")]
    pub start: Start,
    /// The effect on the customer's copy.
    #[sqlx(try_from = "String")]
    pub after_import: AfterImport,
    /// Time between two polls, in milliseconds.
    pub interval_ms: i64,
    /// The maximum size of a mail; larger mail is quarantined.
    #[sqlx(try_from = "i64")]
    pub max_size: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            folders: vec!["INBOX".to_owned()],
            start: Start::Now,
            after_import: AfterImport::Leave,
            interval_ms: 60_000,
            max_size: 50_000_000,
        }
    }
}

/// Changes to settings; `None` keeps a value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SettingsChange {
    pub folders: Option<Vec<String>>,
    pub start: Option<Start>,
    pub after_import: Option<AfterImport>,
    pub interval_ms: Option<i64>,
    pub max_size: Option<u64>,
}

impl SettingsChange {
    /// Whether every setting keeps its value.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The settings with the changes applied.
    pub fn apply_to(&self, before: &Settings) -> Settings {
        Settings {
            folders: self.folders.clone().unwrap_or_else(|| before.folders.clone()),
            start: self.start.unwrap_or(before.start),
            after_import: self.after_import.clone().unwrap_or_else(|| before.after_import.clone()),
            interval_ms: self.interval_ms.unwrap_or(before.interval_ms),
            max_size: self.max_size.unwrap_or(before.max_size),
        }
    }
}

impl Settings {
    /// Lists the settings whose values differ.
    pub fn differences(&self, other: &Self) -> Vec<MailboxPart> {
        let parts = [
            (MailboxPart::Folders, self.folders != other.folders),
            (MailboxPart::Start, self.start != other.start),
            (MailboxPart::AfterImport, self.after_import != other.after_import),
            (MailboxPart::Interval, self.interval_ms != other.interval_ms),
            (MailboxPart::MaxSize, self.max_size != other.max_size),
        ];
        parts.into_iter().filter_map(|(part, is_other)| is_other.then_some(part)).collect()
    }
}
