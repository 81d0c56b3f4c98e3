//! Step 5: which UIDs does the server have that the ledger does not know?
//!
//! The cursor says below which UID all is finished; the ledger says what is finished above it. Flags, dates and Message-IDs
//! never decide what is new.

use std::collections::{BTreeMap, VecDeque};

use super::import::MOST_TRIES;
use super::listing::{Asked, Contradiction, Windows};
use super::select::{FEW, OpenFolder, same_mails};
use super::{Blame, Budget, Deps, PollError, Step, Tally};
use crate::cause::Cause;
use crate::imap::{ImapError, ListForm, Session};
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
    /// The search began anew with it, in another form: earlier parts are void.
    pub anew: bool,
}

/// The search through one folder: first from the cursor on, for what is new, then below it, where all is to be compared.
pub struct Search {
    asked: Asked,
    /// The forms that were not asked for yet.
    forms: VecDeque<ListForm>,
    pass: Pass,
    windows: Windows,
    /// The first UID of the first pass.
    cursor: u32,
    /// The first UID of the comparison, if all are to be compared.
    compares_from: Option<u32>,
    /// UIDs listed so far, in whichever form, where all of the folder are asked for: ascending.
    listed: Vec<u32>,
    /// Why the list in another form is not believed.
    contradiction: Option<Contradiction>,
    /// The form that is preferred is misread: it lists nothing.
    misread: bool,
    /// No part has come since the search began anew.
    anew: bool,
    /// UIDs that the ledger waits for, and that were not listed.
    unlisted: Vec<u32>,
    /// The form that the folder is to be asked for first from now on.
    learned: Option<ListForm>,
    /// The first UID of a window of which the server said nothing.
    undecided: Option<u32>,
    /// The highest UID that the server has listed, or that was dealt with at an earlier poll.
    highest: u32,
    /// UIDs that an earlier poll passed without knowing of them.
    found_late: Vec<u32>,
    /// Whether it was looked, since something is new, if the UIDs still mean the same.
    sampled: bool,
}

/// Which UIDs are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pass {
    /// Those from the cursor on.
    New,
    /// Those below it.
    Below,
    /// None any more.
    Ended,
}

