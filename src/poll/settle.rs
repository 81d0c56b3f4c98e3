//! The only step that touches the customer's copy: what was to happen to it happens now, for mail that is stored.
//!
//! It works from the effects in the database, so what a crash left open is done by the next poll. Doing an effect twice is
//! harmless but for COPY: that one is written down before it is sent and when it is done, and where a crash came in between,
//! the target folder tells. A mail that is gone already has what it should have.

mod evidence;
mod obstacle;

use std::collections::VecDeque;

use super::open_folder::OpenFolder;
use super::same_mails::still_the_same;
use super::visit::Visit;
use super::{Blame, PollError, Retry, Step, listing};
use crate::cause::{Cause, Trouble};
use crate::fact::Obstacle;
use crate::imap::{Answer, ImapError, Session, Status, UidSet, mutate};
use crate::mailbox::AfterImport;
use crate::store::{Departing, Effect, EffectStep, StoreError};
use evidence::{copied, gone};
use obstacle::{impossible, way_here};

/// Effects read in one go.
const AT_ONCE: i64 = 1000;
/// So many refusals in a row are not about single mails.
const MOST_REFUSALS: usize = 3;
/// UIDs in one command.
const IN_ONE_COMMAND: usize = 500;

/// Does what is open in this folder.
pub async fn pending_effects(visit: &mut Visit<'_>, folder: &OpenFolder) -> Result<(), PollError> {
    let mut above = 0;
    loop {
        let effects = visit.deps.store.open_effects(folder.epoch.id, above, AT_ONCE, folder.compares_all).await;
        let effects = effects.map_err(stored)?;
        let Some(last) = effects.last() else { return held_back(visit, folder).await };
        above = last.uid;
        for group in effects.chunk_by(|a, b| (&a.action, a.step) == (&b.action, b.step)) {
            settle(visit, folder, group).await?;
        }
    }
}

/// Tells of mails that came back after an effect of ours, and are left alone since that would go on for ever. Those that are gone by
/// now are forgotten.
async fn held_back(visit: &mut Visit<'_>, folder: &OpenFolder) -> Result<(), PollError> {
    let store = &visit.deps.store;
    let mut uids = store.returned_uids(folder.epoch.id).await.map_err(stored)?;
    if folder.compares_all {
        for set in UidSet::cut(&uids, visit.session.at_once(IN_ONE_COMMAND)) {
            let gone = gone(&mut visit.session, folder, &set).await?;
            store.effects_done(visit.lease, folder.epoch.id, &gone).await.map_err(stored)?;
            uids.retain(|uid| gone.binary_search(uid).is_err());
        }
    }
    if !uids.is_empty() {
        let trouble = Trouble::new(Cause::CopyReturns)
            .about("folder", &folder.name)
            .about("count", uids.len().to_string())
            .about("mailbox", &visit.lease.mailbox.address);
        visit.tally.unsettled.get_or_insert(PollError::of(Step::Settle, Blame::Mailbox, Retry::Person, trouble));
    }
    Ok(())
}

/// Effects of one kind, at one step.
async fn settle(visit: &mut Visit<'_>, folder: &OpenFolder, group: &[Effect]) -> Result<(), PollError> {
    let Some(first) = group.first() else { return Ok(()) };
    let wish: AfterImport = first.action.parse().map_err(|_| stored(StoreError::Unknown(first.action.clone())))?;
    let mut uids: Vec<u32> = group.iter().map(|effect| effect.uid).collect();
    let action = match way_here(visit, folder, &wish, first.step).await? {
        Ok(action) => action,
        Err(obstacle) => return impossible(visit, folder, first.step, &uids, &obstacle).await,
    };
    // What an earlier poll left open is only done to the mail that it was meant for.
    let left: Vec<u32> = uids.iter().copied().filter(|uid| !visit.tally.imported_uids.contains(uid)).collect();
    let known = visit.deps.store.anchors_by_uid(folder.epoch.id, &left).await.map_err(stored)?;
    still_the_same(visit, folder, &known).await?;
    let doing = Doing::prepare(&mut visit.session, folder, action).await?;
    let mut step = first.step;
    if let EffectStep::Copying(from) = step
        && let AfterImport::Move(target) = &doing.action
    {
        let (store, lease, epoch) = (&visit.deps.store, visit.lease, folder.epoch.id);
        let copied = copied(&mut visit.session, folder, target, from, &uids).await?;
        store.effects_copied(lease, epoch, &copied).await.map_err(stored)?;
        uids.retain(|uid| copied.binary_search(uid).is_err());
        store.effects_not_copied(lease, epoch, &uids).await.map_err(stored)?;
        doing.to_all(visit, EffectStep::Copied, &copied).await?;
        step = EffectStep::Pending;
    }
    doing.to_all(visit, step, &uids).await
}

