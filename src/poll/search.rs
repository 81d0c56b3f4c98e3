//! Step 5: which UIDs does the server have that the ledger does not know?
//!
//! The cursor says below which UID all is finished; the ledger says what is finished above it. Flags, dates and Message-IDs
//! never decide what is new.

use std::collections::BTreeMap;

use super::import::MOST_TRIES;
use super::select::{FEW, OpenFolder, same_mails};
use super::{Blame, Budget, Deps, PollError, Step, Tally};
use crate::imap::{ImapError, Session};
use crate::store::{Anchor, Known, Lease, Open, StoreError};

/// UIDs named in a note.
const SHOWN: usize = 20;

/// UIDs to fetch, and how far the cursor may move once they are finished.
pub struct Window {
    /// Unknown or pending UIDs, ascending.
    pub unknown: Vec<u32>,
    /// Those of them that were asked for in vain, and how often.
    pub tried: BTreeMap<u32, i64>,
    /// Where the cursor may stand once all of these are finished.
    pub after: u32,
}

/// One part of a search.
pub struct Part {
    /// What the server has in it; `None`: it said nothing.
    pub uids: Option<Vec<u32>>,
    /// What the ledger knows of it, ascending.
    pub known: Vec<Known>,
}

/// The search through one folder: first from the cursor on, for what is new, then below it, where all is to be compared.
pub struct Search {
    windows: Windows,
    /// The comparison, once what is new has been found.
    below: Option<Windows>,
    /// The first UID of a window of which the server said nothing.
    undecided: Option<u32>,
    /// The highest UID that the server has listed, or that was dealt with at an earlier poll.
    highest: u32,
    /// UIDs that an earlier poll passed without knowing of them.
    found_late: Vec<u32>,
    /// Whether it was looked, since something is new, if the UIDs still mean the same.
    sampled: bool,
    ended: bool,
}

impl Search {
    /// From the cursor to the last UID, and below the cursor if all are to be compared with the ledger.
    pub fn new(folder: &OpenFolder) -> Self {
        let (cursor, exists) = (folder.epoch.cursor, folder.selected.exists);
        let windows = Windows::to_the_end(cursor, folder.uidnext.saturating_sub(1), exists);
        let below = Windows::between(folder.compared_to.max(1), cursor.saturating_sub(1), exists);
        Self {
            windows,
            below: Some(below).filter(|_| folder.compares_all),
            undecided: None,
            highest: cursor.saturating_sub(1),
            found_late: Vec::new(),
            sampled: folder.epoch.top == 0,
            ended: false,
        }
    }

    /// Writes down that every UID was compared with the ledger, if that was to be done and is.
    pub async fn compared(
        &self,
        folder: &OpenFolder,
        lease: &Lease,
        deps: &Deps,
        tally: &mut Tally,
    ) -> Result<(), PollError> {
        let count = self.found_late.len();
        if count > 0 {
            let some: Vec<String> = self.found_late.iter().take(SHOWN).map(u32::to_string).collect();
            let more = if count > SHOWN { ", ..." } else { "" };
            let (name, some) = (&folder.name, some.join(", "));
            tracing::warn!(mailbox = lease.mailbox.address, folder = name, count, uids = some, "UIDs were found late");
            tally.notes.push(format!(
                "folder {name}: {count} mails that the server had left out of an earlier answer were found and asked for \
                 (UID {some}{more})"
            ));
        }
        let written = match &self.below {
            _ if !folder.compares_all => Ok(()),
            _ if self.ended && self.undecided.is_none() => {
                deps.store.folder_compared(lease, folder.id, count, deps.clock.now()).await
            }
            // The time was up: the next poll goes on from there.
            None => {
                let next = self.windows.next.min(folder.epoch.cursor);
                match self.undecided.map_or(next, |undecided| undecided.min(next)) {
                    to if to > folder.compared_to => deps.store.compared_to(lease, folder.id, to).await,
                    _ => Ok(()),
                }
            }
            Some(_) => Ok(()),
        };
        written.map_err(|error| PollError::store(Step::Search, &error))
    }

