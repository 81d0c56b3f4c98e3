//! The only step that changes the customer's copies. It settles the pending effects of mail that is committed.
//!
//! The pending effects are in the database, so the next poll resumes after a crash. All commands but COPY are safe to
//! repeat. COPY is therefore recorded before it is sent and when it is done; after a crash in between, the target
//! folder shows whether the copy exists. A mail that is already gone counts as done.

mod evidence;
mod obstacle;

use std::collections::VecDeque;

use super::open_folder::OpenFolder;
use super::same_mails::require_same_mails;
use super::visit::Visit;
use super::{Blame, PollError, Retry, Step, listing};
use crate::cause::{Cause, Trouble};
use crate::fact::Obstacle;
use crate::imap::{ImapError, Session, Status, TaggedAnswer, UidSet, mutate};
use crate::mailbox::AfterImport;
use crate::store::{Departing, Effect, EffectStep, StoreError};
use evidence::{find_copied, find_removed};
use obstacle::{action_in_folder, record_obstacle};

/// Number of effects read from the database at once.
const EFFECTS_PER_READ: i64 = 1000;
/// Maximum number of consecutive refusals that are attributed to single mails.
const MAX_REFUSALS: usize = 3;
/// Maximum number of UIDs per command.
const UIDS_PER_COMMAND: usize = 500;

/// Settles the pending effects of a folder.
pub async fn pending_effects(visit: &mut Visit<'_>, folder: &OpenFolder) -> Result<(), PollError> {
    let mut above = 0;
    loop {
        let effects =
            visit.deps.store.open_effects(folder.epoch.id, above, EFFECTS_PER_READ, folder.compares_all).await;
        let effects = effects.map_err(store_error)?;
        let Some(last) = effects.last() else { return report_returned(visit, folder).await };
        above = last.uid;
        for group in effects.chunk_by(|a, b| (&a.action, a.step) == (&b.action, b.step)) {
            settle(visit, folder, group).await?;
        }
    }
}

/// Reports mails that came back after an effect. They are left alone, since otherwise they might be removed and come
/// back forever. If every UID is compared, the effects of those that are gone by now are deleted.
async fn report_returned(visit: &mut Visit<'_>, folder: &OpenFolder) -> Result<(), PollError> {
    let store = &visit.deps.store;
    let mut uids = store.returned_uids(folder.epoch.id).await.map_err(store_error)?;
    if folder.compares_all {
        for set in UidSet::split(&uids, visit.session.command_limit(UIDS_PER_COMMAND)) {
            let gone = find_removed(&mut visit.session, folder, &set).await?;
            store.delete_effects(visit.lease, folder.epoch.id, &gone).await.map_err(store_error)?;
            uids.retain(|uid| gone.binary_search(uid).is_err());
        }
    }
    if !uids.is_empty() {
        let trouble = Trouble::new(Cause::CopyReturns)
            .with_arg("folder", &folder.name)
            .with_arg("count", uids.len().to_string())
            .with_arg("mailbox", &visit.lease.mailbox.address);
        visit.tally.unsettled.get_or_insert(PollError::from_trouble(
            Step::Settle,
            Blame::Mailbox,
            Retry::Person,
            trouble,
        ));
    }
    Ok(())
}

/// Settles effects that have the same action and the same step.
async fn settle(visit: &mut Visit<'_>, folder: &OpenFolder, group: &[Effect]) -> Result<(), PollError> {
    let Some(first) = group.first() else { return Ok(()) };
    let action: AfterImport =
        first.action.parse().map_err(|_| store_error(StoreError::Unknown(first.action.clone())))?;
    let mut uids: Vec<u32> = group.iter().map(|effect| effect.uid).collect();
    let action = match action_in_folder(visit, folder, &action, first.step).await? {
        Ok(action) => action,
        Err(obstacle) => return record_obstacle(visit, folder, first.step, &uids, &obstacle).await,
    };
    // An effect left over from an earlier poll applies only to the mail that it was recorded for.
    let left: Vec<u32> = uids.iter().copied().filter(|uid| !visit.tally.imported_uids.contains(uid)).collect();
    let known = visit.deps.store.anchors_by_uid(folder.epoch.id, &left).await.map_err(store_error)?;
    require_same_mails(visit, folder, &known).await?;
    let change = Change::prepare(&mut visit.session, folder, action).await?;
    let mut step = first.step;
    if let EffectStep::Copying(from) = step
        && let AfterImport::Move(target) = &change.action
    {
        let (store, lease, epoch) = (&visit.deps.store, visit.lease, folder.epoch.id);
        let copied = find_copied(&mut visit.session, folder, target, from, &uids).await?;
        store.record_copied(lease, epoch, &copied).await.map_err(store_error)?;
        uids.retain(|uid| copied.binary_search(uid).is_err());
        store.record_not_copied(lease, epoch, &uids).await.map_err(store_error)?;
        change.apply_to_all(visit, EffectStep::Copied, &copied).await?;
        step = EffectStep::Pending;
    }
    change.apply_to_all(visit, step, &uids).await
}