/// What is done to copies, and what a copy that comes back is recognised by.
struct Doing<'a> {
    folder: &'a OpenFolder,
    action: AfterImport,
    /// Every UID of the folder lies below it.
    next_uid: u32,
    /// UIDVALIDITY and UIDNEXT of the target folder.
    target: (Option<u32>, Option<u32>),
}

impl<'a> Doing<'a> {
    async fn prepare(session: &mut Session, folder: &'a OpenFolder, action: AfterImport) -> Result<Self, PollError> {
        // UIDNEXT may be too high, so that a mail which is put back would get a lower UID (reference row A8).
        let highest = listing::highest_uid(session, Step::Settle, &folder.name).await?;
        // And an answer that nobody asked for may name a mail that there is not.
        let next_uid = highest.map_or(folder.uidnext, |highest| highest.saturating_add(1).min(folder.uidnext));
        let target = match &action {
            AfterImport::Move(target) => {
                let numbers = session.numbers_of(target).await;
                let numbers = numbers.map_err(|error| PollError::folder(Step::Settle, &folder.name, &error))?;
                (numbers.uidvalidity, numbers.uidnext)
            }
            _ => (None, None),
        };
        Ok(Self { folder, action, next_uid, target })
    }

    fn takes_away(&self) -> bool {
        matches!(self.action, AfterImport::Move(_) | AfterImport::Delete)
    }

