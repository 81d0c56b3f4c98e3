//! Why a mail is in no inbox, as the ledger keeps it.

use serde::{Deserialize, Serialize};

use super::{Fact, Text, to_json};
use crate::locale::Language;

/// Why the ledger has no message for a UID, or not a new one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "reason")]
pub enum Reason {
    /// Larger than allowed.
    TooLarge { size: u64, limit: u64 },
    /// Older than the start.
    BeforeStart,
    /// A person has given up on it.
    ByHand,
    /// The server no longer lists it.
    Gone,
    /// The same mail is in the inbox already.
    SameMail,
    /// Our own effect has put it here.
    Returned,
    /// It did not come, and is asked for again.
    Missing { why: Missing },
    /// It did not come, so often that it is put aside.
    AskedOften { why: Missing, times: i64 },
}

/// Why a mail did not come, or its header.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "missing")]
pub enum Missing {
    /// Exchange's substitute came in its place.
    Substitute,
    /// Listed, and not given.
    NotGiven,
    /// An answer without a body.
    NoBody,
    /// An empty body, where there should be one.
    EmptyBody,
    /// An empty body, of a mail that has a size.
    EmptyDespiteSize,
    /// Its parts are those of two mails.
    OtherBytes,
    /// Another part than the one that was asked for.
    WrongPart { part: String },
    /// The server has refused it, in these words.
    Refused { words: String },
    /// The connection broke while it came, with these words.
    BrokenOff { words: String },
    /// It was asked for in vain before; a dry run asks for it no more.
    InVain { times: i64 },
    /// Listed, and its header is not given.
    HeaderNotGiven,
    /// The header of another mail.
    OtherMail,
    /// An answer without a header.
    NoHeader,
    /// An empty header.
    EmptyHeader,
    /// The server refuses one header after another.
    HeadersRefused,
}

impl Reason {
    /// As the ledger keeps it: one fact, one text, so that statements can compare it.
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
            Self::AskedOften { times, .. } => Text::new("reason-asked-often").with("count", times).with("why", ""),
        }
    }

    fn words(&self, language: Language) -> String {
        match self {
            // Why it did not come is a fact of its own, in the same language.
            Self::AskedOften { why, .. } => self.text().with("why", why.words(language)).words(language),
            _ => self.text().words(language),
        }
    }

    fn on_page(&self, language: Language) -> String {
        match self {
            Self::AskedOften { why, .. } if why.is_in_the_servers_words() => self.words(language),
            Self::AskedOften { why, .. } => why.on_page(language),
            _ => self.text().on_page(language),
        }
    }
}

impl Missing {
    /// Whether a page tells it as a terminal does, and how often it was asked for behind it.
    fn is_in_the_servers_words(&self) -> bool {
        matches!(self, Self::OtherBytes | Self::WrongPart { .. } | Self::Refused { .. })
    }
}

impl Fact for Missing {
    fn text(&self) -> Text {
        match self {
            Self::Substitute => Text::new("reason-substitute"),
            Self::NotGiven => Text::new("reason-not-given"),
            Self::NoBody => Text::new("reason-no-body"),
            Self::EmptyBody => Text::new("reason-empty-body"),
            Self::EmptyDespiteSize => Text::new("reason-empty-despite-size"),
            Self::OtherBytes => Text::new("reason-other-bytes"),
            Self::WrongPart { part } => Text::new("reason-wrong-part").with("part", part),
            Self::Refused { words } => Text::new("reason-refused").with("words", words),
            Self::BrokenOff { words } => Text::new("reason-broken-off").with("words", words),
            Self::InVain { times } => Text::new("reason-in-vain").with("count", times),
            Self::HeaderNotGiven => Text::new("reason-header-not-given"),
            Self::OtherMail => Text::new("reason-other-mail"),
            Self::NoHeader => Text::new("reason-no-header"),
            Self::EmptyHeader => Text::new("reason-empty-header"),
            Self::HeadersRefused => Text::new("reason-headers-refused"),
        }
    }
}
