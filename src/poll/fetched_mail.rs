//! The result of fetching one mail, handed from `fetch` to `import`.

use crate::clock::Timestamp;
use crate::fact::FetchFailure;
use crate::imap::Body;
use crate::mail::digest::Digest;

/// Number of polls that try to fetch a missing mail. Then the mail is quarantined, and the cursor may pass it.
pub const MAX_ATTEMPTS: i64 = 5;

/// A UID, with the result of its fetch.
pub struct FetchedMail {
    pub uid: u32,
    /// INTERNALDATE: when the customer's server received the mail.
    pub internal_date: Option<Timestamp>,
    pub content: Content,
    /// Failed attempts before this one.
    pub attempts: i64,
}

/// The content of a fetched mail.
pub enum Content {
    /// The whole mail.
    Whole(Body),
    /// The whole mail, already stored in chunks.
    Downloaded(Downloaded),
    /// The size and the header of a mail that is larger than the limit.
    TooLarge { size: u64, header: Vec<u8> },
    /// The mail was not received; a later poll tries again, up to a limit.
    Missing(FetchFailure),
}

/// A large mail whose bytes are stored in chunks.
pub struct Downloaded {
    pub digest: Digest,
    /// Whether the mail has at least the announced size.
    pub is_certain: bool,
}