/// A change to copies, and the numbers by which a copy that comes back is recognised.
struct Change<'a> {
    folder: &'a OpenFolder,
    action: AfterImport,
    /// Upper bound of the folder's UIDs.
    next_uid: u32,
    /// UIDVALIDITY and UIDNEXT of the target folder.
    target: (Option<u32>, Option<u32>),
}

impl<'a> Change<'a> {
    async fn prepare(session: &mut Session, folder: &'a OpenFolder, action: AfterImport) -> Result<Self, PollError> {
        // UIDNEXT may be too high: a mail that is put back would then get a lower UID (reference row A8).
        let highest = listing::highest_uid(session, Step::Settle, &folder.name).await?;
        // The highest UID may come from an unsolicited answer about a mail that does not exist, so UIDNEXT limits it.
        let next_uid = highest.map_or(folder.uidnext, |highest| highest.saturating_add(1).min(folder.uidnext));
        let target = match &action {
            AfterImport::Move(target) => {
                let numbers = session.folder_numbers(target).await;
                let numbers = numbers.map_err(|error| PollError::folder(Step::Settle, &folder.name, &error))?;
                (numbers.uidvalidity, numbers.uidnext)
            }
            _ => (None, None),
        };
        Ok(Self { folder, action, next_uid, target })
    }

    fn removes_copy(&self) -> bool {
        matches!(self.action, AfterImport::Move(_) | AfterImport::Delete)
    }

