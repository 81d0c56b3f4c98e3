//! Step 10, and the only one that touches the customer's copy: what was to happen to it happens now, for mail that is stored.
//!
//! It works from the effects in the database, so what a crash left open is done by the next poll. Doing an effect twice is
//! harmless but for COPY: that one is written down before it is sent and when it is done, and where a crash came in between,
//! the target folder tells. A mail that is gone already has what it should have.

use std::collections::{HashMap, VecDeque};

use super::select::OpenFolder;
use super::{Blame, Deps, PollError, Retry, Step, Tally, obstacle, parse, search, target};
use crate::cause::{Cause, Trouble};
use crate::imap::{Answer, ImapError, ListForm, Session, Status, UidSet, mutate};
use crate::mailbox::AfterImport;
use crate::store::{Departing, Effect, EffectStep, Lease, StoreError};

/// Effects read in one go.
const AT_ONCE: i64 = 1000;
/// So many refusals in a row are not about single mails.
const MOST_REFUSALS: usize = 3;
/// UIDs in one command.
const IN_ONE_COMMAND: usize = 500;
/// UIDs of a target folder that are looked at where its UIDNEXT was not told.
const NEWEST: u32 = 5000;

/// Does what is open in this folder.
pub async fn pending_effects(
    session: &mut Session,
    folder: &OpenFolder,
    lease: &Lease,
    deps: &Deps,
    tally: &mut Tally,
) -> Result<(), PollError> {
    let mut above = 0;
    loop {
        let effects =
            deps.store.open_effects(folder.epoch.id, above, AT_ONCE, folder.compares_all).await.map_err(stored)?;
        let Some(last) = effects.last() else {
            return held_back(session, folder, lease, deps, tally).await;
        };
        above = last.uid;
        for group in effects.chunk_by(|a, b| (&a.action, a.step) == (&b.action, b.step)) {
            settle(session, folder, group, lease, deps, tally).await?;
        }
    }
}

/// Tells of mails that came back after an effect of ours, and are left alone since that would go on for ever. Those that are gone by
/// now are forgotten.
async fn held_back(
    session: &mut Session,
    folder: &OpenFolder,
    lease: &Lease,
    deps: &Deps,
    tally: &mut Tally,
) -> Result<(), PollError> {
    let mut uids = deps.store.returned(folder.epoch.id).await.map_err(stored)?;
    if folder.compares_all {
        for set in UidSet::cut(&uids, session.at_once(IN_ONE_COMMAND)) {
            let gone = gone(session, folder, &set).await?;
            deps.store.effects_done(lease, folder.epoch.id, &gone).await.map_err(stored)?;
            uids.retain(|uid| gone.binary_search(uid).is_err());
        }
    }
    if !uids.is_empty() {
        let trouble = Trouble::new(Cause::CopyReturns)
            .about("folder", &folder.name)
            .about("count", uids.len().to_string())
            .about("mailbox", &lease.mailbox.address);
        tally.unsettled.get_or_insert(PollError::of(Step::Settle, Blame::Mailbox, Retry::Person, trouble));
    }
    Ok(())
}

/// What is done to copies, and what a copy that comes back is recognised by.
struct Doing {
    action: AfterImport,
    /// Every UID of the folder lies below it.
    next_uid: u32,
    /// UIDVALIDITY and UIDNEXT of the target folder.
    target: (Option<u32>, Option<u32>),
}

impl Doing {
    async fn prepare(session: &mut Session, folder: &OpenFolder, action: AfterImport) -> Result<Self, PollError> {
        let wire = |error| PollError::folder(Step::Settle, &folder.name, &error);
        // UIDNEXT may be too high, so that a mail which is put back would get a lower UID (reference row A8).
        let highest = match session.highest_uid().await {
            Ok(highest) => highest,
            Err(ImapError::Refused { .. }) => None,
            Err(error) => return Err(wire(error)),
        };
        // And an answer that nobody asked for may name a mail that there is not.
        let next_uid = highest.map_or(folder.uidnext, |highest| highest.saturating_add(1).min(folder.uidnext));
        let target = match &action {
            AfterImport::Move(target) => {
                let numbers = session.numbers_of(target).await.map_err(wire)?;
                (numbers.uidvalidity, numbers.uidnext)
            }
            _ => (None, None),
        };
        Ok(Self { action, next_uid, target })
    }
}

