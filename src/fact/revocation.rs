//! Outcomes of revoking a consent at its provider.

use serde::{Deserialize, Serialize};

use super::{Fact, Text};
use crate::cause::Trouble;
use crate::locale::Language;

/// The outcome at the provider when Mailferry revokes a consent.
///
/// A renamed variant keeps its stored name, so that stored facts can still be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RevocationOutcome {
    /// The consent is kept: other mailboxes use it.
    Shared,
    /// The grant is an application's own right, which only an administrator can remove.
    OfApplication,
    /// The provider has revoked the consent.
    Ended { provider: String, identity: String },
    /// The identity had never consented.
    NeverGiven { identity: String },
    /// The provider does not let applications revoke a consent.
    NoWay { provider: String, identity: String, is_microsoft: bool },
    /// The provider refused the revocation.
    Refused { provider: String, identity: String, is_microsoft: bool, why: Trouble },
    /// The revocation failed because of an error in our own database.
    Failed { provider: String, identity: String, is_microsoft: bool },
}

impl RevocationOutcome {
    /// Whether the provider has revoked the consent.
    pub fn at_provider(&self) -> bool {
        matches!(self, Self::Ended { .. })
    }
}

fn family(is_microsoft: bool) -> &'static str {
    if is_microsoft { "microsoft" } else { "other" }
}

impl Fact for RevocationOutcome {
    fn text(&self) -> Text {
        match self {
            Self::Shared => Text::new("revocation-shared"),
            Self::OfApplication => Text::new("revocation-app-only"),
            Self::Ended { provider, identity } => {
                Text::new("revocation-ended").with("provider", provider).with("identity", identity)
            }
            Self::NeverGiven { identity } => Text::new("revocation-never-given").with("identity", identity),
            Self::NoWay { provider, identity, is_microsoft } => Text::new("revocation-unsupported")
                .with("provider", provider)
                .with("identity", identity)
                .with("family", family(*is_microsoft)),
            Self::Refused { provider, identity, is_microsoft, .. } => Text::new("revocation-refused")
                .with("provider", provider)
                .with("identity", identity)
                .with("family", family(*is_microsoft))
                .with("why", ""),
            Self::Failed { provider, identity, is_microsoft } => Text::new("revocation-failed")
                .with("provider", provider)
                .with("identity", identity)
                .with("family", family(*is_microsoft)),
        }
    }

    fn words(&self, language: Language) -> String {
        match self {
            // The reason for the refusal is worded in the same language.
            Self::Refused { why, .. } => self.text().with("why", why.sentence(language)).words(language),
            _ => self.text().words(language),
        }
    }
}
