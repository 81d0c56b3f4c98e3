//! The bytes of one mail, as they came.

use std::ops::Deref;
use std::sync::Arc;

use bytes::Bytes;

use super::in_flight::Share;

/// A mail or a part of one. It is a piece of the server's answer, which is not copied, and holds the share of what may be in
/// flight that the answer took.
#[derive(Debug, Clone, Default)]
pub struct Body {
    bytes: Bytes,
    share: Option<Arc<Share>>,
}

impl Body {
    /// A piece of an answer. A small piece of a large answer is copied, so that it does not keep the rest.
    pub(super) fn of(answer: &Bytes, piece: &[u8], share: Option<&Arc<Share>>) -> Self {
        let bytes = match piece.len() >= answer.len() / 2 {
            true => answer.slice_ref(piece),
            false => Bytes::copy_from_slice(piece),
        };
        Self { bytes, share: share.cloned() }
    }

    /// The bytes, and the share that is to be kept as long as they are.
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
