//! What stands in the way of what is to happen to a customer's copy.

use serde::{Deserialize, Serialize};

use super::{Fact, Text};
use crate::locale::Language;

/// Why a copy cannot be dealt with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "obstacle")]
pub enum Obstacle {
    /// The server opens the folder read-only for this account.
    ReadOnly,
    /// A mail cannot be removed without those that the customer has marked.
    NoUidplus,
    /// The account may not delete in the folder.
    NoDeleting,
    /// The folder does not keep `\Seen`.
    NoSeen,
    /// The folder does not keep a keyword.
    NoKeyword { keyword: String },
    /// Mail would be moved into a polled folder.
    IntoItself { target: String, polled: String },
    /// Gmail shows no folder to delete by.
    NoTrash,
    /// The UIDs of the folder name other mails by now.
    Rebuilt,
    /// Our own effect has put the mail here, and would go on for ever.
    Returned,
    /// The server has refused it, in these words.
    Refused { words: String },
    /// The folder cannot be opened for changes, in the server's words.
    NotOpened { folder: String, words: String },
    /// One of these, in one of several folders.
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
            Self::IntoItself { target, polled } => {
                Text::new("obstacle-into-itself").with("target", target).with("polled", polled)
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
