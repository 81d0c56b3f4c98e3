//! Facts: what there is to say, as closed enums with arguments. A fact is stored and handed on as data; only the edge puts it into
//! words, in the reader's language, from the texts in `locale/`.

mod conflict;
mod done;
mod found;
mod given_up;
mod invalid;
mod kept;
mod notice;
mod obstacle;
mod reason;
mod thing;
mod tls;
mod way;

use std::collections::BTreeMap;

use crate::locale::{self, Language};
use crate::shown::shown_within;

pub use conflict::Conflict;
pub use done::{Done, Part};
pub use found::{Found, Held};
pub use given_up::GivenUp;
pub use invalid::Invalid;
pub use kept::{Kept, in_english, maybe_in_english, to_json};
pub use notice::Notice;
pub use obstacle::Obstacle;
pub use reason::{Missing, Reason};
pub use thing::Thing;
pub use tls::{CertificateFault, TlsProblem};
pub use way::Way;

/// The longest argument of a text, in characters.
const LONGEST: usize = 8000;

/// The name of a text in `locale/`, with its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    name: &'static str,
    about: BTreeMap<String, String>,
}

impl Text {
    /// A text without arguments.
    pub fn new(name: &'static str) -> Self {
        Self { name, about: BTreeMap::new() }
    }

    /// With an argument. `count` and `days` are numbers; every other is put in as it stands.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl ToString) -> Self {
        self.about.insert(key.to_owned(), shown_within(&value.to_string(), LONGEST));
        self
    }

    /// In words.
    pub fn words(&self, language: Language) -> String {
        locale::message(language, self.name, None, &self.about)
    }

    /// In the words of a page, where they are others than those of a terminal and of the API.
    pub fn on_page(self, language: Language) -> String {
        self.with("place", "page").words(language)
    }
}

/// Has words in every language.
pub trait Fact {
    /// The text that says it.
    fn text(&self) -> Text;

    /// In words.
    fn words(&self, language: Language) -> String {
        self.text().words(language)
    }

    /// In the words of a page, where they are others than those of a terminal and of the API.
    fn on_page(&self, language: Language) -> String {
        self.text().on_page(language)
    }
}

/// Names, as a sentence lists them.
fn list(names: &[String]) -> String {
    names.join(", ")
}

#[cfg(test)]
mod tests;
