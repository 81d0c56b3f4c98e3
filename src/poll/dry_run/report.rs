//! What a dry run tells.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use crate::cause::Cause;
use crate::clock::Timestamp;
use crate::fact::{FetchFailure, Notice, maybe_in_english};
use crate::imap::Meta;
use crate::mail::parse::Header;
use crate::poll::{Blame, PollError, Step};
use crate::shown::shown;

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
#[derive(Debug, Default, Serialize)]
pub struct FolderDryRun {
    /// Its name as people read it.
    pub name: String,
    /// Why it could not be looked at, or not to its end.
    #[serde(serialize_with = "in_short")]
    pub problem: Option<PollError>,
    /// What there is to say of its numbers.
    #[serde(serialize_with = "maybe_in_english")]
    pub note: Option<Notice>,
    #[serde(flatten)]
    pub counts: Counts,
    /// The newest mails that a poll would ask for.
    pub shown: Vec<Line>,
    /// So many more it would ask for.
    pub more: u64,
    /// Where all that would be imported would go, and why: how many mails by each evidence.
    #[serde(skip)]
    pub targets: BTreeMap<Target, u64>,
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
    #[serde(serialize_with = "maybe_in_english")]
    #[schema(value_type = Option<String>)]
    pub reason: Option<FetchFailure>,
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
    pub fn new(
        meta: &Meta,
        header: &Header,
        inboxes: Vec<Target>,
        verdict: Verdict,
        reason: Option<FetchFailure>,
    ) -> Self {
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

impl DryRun {
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
