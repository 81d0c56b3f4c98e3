//! Why a UID in the ledger has no message.

use serde::{Deserialize, Serialize};

use super::{Fact, Text, to_json};
use crate::locale::Language;

/// Why a UID in the ledger has no message of its own.
///
/// A renamed variant keeps its stored name, so that stored facts can still be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "reason")]
pub enum Reason {
    /// The mail is larger than the limit.
    TooLarge { size: u64, limit: u64 },
    /// The mail is older than the start.
    BeforeStart,
    /// A person skipped the mail.
    ByHand,
    /// The server no longer lists the mail.
    Gone,
    /// The same mail is already in the inbox.
    SameMail,
    /// One of our own effects put the mail here.
    Returned,
    /// The fetch failed, and will be retried.
    Missing { why: FetchFailure },
    /// The fetch failed too many times, so the mail is quarantined.
    #[serde(rename = "asked-often")]
    TooManyAttempts { why: FetchFailure, times: i64 },
}

/// Why the fetch of a mail, or of its header in a dry run, failed.
///
/// A renamed variant keeps its stored name, so that stored facts can still be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "missing")]
pub enum FetchFailure {
    /// Exchange returned a substitute instead of the mail.
    Substitute,
    /// The server lists the mail but does not return it.
    NotGiven,
    /// The answer has no body.
    NoBody,
    /// The body is empty, although the mail should have a body.
    EmptyBody,
    /// The body is empty, although the server reports a size above zero.
    EmptyDespiteSize,
    /// The parts that were fetched belong to different mails.
    OtherBytes,
    /// The server returned a different part from the one requested.
    WrongPart { part: String },
    /// The server refused the fetch, with this text.
    Refused { words: String },
    /// The connection broke during the fetch, with this text.
    BrokenOff { words: String },
    /// Earlier polls failed to fetch the mail; a dry run does not try again.
    #[serde(rename = "in-vain")]
    FailedBefore { times: i64 },
    /// The server lists the mail but does not return its header.
    HeaderNotGiven,
    /// The header belongs to another mail.
    OtherMail,
    /// The answer has no header.
    NoHeader,
    /// The header is empty.
    EmptyHeader,
    /// The server refused to return the headers of several mails in a row.
    HeadersRefused,
}

impl Reason {
    /// The text that is stored in the ledger. Equal reasons have equal texts, so SQL can compare them.
    pub fn stored(&self) -> String {
        to_json(self)
    }
}

impl Fact for Reason {
    fn text(&self) -> Text {
        match self {
            Self::TooLarge { size, limit } => Text::new("reason-too-large").with("size", size).with("limit", limit),
            Self::BeforeStart => Text::new("reason-before-start"),
            Self::ByHand => Text::new("reason-by-hand"),
            Self::Gone => Text::new("reason-gone"),
            Self::SameMail => Text::new("reason-same-mail"),
            Self::Returned => Text::new("reason-returned"),
            Self::Missing { why } => why.text(),
            Self::TooManyAttempts { times, .. } => {
                Text::new("reason-too-many-attempts").with("count", times).with("why", "")
            }
        }
    }

    fn words(&self, language: Language) -> String {
        match self {
            // The failure is also a fact, and is worded in the same language.
            Self::TooManyAttempts { why, .. } => self.text().with("why", why.words(language)).words(language),
            _ => self.text().words(language),
        }
    }

    fn on_page(&self, language: Language) -> String {
        match self {
            Self::TooManyAttempts { why, .. } if why.has_details() => self.words(language),
            Self::TooManyAttempts { why, .. } => why.on_page(language),
            _ => self.text().on_page(language),
        }
    }
}

impl FetchFailure {
    /// Whether the failure has details that a page shows, together with the number of attempts.
    fn has_details(&self) -> bool {
        matches!(self, Self::OtherBytes | Self::WrongPart { .. } | Self::Refused { .. })
    }
}

impl Fact for FetchFailure {
    fn text(&self) -> Text {
        match self {
            Self::Substitute => Text::new("reason-substitute"),
            Self::NotGiven => Text::new("reason-not-returned"),
            Self::NoBody => Text::new("reason-no-body"),
            Self::EmptyBody => Text::new("reason-empty-body"),
            Self::EmptyDespiteSize => Text::new("reason-empty-despite-size"),
            Self::OtherBytes => Text::new("reason-other-bytes"),
            Self::WrongPart { part } => Text::new("reason-wrong-part").with("part", part),
            Self::Refused { words } => Text::new("reason-refused").with("words", words),
            Self::BrokenOff { words } => Text::new("reason-interrupted").with("words", words),
            Self::FailedBefore { times } => Text::new("reason-failed-before").with("count", times),
            Self::HeaderNotGiven => Text::new("reason-header-not-returned"),
            Self::OtherMail => Text::new("reason-other-mail"),
            Self::NoHeader => Text::new("reason-no-header"),
            Self::EmptyHeader => Text::new("reason-empty-header"),
            Self::HeadersRefused => Text::new("reason-headers-refused"),
        }
    }
}
