//! Facts: everything that Mailferry reports, as closed enums with arguments. A fact is stored and passed on as data; only a
//! door turns it into text, in the reader's language, from the messages in `locale/`.

mod audit_event;
mod both_ways;
mod catch_up;
mod check_finding;
mod conflict;
mod delivery_problem;
mod effect_method;
mod invalid;
mod notice;
mod obstacle;
mod reason;
mod resource;
mod revocation;
mod stored;
mod tls;

use std::collections::BTreeMap;

use crate::locale::{self, Language};
use crate::shown::shown_within;

pub use audit_event::{AuditEvent, MailboxPart};
pub use both_ways::BothWays;
pub use catch_up::{Backlog, CatchUp, LEAST_BACKLOG, MEASURED, Speed};
pub use check_finding::{CheckFinding, TokenContents};
pub use conflict::Conflict;
pub use delivery_problem::{DeliveryPhase, DeliveryProblem, ReplyFault};
pub use effect_method::EffectMethod;
pub use invalid::Invalid;
pub use notice::Notice;
pub use obstacle::Obstacle;
pub use reason::{FetchFailure, Reason};
pub use resource::Resource;
pub use revocation::RevocationOutcome;
pub use stored::{StoredFact, in_english, maybe_in_english, to_json};
pub use tls::{CertificateFault, TlsProblem};

/// Maximum length of a message argument, in characters.
const MAX_ARGUMENT: usize = 8000;

/// A message of `locale/`, by its id, with its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    name: &'static str,
    args: BTreeMap<String, String>,
}

impl Text {
    pub fn new(name: &'static str) -> Self {
        Self { name, args: BTreeMap::new() }
    }

    /// Adds an argument. `count` and `days` are numbers, which select plural forms; all others are strings.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl ToString) -> Self {
        self.args.insert(key.to_owned(), shown_within(&value.to_string(), MAX_ARGUMENT));
        self
    }

    /// The text as worded for a terminal and the API.
    pub fn words(&self, language: Language) -> String {
        locale::message(language, self.name, None, &self.args)
    }

    /// The text as worded for a page; messages without such a wording have one text for all doors.
    pub fn on_page(self, language: Language) -> String {
        self.with("place", "page").words(language)
    }
}

/// A fact that has a text in every language.
pub trait Fact {
    /// The message of the fact. Arguments that are facts are added by `words` and `on_page`, which know the language.
    fn text(&self) -> Text;

    /// The text as worded for a terminal and the API.
    fn words(&self, language: Language) -> String {
        self.text().words(language)
    }

    /// The text as worded for a page; messages without such a wording have one text for all doors.
    fn on_page(&self, language: Language) -> String {
        self.text().on_page(language)
    }
}

/// Joins names to a list for use in a sentence.
fn list(names: &[String]) -> String {
    names.join(", ")
}

#[cfg(test)]
mod tests;
