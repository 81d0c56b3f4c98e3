//! Decides the date from which the mail of a folder is wanted, once for each epoch.
//!
//! Mail that is present on the first visit and older than the start is skipped. The ledger stores its UIDs as ranges,
//! since some mailboxes have 500,000 old mails. Mail that appears later is new, whatever its date.

use std::collections::{BTreeMap, BTreeSet};

use super::listing::{self, Windows};
use super::open_folder::OpenFolder;
use super::visit::Visit;
use super::{Deps, PollError, Step};
use crate::clock::Timestamp;
use crate::imap::{ImapError, ListForm, Meta, Session, UidSet, day_before};
use crate::store::{EpochStart, Mailbox, StoreError};

/// The mail of a folder that the start leaves out.
#[derive(Default)]
pub struct StartDecision {
    /// The skipped ranges of UIDs, ascending.
    pub skipped: Vec<(u32, u32)>,
    /// The first UID to search.
    pub cursor: u32,
    /// Number of mails left out.
    pub left_out: u64,
}

/// Decides the start, unless it was decided before.
pub async fn decide(visit: &mut Visit<'_>, folder: &mut OpenFolder) -> Result<(), PollError> {
    if folder.epoch.start_decided {
        return Ok(());
    }
    let Visit { session, lease, deps, tally, .. } = visit;
    let decision = compute(session, folder, &lease.mailbox, deps).await?;
    tally.done.skipped += decision.left_out;
    let (skipped, cursor) = (&decision.skipped, decision.cursor);
    deps.store
        .decide_start(lease, EpochStart { epoch_id: folder.epoch.id, skipped, cursor }, deps.clock.now())
        .await
        .map_err(store_error)?;
    folder.epoch.start_decided = true;
    folder.epoch.cursor = cursor;
    Ok(())
}

/// Computes the decision, without storing it.
pub async fn compute(
    session: &mut Session,
    folder: &OpenFolder,
    mailbox: &Mailbox,
    deps: &Deps,
) -> Result<StartDecision, PollError> {
    let last_old = folder.epoch.boundary.saturating_sub(1);
    let mut decision = StartDecision { cursor: 1, ..StartDecision::default() };
    if let Some(moment) = mailbox.start.earliest(mailbox.added_at)
        && last_old > 0
    {
        let wanted = find_wanted(session, folder, last_old, moment).await?;
        // If the start is decided again, the ledger already knows some of these mails.
        let known = deps.store.known_uids(folder.epoch.id, 1, last_old).await.map_err(store_error)?;
        let first_open = known.iter().find(|known| known.open_reason.is_some()).map(|known| known.first);
        let opens = wanted.first().copied().into_iter().chain(first_open);
        decision.cursor = opens.min().unwrap_or(folder.epoch.boundary);
        let known: Vec<(u32, u32)> = known.into_iter().map(|known| (known.first, known.last)).collect();
        decision.skipped = gaps(&wanted, &known, last_old);
        let kept = wanted.len() + known.iter().filter(|(uid, _)| wanted.binary_search(uid).is_err()).count();
        decision.left_out = u64::from(folder.selected.exists).saturating_sub(kept as u64);
    }
    Ok(decision)
}

/// Returns the UIDs up to `last`, without those known to be older than `moment`. A UID is left out only if the server lists
/// it as older or sends an older date: a server may omit a UID from one answer (reference row A9), but hardly from two.
async fn find_wanted(
    session: &mut Session,
    folder: &OpenFolder,
    last: u32,
    moment: Timestamp,
) -> Result<Vec<u32>, PollError> {
    let day = day_before(moment);
    let (mut all, form) = listing::list_all(session, folder.list_request()).await?;
    all.retain(|uid| *uid <= last);
    // Some servers omit empty SEARCH responses, so every UID that was not listed as older is checked by its date.
    let newer = search_dates(session, folder, last, &format!("SINCE {day}"), form).await?;
    let older = search_dates(session, folder, last, &format!("BEFORE {day}"), form).await?;
    let can_tell_dates = older.is_disjoint(&newer); // Domino cannot (reference row A15)
    let undecided: Vec<u32> =
        all.union(&newer).copied().filter(|uid| !(can_tell_dates && older.contains(uid))).collect();
    let mut wanted = Vec::new();
    for set in UidSet::split(&undecided, session.command_limit(1000)) {
        let metas =
            metas(session, &set).await.map_err(|error| PollError::folder(Step::Search, &folder.name, &error))?;
        let is_old = |uid: &u32| metas.get(uid).and_then(|meta| meta.internal_date).is_some_and(|at| at < moment);
        wanted.extend(set.uids.iter().copied().filter(|uid| !is_old(uid)));
    }
    Ok(wanted)
}

/// Returns the UIDs up to `last` that match the search key `also`.
async fn search_dates(
    session: &mut Session,
    folder: &OpenFolder,
    last: u32,
    also: &str,
    form: ListForm,
) -> Result<BTreeSet<u32>, PollError> {
    let mut all = BTreeSet::new();
    if form == ListForm::Fetch {
        return Ok(all); // this server's SEARCH is unreliable; the dates are fetched instead
    }
    let mut windows = Windows::between(1, last, folder.selected.exists.max(1)).with_form(form);
    while let Some((_, uids)) = windows.next(session, also, &folder.name).await? {
        all.extend(uids.unwrap_or_default());
    }
    Ok(all)
}

/// Fetches dates and sizes. A mail whose FETCH the server refuses has no entry.
pub async fn metas(session: &mut Session, set: &UidSet) -> Result<BTreeMap<u32, Meta>, ImapError> {
    let mut metas = BTreeMap::new();
    match session.fetch_meta(set, &mut metas).await {
        Err(ImapError::Refused { .. }) if set.uids.len() > 1 => {
            for single in UidSet::split(&set.uids, 1) {
                match session.fetch_meta(&single, &mut metas).await {
                    Ok(()) | Err(ImapError::Refused { .. }) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(()) | Err(ImapError::Refused { .. }) => {}
        Err(error) => return Err(error),
    }
    Ok(metas)
}

/// Returns the ranges from 1 to `last` without the wanted UIDs and without the known ranges; both are ascending.
fn gaps(wanted: &[u32], known: &[(u32, u32)], last: u32) -> Vec<(u32, u32)> {
    let mut kept: Vec<(u32, u32)> = wanted.iter().map(|uid| (*uid, *uid)).chain(known.iter().copied()).collect();
    kept.sort_unstable();
    let mut gaps = Vec::new();
    let mut next = 1;
    for (first, end) in kept {
        if first > next {
            gaps.push((next, first - 1));
        }
        next = next.max(end.saturating_add(1));
    }
    if next <= last {
        gaps.push((next, last));
    }
    gaps
}

fn store_error(error: StoreError) -> PollError {
    PollError::store(Step::Search, &error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_the_ranges_between_kept_uids() {
        assert_eq!(gaps(&[], &[], 9), [(1, 9)]);
        assert_eq!(gaps(&[1, 2, 5], &[], 9), [(3, 4), (6, 9)]);
        assert_eq!(gaps(&[9], &[], 9), [(1, 8)]);
        assert_eq!(gaps(&[1], &[], 1), []);
        assert_eq!(gaps(&[1, 4], &[(2, 2), (4, 4), (6, 7)], 9), [(3, 3), (5, 5), (8, 9)]);
        assert_eq!(gaps(&[], &[(1, 9)], 9), []);
    }
}
