//! Facts: what there is to say, as closed enums with arguments. A fact is stored and handed on as data; only the edge puts it into
//! words, in the reader's language, from the texts in `locale/`.

mod conflict;
mod done;
mod given_up;
mod thing;

use std::collections::BTreeMap;

use crate::locale::{self, Language};
use crate::shown::shown_within;

pub use conflict::Conflict;
pub use done::{Done, Part};
pub use given_up::GivenUp;
pub use thing::Thing;

/// The longest argument of a text, in characters.
const LONGEST: usize = 2000;

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
}

/// Has words in every language.
pub trait Fact {
    /// The text that says it.
    fn text(&self) -> Text;

    /// In words.
    fn words(&self, language: Language) -> String {
        self.text().words(language)
    }
}

/// Names, as a sentence lists them.
fn list(names: &[String]) -> String {
    names.join(", ")
}

#[cfg(test)]
mod tests;
