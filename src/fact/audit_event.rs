//! The events of the audit log.

use serde::{Deserialize, Serialize};

use super::{Fact, RevocationOutcome, Text, list};
use crate::locale::Language;

/// A setting of a mailbox, to name the settings that a change concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MailboxPart {
    /// The inbox that the mailbox feeds.
    Inbox,
    /// The server, or the certificates that are trusted.
    Server,
    Username,
    /// The folders that are polled.
    Folders,
    /// The date from which mail is imported.
    Start,
    /// The effect on the customer's copy.
    AfterImport,
    Interval,
    MaxSize,
}

impl MailboxPart {
    #[cfg(test)]
    pub const ALL: [Self; 8] = [
        Self::Inbox,
        Self::Server,
        Self::Username,
        Self::Folders,
        Self::Start,
        Self::AfterImport,
        Self::Interval,
        Self::MaxSize,
    ];
}

impl Fact for MailboxPart {
    fn text(&self) -> Text {
        Text::new(match self {
            Self::Inbox => "part-inbox",
            Self::Server => "part-server",
            Self::Username => "part-username",
            Self::Folders => "part-folders",
            Self::Start => "part-start",
            Self::AfterImport => "part-after-import",
            Self::Interval => "part-interval",
            Self::MaxSize => "part-max-size",
        })
    }
}

/// A change that an actor made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "done")]
pub enum AuditEvent {
    MailboxAdded,
    MailboxChanged { parts: Vec<MailboxPart> },
    MailboxStarted,
    MailboxPaused,
    MailboxResumed,
    MailboxRemoved { consent: Option<RevocationOutcome> },
    CredentialsChanged { parts: Vec<MailboxPart> },
    ConsentAsked { identity: String },
    ConsentGiven { identity: String },
    ConsentGivenUp { consent: RevocationOutcome },
    LinkMade,
    LedgerRetried { folder: Option<String>, uid: Option<u32> },
    LedgerSkipped { folder: String, uid: u32 },
    TestBegun { code: String },
    InboxAdded,
    InboxChanged,
    InboxRemoved { with_messages: bool },
    TargetAdded { url: String },
    TargetChanged { url: String, secret: bool },
    TargetPaused { url: String },
    TargetResumed { url: String },
    TargetRemoved { url: String },
    DeliveryRetried { message: i64 },
    DeliveryMoved { message: i64, url: String },
    DeliveryDropped { message: i64 },
    HeldRetried { count: u64 },
    HeldDropped { count: u64 },
    RouteAdded { recipient: String },
    RouteRemoved { recipient: String },
    PersonAdded,
    PersonJoined { invited_by: String },
    PersonInvited,
    InvitationRevoked,
    PersonRemoved { tokens: u64 },
    PasswordChanged,
    TokenCreated { scope: String },
    TokenRevoked { made: Vec<String>, made_revoked: bool },
    OrganisationAdded,
    KeyRotated { count: usize },
    SecretsForgotten { count: u64 },
}

