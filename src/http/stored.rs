//! The bytes of a stored mail, for pages and the API.

use super::State;
use crate::reading;
use crate::store::{MessageLine, StoreError};

/// The bytes of a message, as far as they are looked at.
pub async fn bytes(message: &MessageLine, state: &State) -> Result<Vec<u8>, StoreError> {
    let sha256 = state.deps.store.message_sha256(message.id).await?;
    let mut bytes = Vec::new();
    for seq in 0.. {
        match state.deps.store.raw_chunk(&sha256, seq).await? {
            Some(chunk) if bytes.len() < reading::MOST_INPUT => bytes.extend(chunk),
            _ => break,
        }
    }
    Ok(bytes)
}

/// Does what takes a while where nobody else waits for it; `None` if it broke.
pub async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    tokio::task::spawn_blocking(work).await.inspect_err(|error| tracing::error!(%error, "a mail broke its reader")).ok()
}
