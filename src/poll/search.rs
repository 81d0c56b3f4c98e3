//! Finds the UIDs on the server that the ledger does not know.
//!
//! All UIDs below the cursor are finished; the ledger lists the finished UIDs above it. Flags, dates and Message-IDs
//! never decide what is new.

use std::collections::BTreeMap;

use super::fetched_mail::MAX_ATTEMPTS;
use super::listing::{Listing, Pass};
use super::open_folder::OpenFolder;
use super::same_mails::{SAMPLE_SIZE, require_same_mails};
use super::visit::Visit;
use super::{Deps, PollError, Step};
use crate::cause::Cause;
use crate::fact::{LEAST_BACKLOG, Notice};
use crate::imap::Session;
use crate::store::{KnownUids, Lease, NotListed, OpenReason, StoreError};

/// Maximum number of UIDs listed in a notice.
const MAX_LISTED: usize = 20;

/// UIDs to fetch, and the cursor once they are finished.
pub struct Window {
    /// Unknown or pending UIDs, ascending.
    pub unknown: Vec<u32>,
    /// Failed attempts so far, by UID.
    pub attempts: BTreeMap<u32, i64>,
    /// The cursor once all of these are finished.
    pub cursor_after: u32,
}

/// One part of a search.
pub struct Part {
    /// The UIDs of the part, as listed by the server; `None` if it sent no SEARCH response.
    pub uids: Option<Vec<u32>>,
    /// The ledger's entries for the part, ascending.
    pub known: Vec<KnownUids>,
    /// Whether the search restarted in another form with this part, so that earlier parts are void.
    pub restarted: bool,
}

/// The search of one folder: first the new UIDs at or above the cursor, then, if everything is compared, the UIDs below it.
pub struct Search {
    listing: Listing,
    /// UIDs that are pending in the ledger and were not listed.
    unlisted: Vec<u32>,
    /// The highest UID that the server has listed, or that an earlier poll has finished.
    highest: u32,
    /// UIDs below the cursor that the ledger does not know.
    found_late: Vec<u32>,
    /// Whether a sample of known mails was compared, to prove that the UIDs still identify them.
    sampled: bool,
    /// Whether a backlog of this folder is recorded.
    has_backlog: bool,
}

impl Search {
    /// Starts at the cursor, and continues below it if every UID is compared with the ledger.
    pub fn new(folder: &OpenFolder) -> Self {
        let cursor = folder.epoch.cursor;
        let compares_from = folder.compares_all.then_some(folder.compared_to.max(1));
        Self {
            listing: Listing::new(folder.list_request(), cursor, compares_from),
            unlisted: Vec::new(),
            highest: cursor.saturating_sub(1),
            found_late: Vec::new(),
            sampled: folder.epoch.top == 0,
            has_backlog: folder.epoch.has_backlog,
        }
    }

