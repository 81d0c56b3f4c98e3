//! The body of a request, sent in pieces without copying.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use hyper::body::{Bytes, Frame, SizeHint};

/// Maximum size of a piece. Small pieces ensure that hyper takes the end of the body only after most of the body was sent.
const PIECE: usize = 64 << 10;

/// The bytes of a body. Cloning it copies no bytes.
#[derive(Debug, Clone, Default)]
pub struct Body {
    pieces: VecDeque<Bytes>,
}

impl Body {
    pub fn new(parts: impl IntoIterator<Item = Bytes>) -> Self {
        Self { pieces: parts.into_iter().filter(|part| !part.is_empty()).collect() }
    }

    pub fn parts(&self) -> impl Iterator<Item = &[u8]> {
        self.pieces.iter().map(AsRef::as_ref)
    }

    /// The size in bytes.
    pub fn size(&self) -> u64 {
        self.parts().map(|part| part.len() as u64).sum()
    }
}

/// A body that is being sent.
#[derive(Debug)]
pub struct TrackedBody {
    body: Body,
    is_end_taken: Arc<AtomicBool>,
}

impl TrackedBody {
    /// The second value becomes true once hyper has taken the last byte to send it. Until then, the receiver cannot have the whole
    /// mail.
    pub fn new(body: Body) -> (Self, Arc<AtomicBool>) {
        let is_end_taken = Arc::new(AtomicBool::new(false));
        (Self { body, is_end_taken: is_end_taken.clone() }, is_end_taken)
    }
}

impl hyper::body::Body for TrackedBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let Some(mut piece) = self.body.pieces.pop_front() else { return Poll::Ready(None) };
        if piece.len() > PIECE {
            let rest = piece.split_off(PIECE);
            self.body.pieces.push_front(rest);
        }
        if self.body.pieces.is_empty() {
            self.is_end_taken.store(true, Ordering::Relaxed);
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
    async fn a_body_is_sent_in_pieces_and_reports_when_its_end_is_taken() {
        let parts = [Bytes::from_static(b"trace"), Bytes::new(), Bytes::from(vec![b'x'; 2 * PIECE + 1])];
        let body = Body::new(parts);
        assert_eq!((body.size(), body.parts().count()), (2 * PIECE as u64 + 6, 2));
        let (mut sending, is_end_taken) = TrackedBody::new(body);
        let mut sizes = Vec::new();
        while let Some(frame) = sending.frame().await {
            sizes.push((frame.unwrap().into_data().unwrap().len(), is_end_taken.load(Ordering::Relaxed)));
        }
        assert_eq!(sizes, [(5, false), (PIECE, false), (PIECE, false), (1, true)]);
    }
}
