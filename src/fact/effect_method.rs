//! How a server carries out an effect on a customer's copy.

use super::{Fact, Obstacle, Text};
use crate::locale::Language;

/// The method by which an effect is carried out, or the reason why the effect is not possible.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EffectMethod {
    /// The folder is opened read-only and never changed.
    Untouched,
    /// The folder stores the flag.
    FlagStored,
    /// It is not known yet whether the folder stores the flag.
    FlagMaybeStored,
    /// The mail is moved by MOVE, or by COPY and UID EXPUNGE. The folder exists or will be created.
    Moved { by_move: bool, is_there: bool },
    /// The mail is moved to Gmail's trash folder.
    MovedToTrash { trash: String },
    /// The mail is removed by UID EXPUNGE.
    Expunged,
    /// The effect is not possible.
    Blocked(Obstacle),
}

impl Fact for EffectMethod {
    fn text(&self) -> Text {
        match self {
            Self::Untouched => Text::new("method-untouched"),
            Self::FlagStored => Text::new("method-flag-stored"),
            Self::FlagMaybeStored => Text::new("method-flag-maybe-stored"),
            Self::Moved { by_move, is_there } => {
                Text::new(if *by_move { "method-moved" } else { "method-copied" }).with("is_there", is_there)
            }
            Self::MovedToTrash { trash } => Text::new("method-trash").with("trash", trash),
            Self::Expunged => Text::new("method-expunged"),
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
