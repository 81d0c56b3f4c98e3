//! A large mail, in chunks that are stored as they come: memory stays small, and a broken download goes on where it stopped.

use super::Source;
use crate::fact::FetchFailure;
use crate::imap::{Body, Chunk, ImapError, Meta};
use crate::mail::digest::Digester;
use crate::poll::arrived::{Downloaded, What};
use crate::poll::{PollError, Step};
use crate::store::{CHUNK, DownloadChunk, StoreError};

/// So often an end that comes too early is asked for again.
const ASK_AGAIN: usize = 3;

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
pub async fn fetch(source: &mut Source<'_>, meta: &Meta) -> Result<Option<What>, Failed> {
    let mut download = Download::resumed(source, meta).await.map_err(stored)?;
    let mut empty_answers = 0;
    loop {
        if source.budget.is_over() {
            return Ok(None);
        }
        let bytes = match download.next_chunk(source).await? {
            Ok(bytes) => bytes,
            Err(what) => return Ok(Some(what)),
        };
        if bytes.is_empty() && !download.is_long_enough() && empty_answers < ASK_AGAIN {
            empty_answers += 1; // an end before the told size is doubted; Exchange tells sizes that are too large, too
            continue;
        }
        if let Some(what) = download.take(source, &bytes).await.map_err(stored)? {
            return Ok(Some(what));
        }
        if bytes.is_empty() {
            return Ok(Some(download.ended()));
        }
    }
}

fn stored(error: StoreError) -> Failed {
    Failed::Stored(PollError::store(Step::Import, &error))
}

/// A mail that is stored chunk by chunk.
struct Download {
    uid: u32,
    /// How long the server says that it is.
    told: u64,
    digesting: Digester,
    /// Where the next chunk begins.
    offset: u64,
    /// The number of the next row.
    seq: i64,
    /// What is not a whole row yet.
    open: Vec<u8>,
    /// The last row of an earlier poll. It is fetched once more: only if it is the same, it is the same mail that goes on behind it.
    last_row: Option<Vec<u8>>,
    got: Got,
}

impl Download {
    /// Goes on behind what an earlier poll has stored.
    async fn resumed(source: &Source<'_>, meta: &Meta) -> Result<Self, StoreError> {
        let (store, epoch, uid) = (&source.deps.store, source.folder.epoch.id, meta.uid);
        let mut download = Self {
            uid,
            told: meta.size.unwrap_or_default(),
            digesting: Digester::default(),
            offset: 0,
            seq: 0,
            open: Vec::with_capacity(CHUNK),
            last_row: store.download_chunk(epoch, uid, 0).await?,
            got: Got::Nothing,
        };
        if download.last_row.is_some() {
            while let Some(next) = store.download_chunk(epoch, uid, download.seq + 1).await? {
                let row = download.last_row.replace(next).unwrap_or_default();
                download.digesting.update(&row);
                download.offset += row.len() as u64;
                download.seq += 1;
            }
        }
        Ok(download)
    }

    /// The next bytes, empty at the end; or what came in their place.
    async fn next_chunk(&self, source: &mut Source<'_>) -> Result<Result<Body, What>, Failed> {
        let is_behind_the_end = self.offset > 0 && self.is_long_enough();
        let missing = |why: FetchFailure| Ok(Err(What::Missing(why)));
        match source.session.fetch_chunk(self.uid, self.offset, CHUNK - self.open.len()).await {
            Ok(Chunk::Bytes(bytes)) => Ok(Ok(bytes)),
            Ok(Chunk::Whole(bytes)) => Ok(Err(What::Whole(bytes))), // judged as one that was asked for whole
            Ok(Chunk::Wrong(what)) => missing(FetchFailure::WrongPart { part: what.to_string() }),
            // Some servers refuse what lies behind the end, or answer without a body.
            Ok(Chunk::Missing) | Err(ImapError::Refused { .. }) if is_behind_the_end => Ok(Ok(Body::default())),
            Ok(Chunk::Missing) => missing(FetchFailure::NoBody),
            Err(error @ ImapError::Refused { .. }) => Err(Failed::Refused(error)),
            Err(other) => Err(Failed::Broken(source.failed(&other), self.got)),
        }
    }

    fn is_long_enough(&self) -> bool {
        self.offset >= self.told
    }

    /// Takes a chunk; gives what becomes of the mail where it does not go on.
    async fn take(&mut self, source: &Source<'_>, bytes: &[u8]) -> Result<Option<What>, StoreError> {
        let ended = bytes.is_empty();
        source.budget.spend_bytes(bytes.len());
        self.offset += bytes.len() as u64;
        if self.offset > source.lease.mailbox.max_size {
            source.deps.store.delete_download(source.lease, source.folder.epoch.id, self.uid).await?;
            let header = std::mem::take(&mut self.digesting).finish().header;
            return Ok(Some(What::TooLarge { size: self.offset, header }));
        }
        self.digesting.update(bytes);
        self.open.extend_from_slice(bytes);
        // Rows are cut at the same places however the server cuts its answers, so that equal mails are equal rows.
        if (self.open.len() == CHUNK || (ended && !self.open.is_empty())) && !self.store_row(source).await? {
            return self.other_bytes(source).await.map(Some);
        }
        if ended && self.last_row.is_some() {
            return self.other_bytes(source).await.map(Some);
        }
        Ok(None)
    }

    /// Stores a row. False where it is another than at an earlier poll.
    async fn store_row(&mut self, source: &Source<'_>) -> Result<bool, StoreError> {
        let full = std::mem::replace(&mut self.open, Vec::with_capacity(CHUNK));
        match self.last_row.take() {
            Some(row) if !full.starts_with(&row) => return Ok(false),
            Some(_) => {}
            None => {
                source.budget.progress();
                self.got = Got::Something;
            }
        }
        let (store, epoch) = (&source.deps.store, source.folder.epoch.id);
        let chunk = DownloadChunk { epoch_id: epoch, uid: self.uid, seq: self.seq, data: full };
        store.add_download_chunk(source.lease, chunk, source.deps.clock.now()).await?;
        self.seq += 1;
        Ok(true)
    }

    /// The parts of two mails must never be joined.
    async fn other_bytes(&self, source: &Source<'_>) -> Result<What, StoreError> {
        source.deps.store.delete_download(source.lease, source.folder.epoch.id, self.uid).await?;
        Ok(What::Missing(FetchFailure::OtherBytes))
    }

    /// The end has come.
    fn ended(self) -> What {
        match self.offset {
            0 => What::Missing(FetchFailure::EmptyDespiteSize),
            _ => {
                let is_certain = self.is_long_enough();
                What::Downloaded(Downloaded { digest: self.digesting.finish(), is_certain })
            }
        }
    }
}