    /// Applies the change to all copies, in as few commands as possible.
    async fn apply_to_all(&self, visit: &mut Visit<'_>, step: EffectStep, uids: &[u32]) -> Result<(), PollError> {
        let mut sets: VecDeque<(UidSet, EffectStep)> =
            UidSet::split(uids, visit.session.command_limit(UIDS_PER_COMMAND))
                .into_iter()
                .map(|set| (set, step))
                .collect();
        let mut refusals = 0;
        while let Some((set, mut step)) = sets.pop_front() {
            self.begin(visit, &set).await?;
            let answer = self.execute(visit, &set, &mut step).await?;
            let failed = self.end(visit, set, &answer).await?;
            match failed.as_slice() {
                [] => refusals = 0,
                // The refusal may concern one of several copies: retry each by itself.
                [_, _, ..] => sets.extend(UidSet::split(&failed, 1).into_iter().map(|set| (set, step))),
                [_] => {
                    self.refused(visit, &failed, &answer.text).await?;
                    refusals += 1;
                    if refusals == MAX_REFUSALS {
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    }

    /// Records the change before its commands are sent.
    async fn begin(&self, visit: &Visit<'_>, set: &UidSet) -> Result<(), PollError> {
        // The lease also proves that nobody has chosen another action meanwhile.
        let now = visit.deps.clock.now();
        let departing = Departing {
            epoch_id: self.folder.epoch.id,
            uids: &set.uids,
            leaves_folder: self.removes_copy(),
            next_uid: self.next_uid.max(set.uids.last().map_or(0, |last| last.saturating_add(1))),
            target: self.target,
        };
        let begun = visit.deps.store.begin_change(visit.lease, departing, now.plus(visit.deps.lease), now).await;
        begun.map_err(store_error)
    }

    /// Records the result, and returns the UIDs that are unchanged.
    async fn end(&self, visit: &mut Visit<'_>, set: UidSet, answer: &TaggedAnswer) -> Result<Vec<u32>, PollError> {
        let (store, epoch) = (&visit.deps.store, self.folder.epoch.id);
        if let Some(copies) = &answer.copies {
            store.record_copied_uids(epoch, copies.uidvalidity, &copies.uids).await.map_err(store_error)?;
        }
        let done = match answer.status {
            Status::Ok if !visit.session.was_partial() => set.uids.clone(),
            Status::Ok | Status::No | Status::Bad => find_removed(&mut visit.session, self.folder, &set).await?,
        };
        store.delete_effects(visit.lease, epoch, &done).await.map_err(store_error)?;
        if self.removes_copy() {
            self.folder.removed.add(&done);
        }
        visit.tally.effects_done += done.len() as u64;
        Ok(set.uids.into_iter().filter(|uid| done.binary_search(uid).is_err()).collect())
    }

    /// Records a refusal. The mail is safe and the next poll tries again, so a refusal does not stop the import of
    /// other mail.
    async fn refused(&self, visit: &mut Visit<'_>, uids: &[u32], why: &str) -> Result<(), PollError> {
        let obstacle = Obstacle::Refused { words: why.to_owned() };
        visit
            .deps
            .store
            .record_failed_attempt(visit.lease, self.folder.epoch.id, uids, &obstacle)
            .await
            .map_err(store_error)?;
        let message = format!("folder {}: the server refused to do \"{}\": {why}", self.folder.name, self.action);
        visit.tally.unsettled.get_or_insert(PollError::new(Step::Settle, Blame::Folder, Retry::Soon, message));
        Ok(())
    }

    /// Sends the commands for one set, and records each step that must not be repeated.
    async fn execute(
        &self,
        visit: &mut Visit<'_>,
        set: &UidSet,
        step: &mut EffectStep,
    ) -> Result<TaggedAnswer, PollError> {
        let session = &mut visit.session;
        match &self.action {
            AfterImport::Leave => Ok(TaggedAnswer {
                status: Status::Ok,
                read_only: false,
                try_create: false,
                copies: None,
                text: String::new(),
            }),
            AfterImport::Seen => mutate::add_flag(session, set, "\\Seen").await.map_err(imap_error),
            AfterImport::Keyword(name) => mutate::add_flag(session, set, name).await.map_err(imap_error),
            AfterImport::Delete => remove(visit, set).await,
            AfterImport::Move(target) if *step != EffectStep::Copied && session.can("MOVE") => {
                let answer = mutate::move_to(session, set, target).await.map_err(imap_error)?;
                if !answer.try_create {
                    return Ok(answer);
                }
                create(session, target).await?;
                mutate::move_to(session, set, target).await.map_err(imap_error)
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

    /// Copies one set. The copying is recorded before and after the command.
    async fn copy(&self, visit: &mut Visit<'_>, set: &UidSet, target: &str) -> Result<TaggedAnswer, PollError> {
        let (session, store, lease) = (&mut visit.session, &visit.deps.store, visit.lease);
        let epoch = self.folder.epoch.id;
        let next = session.folder_numbers(target).await.map_err(imap_error)?.uidnext.unwrap_or(1);
        store.record_copying(lease, epoch, &set.uids, next).await.map_err(store_error)?;
        let mut answer = mutate::copy_to(session, set, target).await.map_err(imap_error)?;
        if answer.try_create {
            create(session, target).await?;
            answer = mutate::copy_to(session, set, target).await.map_err(imap_error)?;
        }
        if answer.status == Status::Ok && session.was_partial() {
            // At the next poll, the target folder shows which mails were copied.
            return Err(imap_error(ImapError::Protocol("it copied only some of the mails".to_owned())));
        }
        if answer.status != Status::Ok {
            store.record_not_copied(lease, epoch, &set.uids).await.map_err(store_error)?;
            return Ok(answer);
        }
        store.record_copied(lease, epoch, &set.uids).await.map_err(store_error)?;
        if let Some(copies) = &answer.copies {
            store.record_copied_uids(epoch, copies.uidvalidity, &copies.uids).await.map_err(store_error)?;
        }
        Ok(answer)
    }
}

/// Removes exactly these mails, by UID EXPUNGE.
async fn remove(visit: &mut Visit<'_>, set: &UidSet) -> Result<TaggedAnswer, PollError> {
    let Visit { session, lease, deps, .. } = visit;
    let marked = mutate::add_flag(session, set, "\\Deleted").await.map_err(imap_error)?;
    if marked.status != Status::Ok {
        return Ok(marked);
    }
    // Flagging may have taken minutes, during which somebody may have chosen another action.
    deps.store.renew_lease(lease, deps.clock.now().plus(deps.lease)).await.map_err(store_error)?;
    mutate::expunge(session, set).await.map_err(imap_error)
}

async fn create(session: &mut Session, folder: &str) -> Result<(), PollError> {
    // A refusal is ignored: the next command that needs the folder reports whether it exists.
    mutate::create_folder(session, folder).await.map(drop).map_err(imap_error)
}

fn imap_error(error: ImapError) -> PollError {
    PollError::imap(Step::Settle, &error)
}

fn store_error(error: StoreError) -> PollError {
    PollError::store(Step::Settle, &error)
}
