//! The bytes of a stored mail, for pages and the API.

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

/// A mail in memory, with its share of what there may be.
pub struct LoadedMail {
    bytes: Vec<u8>,
    sha256: Vec<u8>,
    share: Share,
    tenant: Tenant,
}

/// What was read of a mail, with the share of that: what is made of it takes as much.
pub struct WithShare<T> {
    /// What was read.
    pub value: T,
    /// For [`made_of`].
    pub share: Share,
}

impl LoadedMail {
    /// The bytes of a message, as far as they are looked at. Waits for room; `None`: there is none for long.
    pub async fn load(message: &MessageLine, tenant: Tenant, state: &State) -> Result<Option<Self>, StoreError> {
        let size = usize::try_from(message.size).unwrap_or(usize::MAX).min(reading::MOST_INPUT);
        let Some(share) = state.shares.mail(tenant, size).await else { return Ok(None) };
        let sha256 = state.deps.store.message_sha256(message.id).await?;
        let mut bytes = Vec::with_capacity(size);
        for seq in 0.. {
            match state.deps.store.raw_chunk(&sha256, seq).await? {
                Some(chunk) if bytes.len() < reading::MOST_INPUT => bytes.extend(chunk),
                _ => break,
            }
        }
        Ok(Some(Self { bytes, sha256, share, tenant }))
    }

    /// Reads it where nobody else waits for that; the inner `None`: it broke the reader, or no thread has time for long.
    pub async fn read<T: Send + 'static>(
        self,
        state: &State,
        read: impl FnOnce(&[u8]) -> T + Send + 'static,
    ) -> Option<WithShare<T>> {
        let Self { bytes, share, tenant, .. } = self;
        let thread = state.shares.reading(tenant).await?;
        let work = move || {
            // Also where nobody waits any more, it has its shares until it is done.
            let (value, _thread) = (read(&bytes), thread);
            WithShare { value, share }
        };
        run_blocking(work).await
    }

    /// One of its attachments, to be saved and not to be shown; the inner `None`: there is none of this number.
    pub async fn attachment(self, index: usize, state: &State) -> Option<Option<Response>> {
        let (tenant, sha256) = (self.tenant, self.sha256.clone());
        let WithShare { value, share } = self.read(state, move |bytes| reading::attachment(bytes, index)).await?;
        let Some(Content { name, size, lies, decoder, .. }) = value.ok().flatten() else { return Some(None) };
        // The mail itself is gone by now.
        drop(share);
        let share = state.shares.sending(tenant, lies.len().min(CHUNK) + PIECE).await?;
        let stream = RawStream { store: state.deps.store.clone(), sha256, share, chunk: Bytes::new(), lies };
        let disposition = reading::disposition(name.as_deref());
        let body = Body::from_stream(stream::try_unfold((stream, Some(decoder)), next_decoded));
        Some(Some(download(&disposition, "application/octet-stream", size, body)))
    }
}

/// An answer that was made of a mail: it has the mail's share until it has one of its own.
pub fn attach_share(share: Share, mut response: Response) -> Response {
    response.extensions_mut().insert(SourceShare { _share: Arc::new(share) });
    response
}

/// What is still to be sent of a stored mail. No more of it than a row is in memory.
struct RawStream {
    store: Arc<Store>,
    sha256: Vec<u8>,
    share: Arc<Share>,
    /// Of the row that comes next, what is not sent yet.
    chunk: Bytes,
    /// Which bytes are still to come, those of the row included.
    lies: Range<usize>,
}

impl RawStream {
    /// The next piece; empty after the last.
    async fn next_piece(&mut self) -> std::io::Result<Bytes> {
        if self.chunk.is_empty() && !self.lies.is_empty() {
            let (seq, skip) = (self.lies.start / CHUNK, self.lies.start % CHUNK);
            let seq = i64::try_from(seq).map_err(std::io::Error::other)?;
            let chunk = self.store.raw_chunk(&self.sha256, seq).await.map_err(std::io::Error::other)?;
            let mut chunk = with_share(chunk.unwrap_or_default(), &self.share);
            if chunk.len() <= skip {
                return Err(std::io::Error::other("a row of a mail is not there"));
            }
            chunk.truncate(skip.saturating_add(self.lies.len()));
            self.chunk = chunk.split_off(skip);
        }
        let piece = self.chunk.split_to(self.chunk.len().min(PIECE));
        self.lies.start += piece.len();
        Ok(piece)
    }
}

/// The next piece of an attachment that is not empty.
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

/// The bytes of a message exactly as they came. A large mail is never whole in memory. `None`: too many are being sent for long.
///
/// # Errors
/// They are not there; nothing was answered yet then.
pub async fn original(message: &MessageLine, tenant: Tenant, state: &State) -> Result<Option<Response>, StoreError> {
    let store = state.deps.store.clone();
    let sha256 = store.message_sha256(message.id).await?;
    let size = usize::try_from(message.size).unwrap_or(0);
    let Some(share) = state.shares.sending(tenant, size.min(CHUNK)).await else { return Ok(None) };
    let mut stream = RawStream { store, sha256, share, chunk: Bytes::new(), lies: 0..size };
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

/// Does what takes a while where nobody else waits for it; `None` if it broke.
pub async fn run_blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    tokio::task::spawn_blocking(work).await.inspect_err(|error| tracing::error!(%error, "a mail broke its reader")).ok()
}

/// Something to be saved and not to be shown.
fn download(disposition: &str, content_type: &'static str, length: Option<u64>, body: Body) -> Response {
    let disposition = HeaderValue::from_str(disposition).unwrap_or(HeaderValue::from_static("attachment"));
    let headers = [(CONTENT_TYPE, HeaderValue::from_static(content_type)), (CONTENT_DISPOSITION, disposition)];
    let mut response = (headers, body).into_response();
    if let Some(length) = length {
        response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    response
}
