//! What a poll failed with, as it is kept, told in the reader's language: what it means, what to do, and the server's own words.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::cause::{Cause, Trouble};
use crate::http::page::words::{Words, of_step};
use crate::locale::{self, Language};
use crate::poll::{PollError, ReportedError, is_connection_step};
use crate::shown::shown_within;
use crate::store::Scope;

/// An error as `ReportedError` writes it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct LastError {
    step: String,
    blame: String,
    message: String,
    /// When it is tried again; `None`: a person must act first.
    pub retry: Option<String>,
    cause: Option<Cause>,
    about: BTreeMap<String, String>,
    #[serde(skip)]
    fingerprint: Option<String>,
}

/// The longest words.
const MOST_WORDS: usize = 4000;

impl LastError {
    /// From its JSON; one that cannot be read says nothing.
    pub fn read(json: &str) -> Self {
        serde_json::from_str::<Self>(json).unwrap_or_default().shown()
    }

    /// From a report that was read already.
    pub fn of_report(error: &serde_json::Value) -> Self {
        Self::deserialize(error).unwrap_or_default().shown()
    }

    /// An older version kept a server's words as they came.
    fn shown(self) -> Self {
        let about = self.about.into_iter().map(|(name, value)| (name, shown_within(&value, MOST_WORDS))).collect();
        Self { message: shown_within(&self.message, MOST_WORDS), about, ..self }
    }

    /// The SHA-256 of the certificate that the server has shown and nobody here knows, in an error that has just happened.
    pub fn fingerprint(&self) -> Option<&str> {
        self.fingerprint.as_deref()
    }

    /// One that has just happened.
    pub fn of(error: &PollError) -> Self {
        let ReportedError { step, blame, message, cause, about, .. } = ReportedError::new(error, None);
        let fingerprint = error.tls.as_ref().and_then(|problem| problem.fingerprint()).map(str::to_owned);
        let (step, blame) = (step.name().to_owned(), blame.name().to_owned());
        Self { step, blame, message, retry: None, cause, about, fingerprint }.shown()
    }

    /// Which step of the way failed.
    pub fn step(&self) -> &str {
        &self.step
    }

    /// As a reader who sees this may see it: which hosts and ports answer from here is the operator's business only, so to others a host that
    /// may not be reached, one that is silent and one that refuses are the same.
    pub fn for_reader(mut self, scope: Scope) -> Self {
        if self.is_about_the_way() && scope.id().is_some() {
            self.message.clear();
        }
        self
    }

    fn is_about_the_way(&self) -> bool {
        is_connection_step(&self.step)
    }

    fn trouble(&self) -> Option<Trouble> {
        let trouble = Trouble { about: self.about.clone(), ..Trouble::new(self.cause?) };
        // What an older version wrote down does not say what it is about.
        Some(trouble).filter(|trouble| !trouble.about.is_empty())
    }

    /// What is wrong, in one sentence.
    pub fn brief(&self, w: &Words) -> String {
        self.sentence(w.language)
    }

    /// The same in this language.
    pub fn sentence(&self, language: Language) -> String {
        let of_step = || {
            let name = of_step("error", &self.step);
            locale::text(language, if locale::has(&name) { &name } else { "error-other" })
        };
        self.trouble().map_or_else(of_step, |trouble| trouble.sentence(language))
    }

    /// What to do.
    pub fn remedy(&self, w: &Words) -> String {
        self.remedy_in(w.language)
    }

    /// The same in this language.
    pub fn remedy_in(&self, language: Language) -> String {
        if let Some(trouble) = self.trouble() {
            return trouble.on_page().remedy(language);
        }
        let name = of_step("remedy", &self.step);
        let usual = if self.blame == "us" { "remedy-us" } else { "remedy-other" };
        locale::text(language, if locale::has(&name) { &name } else { usual })
    }

    /// The program's and the server's own words, in English.
    pub fn detail(&self) -> &str {
        &self.message
    }

    /// All of it in a row: what is wrong, what to do, and the own words, where they say more.
    pub fn in_full(&self, language: Language) -> String {
        let (sentence, remedy) = (self.sentence(language), self.remedy_in(language));
        match self.detail() {
            "" => format!("{sentence} {remedy}"),
            detail if detail.contains(&sentence) => detail.to_owned(),
            detail => format!("{sentence} {remedy} ({detail})"),
        }
    }
}