/// The obstacle where the target is polled itself; looked for once in a visit.
async fn obstacle_at_target(
    session: &mut Session,
    folder: &OpenFolder,
    action: &AfterImport,
    lease: &Lease,
    tally: &mut Tally,
) -> Result<Option<String>, PollError> {
    let AfterImport::Move(to) = action else { return Ok(None) };
    if !tally.sure_targets.contains(to) {
        let polled = target::polled_as(session, to, &lease.mailbox.folders).await?;
        target::reopen(session, folder).await?;
        if let Some(name) = polled {
            return Ok(Some(obstacle::into_itself(to, &name)));
        }
        tally.sure_targets.insert(to.clone());
    }
    Ok(None)
}

/// Effects of one kind, at one step.
async fn settle(
    session: &mut Session,
    folder: &OpenFolder,
    group: &[Effect],
    lease: &Lease,
    deps: &Deps,
    tally: &mut Tally,
) -> Result<(), PollError> {
    let Some(first) = group.first() else {
        return Ok(());
    };
    let wish: AfterImport = first.action.parse().map_err(|_| stored(StoreError::Unknown(first.action.clone())))?;
    let uids: Vec<u32> = group.iter().map(|effect| effect.uid).collect();
    let way = way(session, &wish).await?.and_then(|action| {
        let obstacle = obstacle::in_folder(&folder.selected, &|capability| session.can(capability), &action);
        obstacle.map_or(Ok(action), Err)
    });
    let way = match way {
        // Half of a COPY looks as if the two were one; it was judged before it was begun.
        Ok(action) if matches!(first.step, EffectStep::Pending | EffectStep::Impossible) => {
            obstacle_at_target(session, folder, &action, lease, tally).await?.map_or(Ok(action), Err)
        }
        obstacle => obstacle,
    };
    let action = match way {
        Ok(action) => action,
        Err(obstacle) => return impossible(folder, first.step, &uids, &obstacle, lease, deps, tally).await,
    };
    // What an earlier poll left open is only done to the mail that it was meant for.
    let left: Vec<u32> = uids.iter().copied().filter(|uid| !tally.imported_uids.contains(uid)).collect();
    let known = deps.store.anchors_of(folder.epoch.id, &left).await.map_err(stored)?;
    search::still_the_same(session, folder, &known, lease, deps).await?;
    let doing = Doing::prepare(session, folder, action).await?;
    let mut step = first.step;
    let mut uids = uids;
    if let EffectStep::Copying(from) = step
        && let AfterImport::Move(target) = &doing.action
    {
        let copied = copied(session, folder, target, from, &uids).await?;
        deps.store.effects_copied(lease, folder.epoch.id, &copied).await.map_err(stored)?;
        let others: Vec<u32> = uids.iter().copied().filter(|uid| copied.binary_search(uid).is_err()).collect();
        deps.store.effects_not_copied(lease, folder.epoch.id, &others).await.map_err(stored)?;
        do_all(session, folder, &doing, EffectStep::Copied, &copied, lease, deps, tally).await?;
        (step, uids) = (EffectStep::Pending, others);
    }
    do_all(session, folder, &doing, step, &uids, lease, deps, tally).await
}

/// Writes down that it cannot be done, and tells.
async fn impossible(
    folder: &OpenFolder,
    step: EffectStep,
    uids: &[u32],
    obstacle: &str,
    lease: &Lease,
    deps: &Deps,
    tally: &mut Tally,
) -> Result<(), PollError> {
    if step == EffectStep::Pending {
        deps.store.effects_impossible(lease, folder.epoch.id, uids, obstacle).await.map_err(stored)?;
    }
    let message = format!("folder {}: the mail is imported, its copies are left as they were: {obstacle}", folder.name);
    tally.unsettled.get_or_insert(PollError::new(Step::Settle, Blame::Mailbox, Retry::Person, message));
    Ok(())
}

