//! The end of a consent at its provider.

use serde::{Deserialize, Serialize};

use super::{Fact, Text};
use crate::cause::Trouble;
use crate::locale::Language;

/// How a consent ended at its provider, when nothing here needed it any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GivenUp {
    /// It stays: other mailboxes are opened with it.
    Shared,
    /// An application's right, which only an administrator ends.
    OfApplication,
    /// The provider has ended it.
    Ended { provider: String, identity: String },
    /// Nobody had consented yet.
    NeverGiven { identity: String },
    /// The provider has no way to end it from here.
    NoWay { provider: String, identity: String, is_microsoft: bool },
    /// It should have been ended, and was not: a provider's answer.
    Refused { provider: String, identity: String, is_microsoft: bool, why: Trouble },
    /// It should have been ended, and was not: our own database.
    Failed { provider: String, identity: String, is_microsoft: bool },
}

impl GivenUp {
    /// Whether the provider has ended it.
    pub fn at_provider(&self) -> bool {
        matches!(self, Self::Ended { .. })
    }
}

fn family(is_microsoft: bool) -> &'static str {
    if is_microsoft { "microsoft" } else { "other" }
}

impl Fact for GivenUp {
    fn text(&self) -> Text {
        match self {
            Self::Shared => Text::new("given-up-shared"),
            Self::OfApplication => Text::new("given-up-of-application"),
            Self::Ended { provider, identity } => {
                Text::new("given-up-ended").with("provider", provider).with("identity", identity)
            }
            Self::NeverGiven { identity } => Text::new("given-up-never-given").with("identity", identity),
            Self::NoWay { provider, identity, is_microsoft } => Text::new("given-up-no-way")
                .with("provider", provider)
                .with("identity", identity)
                .with("family", family(*is_microsoft)),
            Self::Refused { provider, identity, is_microsoft, .. } => Text::new("given-up-refused")
                .with("provider", provider)
                .with("identity", identity)
                .with("family", family(*is_microsoft))
                .with("why", ""),
            Self::Failed { provider, identity, is_microsoft } => Text::new("given-up-failed")
                .with("provider", provider)
                .with("identity", identity)
                .with("family", family(*is_microsoft)),
        }
    }

    fn words(&self, language: Language) -> String {
        match self {
            // The provider's answer is a fact of its own, in the same language.
            Self::Refused { why, .. } => self.text().with("why", why.sentence(language)).words(language),
            _ => self.text().words(language),
        }
    }
}
