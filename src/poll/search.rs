//! Which UIDs does the server have that the ledger does not know?
//!
//! The cursor says below which UID all is finished; the ledger says what is finished above it. Flags, dates and Message-IDs
//! never decide what is new.

use std::collections::BTreeMap;

use super::arrived::MOST_TRIES;
use super::listing::{Listing, Pass};
use super::open_folder::OpenFolder;
use super::same_mails::{FEW, still_the_same};
use super::visit::Visit;
use super::{Deps, PollError, Step};
use crate::cause::Cause;
use crate::fact::Notice;
use crate::imap::Session;
use crate::store::{Known, Lease, NotListed, Open, StoreError};

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
    /// The search began anew with it, in another form: earlier parts are void.
    pub anew: bool,
}

/// The search through one folder: first from the cursor on, for what is new, then below it, where all is to be compared.
pub struct Search {
    listing: Listing,
    /// UIDs that the ledger waits for, and that were not listed.
    unlisted: Vec<u32>,
    /// The highest UID that the server has listed, or that was dealt with at an earlier poll.
    highest: u32,
    /// UIDs that an earlier poll passed without knowing of them.
    found_late: Vec<u32>,
    /// Whether it was looked, since something is new, if the UIDs still mean the same.
    sampled: bool,
}

impl Search {
    /// From the cursor to the last UID, and below the cursor if all are to be compared with the ledger.
    pub fn new(folder: &OpenFolder) -> Self {
        let cursor = folder.epoch.cursor;
        let compares_from = folder.compares_all.then_some(folder.compared_to.max(1));
        Self {
            listing: Listing::new(folder.asked(), cursor, compares_from),
            unlisted: Vec::new(),
            highest: cursor.saturating_sub(1),
            found_late: Vec::new(),
            sampled: folder.epoch.top == 0,
        }
    }

    /// The next part; `None` at the end. Writes nothing down.
    pub async fn next_part(
        &mut self,
        session: &mut Session,
        folder: &OpenFolder,
        deps: &Deps,
    ) -> Result<Option<Part>, PollError> {
        let Some(part) = self.listing.next(session).await? else { return Ok(None) };
        let (first, last) = part.range;
        let known = match &part.uids {
            Some(uids) => {
                self.highest = self.highest.max(uids.last().copied().unwrap_or(0));
                deps.store.known_uids(folder.epoch.id, first, last).await.map_err(stored)?
            }
            None => Vec::new(),
        };
        Ok(Some(Part { uids: part.uids, known, anew: part.anew }))
    }

    /// Whether there was an end to it.
    pub fn has_ended(&self) -> bool {
        self.listing.pass() == Pass::Ended
    }

    /// Where the cursor may stand once all that is listed so far is finished: not behind a gap at the end, since UIDNEXT may
    /// be a lie (reference row A8), and not behind UIDNEXT, since a mail that came meanwhile may not be the first (A11).
    fn after(&self, folder: &OpenFolder) -> u32 {
        let after = self.highest.saturating_add(1).min(folder.uidnext).max(folder.epoch.cursor);
        self.listing.undecided().map_or(after, |undecided| undecided.min(after))
    }

    /// The next UIDs to fetch; `None` when all are known.
    pub async fn next_window(
        &mut self,
        visit: &mut Visit<'_>,
        folder: &OpenFolder,
    ) -> Result<Option<Window>, PollError> {
        let mut finished = false;
        while !visit.budget.is_over() {
            let next = self.next_part(&mut visit.session, folder, visit.deps).await?;
            let Some(Part { uids, known, anew }) = next else { break };
            if anew {
                self.unlisted.clear();
            }
            let Some(uids) = uids else { continue };
            let waits = |known: &&Known| known.open == Some(Open::Pending) && uids.binary_search(&known.first).is_err();
            self.unlisted.extend(known.iter().filter(waits).map(|known| known.first));
            let (tried, unknown) = (tried(&known), unknown(uids, &known));
            if !unknown.is_empty() {
                self.found(visit, folder, &unknown, &tried).await?;
                return Ok(Some(Window { unknown, tried, after: self.after(folder) }));
            }
            finished = true;
        }
        self.nothing_left(visit, folder, finished).await?;
        Ok(None)
    }

