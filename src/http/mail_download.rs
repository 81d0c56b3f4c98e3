//! The bytes of a stored message, for pages and the API.

use std::ops::Range;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use futures::stream;

use crate::http::State;
use crate::http::server::shares::{PIECE, Share, SourceShare, Tenant, with_share};
use crate::reading::{self, Content, Decoder};
use crate::store::{CHUNK, MessageLine, Store, StoreError};

/// A message in memory, with its share of the memory for messages.
pub struct LoadedMail {
    bytes: Vec<u8>,
    sha256: Vec<u8>,
    share: Share,
    tenant: Tenant,
}

/// A value parsed from a message, with the message's share, because data built from the value takes as much memory as the
/// message.
pub struct WithShare<T> {
    pub value: T,
    /// The message's share, to be passed to [`attach_share`].
    pub share: Share,
}

impl LoadedMail {
    /// Loads the bytes of a message, up to the size that the parser accepts. Waits for memory; returns `None` if not enough
    /// becomes free in time.
    pub async fn load(message: &MessageLine, tenant: Tenant, state: &State) -> Result<Option<Self>, StoreError> {
        let size = usize::try_from(message.size).unwrap_or(usize::MAX).min(reading::MAX_INPUT);
        let Some(share) = state.shares.mail(tenant, size).await else { return Ok(None) };
        let sha256 = state.deps.store.message_sha256(message.id).await?;
        let mut bytes = Vec::with_capacity(size);
        for seq in 0.. {
            match state.deps.store.raw_chunk(&sha256, seq).await? {
                Some(chunk) if bytes.len() < reading::MAX_INPUT => bytes.extend(chunk),
                _ => break,
            }
        }
        Ok(Some(Self { bytes, sha256, share, tenant }))
    }

    /// Calls `read` with the message on a blocking thread. Returns `None` if `read` panicked or no thread became free in
    /// time.
    pub async fn read<T: Send + 'static>(
        self,
        state: &State,
        read: impl FnOnce(&[u8]) -> T + Send + 'static,
    ) -> Option<WithShare<T>> {
        let Self { bytes, share, tenant, .. } = self;
        let thread = state.shares.reading(tenant).await?;
        let work = move || {
            // Hold both shares until the work is done, even if the client has disconnected by then.
            let (value, _thread) = (read(&bytes), thread);
            WithShare { value, share }
        };
        run_blocking(work).await
    }

    /// Returns the attachment with this index as a download. The inner `None` means that there is no such attachment; the
    /// outer `None`, that [`Self::read`] failed or no memory for sending became free in time.
    pub async fn attachment(self, index: usize, state: &State) -> Option<Option<Response>> {
        let (tenant, sha256) = (self.tenant, self.sha256.clone());
        let WithShare { value, share } = self.read(state, move |bytes| reading::attachment(bytes, index)).await?;
        let Some(Content { name, size, range, decoder, .. }) = value.ok().flatten() else { return Some(None) };
        // The message's bytes have been dropped by now, so its share can be returned.
        drop(share);
        let share = state.shares.sending(tenant, range.len().min(CHUNK) + PIECE).await?;
        let stream = RawStream { store: state.deps.store.clone(), sha256, share, chunk: Bytes::new(), range };
        let disposition = reading::content_disposition(name.as_deref());
        let body = Body::from_stream(stream::try_unfold((stream, Some(decoder)), next_decoded));
        Some(Some(download(&disposition, "application/octet-stream", size, body)))
    }
}

/// Attaches the message's share to the response, which holds this share until it has one of its own.
pub fn attach_share(share: Share, mut response: Response) -> Response {
    response.extensions_mut().insert(SourceShare { _share: Arc::new(share) });
    response
}

/// The part of a stored message that is still to be sent. At most one of its database rows is in memory.
struct RawStream {
    store: Arc<Store>,
    sha256: Vec<u8>,
    share: Arc<Share>,
    /// The rest of the database row that is being sent.
    chunk: Bytes,
    /// The bytes that are still to be sent, including those in `chunk`.
    range: Range<usize>,
}

