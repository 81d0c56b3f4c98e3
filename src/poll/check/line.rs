//! What is told of a check, line by line.

use serde::Serialize;

use crate::cause::{Cause, Trouble};
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
    /// In the last line of a check that failed, where that could be found out: the cause.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// And the click or the command that mends it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

impl CheckLine {
    pub(super) fn new(step: &'static str, ok: bool, detail: impl Into<String>) -> Self {
        Self { step, ok, detail: shown_within(&detail.into(), MOST_DETAIL), cause: None, remedy: None }
    }

    /// The step at which a check ended.
    pub fn failure(error: &PollError) -> Self {
        Self::new(error.step.name(), false, error.message.as_str())
    }

    /// The last line of a check that failed: the cause, in a language.
    pub fn diagnosis(trouble: &Trouble, language: Language) -> Self {
        let remedy = Some(trouble.remedy(language));
        Self { cause: Some(trouble.cause), remedy, ..Self::new("diagnosis", false, trouble.sentence(language)) }
    }
}
