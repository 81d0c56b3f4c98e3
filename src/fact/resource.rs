//! Resources that were not found.

use super::{Fact, Text};

/// A resource that does not exist, or that the actor must not see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resource {
    /// A mailbox, by its address.
    Mailbox(String),
    /// A mailbox, by its row; it was removed in the meantime.
    MailboxOfRow,
    /// An inbox, by its address.
    Inbox(String),
    /// A route, by its recipient.
    Route(String),
    /// A user, by name.
    Person(String),
    /// An API token, by its name.
    Token(String),
    /// An organisation, by its name.
    Organisation(String),
    /// A message, by its id.
    Message(i64),
    /// A delivery target, by its number.
    DeliveryTarget(String),
    /// A delivery, by its number.
    Delivery(String),
    TestMail,
    Invitation,
    /// The consent of a mailbox.
    Consent,
    /// A mailbox that was removed or changed while a person was giving consent for it.
    ConsentedMailbox,
}

impl Fact for Resource {
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
            Self::DeliveryTarget(id) => Text::new("missing-delivery-target").with("name", id),
            Self::Delivery(id) => Text::new("missing-delivery").with("name", id),
            Self::TestMail => Text::new("missing-test-mail"),
            Self::Invitation => Text::new("missing-invitation"),
            Self::Consent => Text::new("missing-consent"),
            Self::ConsentedMailbox => Text::new("missing-consented-mailbox"),
        }
    }
}
