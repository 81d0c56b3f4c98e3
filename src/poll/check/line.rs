//! The lines that a check reports.

use serde::Serialize;

use crate::cause::{Cause, Trouble};
use crate::fact::{CheckFinding, Fact};
use crate::locale::Language;
use crate::poll::PollError;
use crate::shown::shown_within;

/// Maximum length of a detail, which may list many capabilities or folder names.
const MAX_DETAIL: usize = 8000;

/// The result of one step.
#[derive(Debug, Serialize)]
pub struct CheckLine {
    /// Name of the step.
    pub step: &'static str,
    pub ok: bool,
    /// The finding in English, the error, or the sentence of the cause.
    pub detail: String,
    /// The finding as data; `None` if the detail has another source.
    #[serde(skip)]
    pub finding: Option<CheckFinding>,
    /// The cause of the failure, if known. Only the last line of a failed check has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// The action or command that fixes the cause.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

impl CheckLine {
    /// Returns the line of a step with a finding.
    pub fn new(step: &'static str, ok: bool, finding: CheckFinding) -> Self {
        let detail = finding.words(Language::English);
        Self { finding: Some(finding), ..Self::from_text(step, ok, &detail) }
    }

    fn from_text(step: &'static str, ok: bool, detail: &str) -> Self {
        Self { step, ok, detail: shown_within(detail, MAX_DETAIL), finding: None, cause: None, remedy: None }
    }

    /// Returns the detail for a page: the finding in the page's language, or else the text as it is.
    pub fn on_page(&self, language: Language) -> String {
        self.finding.as_ref().map_or_else(|| self.detail.clone(), |found| found.on_page(language))
    }

    /// Returns the line of the step that failed.
    pub fn failure(error: &PollError) -> Self {
        Self::from_text(error.step.name(), false, &error.message)
    }

    /// Returns the last line of a failed check: the cause and its remedy.
    pub fn diagnosis(trouble: &Trouble, language: Language) -> Self {
        let remedy = Some(trouble.remedy(language));
        Self { cause: Some(trouble.cause), remedy, ..Self::from_text("diagnosis", false, &trouble.sentence(language)) }
    }
}
