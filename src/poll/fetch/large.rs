//! Downloads a large mail in chunks that are stored on arrival: memory use stays small, and the next poll resumes an
//! interrupted download.

use super::FetchSource;
use crate::fact::FetchFailure;
use crate::imap::{Body, Chunk, ImapError, Meta};
use crate::mail::digest::Digester;
use crate::poll::fetched_mail::{Content, Downloaded};
use crate::poll::{PollError, Step};
use crate::store::{CHUNK, DownloadChunk, StoreError};

/// Maximum number of retries if an empty chunk arrives before the announced size is reached.
const MAX_EMPTY_ANSWERS: usize = 3;

/// A failed download.
pub enum DownloadError {
    /// The server refuses to send the mail.
    Refused(ImapError),
    /// The connection is no longer usable.
    Broken(PollError, PartialDownload),
    /// The database failed, which proves nothing about the mail.
    Stored(PollError),
}

/// Whether a part of the mail was stored before the connection broke. If so, the connection is at fault, not the mail.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum PartialDownload {
    Stored,
    Nothing,
}

/// Fetches a large mail until an empty chunk marks its end: the announced size is only a hint. Returns `None` if the
/// budget ran out.
pub async fn fetch(source: &mut FetchSource<'_>, meta: &Meta) -> Result<Option<Content>, DownloadError> {
    let mut download = Download::resume(source, meta).await.map_err(store_error)?;
    let mut empty_answers = 0;
    loop {
        if source.budget.is_over() {
            return Ok(None);
        }
        let bytes = match download.next_chunk(source).await? {
            Ok(bytes) => bytes,
            Err(content) => return Ok(Some(content)),
        };
        if bytes.is_empty() && !download.is_long_enough() && empty_answers < MAX_EMPTY_ANSWERS {
            empty_answers += 1; // retry an end before the announced size; Exchange also announces sizes that are too large
            continue;
        }
        if let Some(content) = download.add(source, &bytes).await.map_err(store_error)? {
            return Ok(Some(content));
        }
        if bytes.is_empty() {
            return Ok(Some(download.finish()));
        }
    }
}

fn store_error(error: StoreError) -> DownloadError {
    DownloadError::Stored(PollError::store(Step::Import, &error))
}

/// A download in progress.
struct Download {
    uid: u32,
    /// The size announced by the server.
    announced_size: u64,
    digesting: Digester,
    /// Offset of the next chunk.
    offset: u64,
    /// Sequence number of the next row.
    seq: i64,
    /// Bytes that do not fill a row yet.
    partial_row: Vec<u8>,
    /// The last row stored by an earlier poll. It is fetched again, to prove that the rest belongs to the same mail.
    last_row: Option<Vec<u8>>,
    partial: PartialDownload,
}

impl Download {
    /// Resumes at the last row that an earlier poll has stored.
    async fn resume(source: &FetchSource<'_>, meta: &Meta) -> Result<Self, StoreError> {
        let (store, epoch, uid) = (&source.deps.store, source.folder.epoch.id, meta.uid);
        let mut download = Self {
            uid,
            announced_size: meta.size.unwrap_or_default(),
            digesting: Digester::default(),
            offset: 0,
            seq: 0,
            partial_row: Vec::with_capacity(CHUNK),
            last_row: store.download_chunk(epoch, uid, 0).await?,
            partial: PartialDownload::Nothing,
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

    /// Fetches the next bytes (empty at the end), or returns the final content of the mail.
    async fn next_chunk(&self, source: &mut FetchSource<'_>) -> Result<Result<Body, Content>, DownloadError> {
        let is_past_end = self.offset > 0 && self.is_long_enough();
        let missing = |why: FetchFailure| Ok(Err(Content::Missing(why)));
        match source.session.fetch_chunk(self.uid, self.offset, CHUNK - self.partial_row.len()).await {
            Ok(Chunk::Bytes(bytes)) => Ok(Ok(bytes)),
            Ok(Chunk::Whole(bytes)) => Ok(Err(Content::Whole(bytes))), // classified like a body that was requested whole
            Ok(Chunk::Wrong(text)) => missing(FetchFailure::WrongPart { part: text.to_string() }),
            // Some servers refuse an offset at or past the end, or respond without a body.
            Ok(Chunk::Missing) | Err(ImapError::Refused { .. }) if is_past_end => Ok(Ok(Body::default())),
            Ok(Chunk::Missing) => missing(FetchFailure::NoBody),
            Err(error @ ImapError::Refused { .. }) => Err(DownloadError::Refused(error)),
            Err(other) => Err(DownloadError::Broken(source.failed(&other), self.partial)),
        }
    }

    fn is_long_enough(&self) -> bool {
        self.offset >= self.announced_size
    }

    /// Processes a chunk. Returns the content of the mail if this chunk shows that the mail is too large or has changed.
    async fn add(&mut self, source: &FetchSource<'_>, bytes: &[u8]) -> Result<Option<Content>, StoreError> {
        let ended = bytes.is_empty();
        source.budget.spend_bytes(bytes.len());
        self.offset += bytes.len() as u64;
        if self.offset > source.lease.mailbox.max_size {
            source.deps.store.delete_download(source.lease, source.folder.epoch.id, self.uid).await?;
            let header = std::mem::take(&mut self.digesting).finish().header;
            return Ok(Some(Content::TooLarge { size: self.offset, header }));
        }
        self.digesting.update(bytes);
        self.partial_row.extend_from_slice(bytes);
        // Rows have a fixed size, however the server splits its answers, so that equal mails have equal rows.
        if (self.partial_row.len() == CHUNK || (ended && !self.partial_row.is_empty()))
            && !self.store_row(source).await?
        {
            return self.discard_changed(source).await.map(Some);
        }
        if ended && self.last_row.is_some() {
            return self.discard_changed(source).await.map(Some);
        }
        Ok(None)
    }

    /// Stores a row. Returns false if it differs from the row of an earlier poll.
    async fn store_row(&mut self, source: &FetchSource<'_>) -> Result<bool, StoreError> {
        let full = std::mem::replace(&mut self.partial_row, Vec::with_capacity(CHUNK));
        match self.last_row.take() {
            Some(row) if !full.starts_with(&row) => return Ok(false),
            Some(_) => {}
            None => {
                source.budget.progress();
                self.partial = PartialDownload::Stored;
            }
        }
        let (store, epoch) = (&source.deps.store, source.folder.epoch.id);
        let chunk = DownloadChunk { epoch_id: epoch, uid: self.uid, seq: self.seq, data: full };
        store.add_download_chunk(source.lease, chunk, source.deps.clock.now()).await?;
        self.seq += 1;
        Ok(true)
    }

    /// Discards a download that does not match its earlier rows, since the parts of two mails must never be joined.
    async fn discard_changed(&self, source: &FetchSource<'_>) -> Result<Content, StoreError> {
        source.deps.store.delete_download(source.lease, source.folder.epoch.id, self.uid).await?;
        Ok(Content::Missing(FetchFailure::OtherBytes))
    }

    /// Returns the content of the mail after the last chunk.
    fn finish(self) -> Content {
        match self.offset {
            0 => Content::Missing(FetchFailure::EmptyDespiteSize),
            _ => {
                let is_certain = self.is_long_enough();
                Content::Downloaded(Downloaded { digest: self.digesting.finish(), is_certain })
            }
        }
    }
}
