//! What comes of asking for a mail: handed from `fetch` to `import`.

use crate::clock::Timestamp;
use crate::fact::FetchFailure;
use crate::imap::Body;
use crate::mail::digest::Digest;

/// So many polls ask for a mail that does not come; then a person must look at it, and the cursor may pass it.
pub const MOST_TRIES: i64 = 5;

/// A UID with what came of asking for it.
pub struct Arrived {
    /// The UID.
    pub uid: u32,
    /// When the customer's server received it.
    pub internal_date: Option<Timestamp>,
    /// What came.
    pub what: What,
    /// How often it was asked for in vain before.
    pub tried: i64,
}

/// What came of asking for a mail.
pub enum What {
    /// All of it.
    Whole(Body),
    /// All of it, in chunks that are stored already.
    Downloaded(Downloaded),
    /// It is larger than allowed; its header.
    TooLarge { size: u64, header: Vec<u8> },
    /// Nothing, for this reason; it is asked for again, a few times.
    Missing(FetchFailure),
}

/// A large mail that lies in the database, chunk by chunk.
pub struct Downloaded {
    /// Its hashes and header.
    pub digest: Digest,
    /// It is as long as the server had said, or longer.
    pub is_certain: bool,
}