    /// Something is new: makes sure that it is, and writes down that it was found late.
    async fn found(
        &mut self,
        visit: &mut Visit<'_>,
        folder: &OpenFolder,
        unknown: &[u32],
        tried: &BTreeMap<u32, i64>,
    ) -> Result<(), PollError> {
        if !std::mem::replace(&mut self.sampled, true) {
            let known = visit.deps.store.anchors(folder.epoch.id, FEW).await.map_err(stored)?;
            still_the_same(visit, folder, &known).await?;
        }
        let late = |uid: &&u32| **uid < folder.epoch.cursor && !tried.contains_key(uid);
        let late: Vec<u32> = unknown.iter().filter(late).copied().collect();
        if !late.is_empty() {
            self.found_late.extend(late);
            let count = self.found_late.len();
            visit.deps.store.record_unaccounted(visit.lease, folder.id, count).await.map_err(stored)?;
        }
        Ok(())
    }

    /// Nothing more is to be fetched. `finished`: the last windows had nothing new.
    async fn nothing_left(&mut self, visit: &Visit<'_>, folder: &OpenFolder, finished: bool) -> Result<(), PollError> {
        let (store, lease, epoch) = (&visit.deps.store, visit.lease, folder.epoch.id);
        // Only now it is certain that these were not left out by an answer that is not true.
        if self.has_ended() && !self.unlisted.is_empty() {
            let unlisted = std::mem::take(&mut self.unlisted);
            let now = visit.deps.clock.now();
            store
                .count_not_listed(lease, NotListed { epoch_id: epoch, uids: &unlisted, max_attempts: MOST_TRIES }, now)
                .await
                .map_err(stored)?;
        }
        if let Some(form) = self.listing.take_learned() {
            store.set_list_form(lease, form.as_str()).await.map_err(stored)?;
        }
        // Windows at the end without anything new still move the cursor, so that they are not searched again.
        let cursor = self.after(folder);
        if finished && cursor > folder.epoch.cursor {
            store.advance_cursor(lease, epoch, cursor).await.map_err(stored)?;
        }
        Ok(())
    }

    /// Writes down that every UID was compared with the ledger, if that was to be done and is.
    pub async fn compared(&self, visit: &mut Visit<'_>, folder: &OpenFolder) -> Result<(), PollError> {
        let (store, lease) = (&visit.deps.store, visit.lease);
        let count = self.found_late.len();
        if count > 0 {
            let some: Vec<String> = self.found_late.iter().take(SHOWN).map(u32::to_string).collect();
            let more = if count > SHOWN { ", ..." } else { "" };
            let (name, some) = (&folder.name, some.join(", "));
            tracing::warn!(mailbox = lease.mailbox.address, folder = name, count, uids = some, "UIDs were found late");
            let (folder, uids) = (name.clone(), format!("{some}{more}"));
            visit.tally.notes.push(Notice::FoundLate { folder, count: count as u64, uids });
        }
        let written = match (self.listing.pass(), self.listing.undecided()) {
            _ if !folder.compares_all => Ok(()),
            (Pass::Ended, None) => store.record_comparison(lease, folder.id, count, visit.deps.clock.now()).await,
            // The time was up: the next poll goes on from there.
            (Pass::Below | Pass::Ended, undecided) => {
                let next = self.listing.position().min(folder.epoch.cursor);
                match undecided.map_or(next, |undecided| undecided.min(next)) {
                    to if to > folder.compared_to => store.record_comparison_progress(lease, folder.id, to).await,
                    _ => Ok(()),
                }
            }
            (Pass::New, _) => Ok(()),
        };
        written.map_err(stored)
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

/// Writes down that it is not known whether every mail of a folder is in the ledger, where its answers contradict each other.
pub async fn doubt(ended: &Result<(), PollError>, folder_id: i64, lease: &Lease, deps: &Deps) -> Result<(), PollError> {
    let trouble = ended.as_ref().err().and_then(|error| error.trouble.as_ref());
    if trouble.is_none_or(|trouble| trouble.cause != Cause::AnswersContradict) {
        return Ok(());
    }
    let written = deps.store.record_contradiction(lease, folder_id).await;
    written.map_err(stored)
}

fn stored(error: StoreError) -> PollError {
    PollError::store(Step::Search, &error)
}
