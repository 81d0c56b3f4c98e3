//! The bytes of a stored mail, for pages and the API.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use futures::stream;
use tokio::sync::{Semaphore, SemaphorePermit, oneshot};
use tokio::time::timeout;

use super::State;
use crate::reading::{self, Content};
use crate::store::{MessageLine, StoreError};

/// So many mebibytes of mail are held at once, however many ask: a mail takes a few times its size while it is read.
static HELD: Semaphore = Semaphore::const_new(96);
/// Somebody waits.
const LONGEST_WAIT: Duration = Duration::from_secs(20);
/// A small mail's share, in mebibytes.
const LEAST: u32 = 1;
/// So long what is being sent has its share.
const LONGEST_SENDING: Duration = Duration::from_mins(2);
/// What is sent of an attachment at a time.
const PIECE: usize = 64 << 10;

fn share_of(size: usize) -> u32 {
    LEAST + u32::try_from(size >> 20).unwrap_or(0)
}

/// A mail in memory, with its share of what there may be.
pub struct Held {
    bytes: Vec<u8>,
    share: SemaphorePermit<'static>,
}

impl Held {
    /// The bytes of a message, as far as they are looked at. Waits for room; `None`: there is none for long.
    pub async fn of(message: &MessageLine, state: &State) -> Result<Option<Self>, StoreError> {
        let size = usize::try_from(message.size).unwrap_or(usize::MAX).min(reading::MOST_INPUT);
        let share = share_of(size);
        let Ok(Ok(share)) = timeout(LONGEST_WAIT, HELD.acquire_many(share)).await else { return Ok(None) };
        let sha256 = state.deps.store.message_sha256(message.id).await?;
        let mut bytes = Vec::with_capacity(size);
        for seq in 0.. {
            match state.deps.store.raw_chunk(&sha256, seq).await? {
                Some(chunk) if bytes.len() < reading::MOST_INPUT => bytes.extend(chunk),
                _ => break,
            }
        }
        Ok(Some(Self { bytes, share }))
    }

    /// Reads it where nobody else waits for that; `None` if it broke the reader.
    pub async fn read<T: Send + 'static>(self, read: impl FnOnce(&[u8]) -> T + Send + 'static) -> Option<T> {
        let Self { bytes, share } = self;
        let work = move || {
            // Also where nobody waits any more, it has its share until it is done.
            let _share = share;
            read(&bytes)
        };
        aside(work).await
    }

    /// One of its attachments, to be saved and not to be shown; the inner `None`: there is none of this number.
    pub async fn attachment(self, index: usize) -> Option<Option<Response>> {
        let Self { bytes, share } = self;
        let (found, mut share) = aside(move || (reading::attachment(&bytes, index), share)).await?;
        let Content { name, bytes, .. } = match found.ok().flatten() {
            Some(content) => content,
            None => return Some(None),
        };
        let length = bytes.len() as u64;
        // The mail itself is gone by now.
        let own = usize::try_from(share_of(bytes.len())).unwrap_or(usize::MAX);
        drop(share.split(share.num_permits().saturating_sub(own)));
        // It is sent as slowly as it is taken, but whoever takes it too slowly keeps no others from theirs.
        let (sent, is_sent) = oneshot::channel::<()>();
        tokio::spawn(async move {
            let _ = timeout(LONGEST_SENDING, is_sent).await;
            drop(share);
        });
        let pieces = stream::unfold((Bytes::from(bytes), sent), |(mut rest, sent)| async move {
            if rest.is_empty() {
                return None;
            }
            let piece = rest.split_to(rest.len().min(PIECE));
            Some((Ok::<_, std::io::Error>(piece), (rest, sent)))
        });
        let disposition = reading::disposition(name.as_deref());
        Some(Some(download(&disposition, "application/octet-stream", length, Body::from_stream(pieces))))
    }
}

/// The bytes of a message exactly as they came. A large mail is never whole in memory.
///
/// # Errors
/// They are not there; nothing was answered yet then.
pub async fn original(message: &MessageLine, state: &State) -> Result<Response, StoreError> {
    let store = state.deps.store.clone();
    let sha256 = store.message_sha256(message.id).await?;
    let first = match store.raw_chunk(&sha256, 0).await? {
        Some(chunk) => chunk,
        None if message.size == 0 => Vec::new(),
        None => return Err(StoreError::Unknown(format!("the bytes of message {} are not there", message.id))),
    };
    let chunks = stream::try_unfold((Some(first), 0_i64), move |(ready, seq)| {
        let (store, sha256) = (store.clone(), sha256.clone());
        async move {
            let chunk = match ready {
                Some(chunk) => Some(chunk),
                None => store.raw_chunk(&sha256, seq).await.map_err(std::io::Error::other)?,
            };
            Ok::<_, std::io::Error>(chunk.map(|chunk| (chunk, (None, seq + 1))))
        }
    });
    let length = u64::try_from(message.size).unwrap_or(0);
    let disposition = format!("attachment; filename=\"{}.eml\"", message.id);
    Ok(download(&disposition, "message/rfc822", length, Body::from_stream(chunks)))
}

/// Does what takes a while where nobody else waits for it; `None` if it broke.
pub async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    tokio::task::spawn_blocking(work).await.inspect_err(|error| tracing::error!(%error, "a mail broke its reader")).ok()
}

/// Something to be saved and not to be shown.
fn download(disposition: &str, content_type: &'static str, length: u64, body: Body) -> Response {
    let disposition = HeaderValue::from_str(disposition).unwrap_or(HeaderValue::from_static("attachment"));
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(content_type)),
        (CONTENT_DISPOSITION, disposition),
        (CONTENT_LENGTH, HeaderValue::from(length)),
    ];
    (headers, body).into_response()
}