impl Search {
    /// From the cursor to the last UID, and below the cursor if all are to be compared with the ledger.
    pub fn new(folder: &OpenFolder) -> Self {
        let cursor = folder.epoch.cursor;
        let asked = folder.asked();
        let mut forms = asked.forms();
        let form = forms.pop_front().unwrap_or_default();
        Self {
            windows: asked.from(cursor).asked_as(form),
            asked,
            forms,
            pass: Pass::New,
            cursor,
            compares_from: folder.compares_all.then_some(folder.compared_to.max(1)),
            listed: Vec::new(),
            contradiction: None,
            misread: false,
            anew: false,
            unlisted: Vec::new(),
            learned: None,
            undecided: None,
            highest: cursor.saturating_sub(1),
            found_late: Vec::new(),
            sampled: folder.epoch.top == 0,
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
        let written = match self.pass {
            _ if !folder.compares_all => Ok(()),
            Pass::Ended if self.undecided.is_none() => {
                deps.store.folder_compared(lease, folder.id, count, deps.clock.now()).await
            }
            // The time was up: the next poll goes on from there.
            Pass::Below | Pass::Ended => {
                let next = self.windows.position().min(folder.epoch.cursor);
                match self.undecided.map_or(next, |undecided| undecided.min(next)) {
                    to if to > folder.compared_to => deps.store.compared_to(lease, folder.id, to).await,
                    _ => Ok(()),
                }
            }
            Pass::New => Ok(()),
        };
        written.map_err(|error| PollError::store(Step::Search, &error))
    }

    /// Where the cursor may stand once all that is listed so far is finished: not behind a gap at the end, since UIDNEXT may
    /// be a lie (reference row A8), and not behind UIDNEXT, since a mail that came meanwhile may not be the first (A11).
    fn after(&self, folder: &OpenFolder) -> u32 {
        let after = self.highest.saturating_add(1).min(folder.uidnext).max(folder.epoch.cursor);
        self.undecided.map_or(after, |undecided| undecided.min(after))
    }

    /// Whether all UIDs of the folder are asked for, in one pass or in two.
    fn lists_all(&self) -> bool {
        self.cursor <= 1 || self.compares_from.is_some_and(|first| first <= 1)
    }

    /// Whether there was an end to it.
    pub fn has_ended(&self) -> bool {
        self.pass == Pass::Ended
    }

    /// The next part; `None` at the end. Writes nothing down.
    pub async fn next_part(
        &mut self,
        session: &mut Session,
        folder: &OpenFolder,
        deps: &Deps,
    ) -> Result<Option<Part>, PollError> {
        while self.pass != Pass::Ended {
            let first = self.windows.position();
            match self.windows.next(session, "", &folder.name).await {
                Ok(Some((last, Some(uids)))) => {
                    let known = deps.store.known(folder.epoch.id, first, last).await;
                    let known = known.map_err(|error| PollError::store(Step::Search, &error))?;
                    self.highest = self.highest.max(uids.last().copied().unwrap_or(0));
                    if self.lists_all() {
                        self.listed.extend(&uids);
                    }
                    return Ok(Some(Part { uids: Some(uids), known, anew: std::mem::take(&mut self.anew) }));
                }
                Ok(Some((_, None))) => {
                    // Nothing was said, so nothing is decided: later parts are looked at, and the cursor stays before this one.
                    self.undecided.get_or_insert(first);
                    return Ok(Some(Part { uids: None, known: Vec::new(), anew: std::mem::take(&mut self.anew) }));
                }
                Ok(None) => {
                    self.asked.exists = folder.asked().exists;
                    self.pass_ended(session, folder).await?;
                }
                // A form that was only tried because answers contradict each other need not be known to the server.
                Err(error) if self.contradiction.is_some() && error.blame == Blame::Folder => self.ask_otherwise()?,
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// Holds what was listed against what else the server says: goes on to the next pass, or asks in another form.
    async fn pass_ended(&mut self, session: &mut Session, folder: &OpenFolder) -> Result<(), PollError> {
        let has_listed_all = self.lists_all() && (self.pass != Pass::New || self.cursor <= 1);
        self.listed.sort_unstable();
        self.listed.dedup();
        let mut against = match has_listed_all {
            true => self.asked.too_few(session, folder.removed.left_of(&self.listed)).await?,
            false => None,
        };
        if against.is_none() && self.pass == Pass::New {
            against = self.asked.left_out(session, self.cursor, &self.windows).await?;
        }
        if against.is_some() {
            self.misread |= self.contradiction.is_none() && self.windows.highest().is_none() && self.asked.exists > 0;
            self.contradiction = self.contradiction.or(against);
            return self.ask_otherwise();
        }
        // Where all that there is was listed, or FETCH names no later mail, there is nothing where nothing was said.
        if has_listed_all || (self.pass == Pass::New && self.windows.highest().is_none()) {
            self.undecided = None;
        }
        // One mail that is left out of one answer (reference row A9) is no reason to ask otherwise for ever.
        self.learned = Some(self.windows.form()).filter(|form| self.misread && *form != self.asked.form);
        self.pass = match (self.pass, self.compares_from) {
            (Pass::New, Some(first)) if self.cursor > 1 => {
                let below = Windows::between(first, self.cursor - 1, self.asked.exists);
                self.windows = below.asked_as(self.windows.form());
                Pass::Below
            }
            _ => Pass::Ended,
        };
        Ok(())
    }

    /// Begins anew in the next form.
    fn ask_otherwise(&mut self) -> Result<(), PollError> {
        let contradiction =
            self.contradiction.unwrap_or(Contradiction::Exists { exists: self.asked.exists, listed: 0 });
        let form = self.forms.pop_front().ok_or_else(|| self.asked.error(contradiction))?;
        self.windows = self.asked.from(self.cursor).asked_as(form).in_any_case();
        (self.pass, self.anew) = (Pass::New, true);
        self.undecided = None;
        self.unlisted.clear();
        Ok(())
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
            let Some(Part { uids, known, .. }) = self.next_part(session, folder, deps).await? else { break };
            let Some(uids) = uids else { continue };
            let waits = |known: &&Known| known.open == Some(Open::Pending) && uids.binary_search(&known.first).is_err();
            self.unlisted.extend(known.iter().filter(waits).map(|known| known.first));
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
        // Only now it is certain that these were not left out by an answer that is not true.
        if self.has_ended() && !self.unlisted.is_empty() {
            let unlisted = std::mem::take(&mut self.unlisted);
            deps.store.not_listed(lease, epoch, &unlisted, MOST_TRIES, deps.clock.now()).await.map_err(failed)?;
        }
        if let Some(form) = self.learned.take() {
            deps.store.learn_list_form(lease, form.as_str()).await.map_err(failed)?;
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

/// Writes down that it is not known whether every mail of a folder is in the ledger, where its answers contradict each other.
pub async fn doubt(ended: &Result<(), PollError>, folder_id: i64, lease: &Lease, deps: &Deps) -> Result<(), PollError> {
    let trouble = ended.as_ref().err().and_then(|error| error.trouble.as_ref());
    if trouble.is_none_or(|trouble| trouble.cause != Cause::AnswersContradict) {
        return Ok(());
    }
    let written = deps.store.completeness_unknown(lease, folder_id).await;
    written.map_err(|error| PollError::store(Step::Search, &error))
}
