//! What a poll failed with, as it is kept, told in the reader's language: what it means, what to do, and the server's own words.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::cause::{Cause, Trouble};
use crate::http::words::Words;
use crate::locale::{self, Language};

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
}

impl LastError {
    /// From its JSON; one that cannot be read says nothing.
    pub fn read(json: &str) -> Self {
        serde_json::from_str(json).unwrap_or_default()
    }

    fn trouble(&self) -> Option<Trouble> {
        let trouble = Trouble { about: self.about.clone(), ..Trouble::new(self.cause?) };
        // What an older version wrote down does not say what it is about.
        Some(trouble).filter(|trouble| !trouble.about.is_empty())
    }

    /// What is wrong, in one sentence.
    pub fn brief(&self, language: Language) -> String {
        let of_step = || {
            let name = format!("error-{}", self.step);
            locale::text(language, if locale::has(&name) { &name } else { "error-other" })
        };
        self.trouble().map_or_else(of_step, |trouble| trouble.sentence(language))
    }

    /// What to do.
    pub fn remedy(&self, w: &Words) -> String {
        if let Some(trouble) = self.trouble() {
            return trouble.remedy(w.language);
        }
        let name = format!("remedy-{}", self.step);
        match locale::has(&name) {
            true => w.t(&name),
            false => w.t(if self.blame == "us" { "remedy-us" } else { "remedy-other" }),
        }
    }

    /// The program's and the server's own words, in English.
    pub fn detail(&self) -> &str {
        &self.message
    }
}
