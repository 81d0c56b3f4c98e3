//! What is told of a check, line by line.

use serde::Serialize;

use crate::cause::{Cause, Trouble};
use crate::fact::{CheckFinding, Fact};
use crate::locale::Language;
use crate::poll::PollError;
use crate::shown::shown_within;

/// The longest detail: capabilities and names of folders are many.
const MOST_DETAIL: usize = 8000;

/// One step of the check.
#[derive(Debug, Serialize)]
pub struct CheckLine {
    /// Its name.
    pub step: &'static str,
    /// Whether it went well.
    pub ok: bool,
    /// What was found, or what is wrong and what to do.
    pub detail: String,
    /// What was found, as data.
    #[serde(skip)]
    pub found: Option<CheckFinding>,
    /// In the last line of a check that failed, where that could be found out: the cause.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// And the click or the command that mends it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

impl CheckLine {
    /// A step that was taken, and what was found at it.
    pub fn new(step: &'static str, ok: bool, found: CheckFinding) -> Self {
        let detail = found.words(Language::English);
        Self { found: Some(found), ..Self::told(step, ok, &detail) }
    }

    fn told(step: &'static str, ok: bool, detail: &str) -> Self {
        Self { step, ok, detail: shown_within(detail, MOST_DETAIL), found: None, cause: None, remedy: None }
    }

    /// What was found, for a page; what is only known in words stays as it stands.
    pub fn on_page(&self, language: Language) -> String {
        self.found.as_ref().map_or_else(|| self.detail.clone(), |found| found.on_page(language))
    }

    /// The step at which a check ended.
    pub fn failure(error: &PollError) -> Self {
        Self::told(error.step.name(), false, &error.message)
    }

    /// The last line of a check that failed: the cause, in a language.
    pub fn diagnosis(trouble: &Trouble, language: Language) -> Self {
        let remedy = Some(trouble.remedy(language));
        Self { cause: Some(trouble.cause), remedy, ..Self::told("diagnosis", false, &trouble.sentence(language)) }
    }
}