    /// Returns the next part; `None` at the end. Writes nothing.
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
                deps.store.known_uids(folder.epoch.id, first, last).await.map_err(store_error)?
            }
            None => Vec::new(),
        };
        Ok(Some(Part { uids: part.uids, known, restarted: part.restarted }))
    }

    /// Whether the search has reached the last UID.
    pub fn has_ended(&self) -> bool {
        self.listing.pass() == Pass::Ended
    }

    /// Returns the cursor once everything listed so far is finished. It stays at or below UIDNEXT, since the first mail
    /// listed above UIDNEXT may not be the first that has arrived (reference row A11). And it never follows UIDNEXT
    /// over a gap at the end, since UIDNEXT may be wrong (A8).
    fn cursor_after(&self, folder: &OpenFolder) -> u32 {
        let after = self.highest.saturating_add(1).min(folder.uidnext).max(folder.epoch.cursor);
        self.listing.undecided().map_or(after, |undecided| undecided.min(after))
    }

    /// Returns the next UIDs to fetch; `None` when all are known or the budget has run out.
    pub async fn next_window(
        &mut self,
        visit: &mut Visit<'_>,
        folder: &OpenFolder,
    ) -> Result<Option<Window>, PollError> {
        let mut finished = false;
        while !visit.budget.is_over() {
            let next = self.next_part(&mut visit.session, folder, visit.deps).await?;
            let Some(Part { uids, known, restarted }) = next else { break };
            if restarted {
                self.unlisted.clear();
            }
            let Some(uids) = uids else { continue };
            let is_unlisted = |known: &&KnownUids| {
                known.open_reason == Some(OpenReason::Pending) && uids.binary_search(&known.first).is_err()
            };
            self.unlisted.extend(known.iter().filter(is_unlisted).map(|known| known.first));
            let last = uids.last().copied();
            let (attempts, unknown) = (attempts(&known), unknown(uids, &known));
            if !unknown.is_empty() {
                self.check_new(visit, folder, &unknown, &attempts).await?;
                self.note_backlog(visit, folder, unknown.len(), last).await?;
                return Ok(Some(Window { unknown, attempts, cursor_after: self.cursor_after(folder) }));
            }
            finished = true;
        }
        self.finish(visit, folder, finished).await?;
        Ok(None)
    }

    /// Handles new UIDs: checks that the server has not reused old UIDs, and records UIDs that were found late.
    async fn check_new(
        &mut self,
        visit: &mut Visit<'_>,
        folder: &OpenFolder,
        unknown: &[u32],
        attempts: &BTreeMap<u32, i64>,
    ) -> Result<(), PollError> {
        if !std::mem::replace(&mut self.sampled, true) {
            let known = visit.deps.store.anchors(folder.epoch.id, SAMPLE_SIZE).await.map_err(store_error)?;
            require_same_mails(visit, folder, &known).await?;
        }
        let late = |uid: &&u32| **uid < folder.epoch.cursor && !attempts.contains_key(uid);
        let late: Vec<u32> = unknown.iter().filter(late).copied().collect();
        if !late.is_empty() {
            self.found_late.extend(late);
            let count = self.found_late.len();
            visit.deps.store.record_unaccounted(visit.lease, folder.id, count).await.map_err(store_error)?;
        }
        Ok(())
    }

    /// Records how many mails are still to be fetched, if they are a backlog: those of this part and those above its
    /// last UID.
    async fn note_backlog(
        &mut self,
        visit: &mut Visit<'_>,
        folder: &OpenFolder,
        unknown: usize,
        last: Option<u32>,
    ) -> Result<(), PollError> {
        let mut above = match last {
            Some(last) => i64::from(self.listing.count_above(&mut visit.session, last).await?),
            None => 0,
        };
        if let Some(last) = last.filter(|_| above > 0) {
            // Some mails above `last` may be finished already: a mail that stays pending keeps the cursor below them.
            let finished = visit.deps.store.finished_above(folder.epoch.id, last).await.map_err(store_error)?;
            above = (above - finished).max(0);
        }
        let left = i64::try_from(unknown).unwrap_or(i64::MAX).saturating_add(above);
        if self.has_backlog || left >= LEAST_BACKLOG {
            self.has_backlog = true;
            let now = visit.deps.clock.now();
            visit.deps.store.note_backlog(visit.lease, folder.epoch.id, left, now).await.map_err(store_error)?;
        }
        Ok(())
    }

    /// Handles the end of the search. `finished`: whether parts without new UIDs have followed the last window.
    async fn finish(&mut self, visit: &Visit<'_>, folder: &OpenFolder, finished: bool) -> Result<(), PollError> {
        let (store, lease, epoch) = (&visit.deps.store, visit.lease, folder.epoch.id);
        // Only a complete search proves that the server no longer has these UIDs.
        if self.has_ended() && !self.unlisted.is_empty() {
            let unlisted = std::mem::take(&mut self.unlisted);
            let now = visit.deps.clock.now();
            store
                .count_not_listed(
                    lease,
                    NotListed { epoch_id: epoch, uids: &unlisted, max_attempts: MAX_ATTEMPTS },
                    now,
                )
                .await
                .map_err(store_error)?;
        }
        if self.has_ended() && self.has_backlog {
            store.note_backlog(lease, epoch, 0, visit.deps.clock.now()).await.map_err(store_error)?;
        }
        if let Some(form) = self.listing.take_new_preference() {
            store.set_list_form(lease, form.as_str()).await.map_err(store_error)?;
        }
        // The cursor passes these parts, so that they are not searched again.
        let cursor = self.cursor_after(folder);
        if finished && cursor > folder.epoch.cursor {
            store.advance_cursor(lease, epoch, cursor).await.map_err(store_error)?;
        }
        Ok(())
    }

    /// Records a complete comparison with the ledger, or how far an interrupted one has come.
    pub async fn record_comparison(&self, visit: &mut Visit<'_>, folder: &OpenFolder) -> Result<(), PollError> {
        let (store, lease) = (&visit.deps.store, visit.lease);
        let count = self.found_late.len();
        if count > 0 {
            let some: Vec<String> = self.found_late.iter().take(MAX_LISTED).map(u32::to_string).collect();
            let more = if count > MAX_LISTED { ", ..." } else { "" };
            let (name, some) = (&folder.name, some.join(", "));
            tracing::warn!(
                mailbox = lease.mailbox.address,
                folder = name,
                count,
                uids = some,
                "the server has listed old UIDs for the first time"
            );
            let (folder, uids) = (name.clone(), format!("{some}{more}"));
            visit.tally.notes.push(Notice::FoundLate { folder, count: count as u64, uids });
        }
        let written = match (self.listing.pass(), self.listing.undecided()) {
            _ if !folder.compares_all => Ok(()),
            (Pass::Ended, None) => store.record_comparison(lease, folder.id, count, visit.deps.clock.now()).await,
            // The comparison is incomplete: the next poll continues where this one stopped.
            (Pass::Below | Pass::Ended, undecided) => {
                let next = self.listing.position().min(folder.epoch.cursor);
                match undecided.map_or(next, |undecided| undecided.min(next)) {
                    to if to > folder.compared_to => store.record_comparison_progress(lease, folder.id, to).await,
                    _ => Ok(()),
                }
            }
            (Pass::New, _) => Ok(()),
        };
        written.map_err(store_error)
    }
}

