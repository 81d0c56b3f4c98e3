//! What a check has found at a step of the way to a mailbox.

use super::{Fact, Text, Way};
use crate::clock::Timestamp;
use crate::locale::Language;

/// Certificates that end sooner are warned of.
const SOON_DAYS: u64 = 30;

/// What was found at one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// The addresses of a name, as a list.
    Addresses { host: String, addresses: String },
    /// A port answers.
    PortAnswers { port: u16 },
    /// The host was reached: for a reader who is not told by which address and port.
    Reached,
    /// The host was not reached: for a reader who is not told why.
    NotReached,
    /// There is no TLS, as chosen.
    InClear,
    /// There is TLS: by STARTTLS or from the start, with a certificate that ends at some time, so many days from now.
    Protected { starttls: bool, subject: String, end: Option<(Timestamp, u64)>, fingerprint: String },
    /// What the server says of itself: its greeting, or its capabilities.
    Said { words: String },
    /// An access token.
    Token { provider: String, identity: String, until: Timestamp, held: Held },
    /// The login went through.
    LoggedIn { username: String },
    /// A folder, with the number of its mails where the server tells it.
    Folder { folder: String, messages: Option<u32> },
    /// More folders than are told.
    MoreFolders { count: usize },
    /// A folder opens.
    Opens { folder: String, messages: u32, has_uidvalidity: bool },
    /// A folder does not open, in the server's words; some that are there, as a list.
    DoesNotOpen { folder: String, words: String, near: String },
    /// What is to happen to a copy, and how.
    Copy { wish: String, way: Way },
}

/// What an access token holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held {
    /// Nobody can tell.
    Unreadable,
    /// Whom it is for and what it gives a right to, as lists; empty: it does not say.
    Read { audience: String, rights: String },
}

impl Fact for Found {
    fn text(&self) -> Text {
        match self {
            Self::Addresses { host, addresses } => {
                Text::new("found-addresses").with("host", host).with("addresses", addresses)
            }
            Self::PortAnswers { port } => Text::new("found-port-answers").with("port", port),
            Self::Reached => Text::new("check-reached"),
            Self::NotReached => Text::new("error-reach"),
            Self::InClear => Text::new("found-in-clear"),
            Self::Protected { starttls, subject, fingerprint, .. } => Text::new("found-protected")
                .with("starttls", starttls)
                .with("subject", subject)
                .with("until", "")
                .with("fingerprint", fingerprint),
            Self::Said { words } => Text::new("found-said").with("words", words),
            Self::Token { provider, identity, until, .. } => Text::new("found-token")
                .with("provider", provider)
                .with("identity", identity)
                .with("until", until)
                .with("held", ""),
            Self::LoggedIn { username } => Text::new("found-logged-in").with("username", username),
            Self::Folder { folder, messages: Some(count) } => {
                Text::new("found-folder").with("folder", folder).with("count", count)
            }
            Self::Folder { folder, messages: None } => Text::new("found-folder-uncounted").with("folder", folder),
            Self::MoreFolders { count } => Text::new("found-more-folders").with("count", count),
            Self::Opens { folder, messages, has_uidvalidity } => {
                let name = if *has_uidvalidity { "found-opens" } else { "found-opens-without-uidvalidity" };
                Text::new(name).with("folder", folder).with("count", messages)
            }
            Self::DoesNotOpen { folder, words, near } => {
                Text::new("found-does-not-open").with("folder", folder).with("words", words).with("near", near)
            }
            Self::Copy { wish, .. } => Text::new("found-copy").with("wish", wish).with("way", ""),
        }
    }

    fn words(&self, language: Language) -> String {
        // Parts of it are facts of their own, in the same language.
        match self {
            Self::Protected { end, .. } => self.text().with("until", until(*end, language)).words(language),
            Self::Token { held, .. } => self.text().with("held", held.words(language)).words(language),
            Self::Copy { way, .. } => self.text().with("way", way.words(language)).words(language),
            _ => self.text().words(language),
        }
    }

    fn on_page(&self, language: Language) -> String {
        match self {
            Self::Copy { way: Way::LeftAlone, .. } => Text::new("copy-exactly-leave").words(language),
            Self::Copy { way, .. } => self.text().with("way", way.on_page(language)).on_page(language),
            Self::Protected { end, .. } => self.text().with("until", until(*end, language)).on_page(language),
            Self::Token { held, .. } => self.text().with("held", held.words(language)).on_page(language),
            _ => self.text().on_page(language),
        }
    }
}

/// When a certificate ends.
fn until(end: Option<(Timestamp, u64)>, language: Language) -> String {
    let Some((at, days)) = end else { return Text::new("found-end-unreadable").words(language) };
    let name = if days < SOON_DAYS { "found-ends-soon" } else { "found-ends" };
    Text::new(name).with("at", at).with("days", days).words(language)
}

impl Held {
    fn words(&self, language: Language) -> String {
        let Self::Read { audience, rights } = self else {
            return format!("; {}", Text::new("found-token-unreadable").words(language));
        };
        let parts = [("found-token-audience", audience), ("found-token-rights", rights)];
        let told = parts.into_iter().filter(|(_, list)| !list.is_empty());
        told.map(|(name, list)| format!("; {}", Text::new(name).with("list", list).words(language))).collect()
    }
}
