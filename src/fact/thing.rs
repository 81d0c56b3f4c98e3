//! Things that are not there.

use super::{Fact, Text};

/// A thing that somebody has named, and that is not there or is not theirs to see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Thing {
    /// A mailbox, by its address.
    Mailbox(String),
    /// A mailbox, by its row: it was removed meanwhile.
    MailboxOfRow,
    /// An inbox, by its address.
    Inbox(String),
    /// A route of this recipient.
    Route(String),
    /// A user, by name.
    Person(String),
    /// A token of the API, by name.
    Token(String),
    /// An organisation, by name.
    Organisation(String),
    /// A message, by its number.
    Message(i64),
    /// A test mail.
    TestMail,
    /// An invitation.
    Invitation,
    /// A consent that a mailbox was opened with.
    Consent,
    /// A mailbox for which somebody consents: it was removed or changed meanwhile.
    ConsentedMailbox,
}

impl Fact for Thing {
    fn text(&self) -> Text {
        match self {
            Self::Mailbox(address) => Text::new("missing-mailbox").with("name", address),
            Self::MailboxOfRow => Text::new("missing-mailbox-of-row"),
            Self::Inbox(address) => Text::new("missing-inbox").with("name", address),
            Self::Route(recipient) => Text::new("missing-route").with("name", recipient),
            Self::Person(name) => Text::new("missing-person").with("name", name),
            Self::Token(name) => Text::new("missing-token").with("name", name),
            Self::Organisation(name) => Text::new("missing-organisation").with("name", name),
            Self::Message(id) => Text::new("missing-message").with("name", id),
            Self::TestMail => Text::new("missing-test-mail"),
            Self::Invitation => Text::new("missing-invitation"),
            Self::Consent => Text::new("missing-consent"),
            Self::ConsentedMailbox => Text::new("missing-consented-mailbox"),
        }
    }
}