    /// Where the cursor may stand once all that is listed so far is finished: not behind a gap at the end, since UIDNEXT may
    /// be a lie (reference row A8), and not behind UIDNEXT, since a mail that came meanwhile may not be the first (A11).
    fn after(&self, folder: &OpenFolder) -> u32 {
        let after = self.highest.saturating_add(1).min(folder.uidnext).max(folder.epoch.cursor);
        self.undecided.map_or(after, |undecided| undecided.min(after))
    }

    /// Whether there was an end to it.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// The next part; `None` at the end. Writes nothing down.
    pub async fn next_part(
        &mut self,
        session: &mut Session,
        folder: &OpenFolder,
        deps: &Deps,
    ) -> Result<Option<Part>, PollError> {
        loop {
            let first = self.windows.next;
            match self.windows.next(session, "", &folder.name).await? {
                Some((last, Some(uids))) => {
                    let known = deps.store.known(folder.epoch.id, first, last).await;
                    let known = known.map_err(|error| PollError::store(Step::Search, &error))?;
                    self.highest = self.highest.max(uids.last().copied().unwrap_or(0));
                    return Ok(Some(Part { uids: Some(uids), known }));
                }
                Some((_, None)) => {
                    // Nothing was said, so nothing is decided: later parts are looked at, and the cursor stays before this one.
                    self.undecided.get_or_insert(first);
                    return Ok(Some(Part { uids: None, known: Vec::new() }));
                }
                None => match self.below.take() {
                    Some(below) => self.windows = below,
                    None => {
                        self.ended = true;
                        return Ok(None);
                    }
                },
            }
        }
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
        let mut finished = false;
        while !budget.is_over() {
            let Some(Part { uids, known }) = self.next_part(session, folder, deps).await? else { break };
            let Some(uids) = uids else { continue };
            let unlisted: Vec<u32> = known
                .iter()
                .filter(|known| known.open == Some(Open::Pending) && uids.binary_search(&known.first).is_err())
                .map(|known| known.first)
                .collect();
            if !unlisted.is_empty() {
                deps.store.not_listed(lease, epoch, &unlisted, MOST_TRIES, deps.clock.now()).await.map_err(failed)?;
            }
            let tried = tried(&known);
            let unknown = unknown(uids, &known);
            if !unknown.is_empty() {
                if !self.sampled {
                    self.sampled = true;
                    let known = deps.store.anchors(epoch, FEW).await.map_err(failed)?;
                    still_the_same(session, folder, &known, lease, deps).await?;
                }
                let late = |uid: &&u32| **uid < folder.epoch.cursor && !tried.contains_key(uid);
                let late: Vec<u32> = unknown.iter().filter(late).copied().collect();
                if !late.is_empty() {
                    self.found_late.extend(late);
                    deps.store.unaccounted(lease, folder.id, self.found_late.len()).await.map_err(failed)?;
                }
                return Ok(Some(Window { unknown, tried, after: self.after(folder) }));
            }
            finished = true;
        }
        // Windows at the end without anything new still move the cursor, so that they are not searched again.
        let cursor = self.after(folder);
        if finished && cursor > folder.epoch.cursor {
            deps.store.advance_cursor(lease, epoch, cursor).await.map_err(failed)?;
        }
        Ok(None)
    }
}

/// The UIDs that are not finished by what the ledger knows; both ascend.
pub fn unknown(mut uids: Vec<u32>, known: &[Known]) -> Vec<u32> {
    let mut done = known.iter().filter(|known| known.open.is_none()).peekable();
    uids.retain(|uid| {
        while done.next_if(|known| known.last < *uid).is_some() {}
        done.peek().is_none_or(|known| known.first > *uid)
    });
    uids
}

/// How often each UID that is pending was asked for in vain.
pub fn tried(known: &[Known]) -> BTreeMap<u32, i64> {
    let pending = known.iter().filter(|known| known.open == Some(Open::Pending));
    pending.map(|known| (known.first, known.attempts)).collect()
}

