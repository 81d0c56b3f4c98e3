//! Why a change conflicts with the current state.

use super::{Fact, Text, list};
use crate::clock::Timestamp;

/// Why a change conflicts with the current state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Conflict {
    /// A mailbox with this address exists.
    MailboxExists(String),
    /// An inbox with this address exists.
    InboxExists(String),
    /// A user with this name exists.
    PersonExists(String),
    /// A token with this name exists.
    TokenExists(String),
    /// An organisation with this name exists.
    OrganisationExists,
    /// Another organisation uses this address. The text of the conflict does not reveal that.
    AddressTaken,
    /// Several organisations have a token with this name.
    AmbiguousToken(String),
    /// The text is not a valid name for a user.
    InvalidPersonName,
    /// The text is not a valid name for a token.
    InvalidTokenName,
    /// The text is not a valid name for an organisation.
    InvalidOrganisationName,
    /// The user is an operator with an organisation, or an admin or viewer without one.
    RoleOrganisationMismatch,
    /// The user is the last operator. Without an operator, nobody could add another.
    LastOperator(String),
    /// Mailboxes still feed the inbox.
    InboxInUse { inbox: String, by: Vec<String> },
    /// The inbox holds messages.
    InboxHoldsMail { inbox: String, messages: i64 },
    /// Deliveries to the target wait or are held.
    TargetHoldsMail { target: i64, messages: i64 },
    /// The delivery is finished, or is being sent now.
    DeliveryNotOpen(i64),
    /// The delivery is not held.
    DeliveryNotHeld(i64),
    /// The target serves another inbox.
    TargetOfOtherInbox(i64),
    /// The target is set in the configuration, so it can only be changed there.
    TargetOfConfiguration,
    /// The target is a polled mailbox: mail that is delivered to it would be fetched again.
    TargetIsPolled { address: String },
    /// Mail of an inbox is delivered to this mailbox, so it must not be polled.
    MailboxIsTarget { address: String },
    /// The raw mail was deleted after its delivery, as configured for its target.
    RawMailRemoved { message: i64, removed_at: Timestamp },
    /// Mail would be moved into a folder that is polled.
    MoveIntoPolledFolder { target: String },
    /// Mail would be moved into a folder that may be a polled folder under another name.
    MayMoveIntoPolledFolder { target: String, folder: String },
    /// The conflict `wrong` between two mailboxes with the same account: one moves mail into a folder that the other polls.
    ByOtherMailbox { wrong: Box<Conflict>, mailbox: String },
    /// The setup of the mailbox is not finished; its last step starts the mailbox.
    InSetup,
    /// The mailbox is paused.
    Paused,
    /// The last polls of the mailbox failed.
    Failing,
    /// The mail server asked to wait before the next connection.
    ServerAskedToWait,
    /// The mail server asked to wait until this time.
    ServerAskedToWaitUntil(Timestamp),
    /// The UID is neither pending nor quarantined.
    UidNotOpen { folder: String, uid: u32 },
    /// A paused mailbox cannot be tested.
    TestPaused,
    /// Another test of the mailbox began a short time ago.
    TestTooSoon,
    /// The mailbox was changed while a person was giving consent for it.
    MailboxChanged(String),
    /// Another process still seals secrets with the old key.
    OldKeyInUse,
    /// The mailbox is read with an application's own right, so it has no consent.
    AppOnlyHasNoConsent,
    /// The mailbox is opened with a password, so it has no consent.
    PasswordHasNoConsent,
}

/// The text of [`Conflict::ByOtherMailbox`].
fn by_other_mailbox(wrong: &Conflict, mailbox: &str) -> Text {
    match wrong {
        Conflict::MayMoveIntoPolledFolder { target, folder } => Text::new("conflict-move-into-other-polled-maybe")
            .with("target", target)
            .with("folder", folder)
            .with("mailbox", mailbox),
        Conflict::MoveIntoPolledFolder { target } => {
            Text::new("conflict-move-into-other-polled").with("target", target).with("mailbox", mailbox)
        }
        other => other.text(),
    }
}

