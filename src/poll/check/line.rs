//! The lines of a check's output.

use serde::Serialize;

use crate::cause::{Cause, Trouble};
use crate::fact::{CheckFinding, Fact};
use crate::locale::Language;
use crate::poll::PollError;
use crate::shown::shown_within;

/// Maximum length of a detail: there may be many capabilities and folder names.
const MAX_DETAIL: usize = 8000;

/// The result of one step.
#[derive(Debug, Serialize)]
pub struct CheckLine {
    /// Name of the step.
    pub step: &'static str,
    pub ok: bool,
    /// The finding, or the error and its remedy.
    pub detail: String,
    /// The finding as data.
    #[serde(skip)]
    pub finding: Option<CheckFinding>,
    /// The cause, in the last line of a failed check, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// The action or command that fixes the cause.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

impl CheckLine {
    /// A step with its finding.
    pub fn new(step: &'static str, ok: bool, finding: CheckFinding) -> Self {
        let detail = finding.words(Language::English);
        Self { finding: Some(finding), ..Self::from_text(step, ok, &detail) }
    }

    fn from_text(step: &'static str, ok: bool, detail: &str) -> Self {
        Self { step, ok, detail: shown_within(detail, MAX_DETAIL), finding: None, cause: None, remedy: None }
    }

    /// The detail for a page: the finding in the page's language, or the text as it is.
    pub fn on_page(&self, language: Language) -> String {
        self.finding.as_ref().map_or_else(|| self.detail.clone(), |found| found.on_page(language))
    }

    /// The step that failed.
    pub fn failure(error: &PollError) -> Self {
        Self::from_text(error.step.name(), false, &error.message)
    }

    /// The last line of a failed check: the cause and its remedy.
    pub fn diagnosis(trouble: &Trouble, language: Language) -> Self {
        let remedy = Some(trouble.remedy(language));
        Self { cause: Some(trouble.cause), remedy, ..Self::from_text("diagnosis", false, &trouble.sentence(language)) }
    }
}
