//! Finds the mails of a folder that a poll would fetch.

use std::collections::BTreeMap;

use super::tally::FolderTally;
use super::{DryRunVisit, PollError, Step};
use crate::fact::Notice;
use crate::poll::open_folder::OpenFolder;
use crate::poll::same_mails::{SAMPLE_SIZE, same_mails};
use crate::poll::search::{self, Search};
use crate::poll::start::{self, StartDecision};
use crate::store::Epoch;

/// The search stops after this many mails, since the exact number no longer matters.
const MAX_UIDS: usize = 2_000_000;

/// The UIDs that a poll would fetch.
#[derive(Debug, Default)]
pub struct Wanted {
    pub uids: Vec<u32>,
    /// Failed attempts so far, by UID.
    pub attempts: BTreeMap<u32, i64>,
}

impl DryRunVisit<'_> {
    /// Searches the folder as a poll does, and returns the UIDs that a poll would fetch.
    pub async fn find_wanted(&mut self, folder: &mut OpenFolder, tally: &mut FolderTally) -> Result<Wanted, PollError> {
        if let Some(wanted) = self.search_folder(folder, tally).await? {
            return Ok(wanted);
        }
        // A poll would fail here, and the next poll would open a new epoch.
        tally.report.note = Some(Notice::UidsReused { folder: folder.name.clone() });
        folder.epoch = Epoch::not_stored(folder.epoch.uidvalidity, folder.uidnext);
        folder.compared_to = 0;
        Ok(self.search_folder(folder, tally).await?.unwrap_or_default())
    }

    /// Searches the folder once. Returns `None` if the known UIDs now identify other mails.
    async fn search_folder(
        &mut self,
        folder: &mut OpenFolder,
        tally: &mut FolderTally,
    ) -> Result<Option<Wanted>, PollError> {
        let StartDecision { skipped, cursor, left_out } = match folder.epoch.start_decided {
            true => StartDecision { cursor: folder.epoch.cursor, ..StartDecision::default() },
            false => start::compute(&mut self.session, folder, self.mailbox, self.deps).await?,
        };
        folder.epoch.cursor = cursor;
        let mut search = Search::new(folder);
        let mut wanted = Wanted::default();
        let mut sampled = folder.epoch.top == 0;
        let (mut old, mut known) = (0, 0);
        tally.report.counts.before_start = left_out;
        // Whether the search covers all UIDs. If not, the UIDs that it leaves out are below the cursor, and so are finished.
        tally.covers_all = cursor <= 1 || (folder.compares_all && folder.compared_to <= 1);
        while let Some(part) = search.next_part(&mut self.session, folder, self.deps).await? {
            if part.restarted {
                (wanted, old, known, tally.unanswered) = (Wanted::default(), 0, 0, false);
            }
            let Some(mut uids) = part.uids else {
                tally.unanswered = true;
                continue;
            };
            let listed = uids.len();
            uids.retain(|uid| !is_in_ranges(&skipped, *uid));
            let not_old = uids.len();
            let unknown = search::unknown(uids, &part.known);
            old += listed - not_old;
            known += not_old - unknown.len();
            if !unknown.is_empty() && !std::mem::replace(&mut sampled, true) && self.mails_differ(folder).await? {
                return Ok(None);
            }
            wanted.uids.extend(unknown);
            wanted.attempts.extend(search::attempts(&part.known));
            if wanted.uids.len() > MAX_UIDS || self.limits.time_is_up() {
                break;
            }
        }
        tally.searched = search.has_ended();
        // If all UIDs are listed, their count is more reliable than the difference from EXISTS.
        tally.report.counts.before_start = if tally.covers_all { old as u64 } else { left_out.max(old as u64) };
        tally.report.counts.known = known as u64;
        wanted.uids.sort_unstable();
        wanted.uids.dedup();
        tally.wanted = wanted.uids.len() as u64;
        Ok(Some(wanted))
    }

    /// Whether the known UIDs now identify other mails.
    async fn mails_differ(&mut self, folder: &OpenFolder) -> Result<bool, PollError> {
        let anchors = self.deps.store.anchors(folder.epoch.id, SAMPLE_SIZE).await;
        let anchors = anchors.map_err(|error| PollError::store(Step::Search, &error))?;
        Ok(same_mails(&mut self.session, &folder.name, &anchors).await? == Some(false))
    }
}

/// Whether one of the ascending ranges contains the UID.
fn is_in_ranges(ranges: &[(u32, u32)], uid: u32) -> bool {
    let next = ranges.partition_point(|(_, last)| *last < uid);
    ranges.get(next).is_some_and(|(first, _)| *first <= uid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_contain_their_uids() {
        let ranges = [(1, 3), (7, 7), (9, u32::MAX)];
        let found: Vec<u32> = (0..=10).filter(|uid| is_in_ranges(&ranges, *uid)).collect();
        assert_eq!(found, [1, 2, 3, 7, 9, 10]);
        assert!(!is_in_ranges(&[], 1));
    }
}
