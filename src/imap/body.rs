//! The bytes of one mail, as received.

use std::ops::Deref;
use std::sync::Arc;

use bytes::Bytes;

use super::in_flight::Share;

/// A mail or a part of a mail. Its bytes are a slice of the server's answer, not a copy, and hold the answer's share of
/// the memory budget.
#[derive(Debug, Clone, Default)]
pub struct Body {
    bytes: Bytes,
    share: Option<Arc<Share>>,
}

impl Body {
    /// A slice of an answer. A small slice of a large answer is copied, so that the rest of the answer can be freed.
    pub(super) fn slice_of(answer: &Bytes, piece: &[u8], share: Option<&Arc<Share>>) -> Self {
        let bytes = match piece.len() >= answer.len() / 2 {
            true => answer.slice_ref(piece),
            false => Bytes::copy_from_slice(piece),
        };
        Self { bytes, share: share.cloned() }
    }

    /// Returns the bytes, and the memory share that must be kept for as long as the bytes.
    pub fn into_parts(self) -> (Bytes, Option<Arc<Share>>) {
        (self.bytes, self.share)
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Self { bytes: bytes.into(), share: None }
    }
}

impl Deref for Body {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}
