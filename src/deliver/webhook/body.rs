//! The body of a request: pieces that are sent one after the other without being copied.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use hyper::body::{Bytes, Frame, SizeHint};

/// The pieces in which the body is passed on, so that the end of the body is taken only when most of it has been sent.
const PIECE: usize = 64 << 10;

/// The bytes of a body. Cloning it copies no bytes.
#[derive(Debug, Clone, Default)]
pub struct Body {
    pieces: VecDeque<Bytes>,
}

impl Body {
    /// A body of these parts.
    pub fn new(parts: impl IntoIterator<Item = Bytes>) -> Self {
        Self { pieces: parts.into_iter().filter(|part| !part.is_empty()).collect() }
    }

    /// Its parts.
    pub fn parts(&self) -> impl Iterator<Item = &[u8]> {
        self.pieces.iter().map(AsRef::as_ref)
    }

    /// In bytes.
    pub fn size(&self) -> u64 {
        self.parts().map(|part| part.len() as u64).sum()
    }
}

/// A body on its way.
#[derive(Debug)]
pub struct Sending {
    body: Body,
    is_taken: Arc<AtomicBool>,
}

impl Sending {
    /// The second value tells whether the last byte has been taken to be sent. Before, the receiver cannot have the whole
    /// mail.
    pub fn new(body: Body) -> (Self, Arc<AtomicBool>) {
        let is_taken = Arc::new(AtomicBool::new(false));
        (Self { body, is_taken: is_taken.clone() }, is_taken)
    }
}

impl hyper::body::Body for Sending {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let Some(mut piece) = self.body.pieces.pop_front() else { return Poll::Ready(None) };
        if piece.len() > PIECE {
            let rest = piece.split_off(PIECE);
            self.body.pieces.push_front(rest);
        }
        if self.body.pieces.is_empty() {
            self.is_taken.store(true, Ordering::Relaxed);
        }
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.pieces.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.body.size())
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn a_body_is_sent_in_pieces_and_tells_when_its_end_is_taken() {
        let parts = [Bytes::from_static(b"trace"), Bytes::new(), Bytes::from(vec![b'x'; 2 * PIECE + 1])];
        let body = Body::new(parts);
        assert_eq!((body.size(), body.parts().count()), (2 * PIECE as u64 + 6, 2));
        let (mut sending, is_taken) = Sending::new(body);
        let mut sizes = Vec::new();
        while let Some(frame) = sending.frame().await {
            sizes.push((frame.unwrap().into_data().unwrap().len(), is_taken.load(Ordering::Relaxed)));
        }
        assert_eq!(sizes, [(5, false), (PIECE, false), (PIECE, false), (1, true)]);
    }
}