impl RawStream {
    /// The next piece; empty at the end.
    async fn next_piece(&mut self) -> std::io::Result<Bytes> {
        if self.chunk.is_empty() && !self.range.is_empty() {
            let (seq, skip) = (self.range.start / CHUNK, self.range.start % CHUNK);
            let seq = i64::try_from(seq).map_err(std::io::Error::other)?;
            let chunk = self.store.raw_chunk(&self.sha256, seq).await.map_err(std::io::Error::other)?;
            let mut chunk = with_share(chunk.unwrap_or_default(), &self.share);
            if chunk.len() <= skip {
                return Err(std::io::Error::other("a row of a message is missing"));
            }
            chunk.truncate(skip.saturating_add(self.range.len()));
            self.chunk = chunk.split_off(skip);
        }
        let piece = self.chunk.split_to(self.chunk.len().min(PIECE));
        self.range.start += piece.len();
        Ok(piece)
    }
}

/// The next non-empty piece of a decoded attachment.
async fn next_decoded(
    (mut stream, decoder): (RawStream, Option<Decoder>),
) -> std::io::Result<Option<(Bytes, (RawStream, Option<Decoder>))>> {
    let Some(mut decoder) = decoder else { return Ok(None) };
    loop {
        let piece = stream.next_piece().await?;
        let mut bytes = Vec::with_capacity(piece.len());
        if piece.is_empty() {
            decoder.finish(&mut |byte| bytes.push(byte));
            return Ok((!bytes.is_empty()).then(|| (with_share(bytes, &stream.share), (stream, None))));
        }
        decoder.push(&piece, &mut |byte| bytes.push(byte));
        if !bytes.is_empty() {
            return Ok(Some((with_share(bytes, &stream.share), (stream, Some(decoder)))));
        }
    }
}

/// Returns the bytes of a message exactly as they arrived. A large message is never in memory as a whole. Returns `None` if
/// too many downloads are running and none of them ends in time.
///
/// # Errors
/// The bytes are missing. In this case nothing has been sent.
pub async fn original(message: &MessageLine, tenant: Tenant, state: &State) -> Result<Option<Response>, StoreError> {
    let store = state.deps.store.clone();
    let sha256 = store.message_sha256(message.id).await?;
    let size = usize::try_from(message.size).unwrap_or(0);
    let Some(share) = state.shares.sending(tenant, size.min(CHUNK)).await else { return Ok(None) };
    let mut stream = RawStream { store, sha256, share, chunk: Bytes::new(), range: 0..size };
    let first =
        stream.next_piece().await.map_err(|error| StoreError::Unknown(format!("message {}: {error}", message.id)))?;
    let pieces = stream::try_unfold((Some(first), stream), async |(ready, mut stream)| {
        let piece = match ready {
            Some(piece) => piece,
            None => stream.next_piece().await?,
        };
        Ok::<_, std::io::Error>((!piece.is_empty()).then_some((piece, (None, stream))))
    });
    let disposition = format!("attachment; filename=\"{}.eml\"", message.id);
    Ok(Some(download(&disposition, "message/rfc822", Some(size as u64), Body::from_stream(pieces))))
}

/// Runs blocking work; returns `None` if the work panicked.
pub async fn run_blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    tokio::task::spawn_blocking(work)
        .await
        .inspect_err(|error| tracing::error!(%error, "reading a message panicked"))
        .ok()
}

/// Returns a response that browsers save instead of displaying.
fn download(disposition: &str, content_type: &'static str, length: Option<u64>, body: Body) -> Response {
    let disposition = HeaderValue::from_str(disposition).unwrap_or(HeaderValue::from_static("attachment"));
    let headers = [(CONTENT_TYPE, HeaderValue::from_static(content_type)), (CONTENT_DISPOSITION, disposition)];
    let mut response = (headers, body).into_response();
    if let Some(length) = length {
        response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    response
}
