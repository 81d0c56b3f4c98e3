//! The batch that a poll hands to the import: its findings about some UIDs.

use bytes::Bytes;

use crate::clock::Timestamp;
use crate::fact::{DeliveryProblem, Reason};
use crate::mail::bounce::BounceAddress;

/// Findings about UIDs of one epoch, committed together.
#[derive(Debug)]
pub struct Batch {
    pub epoch_id: i64,
    /// The folder's name, for the message rows.
    pub folder: String,
    /// The epoch's UIDVALIDITY, for the message rows.
    pub uidvalidity: u32,
    /// The UIDs of the batch with the finding about each.
    pub findings: Vec<(u32, Finding)>,
    /// The cursor: every UID below it is finished once this batch is committed.
    pub cursor: u32,
    /// The highest UID of the batch that is below UIDNEXT.
    pub top: u32,
    /// Maximum number of mails from one sender to one inbox within an hour that are delivered; further ones are held.
    pub sender_limit: i64,
}

/// The result for one UID.
#[derive(Debug)]
pub enum Finding {
    /// A complete mail.
    Mail(Box<Mail>),
    /// The mail cannot be imported.
    Quarantined { reason: Reason, size: u64, internal_date: Option<Timestamp>, headers: Vec<u8> },
    /// The server did not return the mail; a later poll asks for it again.
    Pending { reason: Reason },
}

/// A mail to be imported, with its inboxes and its effect.
#[derive(Debug)]
pub struct Mail {
    pub raw: Raw,
    /// The size of the mail in bytes.
    pub size: u64,
    /// SHA-256 of the raw bytes.
    pub sha256: [u8; 32],
    /// A hash that is equal for all copies of a mail, even if they arrived in different ways.
    pub identity: [u8; 32],
    /// The Message-ID, if it can be parsed.
    pub message_id: Option<String>,
    /// The sender's address, if it can be parsed.
    pub from: Option<String>,
    /// The subject, if it can be parsed.
    pub subject: Option<String>,
    /// INTERNALDATE: when the customer's server received the mail.
    pub internal_date: Option<Timestamp>,
    /// Whether the mail was there before the mailbox was added.
    pub historic: bool,
    /// The inboxes (not delivery targets) that the mail goes into, each once, with the reason.
    pub targets: Vec<(i64, String)>,
    /// If the mail is a bounce: the delivery that it reports as failed.
    pub bounce: Option<Bounce>,
    /// The effect on the customer's copy of the mail, if any.
    pub effect: Option<String>,
}

/// The report of a later server that it could not deliver a mail that Mailferry had delivered to the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounce {
    pub address: BounceAddress,
    pub problem: DeliveryProblem,
}

/// Where the bytes of a mail are.
#[derive(Debug)]
pub enum Raw {
    /// All bytes are in memory.
    Whole(Bytes),
    /// The bytes are already in the database, as the chunks of a download.
    Downloaded,
}
