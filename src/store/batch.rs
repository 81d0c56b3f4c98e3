//! What a poll hands to the import: what was found out about some UIDs.

use bytes::Bytes;

use crate::clock::Timestamp;
use crate::fact::Reason;

/// What was found out about some UIDs of one epoch, to be committed together.
#[derive(Debug)]
pub struct Batch {
    /// The epoch.
    pub epoch_id: i64,
    /// Its folder's name, for the message rows.
    pub folder: String,
    /// Its UIDVALIDITY, likewise.
    pub uidvalidity: u32,
    /// One for each UID.
    pub findings: Vec<(u32, Finding)>,
    /// Every UID below it is finished once this batch is committed.
    pub cursor: u32,
    /// The highest of these UIDs that lies below UIDNEXT.
    pub top: u32,
}

/// What was found out about one UID.
#[derive(Debug)]
pub enum Finding {
    /// A mail, whole.
    Mail(Box<Mail>),
    /// It cannot be imported, for this reason.
    Quarantined { reason: Reason, size: u64, internal_date: Option<Timestamp>, headers: Vec<u8> },
    /// The server did not give it; it is asked for again.
    Pending { reason: Reason },
}

/// A mail with where it goes.
#[derive(Debug)]
pub struct Mail {
    /// The bytes, as they came.
    pub raw: Raw,
    /// How many they are.
    pub size: u64,
    /// Their SHA-256.
    pub sha256: [u8; 32],
    /// Equal for the same mail that comes another way.
    pub identity: [u8; 32],
    /// Message-ID, where it can be read.
    pub message_id: Option<String>,
    /// The sender's address, where it can be read.
    pub from: Option<String>,
    /// The subject, where it can be read.
    pub subject: Option<String>,
    /// When the customer's server received it.
    pub internal_date: Option<Timestamp>,
    /// From before the mailbox was added.
    pub historic: bool,
    /// The inboxes, each once, with the evidence.
    pub targets: Vec<(i64, String)>,
    /// What is to happen to the customer's copy.
    pub effect: Option<String>,
}

/// Where a mail's bytes are.
#[derive(Debug)]
pub enum Raw {
    /// Here.
    Whole(Bytes),
    /// In the database already, as chunks of a download.
    Downloaded,
}