    /// Does it to all of these copies, in as few commands as it takes.
    async fn to_all(&self, visit: &mut Visit<'_>, step: EffectStep, uids: &[u32]) -> Result<(), PollError> {
        let mut sets: VecDeque<(UidSet, EffectStep)> =
            UidSet::cut(uids, visit.session.at_once(IN_ONE_COMMAND)).into_iter().map(|set| (set, step)).collect();
        let mut refusals = 0;
        while let Some((set, mut step)) = sets.pop_front() {
            self.begin(visit, &set).await?;
            let answer = self.act(visit, &set, &mut step).await?;
            let failed = self.end(visit, set, &answer).await?;
            match failed.as_slice() {
                [] => refusals = 0,
                // The refusal may be about one of several: each alone.
                [_, _, ..] => sets.extend(UidSet::cut(&failed, 1).into_iter().map(|set| (set, step))),
                [_] => {
                    self.refused(visit, &failed, &answer.text).await?;
                    refusals += 1;
                    if refusals == MOST_REFUSALS {
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    }

    /// Writes down what is about to happen to this set.
    async fn begin(&self, visit: &Visit<'_>, set: &UidSet) -> Result<(), PollError> {
        // Whoever changed the mailbox meanwhile may want something else to happen to these copies.
        let now = visit.deps.clock.now();
        let departing = Departing {
            epoch_id: self.folder.epoch.id,
            uids: &set.uids,
            leaves_folder: self.takes_away(),
            next_uid: self.next_uid.max(set.uids.last().map_or(0, |last| last.saturating_add(1))),
            target: self.target,
        };
        let begun = visit.deps.store.begin_change(visit.lease, departing, now.plus(visit.deps.lease), now).await;
        begun.map_err(stored)
    }

    /// Writes down what has happened to this set, and returns those of it to which nothing has.
    async fn end(&self, visit: &mut Visit<'_>, set: UidSet, answer: &Answer) -> Result<Vec<u32>, PollError> {
        let (store, epoch) = (&visit.deps.store, self.folder.epoch.id);
        if let Some(copies) = &answer.copies {
            store.record_copied_uids(epoch, copies.uidvalidity, &copies.uids).await.map_err(stored)?;
        }
        let done = match answer.status {
            Status::Ok if !visit.session.was_partial() => set.uids.clone(),
            Status::Ok | Status::No | Status::Bad => gone(&mut visit.session, self.folder, &set).await?,
        };
        store.effects_done(visit.lease, epoch, &done).await.map_err(stored)?;
        if self.takes_away() {
            self.folder.removed.add(&done);
        }
        visit.tally.effects_done += done.len() as u64;
        Ok(set.uids.into_iter().filter(|uid| done.binary_search(uid).is_err()).collect())
    }

    /// The mail is safe, and the next poll tries again: no reason to keep other mail waiting.
    async fn refused(&self, visit: &mut Visit<'_>, uids: &[u32], why: &str) -> Result<(), PollError> {
        let obstacle = Obstacle::Refused { words: why.to_owned() };
        visit.deps.store.effects_failed(visit.lease, self.folder.epoch.id, uids, &obstacle).await.map_err(stored)?;
        let message = format!("folder {}: the server refused to do \"{}\": {why}", self.folder.name, self.action);
        visit.tally.unsettled.get_or_insert(PollError::new(Step::Settle, Blame::Folder, Retry::Soon, message));
        Ok(())
    }

    /// Sends the commands for one set, writing down each step that must not be done twice.
    async fn act(&self, visit: &mut Visit<'_>, set: &UidSet, step: &mut EffectStep) -> Result<Answer, PollError> {
        let session = &mut visit.session;
        match &self.action {
            AfterImport::Leave => Ok(Answer {
                status: Status::Ok,
                read_only: false,
                try_create: false,
                copies: None,
                text: String::new(),
            }),
            AfterImport::Seen => mutate::add_flag(session, set, "\\Seen").await.map_err(wire),
            AfterImport::Keyword(name) => mutate::add_flag(session, set, name).await.map_err(wire),
            AfterImport::Delete => remove(visit, set).await,
            AfterImport::Move(target) if *step != EffectStep::Copied && session.can("MOVE") => {
                let answer = mutate::move_to(session, set, target).await.map_err(wire)?;
                if !answer.try_create {
                    return Ok(answer);
                }
                create(session, target).await?;
                mutate::move_to(session, set, target).await.map_err(wire)
            }
            AfterImport::Move(target) => {
                if *step != EffectStep::Copied {
                    let answer = self.copy(visit, set, target).await?;
                    if answer.status != Status::Ok {
                        return Ok(answer);
                    }
                    *step = EffectStep::Copied;
                }
                remove(visit, set).await
            }
        }
    }

    /// Copies one set, written down before and after.
    async fn copy(&self, visit: &mut Visit<'_>, set: &UidSet, target: &str) -> Result<Answer, PollError> {
        let (session, store, lease) = (&mut visit.session, &visit.deps.store, visit.lease);
        let epoch = self.folder.epoch.id;
        let next = session.numbers_of(target).await.map_err(wire)?.uidnext.unwrap_or(1);
        store.effects_copying(lease, epoch, &set.uids, next).await.map_err(stored)?;
        let mut answer = mutate::copy_to(session, set, target).await.map_err(wire)?;
        if answer.try_create {
            create(session, target).await?;
            answer = mutate::copy_to(session, set, target).await.map_err(wire)?;
        }
        if answer.status == Status::Ok && session.was_partial() {
            // Which of them were copied, the target folder tells at the next poll.
            return Err(wire(ImapError::Protocol("it copied some of the mails only".to_owned())));
        }
        if answer.status != Status::Ok {
            store.effects_not_copied(lease, epoch, &set.uids).await.map_err(stored)?;
            return Ok(answer);
        }
        store.effects_copied(lease, epoch, &set.uids).await.map_err(stored)?;
        if let Some(copies) = &answer.copies {
            store.record_copied_uids(epoch, copies.uidvalidity, &copies.uids).await.map_err(stored)?;
        }
        Ok(answer)
    }
}

/// Removes exactly these mails.
async fn remove(visit: &mut Visit<'_>, set: &UidSet) -> Result<Answer, PollError> {
    let Visit { session, lease, deps, .. } = visit;
    let marked = mutate::add_flag(session, set, "\\Deleted").await.map_err(wire)?;
    if marked.status != Status::Ok {
        return Ok(marked);
    }
    // That may have taken minutes, in which the wish may have changed.
    deps.store.renew_lease(lease, deps.clock.now().plus(deps.lease)).await.map_err(stored)?;
    mutate::expunge(session, set).await.map_err(wire)
}

async fn create(session: &mut Session, folder: &str) -> Result<(), PollError> {
    // That it is there already, or cannot be made, shows in the command that needs it.
    mutate::create_folder(session, folder).await.map(drop).map_err(wire)
}

fn wire(error: ImapError) -> PollError {
    PollError::imap(Step::Settle, &error)
}

fn stored(error: StoreError) -> PollError {
    PollError::store(Step::Settle, &error)
}
