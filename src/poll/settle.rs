//! Step 10, and the only one that touches the customer's copy: what was to happen to it happens now, for mail that is stored.
//!
//! It works from the effects in the database, so what a crash left open is done by the next poll. Doing an effect twice is
//! harmless but for COPY, so that one is written down as soon as it is done; a mail that is gone already has what it should
//! have.

use std::collections::VecDeque;

use super::select::OpenFolder;
use super::{Blame, Deps, PollError, Retry, Step, Tally};
use crate::imap::{Answer, Session, Status, UidSet, mutate};
use crate::mailbox::AfterImport;
use crate::store::{Effect, EffectStep, Lease, StoreError};

/// Effects read in one go.
const AT_ONCE: i64 = 1000;
/// So many refusals in a row are not about single mails.
const MOST_REFUSALS: usize = 3;
/// UIDs in one command.
const IN_ONE_COMMAND: usize = 500;

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
        let effects = deps.store.open_effects(folder.epoch.id, above, AT_ONCE).await.map_err(stored)?;
        let Some(last) = effects.last() else {
            return Ok(());
        };
        above = last.uid;
        for group in effects.chunk_by(|a, b| (&a.action, a.step) == (&b.action, b.step)) {
            settle(session, folder, group, lease, deps, tally).await?;
        }
    }
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
    let action: AfterImport = first.action.parse().map_err(|_| stored(StoreError::Unknown(first.action.clone())))?;
    let uids: Vec<u32> = group.iter().map(|effect| effect.uid).collect();
    if let Some(obstacle) = obstacle(session, folder, &action) {
        if first.step == EffectStep::Pending {
            deps.store.effects_impossible(lease, folder.epoch.id, &uids, &obstacle).await.map_err(stored)?;
        }
        let message =
            format!("folder {}: the mail is imported, its copies are left as they were: {obstacle}", folder.name);
        tally.unsettled.get_or_insert(PollError::new(Step::Settle, Blame::Mailbox, Retry::Person, message));
        return Ok(());
    }
    let mut sets: VecDeque<UidSet> = UidSet::cut(&uids, IN_ONE_COMMAND).into();
    let mut refusals = 0;
    while let Some(set) = sets.pop_front() {
        // Whoever changed the mailbox meanwhile may want something else to happen to these copies.
        let until = deps.clock.now().plus(deps.lease);
        deps.store.renew_lease(lease, until).await.map_err(stored)?;
        let answer = act(session, folder, &action, first.step, &set, lease, deps).await?;
        let done = match answer.status {
            Status::Ok => set.uids.clone(),
            Status::No | Status::Bad => gone(session, folder, &set).await?,
        };
        deps.store.effects_done(lease, folder.epoch.id, &done).await.map_err(stored)?;
        tally.effects_done += done.len() as u64;
        let failed: Vec<u32> = set.uids.into_iter().filter(|uid| done.binary_search(uid).is_err()).collect();
        match failed.as_slice() {
            [] => refusals = 0,
            // The refusal may be about one of several: each alone.
            [_, _, ..] => sets.extend(UidSet::cut(&failed, 1)),
            [_] => {
                // The mail is safe, and the next poll tries again: no reason to keep other mail waiting.
                deps.store.effects_failed(lease, folder.epoch.id, &failed, &answer.text).await.map_err(stored)?;
                let message = format!("folder {}: the server refused to do \"{action}\": {}", folder.name, answer.text);
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
    step: EffectStep,
    set: &UidSet,
    lease: &Lease,
    deps: &Deps,
) -> Result<Answer, PollError> {
    let wire = |error| PollError::imap(Step::Settle, &error);
    match action {
        AfterImport::Leave => Ok(Answer { status: Status::Ok, try_create: false, text: String::new() }),
        AfterImport::Seen => mutate::add_flag(session, set, "\\Seen").await.map_err(wire),
        AfterImport::Keyword(name) => mutate::add_flag(session, set, name).await.map_err(wire),
        AfterImport::Delete => remove(session, set).await,
        AfterImport::Move(target) if step != EffectStep::Copied && session.can("MOVE") => {
            let answer = mutate::move_to(session, set, target).await.map_err(wire)?;
            if !answer.try_create {
                return Ok(answer);
            }
            create(session, target).await?;
            mutate::move_to(session, set, target).await.map_err(wire)
        }
        AfterImport::Move(target) => {
            if step != EffectStep::Copied {
                let mut answer = mutate::copy_to(session, set, target).await.map_err(wire)?;
                if answer.try_create {
                    create(session, target).await?;
                    answer = mutate::copy_to(session, set, target).await.map_err(wire)?;
                }
                if answer.status != Status::Ok {
                    return Ok(answer);
                }
                deps.store.effects_copied(lease, folder.epoch.id, &set.uids).await.map_err(stored)?;
            }
            remove(session, set).await
        }
    }
}

/// Removes exactly these mails.
async fn remove(session: &mut Session, set: &UidSet) -> Result<Answer, PollError> {
    let wire = |error| PollError::imap(Step::Settle, &error);
    let marked = mutate::add_flag(session, set, "\\Deleted").await.map_err(wire)?;
    if marked.status != Status::Ok {
        return Ok(marked);
    }
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
    let there = session.search(*first, *last, "").await;
    let there = there.map_err(|error| PollError::folder(Step::Settle, &folder.name, &error))?;
    let Some(there) = there else { return Ok(Vec::new()) };
    Ok(set.uids.iter().copied().filter(|uid| there.binary_search(uid).is_err()).collect())
}

/// Why this server cannot do it in this folder, if it cannot.
fn obstacle(session: &Session, folder: &OpenFolder, action: &AfterImport) -> Option<String> {
    if folder.selected.read_only && *action != AfterImport::Leave {
        return Some("the server opens the folder read-only for this account".to_owned());
    }
    missing(&|capability| session.can(capability), folder.selected.permanent_flags.as_deref(), action)
}

/// What the choice needs and this server does not have; for `mailbox check` too.
pub fn missing(can: &dyn Fn(&str) -> bool, permanent_flags: Option<&[String]>, action: &AfterImport) -> Option<String> {
    // RFC 3501 7.1: without PERMANENTFLAGS every flag can be kept; `\*` means that new keywords can be made.
    let keeps = |flag: &str| {
        permanent_flags.is_none_or(|flags| {
            flags.iter().any(|known| known.eq_ignore_ascii_case(flag) || (known == "\\*" && !flag.starts_with('\\')))
        })
    };
    let removal = || {
        match (can("UIDPLUS"), keeps("\\Deleted")) {
        (false, _) => Some(
            "the server lacks UIDPLUS, so a mail cannot be removed without removing what the customer has marked as deleted"
                .to_owned(),
        ),
        (true, false) => Some("this account may not delete in the folder".to_owned()),
        (true, true) => None,
    }
    };
    match action {
        AfterImport::Leave => None,
        AfterImport::Seen if keeps("\\Seen") => None,
        AfterImport::Seen => Some("the folder does not keep the flag \\Seen".to_owned()),
        AfterImport::Keyword(name) if keeps(name) => None,
        AfterImport::Keyword(name) => Some(format!("the folder does not keep the keyword {name}")),
        AfterImport::Move(_) if can("MOVE") => None,
        AfterImport::Move(_) | AfterImport::Delete => removal(),
    }
}

fn stored(error: StoreError) -> PollError {
    PollError::store(Step::Settle, &error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_cannot_do_is_known_before_it_is_tried() {
        let flags = |list: &[&str]| Some(list.iter().map(|flag| (*flag).to_owned()).collect::<Vec<_>>());
        let all = flags(&["\\Seen", "\\Deleted", "\\*"]);
        type Case<'a> = (&'a [&'a str], Option<Vec<String>>, &'a str, bool);
        let cases: &[Case<'_>] = &[
            (&[], None, "leave", true),
            (&[], all.clone(), "seen", true),
            (&[], flags(&["\\Deleted"]), "seen", false),
            (&[], all.clone(), "keyword:Kundo", true),
            (&[], flags(&["\\Seen"]), "keyword:Kundo", false),
            (&[], flags(&["kundo"]), "keyword:Kundo", true),
            (&["UIDPLUS"], all.clone(), "delete", true),
            (&[], all.clone(), "delete", false),
            (&["UIDPLUS"], flags(&["\\Seen"]), "delete", false),
            (&["UIDPLUS"], None, "delete", true),
            (&["MOVE"], all.clone(), "move:Klart", true),
            (&["UIDPLUS"], all.clone(), "move:Klart", true),
            (&[], all, "move:Klart", false),
        ];
        for (offered, permanent, action, possible) in cases {
            let obstacle = missing(&|c| offered.contains(&c), permanent.as_deref(), &action.parse().unwrap());
            assert_eq!(obstacle.is_none(), *possible, "{action} with {offered:?} {permanent:?}: {obstacle:?}");
        }
    }
}
