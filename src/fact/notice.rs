//! Decisions and discoveries that are stored in the record of a poll.

use serde::{Deserialize, Serialize, Serializer};

use super::{Fact, Obstacle, Text};
use crate::clock::Timestamp;

/// A decision or a discovery that the record of a poll has in addition to the counts of mails.
///
/// A renamed variant keeps its stored name, so that stored facts can still be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "notice")]
pub enum Notice {
    /// The server listed mails that an earlier answer had left out. `uids` names some of them.
    FoundLate { folder: String, count: u64, uids: String },
    /// UIDVALIDITY has changed, so the mails have new UIDs.
    #[serde(rename = "numbered-anew")]
    Renumbered { folder: String, before: u32, number: u32, uidnext: u32 },
    /// The server has reused UIDs: under the same UIDVALIDITY they now name other mails.
    #[serde(rename = "uids-again")]
    UidsReused { folder: String },
    /// The effect on the customer's copies is not possible.
    #[serde(rename = "copies-stay")]
    EffectsImpossible { why: Obstacle },
    /// The daily limit of mail is used up.
    #[serde(rename = "day-used-up")]
    DailyLimitReached {
        bytes: u64,
        #[serde(serialize_with = "as_stored")]
        until: Timestamp,
    },
}

/// Serialises a time in milliseconds, like every time in the database.
fn as_stored<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_i64(at.0)
}

impl Fact for Notice {
    fn text(&self) -> Text {
        match self {
            Self::FoundLate { folder, count, uids } => {
                Text::new("notice-found-late").with("folder", folder).with("count", count).with("uids", uids)
            }
            Self::Renumbered { folder, before, number, uidnext } => Text::new("notice-renumbered")
                .with("folder", folder)
                .with("before", before)
                .with("number", number)
                .with("uidnext", uidnext),
            Self::UidsReused { folder } => Text::new("notice-uids-reused").with("folder", folder),
            Self::EffectsImpossible { why } => why.text(),
            Self::DailyLimitReached { bytes, until } => {
                Text::new("notice-daily-limit").with("bytes", bytes).with("time", until)
            }
        }
    }
}