/// Returns the UIDs that the ledger does not list as finished. Both arguments are ascending.
pub fn unknown(mut uids: Vec<u32>, known: &[KnownUids]) -> Vec<u32> {
    let mut done = known.iter().filter(|known| known.open_reason.is_none()).peekable();
    uids.retain(|uid| {
        while done.next_if(|known| known.last < *uid).is_some() {}
        done.peek().is_none_or(|known| known.first > *uid)
    });
    uids
}

/// Returns the number of failed attempts of each pending UID.
pub fn attempts(known: &[KnownUids]) -> BTreeMap<u32, i64> {
    let pending = known.iter().filter(|known| known.open_reason == Some(OpenReason::Pending));
    pending.map(|known| (known.first, known.attempts)).collect()
}

/// Records that the completeness of a folder is unknown, if the server's answers contradict each other.
pub async fn record_contradiction(
    result: &Result<(), PollError>,
    folder_id: i64,
    lease: &Lease,
    deps: &Deps,
) -> Result<(), PollError> {
    let trouble = result.as_ref().err().and_then(|error| error.trouble.as_ref());
    if trouble.is_none_or(|trouble| trouble.cause != Cause::AnswersContradict) {
        return Ok(());
    }
    let written = deps.store.record_contradiction(lease, folder_id).await;
    written.map_err(store_error)
}

fn store_error(error: StoreError) -> PollError {
    PollError::store(Step::Search, &error)
}
