//! Downloads one quarantined mail without limits and without importing it.

use super::{Blame, Deps, PollError, Retry, Step, authenticate};
use crate::imap::{Body, Chunk, ImapError};
use crate::store::{CHUNK, Mailbox, StoreError, WatchedFolder};

/// A mail on the server.
pub struct Mail<'a> {
    pub folder: &'a WatchedFolder,
    pub uid: u32,
}

/// Fetches a mail in parts and passes each part to `take`. The folder is opened read-only. Returns the number of bytes.
pub async fn rescue(
    mailbox: &Mailbox,
    mail: Mail<'_>,
    deps: &Deps,
    take: &mut (dyn FnMut(&[u8]) -> Result<(), String> + Send),
) -> Result<u64, PollError> {
    let Mail { folder, uid } = mail;
    let mut session = authenticate::session(mailbox, deps).await?;
    let failed = |error: &ImapError| PollError::folder(Step::Fetch, &folder.name, error);
    let selected = session.select(&folder.name, true).await.map_err(|error| failed(&error))?;
    let store_error = |error: StoreError| PollError::store(Step::Select, &error);
    let epoch = deps.store.newest_epoch(folder.id).await.map_err(store_error)?;
    if epoch.is_none_or(|epoch| selected.uidvalidity.is_some_and(|number| number != epoch.uidvalidity)) {
        let message = "the server has renumbered its mail since the last poll; poll the mailbox, then look up the mail in \
                       the ledger again";
        return Err(PollError::new(Step::Select, Blame::Folder, Retry::Soon, message));
    }
    let mut offset = 0;
    loop {
        let chunk = session.fetch_chunk(uid, offset, CHUNK).await;
        let (bytes, is_last) = match chunk {
            Ok(Chunk::Bytes(bytes)) => (bytes, false),
            Ok(Chunk::Whole(bytes)) => (bytes, true),
            Ok(Chunk::Wrong(text)) => return Err(failed(&ImapError::Protocol(text))),
            Ok(Chunk::Missing) | Err(ImapError::Refused { .. }) if offset > 0 => (Body::default(), true),
            Ok(Chunk::Missing) => return Err(failed(&ImapError::Protocol("it answers without a body".to_owned()))),
            Err(error) => return Err(failed(&error)),
        };
        let ended = is_last || bytes.is_empty();
        offset += bytes.len() as u64;
        take(&bytes).map_err(|message| PollError::new(Step::Import, Blame::Us, Retry::Person, message))?;
        if ended {
            session.logout().await;
            return Ok(offset);
        }
    }
}
