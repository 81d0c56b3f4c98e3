//! A large mail, in chunks that are stored as they come: memory stays small, and a broken download goes on where it stopped.

use super::digest::{Digest, Digesting};
use super::fetch::What;
use super::select::OpenFolder;
use super::{Budget, Deps, PollError, Step};
use crate::imap::{Body, Chunk, ImapError, Meta, Session};
use crate::store::{CHUNK, DownloadChunk, Lease, StoreError};

/// So often an end that comes too early is asked for again.
const ASK_AGAIN: usize = 3;

/// A large mail that lies in the database, chunk by chunk.
pub struct Downloaded {
    /// Its hashes and header.
    pub digest: Digest,
    /// It is as long as the server had said, or longer.
    pub is_certain: bool,
}

/// Why a large mail did not come.
pub enum Failed {
    /// The server will not give it.
    Refused(ImapError),
    /// The connection is of no use any more.
    Broken(PollError, Got),
    /// The store failed, which says nothing about the mail.
    Stored(PollError),
}

/// Whether anything of the mail was stored before the connection broke: then it is the line that is bad, not the mail.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Got {
    Something,
    Nothing,
}

/// Fetches a large mail to its end, which is an empty chunk: the size that the server tells is a hint only. `None` if the
/// budget ran out.
pub async fn large(
    session: &mut Session,
    folder: &OpenFolder,
    meta: &Meta,
    lease: &Lease,
    deps: &Deps,
    budget: &Budget,
) -> Result<Option<What>, Failed> {
    let (epoch, uid) = (folder.epoch.id, meta.uid);
    let stored = |error: StoreError| Failed::Stored(PollError::store(Step::Import, &error));
    let mut digesting = Digesting::default();
    let mut seq = 0;
    let mut offset = 0;
    // The last row is fetched once more: only if it is the same, it is the same mail that goes on behind it.
    let mut last_row = deps.store.download_chunk(epoch, uid, 0).await.map_err(stored)?;
    if last_row.is_some() {
        while let Some(next) = deps.store.download_chunk(epoch, uid, seq + 1).await.map_err(stored)? {
            let row = last_row.replace(next).unwrap_or_default();
            digesting.update(&row);
            offset += row.len() as u64;
            seq += 1;
        }
    }
    let mut open = Vec::with_capacity(CHUNK);
    let told = meta.size.unwrap_or_default();
    let mut empty_answers = 0;
    let mut got = Got::Nothing;
    loop {
        if budget.is_over() {
            return Ok(None);
        }
        let bytes = match session.fetch_chunk(uid, offset, CHUNK - open.len()).await {
            Ok(Chunk::Bytes(bytes)) => bytes,
            Ok(Chunk::Whole(bytes)) => return Ok(Some(What::Whole(bytes))), // judged as one that was asked for whole
            Ok(Chunk::Wrong(what)) => return Ok(Some(What::Missing(format!("the server gives a wrong part: {what}")))),
            // Some servers refuse what lies behind the end, or answer without a body.
            Err(ImapError::Refused { .. }) if offset > 0 && offset >= told => Body::default(),
            Ok(Chunk::Missing) if offset > 0 && offset >= told => Body::default(),
            Ok(Chunk::Missing) => return Ok(Some(What::Missing("the server answers without a body".to_owned()))),
            Err(error @ ImapError::Refused { .. }) => return Err(Failed::Refused(error)),
            Err(other) => return Err(Failed::Broken(PollError::folder(Step::Fetch, &folder.name, &other), got)),
        };
        if bytes.is_empty() && offset < told && empty_answers < ASK_AGAIN {
            empty_answers += 1; // an end before the told size is doubted; Exchange tells sizes that are too large, too
            continue;
        }
        let ended = bytes.is_empty();
        budget.spend_bytes(bytes.len());
        offset += bytes.len() as u64;
        if offset > lease.mailbox.max_size {
            deps.store.drop_download(lease, epoch, uid).await.map_err(stored)?;
            let header = digesting.finish().header;
            return Ok(Some(What::TooLarge { size: offset, header }));
        }
        digesting.update(&bytes);
        open.extend_from_slice(&bytes);
        // Rows are cut at the same places however the server cuts its answers, so that equal mails are equal rows.
        if open.len() == CHUNK || (ended && !open.is_empty()) {
            let full = std::mem::replace(&mut open, Vec::with_capacity(CHUNK));
            match last_row.take() {
                Some(row) if !full.starts_with(&row) => {
                    return other_bytes(lease, deps, epoch, uid).await.map(Some).map_err(stored);
                }
                Some(_) => {}
                None => {
                    budget.progress();
                    got = Got::Something;
                }
            }
            let chunk = DownloadChunk { epoch_id: epoch, uid, seq, data: full };
            deps.store.add_download_chunk(lease, chunk, deps.clock.now()).await.map_err(stored)?;
            seq += 1;
        }
        if ended && last_row.is_some() {
            return other_bytes(lease, deps, epoch, uid).await.map(Some).map_err(stored);
        }
        if ended {
            return Ok(Some(match offset {
                0 => What::Missing("the server gives an empty body for a mail with a size".to_owned()),
                _ => What::Downloaded(Downloaded { digest: digesting.finish(), is_certain: offset >= told }),
            }));
        }
    }
}

/// The parts of two mails must never be joined.
async fn other_bytes(lease: &Lease, deps: &Deps, epoch: i64, uid: u32) -> Result<What, StoreError> {
    deps.store.drop_download(lease, epoch, uid).await?;
    let what = "the server gives other bytes than it did at an earlier poll; it is asked for from its start";
    Ok(What::Missing(what.to_owned()))
}
