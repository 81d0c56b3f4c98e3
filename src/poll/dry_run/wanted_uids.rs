//! Which mails of a folder a poll would ask for.

use std::collections::BTreeMap;

use super::tally::FolderTally;
use super::{Look, PollError, Step};
use crate::fact::Notice;
use crate::poll::open_folder::OpenFolder;
use crate::poll::same_mails::{FEW, same_mails};
use crate::poll::search::{self, Search};
use crate::poll::start::{self, Decision};
use crate::store::Epoch;

/// Beyond so many mails nobody counts along.
const MOST: usize = 2_000_000;

/// What a poll would ask for.
#[derive(Debug, Default)]
pub struct Wanted {
    /// UIDs, ascending.
    pub uids: Vec<u32>,
    /// Those of them that were asked for in vain before, and how often.
    pub tried: BTreeMap<u32, i64>,
}

impl Look<'_> {
    /// Searches the folder as a poll does.
    pub async fn wanted(&mut self, folder: &mut OpenFolder, tally: &mut FolderTally) -> Result<Wanted, PollError> {
        if let Some(wanted) = self.searched(folder, tally).await? {
            return Ok(wanted);
        }
        // A poll would end here, and the next one begin an epoch.
        tally.report.note = Some(Notice::UidsReused { folder: folder.name.clone() });
        folder.epoch = Epoch::not_stored(folder.epoch.uidvalidity, folder.uidnext);
        folder.compared_to = 0;
        Ok(self.searched(folder, tally).await?.unwrap_or_default())
    }

    /// `None`: the mails under the UIDs that we know are others now.
    async fn searched(
        &mut self,
        folder: &mut OpenFolder,
        tally: &mut FolderTally,
    ) -> Result<Option<Wanted>, PollError> {
        let Decision { skipped, cursor, left_out } = match folder.epoch.start_decided {
            true => Decision { cursor: folder.epoch.cursor, ..Decision::default() },
            false => start::decision(&mut self.session, folder, self.mailbox, self.deps).await?,
        };
        folder.epoch.cursor = cursor;
        let mut search = Search::new(folder);
        let mut wanted = Wanted::default();
        let mut sampled = folder.epoch.top == 0;
        let (mut old, mut known) = (0, 0);
        tally.report.counts.before_start = left_out;
        // Whether the search goes through all UIDs; else what lies below the cursor is known to be finished.
        tally.whole = cursor <= 1 || (folder.compares_all && folder.compared_to <= 1);
        while let Some(part) = search.next_part(&mut self.session, folder, self.deps).await? {
            if part.anew {
                (wanted, old, known, tally.silent) = (Wanted::default(), 0, 0, false);
            }
            let Some(mut uids) = part.uids else {
                tally.silent = true;
                continue;
            };
            let listed = uids.len();
            uids.retain(|uid| !is_in(&skipped, *uid));
            let not_old = uids.len();
            let unknown = search::unknown(uids, &part.known);
            old += listed - not_old;
            known += not_old - unknown.len();
            if !unknown.is_empty() && !std::mem::replace(&mut sampled, true) && self.are_others(folder).await? {
                return Ok(None);
            }
            wanted.uids.extend(unknown);
            wanted.tried.extend(search::tried(&part.known));
            if wanted.uids.len() > MOST || self.limits.time_is_up() {
                break;
            }
        }
        tally.searched = search.has_ended();
        // Where all are listed, counting is surer than what is left of the number that the server says.
        tally.report.counts.before_start = if tally.whole { old as u64 } else { left_out.max(old as u64) };
        tally.report.counts.known = known as u64;
        wanted.uids.sort_unstable();
        wanted.uids.dedup();
        tally.wanted = wanted.uids.len() as u64;
        Ok(Some(wanted))
    }

    /// Whether the mails under the UIDs that we know are others now.
    async fn are_others(&mut self, folder: &OpenFolder) -> Result<bool, PollError> {
        let anchors = self.deps.store.anchors(folder.epoch.id, FEW).await;
        let anchors = anchors.map_err(|error| PollError::store(Step::Search, &error))?;
        Ok(same_mails(&mut self.session, &folder.name, &anchors).await? == Some(false))
    }
}

/// Whether a UID lies in one of these ascending ranges.
fn is_in(ranges: &[(u32, u32)], uid: u32) -> bool {
    let next = ranges.partition_point(|(_, last)| *last < uid);
    ranges.get(next).is_some_and(|(first, _)| *first <= uid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uid_is_found_in_its_range() {
        let ranges = [(1, 3), (7, 7), (9, u32::MAX)];
        let found: Vec<u32> = (0..=10).filter(|uid| is_in(&ranges, *uid)).collect();
        assert_eq!(found, [1, 2, 3, 7, 9, 10]);
        assert!(!is_in(&[], 1));
    }
}
