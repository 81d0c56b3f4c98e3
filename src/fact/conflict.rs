//! Why something does not go with what is there.

use super::{Fact, Text, list};
use crate::clock::Timestamp;

/// Why a change does not go with what is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Conflict {
    /// There is a mailbox of this address.
    MailboxThere(String),
    /// There is an inbox of this address.
    InboxThere(String),
    /// There is a user of this name.
    PersonThere(String),
    /// There is a token of this name.
    TokenThere(String),
    /// There is an organisation of this name.
    OrganisationThere,
    /// Somebody else's thing has this address; whose it is, and that it is there, is not told.
    AddressElsewhere,
    /// Several organisations have a token of this name.
    TokenOfSeveral(String),
    /// No name to sign in with.
    PersonName,
    /// No token's name.
    TokenName,
    /// No organisation's name.
    OrganisationName,
    /// An operator in an organisation, or somebody else in none.
    RoleOutOfPlace,
    /// Nobody could add another operator.
    LastOperator(String),
    /// Mailboxes still feed the inbox.
    InboxFed { inbox: String, by: Vec<String> },
    /// The inbox holds messages.
    InboxHoldsMail { inbox: String, messages: i64 },
    /// Mail would be moved into a folder that is polled.
    IntoItself { target: String },
    /// Mail would be moved into a folder that may be a polled one under another name.
    IntoItselfPerhaps { target: String, folder: String },
    /// The same, by another mailbox that logs in to the same account.
    ToAndFro { wrong: Box<Conflict>, mailbox: String },
    /// The mailbox is being set up, and starts there.
    BeingSetUp,
    /// The mailbox is paused.
    Paused,
    /// Its last polls failed.
    Failing,
    /// Its server told us to stay away for a while.
    HeldByServer,
    /// Its server told us to stay away until then.
    HeldUntil(Timestamp),
    /// A UID that is neither pending nor quarantined.
    NotOpen { folder: String, uid: u32 },
    /// No test of a paused mailbox begins.
    TestPaused,
    /// Another test of the mailbox has just begun.
    TestTooSoon,
    /// The mailbox was changed while somebody consented for it.
    MailboxChanged(String),
    /// Something is still being sealed with the old key.
    OldKeyInUse,
    /// An application opens the mailbox: nobody has consented.
    NoConsentOfApplication,
    /// A password opens the mailbox: nobody has consented.
    NoConsentOfPassword,
}

impl Fact for Conflict {
    fn text(&self) -> Text {
        match self {
            Self::MailboxThere(address) => Text::new("conflict-mailbox-there").with("name", address),
            Self::InboxThere(address) => Text::new("conflict-inbox-there").with("name", address),
            Self::PersonThere(name) => Text::new("conflict-person-there").with("name", name),
            Self::TokenThere(name) => Text::new("conflict-token-there").with("name", name),
            Self::OrganisationThere => Text::new("conflict-organisation-there"),
            Self::AddressElsewhere => Text::new("conflict-address-elsewhere"),
            Self::TokenOfSeveral(name) => Text::new("conflict-token-of-several").with("name", name),
            Self::PersonName => Text::new("conflict-person-name"),
            Self::TokenName => Text::new("conflict-token-name"),
            Self::OrganisationName => Text::new("conflict-organisation-name"),
            Self::RoleOutOfPlace => Text::new("conflict-role-out-of-place"),
            Self::LastOperator(name) => Text::new("conflict-last-operator").with("name", name),
            Self::InboxFed { inbox, by } => Text::new("conflict-inbox-fed").with("name", inbox).with("by", list(by)),
            Self::InboxHoldsMail { inbox, messages } => {
                Text::new("conflict-inbox-holds-mail").with("name", inbox).with("count", messages)
            }
            Self::IntoItself { target } => Text::new("conflict-into-itself").with("target", target),
            Self::IntoItselfPerhaps { target, folder } => {
                Text::new("conflict-into-itself-perhaps").with("target", target).with("folder", folder)
            }
            Self::ToAndFro { wrong, mailbox } => match wrong.as_ref() {
                Self::IntoItselfPerhaps { target, folder } => Text::new("conflict-to-and-fro-perhaps")
                    .with("target", target)
                    .with("folder", folder)
                    .with("mailbox", mailbox),
                Self::IntoItself { target } => {
                    Text::new("conflict-to-and-fro").with("target", target).with("mailbox", mailbox)
                }
                other => other.text(),
            },
            Self::BeingSetUp => Text::new("conflict-being-set-up"),
            Self::Paused => Text::new("conflict-paused"),
            Self::Failing => Text::new("conflict-failing"),
            Self::HeldByServer => Text::new("conflict-held-by-server"),
            Self::HeldUntil(until) => Text::new("conflict-held-until").with("until", until),
            Self::NotOpen { folder, uid } => Text::new("conflict-not-open").with("folder", folder).with("uid", uid),
            Self::TestPaused => Text::new("test-paused"),
            Self::TestTooSoon => Text::new("test-too-soon"),
            Self::MailboxChanged(address) => Text::new("conflict-mailbox-changed").with("name", address),
            Self::OldKeyInUse => Text::new("conflict-old-key-in-use"),
            Self::NoConsentOfApplication => Text::new("conflict-no-consent-of-application"),
            Self::NoConsentOfPassword => Text::new("conflict-no-consent-of-password"),
        }
    }
}
