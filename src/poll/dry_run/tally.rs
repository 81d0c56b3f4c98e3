//! The counts of a dry run.

use std::collections::BTreeSet;

use super::report::{Counts, DryRun, FolderDryRun, ListedMail, Target, Verdict};
use crate::fact::Notice;
use crate::store::WatchedFolder;

/// Maximum number of mails listed per folder.
const MAX_LISTED: usize = 200;

/// A mail that would be imported, as far as its header shows.
pub struct Importable {
    pub uid: u32,
    pub message_id: Option<String>,
    pub from: Option<String>,
    pub inboxes: Vec<i64>,
    /// The inboxes, with the evidence for each.
    pub targets: Vec<Target>,
    pub is_automatic: bool,
}

/// The counts of all folders.
pub struct DryRunTally {
    pub folders: Vec<FolderTally>,
}

/// The counts of one folder.
#[derive(Default)]
pub struct FolderTally {
    /// The folder's report so far.
    pub report: FolderDryRun,
    /// Number of mails that a poll would fetch.
    pub wanted: u64,
    /// Whether every UID was searched for, including those that an earlier poll has finished.
    pub covers_all: bool,
    /// Whether the server sent no response to a SEARCH.
    pub unanswered: bool,
    /// Whether the search is complete.
    pub searched: bool,
}

impl DryRunTally {
    /// Returns empty counts for these folders.
    pub fn new(folders: &[WatchedFolder]) -> Self {
        let tally = |folder: &WatchedFolder| FolderTally {
            report: FolderDryRun { name: folder.name.clone(), ..FolderDryRun::default() },
            ..FolderTally::default()
        };
        Self { folders: folders.iter().map(tally).collect() }
    }

    /// Completes the counts of each folder, and adds them up.
    pub fn into_report(self) -> DryRun {
        let mut sum = DryRun { folders: Vec::new(), totals: Counts::default(), partial: false };
        for mut folder in self.folders {
            folder.add_up();
            let report = folder.report;
            add(&mut sum.totals, &report.counts);
            sum.partial |= report.problem.is_none() && (!folder.searched || report.counts.not_looked_at > 0);
            sum.folders.push(report);
        }
        sum
    }
}

impl FolderTally {
    /// Records the number of mails in the opened folder, and the notice about it.
    pub fn opened(&mut self, exists: u32, note: Option<Notice>) {
        self.report.counts.found = exists.into();
        self.report.note = note;
    }

    /// Counts a mail, and lists it if there is room.
    pub fn count(&mut self, line: ListedMail) {
        let counts = &mut self.report.counts;
        *count_for(counts, line.verdict) += 1;
        counts.automatic += u64::from(line.verdict == Verdict::Import && line.automatic.is_some());
        if self.report.shown.len() < MAX_LISTED {
            self.report.shown.push(line);
        }
    }

    /// Counts the mails in `duplicates_found` as duplicates, and records the targets of the others.
    pub fn record_targets(&mut self, importable: &[Importable], duplicates_found: &BTreeSet<u32>) {
        let report = &mut self.report;
        for target in
            importable.iter().filter(|mail| !duplicates_found.contains(&mail.uid)).flat_map(|mail| &mail.targets)
        {
            *report.targets.entry(target.clone()).or_default() += 1;
        }
        let duplicates = importable.iter().filter(|mail| duplicates_found.contains(&mail.uid));
        let automatic = duplicates.filter(|mail| mail.is_automatic).count() as u64;
        report.counts.would_import -= duplicates_found.len() as u64;
        report.counts.automatic -= automatic;
        report.counts.duplicates += duplicates_found.len() as u64;
        for line in report.shown.iter_mut().filter(|line| duplicates_found.contains(&line.uid)) {
            line.verdict = Verdict::Duplicate;
        }
    }

    /// Computes the counts of mails that were not examined one by one.
    fn add_up(&mut self) {
        let counts = &mut self.report.counts;
        let examined = examined(counts);
        self.report.more = self.wanted.max(examined) - self.report.shown.len() as u64;
        counts.not_looked_at = self.wanted.saturating_sub(examined);
        let sum = counts.before_start + counts.known + examined + counts.not_looked_at;
        counts.found = counts.found.max(sum); // mail that arrived in the meantime
        let rest = counts.found - sum;
        if !self.searched && !self.unanswered {
            counts.not_looked_at += rest;
        } else if self.unanswered || self.covers_all {
            counts.undecided += rest; // counted by EXISTS, but not listed
        } else {
            counts.known += rest;
        }
    }
}

/// Returns the count that belongs to a verdict.
fn count_for(counts: &mut Counts, verdict: Verdict) -> &mut u64 {
    match verdict {
        Verdict::Import => &mut counts.would_import,
        Verdict::TooLarge => &mut counts.too_big,
        Verdict::Duplicate => &mut counts.duplicates,
        Verdict::Undecided => &mut counts.undecided,
    }
}

/// Returns the number of mails that were examined one by one.
fn examined(counts: &Counts) -> u64 {
    counts.would_import + counts.too_big + counts.duplicates + counts.undecided
}

fn add(totals: &mut Counts, counts: &Counts) {
    let Counts { found, would_import, automatic, before_start, known, too_big, duplicates, undecided, not_looked_at } =
        counts;
    totals.found += found;
    totals.would_import += would_import;
    totals.automatic += automatic;
    totals.before_start += before_start;
    totals.known += known;
    totals.too_big += too_big;
    totals.duplicates += duplicates;
    totals.undecided += undecided;
    totals.not_looked_at += not_looked_at;
}
