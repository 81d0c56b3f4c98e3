//! Findings of the steps of a mailbox check.

use super::{EffectMethod, Fact, Text};
use crate::clock::Timestamp;
use crate::locale::Language;

/// Certificates that expire in less than this number of days get a warning.
const EXPIRES_SOON_DAYS: u64 = 30;

/// The finding of a mailbox check at one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckFinding {
    /// The IP addresses of a host, as a list.
    Addresses { host: String, addresses: String },
    /// The port accepts connections.
    PortAnswers { port: u16 },
    /// The host was reached; for a reader who must not learn its address and port.
    Reached,
    /// The host was not reached; for a reader who must not learn why.
    NotReached,
    /// The connection is not encrypted, as configured.
    NoTls,
    /// The connection is encrypted. `expiry` is the end of the certificate and the number of days until then; `None` if the
    /// certificate cannot be parsed.
    Tls { starttls: bool, subject: String, expiry: Option<(Timestamp, u64)>, fingerprint: String },
    /// A text from the server: its greeting, or its capabilities.
    ServerText { words: String },
    /// The access token, with its contents if they can be read.
    Token { provider: String, identity: String, until: Timestamp, contents: TokenContents },
    /// The login succeeded.
    LoggedIn { username: String },
    /// A folder, with the number of its mails if the server gives it.
    Folder { folder: String, messages: Option<u32> },
    /// The number of further folders, which are not listed.
    MoreFolders { count: usize },
    /// The folder can be opened.
    FolderOpened { folder: String, messages: u32, has_uidvalidity: bool },
    /// The folder cannot be opened: the server's text, and a list of some existing folders.
    FolderNotOpened { folder: String, words: String, existing: String },
    /// The after-import action, and how the server carries it out.
    AfterImport { action: String, method: EffectMethod },
}

/// The contents of an access token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenContents {
    /// The token is opaque.
    Unreadable,
    /// The audiences and the rights that the token names, as lists, which may be empty.
    Read { audience: String, rights: String },
}

impl Fact for CheckFinding {
    fn text(&self) -> Text {
        match self {
            Self::Addresses { host, addresses } => {
                Text::new("found-addresses").with("host", host).with("addresses", addresses)
            }
            Self::PortAnswers { port } => Text::new("found-port-answers").with("port", port),
            Self::Reached => Text::new("check-reached"),
            Self::NotReached => Text::new("error-reach"),
            Self::NoTls => Text::new("found-no-tls"),
            Self::Tls { starttls, subject, fingerprint, .. } => Text::new("found-tls")
                .with("starttls", starttls)
                .with("subject", subject)
                .with("until", "")
                .with("fingerprint", fingerprint),
            Self::ServerText { words } => Text::new("found-server-text").with("words", words),
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
            Self::FolderOpened { folder, messages, has_uidvalidity } => {
                let name =
                    if *has_uidvalidity { "found-folder-opened" } else { "found-folder-opened-without-uidvalidity" };
                Text::new(name).with("folder", folder).with("count", messages)
            }
            Self::FolderNotOpened { folder, words, existing } => {
                Text::new("found-folder-not-opened").with("folder", folder).with("words", words).with("near", existing)
            }
            Self::AfterImport { action, .. } => Text::new("found-after-import").with("action", action).with("way", ""),
        }
    }

    fn words(&self, language: Language) -> String {
        // Some arguments are facts, and are worded in the same language.
        match self {
            Self::Tls { expiry, .. } => self.text().with("until", expiry_text(*expiry, language)).words(language),
            Self::Token { contents, .. } => self.text().with("held", contents.words(language)).words(language),
            Self::AfterImport { method, .. } => self.text().with("way", method.words(language)).words(language),
            _ => self.text().words(language),
        }
    }

    fn on_page(&self, language: Language) -> String {
        match self {
            Self::AfterImport { method: EffectMethod::Untouched, .. } => {
                Text::new("copy-exactly-leave").words(language)
            }
            Self::AfterImport { method, .. } => self.text().with("way", method.on_page(language)).on_page(language),
            Self::Tls { expiry, .. } => self.text().with("until", expiry_text(*expiry, language)).on_page(language),
            Self::Token { contents, .. } => self.text().with("held", contents.words(language)).on_page(language),
            _ => self.text().on_page(language),
        }
    }
}

/// The text about the expiry of a certificate.
fn expiry_text(expiry: Option<(Timestamp, u64)>, language: Language) -> String {
    let Some((at, days)) = expiry else { return Text::new("found-expiry-unreadable").words(language) };
    let name = if days < EXPIRES_SOON_DAYS { "found-expiry-soon" } else { "found-expiry" };
    Text::new(name).with("at", at).with("days", days).words(language)
}

impl TokenContents {
    fn words(&self, language: Language) -> String {
        let Self::Read { audience, rights } = self else {
            return format!("; {}", Text::new("found-token-unreadable").words(language));
        };
        let parts = [("found-token-audience", audience), ("found-token-rights", rights)];
        let named = parts.into_iter().filter(|(_, list)| !list.is_empty());
        named.map(|(name, list)| format!("; {}", Text::new(name).with("list", list).words(language))).collect()
    }
}