impl AuditEvent {
    /// The id of the event in the database and the API; in the language files it follows the prefix `audit-`.
    pub fn id(&self) -> &'static str {
        match self {
            Self::MailboxAdded => "mailbox-added",
            Self::MailboxChanged { .. } => "mailbox-changed",
            Self::MailboxStarted => "mailbox-started",
            Self::MailboxPaused => "mailbox-paused",
            Self::MailboxResumed => "mailbox-resumed",
            Self::MailboxRemoved { .. } => "mailbox-removed",
            Self::CredentialsChanged { .. } => "credentials-changed",
            Self::ConsentAsked { .. } => "consent-asked",
            Self::ConsentGiven { .. } => "consent-given",
            Self::ConsentGivenUp { .. } => "consent-given-up",
            Self::LinkMade => "link-made",
            Self::LedgerRetried { .. } => "ledger-retried",
            Self::LedgerSkipped { .. } => "ledger-skipped",
            Self::TestBegun { .. } => "test-begun",
            Self::InboxAdded => "inbox-added",
            Self::InboxChanged => "inbox-changed",
            Self::InboxRemoved { .. } => "inbox-removed",
            Self::TargetAdded { .. } => "target-added",
            Self::TargetChanged { .. } => "target-changed",
            Self::TargetPaused { .. } => "target-paused",
            Self::TargetResumed { .. } => "target-resumed",
            Self::TargetRemoved { .. } => "target-removed",
            Self::DeliveryRetried { .. } => "delivery-retried",
            Self::DeliveryMoved { .. } => "delivery-moved",
            Self::DeliveryDropped { .. } => "delivery-dropped",
            Self::HeldRetried { .. } => "held-retried",
            Self::HeldDropped { .. } => "held-dropped",
            Self::RouteAdded { .. } => "route-added",
            Self::RouteRemoved { .. } => "route-removed",
            Self::PersonAdded => "person-added",
            Self::PersonJoined { .. } => "person-joined",
            Self::PersonInvited => "person-invited",
            Self::InvitationRevoked => "invitation-revoked",
            Self::PersonRemoved { .. } => "person-removed",
            Self::PasswordChanged => "password-changed",
            Self::TokenCreated { .. } => "token-created",
            Self::TokenRevoked { .. } => "token-revoked",
            Self::OrganisationAdded => "organisation-added",
            Self::KeyRotated { .. } => "key-rotated",
            Self::SecretsForgotten { .. } => "secrets-forgotten",
        }
    }

    /// The details of the event; empty if it has none.
    pub fn detail(&self, language: Language) -> String {
        match self {
            Self::MailboxChanged { parts } | Self::CredentialsChanged { parts } => {
                let parts: Vec<String> = parts.iter().map(|part| part.words(language)).collect();
                list(&parts)
            }
            Self::MailboxRemoved { consent: Some(consent) } | Self::ConsentGivenUp { consent } => {
                consent.words(language)
            }
            Self::ConsentAsked { identity } | Self::ConsentGiven { identity } => identity.clone(),
            Self::LedgerRetried { folder: None, uid: Some(uid) } => format!("UID {uid}"),
            Self::LedgerRetried { folder: Some(folder), uid: Some(uid) } | Self::LedgerSkipped { folder, uid } => {
                format!("{folder} UID {uid}")
            }
            Self::LedgerRetried { folder, uid: None } => folder.clone().unwrap_or_default(),
            Self::TestBegun { code } => code.clone(),
            Self::KeyRotated { count } => count.to_string(),
            Self::SecretsForgotten { count } => count.to_string(),
            Self::InboxRemoved { with_messages: true } => Text::new("detail-with-messages").words(language),
            Self::TargetChanged { url, secret: true } => {
                Text::new("detail-target-secret").with("url", url).words(language)
            }
            Self::TargetAdded { url }
            | Self::TargetChanged { url, .. }
            | Self::TargetPaused { url }
            | Self::TargetResumed { url }
            | Self::TargetRemoved { url } => url.clone(),
            Self::DeliveryRetried { message } | Self::DeliveryDropped { message } => message.to_string(),
            Self::DeliveryMoved { message, url } => format!("{message} -> {url}"),
            Self::HeldRetried { count } | Self::HeldDropped { count } => count.to_string(),
            Self::RouteAdded { recipient } | Self::RouteRemoved { recipient } => recipient.clone(),
            Self::PersonJoined { invited_by } => invited_by.clone(),
            Self::PersonRemoved { tokens } if *tokens > 0 => {
                Text::new("detail-tokens-revoked").with("count", tokens).words(language)
            }
            Self::TokenCreated { scope } => scope.clone(),
            Self::TokenRevoked { made, .. } if made.is_empty() => String::new(),
            Self::TokenRevoked { made, made_revoked } => {
                let name = if *made_revoked { "detail-descendants-revoked" } else { "detail-descendants-valid" };
                Text::new(name).with("names", list(made)).words(language)
            }
            _ => String::new(),
        }
    }
}