/// Fails, and has the next poll open a new epoch, if these mails are others now: a backup was restored between two polls, and
/// UIDNEXT has risen past it since.
pub async fn still_the_same(
    session: &mut Session,
    folder: &OpenFolder,
    known: &[Anchor],
    lease: &Lease,
    deps: &Deps,
) -> Result<(), PollError> {
    if same_mails(session, &folder.name, known).await? != Some(false) {
        return Ok(());
    }
    deps.store.close_epoch(lease, folder.epoch.id).await.map_err(|error| PollError::store(Step::Search, &error))?;
    let other = ImapError::Protocol("it gives UIDs a second time; the folder is read anew at the next poll".to_owned());
    Err(PollError { blame: Blame::Folder, ..PollError::folder(Step::Search, &folder.name, &other) })
}

/// Searches a range of UIDs in parts, so that no answer gets too long and none is empty for ever: the parts grow where UIDs
/// are sparse.
pub struct Windows {
    next: u32,
    last: u32,
    span: u32,
    widest: u32,
    /// Whether the last part has no end, since a UIDNEXT may be too low, or a mail have come meanwhile.
    is_open: bool,
    /// The folder is empty: there is one part, and nothing in it.
    is_empty: bool,
    ended: bool,
}

/// As many UIDs as one SEARCH answer should list: its line is some 100 KB then.
const MOST: u32 = 10_000;
/// As many as it may list without passing the guard's line limit.
const LIMIT: u32 = 80_000;
/// So often in a row a server may answer for some of the messages only.
const MOST_PARTIAL: u32 = 40;

impl Windows {
    /// From this UID to the last one there is, in a folder with so many mails, of which few should lie above `last`.
    pub fn to_the_end(first: u32, last: u32, exists: u32) -> Self {
        Self { is_open: true, ended: false, ..Self::between(first, last, exists) }
    }

    /// From this UID to that.
    pub fn between(first: u32, last: u32, exists: u32) -> Self {
        // Where there are few mails altogether, one answer can list them all.
        let span = if exists <= MOST { u32::MAX } else { MOST };
        let widest = if exists <= LIMIT { u32::MAX } else { LIMIT };
        let first = first.max(1);
        Self { next: first, last, span, widest, is_open: false, is_empty: exists == 0, ended: last < first }
    }

    /// The last UID of the next part, and the UIDs in it that match.
    pub async fn next(
        &mut self,
        session: &mut Session,
        also: &str,
        folder: &str,
    ) -> Result<Option<(u32, Option<Vec<u32>>)>, PollError> {
        if self.ended {
            return Ok(None);
        }
        let failed = |error: ImapError| PollError::folder(Step::Search, folder, &error);
        for _ in 0..MOST_PARTIAL {
            let is_last = self.last.saturating_sub(self.next) < self.span;
            let last = match is_last {
                true if self.is_open => u32::MAX,
                true => self.last,
                false => self.next.saturating_add(self.span - 1),
            };
            let uids = match self.is_empty {
                true => Some(Vec::new()), // a search would be an error to some servers (reference row A23)
                false => session.search(self.next, last, also).await.map_err(failed)?,
            };
            if session.was_partial() && !self.is_empty {
                // It deals with so many messages in one command (RFC 9738): a smaller part has fewer.
                self.span = (self.span.min(last - self.next + 1) / 2).max(1);
                self.widest = self.widest.min(self.span);
                continue;
            }
            self.ended = is_last;
            self.next = last.saturating_add(1);
            let found = u32::try_from(uids.as_ref().map_or(0, Vec::len)).unwrap_or(u32::MAX);
            self.span =
                if found < MOST / 4 { self.span.saturating_mul(2).min(self.widest) } else { MOST.min(self.widest) };
            return Ok(Some((last, uids)));
        }
        Err(failed(ImapError::Limit(format!(
            "{MOST_PARTIAL} answers to SEARCH in a row that are about some messages only"
        ))))
    }
}
