//! Why an effect on a customer's copy is not possible.

use serde::{Deserialize, Serialize};

use super::{Fact, Text};
use crate::locale::Language;

/// Why an effect on a customer's copy is not possible.
///
/// A renamed variant keeps its stored name, so that stored facts can still be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "obstacle")]
pub enum Obstacle {
    /// The server opens the folder read-only for this account.
    ReadOnly,
    /// Without UIDPLUS, removing a mail would also remove the mail that the customer has marked as deleted.
    NoUidplus,
    /// The account is not allowed to delete mail in the folder.
    NoDeleting,
    /// The folder does not store `\Seen`.
    NoSeen,
    /// The folder does not store the keyword.
    NoKeyword { keyword: String },
    /// Mail would be moved into a polled folder.
    #[serde(rename = "into-itself")]
    MoveIntoPolledFolder { target: String, polled: String },
    /// Gmail deletes mail by a move to the trash folder, but does not show that folder.
    NoTrash,
    /// The UIDs of the folder now name other mails.
    Rebuilt,
    /// One of our own effects put the mail here. Applying the effect again would never end.
    Returned,
    /// The server refused the effect, with this text.
    Refused { words: String },
    /// The folder cannot be opened read-write; `words` is the server's text.
    NotOpened { folder: String, words: String },
    /// An obstacle in one of several folders.
    InFolder { folder: String, why: Box<Obstacle> },
}

impl Fact for Obstacle {
    fn text(&self) -> Text {
        match self {
            Self::ReadOnly => Text::new("obstacle-read-only"),
            Self::NoUidplus => Text::new("obstacle-no-uidplus"),
            Self::NoDeleting => Text::new("obstacle-no-deleting"),
            Self::NoSeen => Text::new("obstacle-no-seen"),
            Self::NoKeyword { keyword } => Text::new("obstacle-no-keyword").with("keyword", keyword),
            Self::MoveIntoPolledFolder { target, polled } => {
                Text::new("obstacle-move-into-polled").with("target", target).with("polled", polled)
            }
            Self::NoTrash => Text::new("obstacle-no-trash"),
            Self::Rebuilt => Text::new("obstacle-rebuilt"),
            Self::Returned => Text::new("reason-returned"),
            Self::Refused { words } => Text::new("obstacle-refused").with("words", words),
            Self::NotOpened { folder, words } => {
                Text::new("obstacle-not-opened").with("folder", folder).with("words", words)
            }
            Self::InFolder { folder, .. } => {
                Text::new("obstacle-in-folder").with("folder", folder).with("obstacle", "")
            }
        }
    }

    fn words(&self, language: Language) -> String {
        match self {
            Self::InFolder { why, .. } => self.text().with("obstacle", why.words(language)).words(language),
            _ => self.text().words(language),
        }
    }

    fn on_page(&self, language: Language) -> String {
        match self {
            Self::InFolder { why, .. } => self.text().with("obstacle", why.on_page(language)).on_page(language),
            _ => self.text().on_page(language),
        }
    }
}