/// How a wish is done on this server, or why it cannot be; for `mailbox check` too.
///
/// With Gmail, `\Deleted` and EXPUNGE take a mail out of the folder and leave it in All Mail (chatmail/core#3957): there, to
/// delete is to move to the trash folder, which Gmail empties after 30 days.
pub async fn way(session: &mut Session, wish: &AfterImport) -> Result<Result<AfterImport, String>, PollError> {
    if *wish != AfterImport::Delete || !session.can("X-GM-EXT-1") {
        return Ok(Ok(wish.clone()));
    }
    let trash = session.trash_folder().await.map_err(|error| PollError::imap(Step::Settle, &error))?;
    Ok(trash
        .map(AfterImport::Move)
        .ok_or_else(|| "Gmail shows no trash folder by IMAP; its settings can change that".to_owned()))
}

/// Which of these mails have a copy in the target folder already, among what came in from a UID on.
async fn copied(
    session: &mut Session,
    folder: &OpenFolder,
    target: &str,
    from: u32,
    uids: &[u32],
) -> Result<Vec<u32>, PollError> {
    let wire = |error| PollError::folder(Step::Settle, &folder.name, &error);
    let mut originals = Vec::new();
    for set in UidSet::cut(uids, session.at_once(IN_ONE_COMMAND)) {
        originals.extend(session.sample(&set).await.map_err(wire)?);
    }
    let there = match session.select(target, true).await {
        Ok(selected) if selected.exists > 0 => {
            // A server that did not tell UIDNEXT is asked about the newest mails.
            let from = match (from, selected.uidnext) {
                (2.., _) => from,
                (_, Some(next)) => next.saturating_sub(NEWEST),
                (_, None) => session.highest_uid().await.map_err(wire)?.unwrap_or(1).saturating_sub(NEWEST),
            };
            let samples = session.sample_from(from.max(1)).await.map_err(wire)?;
            if session.was_partial() {
                return Err(wire(ImapError::Protocol("it tells of some mails of the target folder only".to_owned())));
            }
            samples
        }
        Ok(_) | Err(ImapError::Refused { .. }) => Vec::new(), // empty, or not there: nothing was copied
        Err(error) => return Err(wire(error)),
    };
    target::reopen(session, folder).await?;
    // Each copy stands for one original, so that two equal mails need two.
    let mut copies = HashMap::<_, usize>::new();
    for copy in &there {
        *copies.entry((parse::header(&copy.header).message_id, copy.internal_date)).or_default() += 1;
    }
    let mut copied = Vec::new();
    for original in originals {
        let key = (parse::header(&original.header).message_id, original.internal_date);
        if let Some(count) = copies.get_mut(&key).filter(|count| **count > 0) {
            *count -= 1;
            copied.push(original.uid);
        }
    }
    copied.sort_unstable();
    Ok(copied)
}

/// Does one thing to these copies, in as few commands as it takes.
#[expect(clippy::too_many_arguments, reason = "what is done, to what, where, and with what")]
async fn do_all(
    session: &mut Session,
    folder: &OpenFolder,
    doing: &Doing,
    step: EffectStep,
    uids: &[u32],
    lease: &Lease,
    deps: &Deps,
    tally: &mut Tally,
) -> Result<(), PollError> {
    let mut sets: VecDeque<(UidSet, EffectStep)> =
        UidSet::cut(uids, session.at_once(IN_ONE_COMMAND)).into_iter().map(|set| (set, step)).collect();
    let mut refusals = 0;
    while let Some((set, mut step)) = sets.pop_front() {
        // Whoever changed the mailbox meanwhile may want something else to happen to these copies.
        let now = deps.clock.now();
        let (epoch_id, target) = (folder.epoch.id, doing.target);
        let next_uid = doing.next_uid.max(set.uids.last().map_or(0, |last| last.saturating_add(1)));
        let is_away = matches!(doing.action, AfterImport::Move(_) | AfterImport::Delete);
        let departing = Departing { epoch_id, uids: &set.uids, is_away, next_uid, target };
        deps.store.begin_change(lease, departing, now.plus(deps.lease), now).await.map_err(stored)?;
        let answer = act(session, folder, &doing.action, &mut step, &set, lease, deps).await?;
        if let Some(copies) = &answer.copies {
            deps.store.arrived_at(epoch_id, copies.uidvalidity, &copies.uids).await.map_err(stored)?;
        }
        let done = match answer.status {
            Status::Ok if !session.was_partial() => set.uids.clone(),
            Status::Ok | Status::No | Status::Bad => gone(session, folder, &set).await?,
        };
        deps.store.effects_done(lease, folder.epoch.id, &done).await.map_err(stored)?;
        if is_away {
            folder.removed.add(&done);
        }
        tally.effects_done += done.len() as u64;
        let failed: Vec<u32> = set.uids.into_iter().filter(|uid| done.binary_search(uid).is_err()).collect();
        match failed.as_slice() {
            [] => refusals = 0,
            // The refusal may be about one of several: each alone.
            [_, _, ..] => sets.extend(UidSet::cut(&failed, 1).into_iter().map(|set| (set, step))),
            [_] => {
                // The mail is safe, and the next poll tries again: no reason to keep other mail waiting.
                deps.store.effects_failed(lease, folder.epoch.id, &failed, &answer.text).await.map_err(stored)?;
                let message =
                    format!("folder {}: the server refused to do \"{}\": {}", folder.name, doing.action, answer.text);
                tally.unsettled.get_or_insert(PollError::new(Step::Settle, Blame::Folder, Retry::Soon, message));
                refusals += 1;
                if refusals == MOST_REFUSALS {
                    return Ok(());
                }
            }
        }
    }
    Ok(())
}