impl Fact for Conflict {
    fn text(&self) -> Text {
        match self {
            Self::MailboxExists(address) => Text::new("conflict-mailbox-exists").with("name", address),
            Self::InboxExists(address) => Text::new("conflict-inbox-exists").with("name", address),
            Self::PersonExists(name) => Text::new("conflict-person-exists").with("name", name),
            Self::TokenExists(name) => Text::new("conflict-token-exists").with("name", name),
            Self::OrganisationExists => Text::new("conflict-organisation-exists"),
            Self::AddressTaken => Text::new("conflict-address-taken"),
            Self::AmbiguousToken(name) => Text::new("conflict-token-ambiguous").with("name", name),
            Self::InvalidPersonName => Text::new("conflict-person-name"),
            Self::InvalidTokenName => Text::new("conflict-token-name"),
            Self::InvalidOrganisationName => Text::new("conflict-organisation-name"),
            Self::RoleOrganisationMismatch => Text::new("conflict-role-organisation"),
            Self::LastOperator(name) => Text::new("conflict-last-operator").with("name", name),
            Self::InboxInUse { inbox, by } => {
                Text::new("conflict-inbox-in-use").with("name", inbox).with("by", list(by))
            }
            Self::InboxHoldsMail { inbox, messages } => {
                Text::new("conflict-inbox-holds-mail").with("name", inbox).with("count", messages)
            }
            Self::TargetHoldsMail { target, messages } => {
                Text::new("conflict-target-holds-mail").with("target", target).with("count", messages)
            }
            Self::DeliveryNotOpen(id) => Text::new("conflict-delivery-not-open").with("id", id),
            Self::DeliveryNotHeld(id) => Text::new("conflict-delivery-not-held").with("id", id),
            Self::TargetOfOtherInbox(id) => Text::new("conflict-target-of-other-inbox").with("id", id),
            Self::TargetOfConfiguration => Text::new("conflict-target-of-configuration"),
            Self::MailboxIsTarget { address } => Text::new("conflict-mailbox-is-target").with("address", address),
            Self::TargetIsPolled { address } => Text::new("conflict-target-is-polled").with("address", address),
            Self::RawMailRemoved { message, removed_at } => {
                Text::new("conflict-raw-mail-removed").with("id", message).with("time", removed_at)
            }
            Self::MoveIntoPolledFolder { target } => Text::new("conflict-move-into-polled").with("target", target),
            Self::MayMoveIntoPolledFolder { target, folder } => {
                Text::new("conflict-move-into-polled-maybe").with("target", target).with("folder", folder)
            }
            Self::ByOtherMailbox { wrong, mailbox } => by_other_mailbox(wrong, mailbox),
            Self::InSetup => Text::new("conflict-in-setup"),
            Self::Paused => Text::new("conflict-paused"),
            Self::Failing => Text::new("conflict-failing"),
            Self::ServerAskedToWait => Text::new("conflict-server-asked-to-wait"),
            Self::ServerAskedToWaitUntil(until) => {
                Text::new("conflict-server-asked-to-wait-until").with("until", until)
            }
            Self::UidNotOpen { folder, uid } => {
                Text::new("conflict-uid-not-open").with("folder", folder).with("uid", uid)
            }
            Self::TestPaused => Text::new("test-paused"),
            Self::TestTooSoon => Text::new("test-too-soon"),
            Self::MailboxChanged(address) => Text::new("conflict-mailbox-changed").with("name", address),
            Self::OldKeyInUse => Text::new("conflict-old-key-in-use"),
            Self::AppOnlyHasNoConsent => Text::new("conflict-no-consent-of-application"),
            Self::PasswordHasNoConsent => Text::new("conflict-no-consent-of-password"),
        }
    }
}
