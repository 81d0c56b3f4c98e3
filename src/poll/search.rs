//! Step 5: which UIDs does the server have that the ledger does not know?
//!
//! The cursor says below which UID all is finished; the ledger says what is finished above it. Flags, dates and Message-IDs
//! never decide what is new.

use std::collections::BTreeMap;

use super::select::OpenFolder;
use super::{Budget, Deps, PollError, Step};
use crate::imap::Session;
use crate::store::{Lease, StoreError};

/// UIDs to fetch, and how far the cursor may move once they are finished.
pub struct Window {
    /// Unknown or pending UIDs, ascending.
    pub unknown: Vec<u32>,
    /// Those of them that were asked for in vain, and how often.
    pub tried: BTreeMap<u32, i64>,
    /// Where the cursor may stand once all of these are finished.
    pub after: u32,
}

/// The search through one folder.
pub struct Search {
    windows: Windows,
    /// The first UID of a window of which the server said nothing.
    undecided: Option<u32>,
}

impl Search {
    /// From the cursor to the last UID.
    pub fn new(folder: &OpenFolder) -> Self {
        let last = if folder.selected.exists == 0 { 0 } else { folder.last_uid };
        Self { windows: Windows::new(folder.epoch.cursor, last, folder.selected.exists), undecided: None }
    }

    /// The next UIDs to fetch; `None` when all are known.
    pub async fn next_window(
        &mut self,
        session: &mut Session,
        folder: &OpenFolder,
        lease: &Lease,
        deps: &Deps,
        budget: &Budget,
    ) -> Result<Option<Window>, PollError> {
        let epoch = folder.epoch.id;
        let failed = |error: StoreError| PollError::store(Step::Search, &error);
        let mut finished = None;
        while !budget.is_over() {
            let first = self.windows.next;
            let Some((last, uids)) = self.windows.next(session, "", &folder.name).await? else {
                break;
            };
            let Some(uids) = uids else {
                // Nothing was said, so nothing is decided: later windows are looked at, and the cursor stays before this one.
                self.undecided.get_or_insert(first);
                continue;
            };
            let known = deps.store.known(epoch, first, last).await.map_err(failed)?;
            let gone: Vec<u32> = known
                .iter()
                .filter(|known| known.pending && uids.binary_search(&known.first).is_err())
                .map(|known| known.first)
                .collect();
            if !gone.is_empty() {
                deps.store.mark_gone(lease, epoch, &gone, deps.clock.now()).await.map_err(failed)?;
            }
            let tried = known.iter().filter(|known| known.pending).map(|known| (known.first, known.attempts)).collect();
            let mut done = known.into_iter().filter(|known| !known.pending).peekable();
            let unknown: Vec<u32> = uids
                .into_iter()
                .filter(|uid| {
                    while done.next_if(|known| known.last < *uid).is_some() {}
                    done.peek().is_none_or(|known| known.first > *uid)
                })
                .collect();
            if !unknown.is_empty() {
                return Ok(Some(Window { unknown, tried, after: self.undecided.unwrap_or(last.saturating_add(1)) }));
            }
            finished = Some(self.undecided.unwrap_or(last.saturating_add(1)));
        }
        // Windows at the end without anything new still move the cursor, so that they are not searched again.
        if let Some(cursor) = finished {
            deps.store.advance_cursor(lease, epoch, cursor).await.map_err(failed)?;
        }
        Ok(None)
    }
}

/// Searches a range of UIDs in parts, so that no answer gets too long and none is empty for ever: the parts grow where UIDs
/// are sparse.
pub struct Windows {
    next: u32,
    last: u32,
    span: u32,
    widest: u32,
}

/// As many UIDs as one SEARCH answer should list: its line is some 100 KB then.
const MOST: u32 = 10_000;
/// As many as it may list without passing the guard's line limit.
const LIMIT: u32 = 80_000;

impl Windows {
    /// Over these UIDs of a folder with so many mails.
    pub fn new(first: u32, last: u32, exists: u32) -> Self {
        // Where there are few mails altogether, one answer can list them all.
        let span = if exists <= MOST { u32::MAX } else { MOST };
        Self { next: first.max(1), last, span, widest: if exists <= LIMIT { u32::MAX } else { LIMIT } }
    }

    /// The last UID of the next part, and the UIDs in it that match.
    pub async fn next(
        &mut self,
        session: &mut Session,
        also: &str,
        folder: &str,
    ) -> Result<Option<(u32, Option<Vec<u32>>)>, PollError> {
        if self.next > self.last {
            return Ok(None);
        }
        let last = self.last.min(self.next.saturating_add(self.span - 1));
        let uids = session
            .search(self.next, last, also)
            .await
            .map_err(|error| PollError::folder(Step::Search, folder, &error))?;
        match last.checked_add(1) {
            Some(next) => self.next = next,
            None => self.last = 0, // the last UID there can be
        }
        let found = u32::try_from(uids.as_ref().map_or(0, Vec::len)).unwrap_or(u32::MAX);
        self.span = if found < MOST / 4 { self.span.saturating_mul(2).min(self.widest) } else { MOST };
        Ok(Some((last, uids)))
    }
}
