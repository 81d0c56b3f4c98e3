//! The stored error of the last poll, in the visitor's language: what is wrong, what to do, and the technical details.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::cause::{Cause, Trouble};
use crate::http::page::words::{Words, step_text_id};
use crate::locale::{self, Language};
use crate::poll::{PollError, ReportedError, is_connection_step};
use crate::shown::shown_within;
use crate::store::Scope;

/// A poll error in the JSON form that `ReportedError` writes.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct LastError {
    step: String,
    blame: String,
    message: String,
    /// When Mailferry retries; `None` if a person must act first, or if the error has just happened.
    pub retry: Option<String>,
    cause: Option<Cause>,
    #[serde(rename = "about")]
    args: BTreeMap<String, String>,
    #[serde(skip)]
    fingerprint: Option<String>,
}

/// The maximum length of a shown text, in characters.
const MAX_TEXT: usize = 4000;

impl LastError {
    /// Parses stored JSON. Returns an empty error if the JSON cannot be parsed.
    pub fn from_json(json: &str) -> Self {
        serde_json::from_str::<Self>(json).unwrap_or_default().shown()
    }

    /// Converts the error in a poll's report, whose JSON is already parsed.
    pub fn from_report(error: &serde_json::Value) -> Self {
        Self::deserialize(error).unwrap_or_default().shown()
    }

    /// Escapes control characters, because an older version stored the texts of servers unescaped.
    fn shown(self) -> Self {
        let args = self.args.into_iter().map(|(name, value)| (name, shown_within(&value, MAX_TEXT))).collect();
        Self { message: shown_within(&self.message, MAX_TEXT), args, ..self }
    }

    /// The SHA-256 fingerprint of an unknown certificate that the server presented. It is set only by
    /// [`Self::from_poll_error`].
    pub fn fingerprint(&self) -> Option<&str> {
        self.fingerprint.as_deref()
    }

    /// Converts an error that has just happened.
    pub fn from_poll_error(error: &PollError) -> Self {
        let ReportedError { step, blame, message, cause, args, .. } = ReportedError::new(error, None);
        let fingerprint = error.tls.as_ref().and_then(|problem| problem.fingerprint()).map(str::to_owned);
        let (step, blame) = (step.name().to_owned(), blame.name().to_owned());
        Self { step, blame, message, retry: None, cause, args, fingerprint }.shown()
    }

    /// The id of the step that failed.
    pub fn step(&self) -> &str {
        &self.step
    }

    /// Hides connection details from everyone but operators. Other users must not learn which internal hosts and ports
    /// respond, so forbidden, silent and refusing hosts look the same.
    pub fn for_scope(mut self, scope: Scope) -> Self {
        if self.is_connection_error() && scope.id().is_some() {
            self.message.clear();
        }
        self
    }

    fn is_connection_error(&self) -> bool {
        is_connection_step(&self.step)
    }

    fn trouble(&self) -> Option<Trouble> {
        let trouble = Trouble { args: self.args.clone(), ..Trouble::new(self.cause?) };
        // An older version stored causes without their arguments.
        Some(trouble).filter(|trouble| !trouble.args.is_empty())
    }

    /// The problem, in one sentence.
    pub fn brief(&self, w: &Words) -> String {
        self.sentence(w.language)
    }

    /// The problem in one sentence, in the given language.
    pub fn sentence(&self, language: Language) -> String {
        let by_step = || {
            let name = step_text_id("error", &self.step);
            locale::text(language, if locale::has(&name) { &name } else { "error-other" })
        };
        self.trouble().map_or_else(by_step, |trouble| trouble.sentence(language))
    }

    /// The remedy.
    pub fn remedy(&self, w: &Words) -> String {
        self.remedy_in(w.language)
    }

    /// The remedy in the given language.
    pub fn remedy_in(&self, language: Language) -> String {
        if let Some(trouble) = self.trouble() {
            return trouble.on_page().remedy(language);
        }
        let name = step_text_id("remedy", &self.step);
        let usual = if self.blame == "us" { "remedy-us" } else { "remedy-other" };
        locale::text(language, if locale::has(&name) { &name } else { usual })
    }

    /// The technical details, in English.
    pub fn detail(&self) -> &str {
        &self.message
    }

    /// Sentence, remedy and details in one text; only the details if they contain the sentence.
    pub fn in_full(&self, language: Language) -> String {
        let (sentence, remedy) = (self.sentence(language), self.remedy_in(language));
        match self.detail() {
            "" => format!("{sentence} {remedy}"),
            detail if detail.contains(&sentence) => detail.to_owned(),
            detail => format!("{sentence} {remedy} ({detail})"),
        }
    }
}
