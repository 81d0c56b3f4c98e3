//! The metadata of a delivery in the payload.

use serde::Serialize;

use crate::clock::Timestamp;
#[cfg(test)]
use crate::store::MessageLine;

/// A mail that has arrived in an inbox.
#[derive(Debug, Clone, Serialize)]
pub struct Event {
    /// The id of the delivery, sent as `webhook-id`; the same for every attempt.
    #[serde(skip)]
    pub delivery: String,
    /// The message's number.
    pub message: i64,
    /// The SHA-256 of the raw mail, hexadecimal.
    pub sha256: String,
    /// The size of the raw mail in bytes.
    pub size: u64,
    /// The address of the inbox.
    pub inbox: String,
    /// The address that replies to the inbox's mail must be sent from.
    pub reply_from: Option<String>,
    /// The address of the mailbox that the mail came from.
    pub mailbox: String,
    pub folder: String,
    pub uidvalidity: u32,
    pub uid: u32,
    /// INTERNALDATE: when the customer's server received the mail.
    pub internal_date: Option<Timestamp>,
    pub imported_at: Timestamp,
    /// The mail was there before the mailbox was added.
    pub historic: bool,
    /// The field and the recipient by which the inbox was chosen.
    #[serde(skip)]
    pub evidence: String,
}

impl Event {
    /// The arrival of a message.
    #[cfg(test)]
    pub fn new(delivery: String, message: &MessageLine, reply_from: Option<String>) -> Self {
        Self {
            delivery,
            message: message.id,
            sha256: message.sha256.clone(),
            size: u64::try_from(message.size).unwrap_or(0),
            inbox: message.inbox.clone(),
            reply_from,
            mailbox: message.mailbox.clone(),
            folder: message.folder.clone(),
            uidvalidity: message.uidvalidity,
            uid: message.uid,
            internal_date: message.internal_date,
            imported_at: message.imported_at,
            historic: message.historic,
            evidence: message.why.clone(),
        }
    }
}
