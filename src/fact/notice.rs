//! Decisions of a poll that are worth remembering.

use serde::{Deserialize, Serialize, Serializer};

use super::{Fact, Obstacle, Text};
use crate::clock::Timestamp;

/// What a poll has decided or found out besides its mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "notice")]
pub enum Notice {
    /// Mails that the server had left out of an earlier answer; some of their UIDs, as a list.
    FoundLate { folder: String, count: u64, uids: String },
    /// Another UIDVALIDITY than before.
    NumberedAnew { folder: String, before: u32, number: u32, uidnext: u32 },
    /// The same UIDVALIDITY, with other mails under the same UIDs.
    UidsAgain { folder: String },
    /// What is to happen to the copies cannot.
    CopiesStay { why: Obstacle },
    /// The day's limit of mail.
    DayUsedUp {
        bytes: u64,
        #[serde(serialize_with = "as_stored")]
        until: Timestamp,
    },
}

/// In milliseconds, as every time in the database.
fn as_stored<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_i64(at.0)
}

impl Fact for Notice {
    fn text(&self) -> Text {
        match self {
            Self::FoundLate { folder, count, uids } => {
                Text::new("notice-found-late").with("folder", folder).with("count", count).with("uids", uids)
            }
            Self::NumberedAnew { folder, before, number, uidnext } => Text::new("notice-numbered-anew")
                .with("folder", folder)
                .with("before", before)
                .with("number", number)
                .with("uidnext", uidnext),
            Self::UidsAgain { folder } => Text::new("notice-uids-again").with("folder", folder),
            Self::CopiesStay { why } => why.text(),
            Self::DayUsedUp { bytes, until } => {
                Text::new("notice-day-used-up").with("bytes", bytes).with("time", until)
            }
        }
    }
}
