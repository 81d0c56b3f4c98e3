//! A dry run is counted up.

use std::collections::BTreeSet;

use super::report::{Counts, DryRun, FolderDryRun, Line, Target, Verdict};
use crate::fact::Notice;
use crate::store::WatchedFolder;

/// Mails of one folder that are shown one by one.
const SHOWN: usize = 200;

/// A mail that would be imported, as far as its header tells.
pub struct Importable {
    pub uid: u32,
    pub message_id: Option<String>,
    pub from: Option<String>,
    /// The inboxes.
    pub inboxes: Vec<i64>,
    /// The same, with the evidence for each.
    pub targets: Vec<Target>,
    pub is_automatic: bool,
}

/// What was found in all folders.
pub struct Tally {
    pub folders: Vec<FolderTally>,
}

/// What was found in one.
#[derive(Default)]
pub struct FolderTally {
    /// As it is told.
    pub report: FolderDryRun,
    /// Mails that a poll would ask for.
    pub wanted: u64,
    /// Every UID was searched for, also what an earlier poll has finished.
    pub whole: bool,
    /// Some SEARCH was answered with nothing at all.
    pub silent: bool,
    /// The search has come to its end.
    pub searched: bool,
}

impl Tally {
    /// Of these folders, none of which was looked at yet.
    pub fn of(folders: &[WatchedFolder]) -> Self {
        let tally = |folder: &WatchedFolder| FolderTally {
            report: FolderDryRun { name: folder.name.clone(), ..FolderDryRun::default() },
            ..FolderTally::default()
        };
        Self { folders: folders.iter().map(tally).collect() }
    }

    /// Adds up what there is.
    pub fn finished(self) -> DryRun {
        let mut told = DryRun { folders: Vec::new(), totals: Counts::default(), partial: false };
        for mut folder in self.folders {
            folder.add_up();
            let report = folder.report;
            add(&mut told.totals, &report.counts);
            told.partial |= report.problem.is_none() && (!folder.searched || report.counts.not_looked_at > 0);
            told.folders.push(report);
        }
        told
    }
}

impl FolderTally {
    /// The folder is open.
    pub fn opened(&mut self, exists: u32, note: Option<Notice>) {
        self.report.counts.found = exists.into();
        self.report.note = note;
    }

    /// Counts a mail, and keeps it for showing while there are few.
    pub fn count(&mut self, line: Line) {
        let counts = &mut self.report.counts;
        *of(counts, line.verdict) += 1;
        counts.automatic += u64::from(line.verdict == Verdict::Import && line.automatic.is_some());
        if self.report.shown.len() < SHOWN {
            self.report.shown.push(line);
        }
    }

    /// Of the mails that would be imported, these are here already; the others go where they go.
    pub fn routed(&mut self, importable: &[Importable], here: &BTreeSet<u32>) {
        let report = &mut self.report;
        for target in importable.iter().filter(|mail| !here.contains(&mail.uid)).flat_map(|mail| &mail.targets) {
            *report.targets.entry(target.clone()).or_default() += 1;
        }
        let there = importable.iter().filter(|mail| here.contains(&mail.uid));
        let automatic = there.filter(|mail| mail.is_automatic).count() as u64;
        report.counts.would_import -= here.len() as u64;
        report.counts.automatic -= automatic;
        report.counts.duplicates += here.len() as u64;
        for line in report.shown.iter_mut().filter(|line| here.contains(&line.uid)) {
            line.verdict = Verdict::Duplicate;
        }
    }

    /// What was not looked at one by one.
    fn add_up(&mut self) {
        let counts = &mut self.report.counts;
        let looked_at = looked_at(counts);
        self.report.more = self.wanted.max(looked_at) - self.report.shown.len() as u64;
        counts.not_looked_at = self.wanted.saturating_sub(looked_at);
        let told = counts.before_start + counts.known + looked_at + counts.not_looked_at;
        counts.found = counts.found.max(told); // mail that came meanwhile
        let rest = counts.found - told;
        if !self.searched && !self.silent {
            counts.not_looked_at += rest;
        } else if self.silent || self.whole {
            counts.undecided += rest; // what there is said to be, and is not listed
        } else {
            counts.known += rest;
        }
    }
}

/// Where mails with this verdict are counted.
fn of(counts: &mut Counts, verdict: Verdict) -> &mut u64 {
    match verdict {
        Verdict::Import => &mut counts.would_import,
        Verdict::TooLarge => &mut counts.too_big,
        Verdict::Duplicate => &mut counts.duplicates,
        Verdict::Undecided => &mut counts.undecided,
    }
}

/// Mails that were looked at one by one.
fn looked_at(counts: &Counts) -> u64 {
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
