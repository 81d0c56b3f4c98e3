//! What a dry run tells.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Serialize, Serializer};

use super::mails::Importable;
use super::{PollError, WatchedFolder};
use crate::cause::Cause;
use crate::clock::Timestamp;
use crate::imap::Meta;
use crate::poll::parse::Header;
use crate::poll::select::OpenFolder;
use crate::poll::{Blame, Step};
use crate::shown::shown;

/// Mails of one folder that are shown one by one.
const SHOWN: usize = 200;

/// What a poll would do.
#[derive(Debug, Serialize)]
pub struct DryRun {
    /// The folders in the order of a poll.
    pub folders: Vec<FolderDryRun>,
    /// All of them together.
    pub totals: Counts,
    /// The time was up, or enough was read, before all was looked at.
    pub partial: bool,
}

/// Mails by what would become of them. All but `found` and `automatic` add up to `found`.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = DryRunCounts)]
pub struct Counts {
    /// Mails in the folder.
    pub found: u64,
    /// A poll would import them.
    pub would_import: u64,
    /// Of those: a machine wrote them, as their header says.
    pub automatic: u64,
    /// Older than the start, which is decided now: left out for good.
    pub before_start: u64,
    /// In the ledger already: imported, left out or put aside by an earlier poll.
    pub known: u64,
    /// Larger than allowed: put aside.
    pub too_big: u64,
    /// Not in the ledger, but a message with the same Message-ID and sender is in the inbox already: probably the same mail.
    pub duplicates: u64,
    /// The server gives no header, or not the mail's, or does not list it.
    pub undecided: u64,
    /// Nothing was asked about them: the time was up, or enough was read.
    pub not_looked_at: u64,
}

/// What a poll would do with one folder.
#[derive(Debug, Serialize)]
pub struct FolderDryRun {
    /// Its name as people read it.
    pub name: String,
    /// Why it could not be looked at, or not to its end.
    #[serde(serialize_with = "in_short")]
    pub problem: Option<PollError>,
    /// What there is to say of its numbers.
    pub note: Option<String>,
    #[serde(flatten)]
    pub counts: Counts,
    /// The newest mails that a poll would ask for.
    pub shown: Vec<Line>,
    /// So many more it would ask for.
    pub more: u64,
    /// Where all that would be imported would go, and why: how many mails by each evidence.
    #[serde(skip)]
    pub targets: BTreeMap<Target, u64>,
    /// Mails that a poll would ask for.
    #[serde(skip)]
    pub(super) wanted: u64,
    /// Every UID was searched for, also what an earlier poll has finished.
    #[serde(skip)]
    pub(super) whole: bool,
    /// Some SEARCH was answered with nothing at all.
    #[serde(skip)]
    pub(super) silent: bool,
    /// The search has come to its end.
    #[serde(skip)]
    pub(super) searched: bool,
}

/// What would become of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = DryRunVerdict)]
pub enum Verdict {
    Import,
    TooLarge,
    Duplicate,
    Undecided,
}

impl Verdict {
    /// Its name, as in JSON and in the language files.
    pub fn id(self) -> &'static str {
        match self {
            Self::Import => "import",
            Self::TooLarge => "too-large",
            Self::Duplicate => "duplicate",
            Self::Undecided => "undecided",
        }
    }
}

/// A mail that a poll would ask for; what its sender wrote is cleaned.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = DryRunMail)]
pub struct Line {
    /// Its number in its folder.
    pub uid: u32,
    /// When the server received it.
    pub date: Option<Timestamp>,
    /// The sender.
    pub from: Option<String>,
    /// The subject.
    pub subject: Option<String>,
    /// As the server tells it.
    pub size: Option<u64>,
    /// Where it would go, and why.
    pub inboxes: Vec<Target>,
    /// The header field that says that a machine wrote it.
    pub automatic: Option<String>,
    /// What would become of it.
    pub verdict: Verdict,
    /// Why it is undecided.
    pub reason: Option<String>,
}

/// An inbox with the evidence for it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, utoipa::ToSchema)]
#[schema(as = DryRunTarget)]
pub struct Target {
    /// Its address.
    pub inbox: String,
    /// The evidence.
    pub why: String,
}

impl Target {
    /// For this inbox, by this evidence.
    pub fn new(inbox: &str, why: &str) -> Self {
        Self { inbox: inbox.to_owned(), why: shown(why) }
    }
}

impl Line {
    /// One mail.
    pub fn new(meta: &Meta, header: &Header, inboxes: Vec<Target>, verdict: Verdict, reason: Option<String>) -> Self {
        Self {
            uid: meta.uid,
            date: meta.internal_date,
            from: header.from.as_deref().map(shown),
            subject: header.subject.as_deref().map(shown),
            size: meta.size,
            inboxes,
            automatic: header.automatic.as_deref().map(shown),
            verdict,
            reason,
        }
    }
}

