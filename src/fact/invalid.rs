//! Why a value is not valid.

use std::fmt;

use super::{Conflict, Fact, Text};
use crate::cause::Trouble;
use crate::locale::Language;

/// Why a setting, a login or a server is not valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Invalid {
    /// The text is not a host name.
    HostName(String),
    /// The port is 0.
    Port,
    /// The TLS mode is not implicit, starttls or none.
    TlsMode(String),
    /// The certificate authorities are not in PEM format.
    AuthoritiesNotPem,
    /// A certificate authority cannot be parsed.
    AuthoritiesUnreadable,
    /// The PEM text contains no certificate authority.
    NoAuthorities,
    /// The text is not a SHA-256 fingerprint.
    Fingerprint(String),
    /// The text is not a valid folder name.
    FolderName(String),
    /// The start is not now, all or a date.
    Start(String),
    /// The after-import action is not leave, seen, keyword:NAME, move:FOLDER or delete.
    AfterImport(String),
    /// The text is not a valid IMAP keyword.
    Keyword(String),
    /// Mail would be moved into a folder that is polled.
    MoveIntoPolledFolder(Conflict),
    /// The interval is shorter than the operator allows.
    Interval { least: String },
    /// The text is not the URL of a delivery target.
    TargetUrl(String),
    /// The URL of a delivery target contains a user name or a password.
    TargetUrlWithSecret,
    /// The text is not the address of an IMAP server.
    MailboxUrl(String),
    /// The IMAP login to the mailbox of a delivery target's recipient is incomplete.
    MailboxLogin,
    /// The delivery target is on another machine, and its URL does not use TLS.
    TargetUnencrypted,
    /// The secret does not have the form that the Standard Webhooks specification requires.
    WebhookSecret,
    /// The recipient is not an address.
    Recipient(String),
    /// The number of connections is outside the limits.
    Concurrency { most: i64 },
    /// The number of mails per minute is outside the limits.
    Rate { most: i64 },
    /// The setting does not apply to this kind of delivery target.
    NotForTarget { setting: String, kind: String },
    /// The password is empty.
    NoPassword,
    /// The password contains a line break or a NUL.
    PasswordCharacters,
    /// Access tokens would be sent without TLS.
    TokenWithoutTls,
    /// App-only access needs a tenant, and none is configured for the provider.
    NoTenant { provider: String },
    /// The provider does not support app-only access.
    NoAppOnly { provider: String },
    /// The provider is not configured.
    Provider(Box<Trouble>),
}

impl Fact for Invalid {
    fn text(&self) -> Text {
        match self {
            Self::HostName(text) => Text::new("invalid-host-name").with("text", text),
            Self::Port => Text::new("invalid-port"),
            Self::TlsMode(text) => Text::new("invalid-tls-mode").with("text", text),
            Self::AuthoritiesNotPem => Text::new("invalid-authorities-not-pem"),
            Self::AuthoritiesUnreadable => Text::new("invalid-authorities-unreadable"),
            Self::NoAuthorities => Text::new("invalid-no-authorities"),
            Self::Fingerprint(text) => Text::new("invalid-fingerprint").with("text", text),
            Self::FolderName(text) => Text::new("invalid-folder-name").with("text", text),
            Self::Start(text) => Text::new("invalid-start").with("text", text),
            Self::AfterImport(text) => Text::new("invalid-after-import").with("text", text),
            Self::Keyword(text) => Text::new("invalid-keyword").with("text", text),
            Self::MoveIntoPolledFolder(conflict) => conflict.text(),
            Self::Interval { least } => Text::new("invalid-interval").with("least", least),
            Self::TargetUrl(text) => Text::new("invalid-target-url").with("text", text),
            Self::TargetUrlWithSecret => Text::new("invalid-target-url-with-secret"),
            Self::MailboxUrl(text) => Text::new("invalid-mailbox-url").with("text", text),
            Self::MailboxLogin => Text::new("invalid-mailbox-login"),
            Self::TargetUnencrypted => Text::new("invalid-target-unencrypted"),
            Self::WebhookSecret => Text::new("invalid-webhook-secret"),
            Self::Recipient(text) => Text::new("invalid-recipient").with("text", text),
            Self::Rate { most } => Text::new("invalid-rate").with("most", most),
            Self::Concurrency { most } => Text::new("invalid-concurrency").with("most", most),
            Self::NotForTarget { setting, kind } => {
                Text::new("invalid-not-for-target").with("setting", setting).with("kind", kind)
            }
            Self::NoPassword => Text::new("invalid-no-password"),
            Self::PasswordCharacters => Text::new("invalid-password-characters"),
            Self::TokenWithoutTls => Text::new("invalid-token-without-tls"),
            Self::NoTenant { provider } => Text::new("invalid-no-tenant").with("provider", provider),
            Self::NoAppOnly { provider } => Text::new("invalid-no-app-only").with("provider", provider),
            Self::Provider(_) => Text::new("invalid-provider").with("why", ""),
        }
    }

    fn words(&self, language: Language) -> String {
        match self {
            Self::Provider(trouble) => self.text().with("why", trouble.in_full(language)).words(language),
            _ => self.text().words(language),
        }
    }

    fn on_page(&self, language: Language) -> String {
        match self {
            Self::Provider(trouble) => trouble.clone().on_page().in_full(language),
            _ => self.text().on_page(language),
        }
    }
}

/// Writes the reason in English, for the API and the command line.
impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words(Language::English))
    }
}

impl std::error::Error for Invalid {}
