//! How a server does what is to happen to a customer's copy.

use super::{Fact, Obstacle, Text};
use crate::locale::Language;

/// How a wish is fulfilled, or why it cannot be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// The folder is opened read-only.
    LeftAlone,
    /// The folder keeps the flag.
    Kept,
    /// Whether the folder keeps the flag shows later.
    KeptPerhaps,
    /// By MOVE, or by COPY and UID EXPUNGE, to a folder that is there or will be made.
    Moved { by_move: bool, is_there: bool },
    /// By a move to Gmail's trash folder.
    ByTrash { trash: String },
    /// By UID EXPUNGE.
    Expunged,
    /// Not at all.
    Blocked(Obstacle),
}

impl Fact for Way {
    fn text(&self) -> Text {
        match self {
            Self::LeftAlone => Text::new("way-left-alone"),
            Self::Kept => Text::new("way-kept"),
            Self::KeptPerhaps => Text::new("way-kept-perhaps"),
            Self::Moved { by_move, is_there } => {
                Text::new(if *by_move { "way-moved" } else { "way-copied" }).with("is_there", is_there)
            }
            Self::ByTrash { trash } => Text::new("way-by-trash").with("trash", trash),
            Self::Expunged => Text::new("way-expunged"),
            Self::Blocked(obstacle) => obstacle.text(),
        }
    }

    fn words(&self, language: Language) -> String {
        match self {
            Self::Blocked(obstacle) => obstacle.words(language),
            _ => self.text().words(language),
        }
    }

    fn on_page(&self, language: Language) -> String {
        match self {
            Self::Blocked(obstacle) => obstacle.on_page(language),
            _ => self.text().on_page(language),
        }
    }
}