impl Counts {
    fn of(&mut self, verdict: Verdict) -> &mut u64 {
        match verdict {
            Verdict::Import => &mut self.would_import,
            Verdict::TooLarge => &mut self.too_big,
            Verdict::Duplicate => &mut self.duplicates,
            Verdict::Undecided => &mut self.undecided,
        }
    }

    /// Mails that were looked at one by one.
    fn looked_at(&self) -> u64 {
        self.would_import + self.too_big + self.duplicates + self.undecided
    }

    fn add(&mut self, other: &Self) {
        let Self { found, would_import, automatic, before_start, known, too_big, duplicates, undecided, not_looked_at } =
            other;
        self.found += found;
        self.would_import += would_import;
        self.automatic += automatic;
        self.before_start += before_start;
        self.known += known;
        self.too_big += too_big;
        self.duplicates += duplicates;
        self.undecided += undecided;
        self.not_looked_at += not_looked_at;
    }
}

impl DryRun {
    /// Of these folders, none of which was looked at yet.
    pub(super) fn of(folders: &[WatchedFolder]) -> Self {
        let folders = folders.iter().map(|folder| FolderDryRun::new(&folder.name)).collect();
        Self { folders, totals: Counts::default(), partial: false }
    }

    /// Where the mails of all folders would go, and why, the most first; and how many there are by other evidence than so much.
    pub fn targets(&self, most: usize) -> (Vec<(Target, u64)>, u64) {
        let mut all = BTreeMap::<&Target, u64>::new();
        for (target, count) in self.folders.iter().flat_map(|folder| &folder.targets) {
            *all.entry(target).or_default() += count;
        }
        let mut targets: Vec<(Target, u64)> = all.into_iter().map(|(target, count)| (target.clone(), count)).collect();
        targets.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let others = targets.split_off(targets.len().min(most)).iter().map(|(_, count)| count).sum();
        (targets, others)
    }

    /// Adds up what there is.
    pub(super) fn finished(mut self) -> Self {
        for folder in &mut self.folders {
            folder.add_up();
            self.totals.add(&folder.counts);
            self.partial |= folder.problem.is_none() && (!folder.searched || folder.counts.not_looked_at > 0);
        }
        self
    }
}

impl FolderDryRun {
    fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            problem: None,
            note: None,
            counts: Counts::default(),
            shown: Vec::new(),
            more: 0,
            targets: BTreeMap::new(),
            wanted: 0,
            whole: false,
            silent: false,
            searched: false,
        }
    }

    pub(super) fn opened(&mut self, folder: &OpenFolder, note: Option<String>) {
        self.counts.found = folder.selected.exists.into();
        self.note = note;
    }

    /// Counts a mail, and keeps it for showing while there are few.
    pub(super) fn count(&mut self, line: Line) {
        *self.counts.of(line.verdict) += 1;
        self.counts.automatic += u64::from(line.verdict == Verdict::Import && line.automatic.is_some());
        if self.shown.len() < SHOWN {
            self.shown.push(line);
        }
    }

    /// Of the mails that would be imported, these are here already; the others go where they go.
    pub(super) fn routed(&mut self, importable: &[Importable], here: &BTreeSet<u32>) {
        for target in importable.iter().filter(|mail| !here.contains(&mail.uid)).flat_map(|mail| &mail.targets) {
            *self.targets.entry(target.clone()).or_default() += 1;
        }
        let there = importable.iter().filter(|mail| here.contains(&mail.uid));
        let automatic = there.filter(|mail| mail.is_automatic).count() as u64;
        self.counts.would_import -= here.len() as u64;
        self.counts.automatic -= automatic;
        self.counts.duplicates += here.len() as u64;
        for line in self.shown.iter_mut().filter(|line| here.contains(&line.uid)) {
            line.verdict = Verdict::Duplicate;
        }
    }

    /// What was not looked at one by one.
    fn add_up(&mut self) {
        let counts = &mut self.counts;
        let looked_at = counts.looked_at();
        self.more = self.wanted.max(looked_at) - self.shown.len() as u64;
        counts.not_looked_at = self.wanted.saturating_sub(looked_at);
        let told = counts.before_start + counts.known + looked_at + counts.not_looked_at;
        counts.found = counts.found.max(told); // mail that came meanwhile
        let rest = counts.found - told;
        match () {
            () if !self.searched && !self.silent => counts.not_looked_at += rest,
            () if self.silent || self.whole => counts.undecided += rest, // what there is said to be, and is not listed
            () => counts.known += rest,
        }
    }
}

/// A problem without when it is tried again: a dry run is tried again by whoever wants to.
fn in_short<S: Serializer>(problem: &Option<PollError>, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Problem {
        step: Step,
        blame: Blame,
        message: String,
        cause: Option<Cause>,
    }
    let problem = problem.as_ref().map(|error| Problem {
        step: error.step,
        blame: error.blame,
        message: error.in_words(),
        cause: error.trouble.as_ref().map(|trouble| trouble.cause),
    });
    problem.serialize(serializer)
}