/// Sends the commands for one set, writing down each step that must not be done twice.
async fn act(
    session: &mut Session,
    folder: &OpenFolder,
    action: &AfterImport,
    step: &mut EffectStep,
    set: &UidSet,
    lease: &Lease,
    deps: &Deps,
) -> Result<Answer, PollError> {
    let wire = |error| PollError::imap(Step::Settle, &error);
    match action {
        AfterImport::Leave => {
            Ok(Answer { status: Status::Ok, read_only: false, try_create: false, copies: None, text: String::new() })
        }
        AfterImport::Seen => mutate::add_flag(session, set, "\\Seen").await.map_err(wire),
        AfterImport::Keyword(name) => mutate::add_flag(session, set, name).await.map_err(wire),
        AfterImport::Delete => remove(session, set, lease, deps).await,
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
                let next = session.numbers_of(target).await.map_err(wire)?.uidnext.unwrap_or(1);
                deps.store.effects_copying(lease, folder.epoch.id, &set.uids, next).await.map_err(stored)?;
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
                    deps.store.effects_not_copied(lease, folder.epoch.id, &set.uids).await.map_err(stored)?;
                    return Ok(answer);
                }
                deps.store.effects_copied(lease, folder.epoch.id, &set.uids).await.map_err(stored)?;
                if let Some(copies) = &answer.copies {
                    deps.store.arrived_at(folder.epoch.id, copies.uidvalidity, &copies.uids).await.map_err(stored)?;
                }
                *step = EffectStep::Copied;
            }
            remove(session, set, lease, deps).await
        }
    }
}

/// Removes exactly these mails.
async fn remove(session: &mut Session, set: &UidSet, lease: &Lease, deps: &Deps) -> Result<Answer, PollError> {
    let wire = |error| PollError::imap(Step::Settle, &error);
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
    mutate::create_folder(session, folder).await.map(drop).map_err(|error| PollError::imap(Step::Settle, &error))
}

/// Which of these are no longer there: for them, whatever was wanted is done.
async fn gone(session: &mut Session, folder: &OpenFolder, set: &UidSet) -> Result<Vec<u32>, PollError> {
    let (Some(first), Some(last)) = (set.uids.first(), set.uids.last()) else {
        return Ok(Vec::new());
    };
    let wire = |error| PollError::folder(Step::Settle, &folder.name, &error);
    let listed = session.search(*first, *last, "", folder.form).await.map_err(wire)?;
    let Some(mut there) = listed.uids.filter(|_| !session.was_partial()) else { return Ok(Vec::new()) };
    // Two answers must agree, since a SEARCH that was misread lists nothing.
    match session.search(*first, *last, "", ListForm::Fetch).await {
        Ok(_) if session.was_partial() => return Ok(Vec::new()),
        Ok(fetched) => there.extend(fetched.uids.unwrap_or_default()),
        Err(ImapError::Refused { .. }) => {}
        Err(error) => return Err(wire(error)),
    }
    Ok(set.uids.iter().copied().filter(|uid| !there.contains(uid)).collect())
}

fn stored(error: StoreError) -> PollError {
    PollError::store(Step::Settle, &error)
}
