//! The report of a dry run.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use crate::cause::Cause;
use crate::clock::Timestamp;
use crate::fact::{FetchFailure, Notice, maybe_in_english};
use crate::imap::Meta;
use crate::mail::parse::Header;
use crate::poll::{Blame, PollError, Step};
use crate::shown::shown;

/// The result of a dry run.
#[derive(Debug, Serialize)]
pub struct DryRun {
    pub folders: Vec<FolderDryRun>,
    /// Sums of all folders.
    pub totals: Counts,
    /// Whether a limit was reached before all mails were examined.
    pub partial: bool,
}

/// Number of mails by the outcome of a poll. All counts but `found` and `automatic` add up to `found`.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = DryRunCounts)]
pub struct Counts {
    /// Mails in the folder.
    pub found: u64,
    /// Mails that a poll would import.
    pub would_import: u64,
    /// Mails that a poll would import and whose header marks them as automatic.
    pub automatic: u64,
    /// Mails older than the start date, which are never imported.
    pub before_start: u64,
    /// Mails already in the ledger: imported, skipped or quarantined by an earlier poll.
    pub known: u64,
    /// Mails larger than the limit, which would be quarantined.
    pub too_big: u64,
    /// Mails that are not in the ledger, but whose inbox already has a message with the same Message-ID and sender,
    /// which is probably the same mail.
    pub duplicates: u64,
    /// Mails without a certain verdict: the server does not list them, sends no header or that of another mail, or an
    /// earlier poll failed to fetch them.
    pub undecided: u64,
    /// Mails that were not examined, because a limit was reached.
    pub not_looked_at: u64,
}

/// The result for one folder.
#[derive(Debug, Default, Serialize)]
pub struct FolderDryRun {
    /// The folder's name, decoded from modified UTF-7.
    pub name: String,
    /// The error that stopped the examination, if any.
    #[serde(serialize_with = "serialize_without_retry")]
    pub problem: Option<PollError>,
    /// A notice about the folder, if any, such as new UIDs.
    #[serde(serialize_with = "maybe_in_english")]
    pub note: Option<Notice>,
    #[serde(flatten)]
    pub counts: Counts,
    /// The newest mails that a poll would fetch.
    pub shown: Vec<ListedMail>,
    /// Number of further mails that a poll would fetch.
    pub more: u64,
    /// Number of importable mails by inbox and evidence.
    #[serde(skip)]
    pub targets: BTreeMap<Target, u64>,
}

/// The verdict: the outcome that a dry run predicts for a mail.
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
    /// Returns the name in JSON and in the IDs of translated messages.
    pub fn id(self) -> &'static str {
        match self {
            Self::Import => "import",
            Self::TooLarge => "too-large",
            Self::Duplicate => "duplicate",
            Self::Undecided => "undecided",
        }
    }
}

/// A mail that a poll would fetch. Texts from the sender are cleaned for display.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = DryRunMail)]
pub struct ListedMail {
    /// UID in its folder.
    pub uid: u32,
    /// INTERNALDATE: when the server received the mail.
    pub date: Option<Timestamp>,
    /// The sender.
    pub from: Option<String>,
    /// The subject.
    pub subject: Option<String>,
    /// The size announced by the server.
    pub size: Option<u64>,
    /// The inboxes that the mail would go to, with the evidence for each.
    pub inboxes: Vec<Target>,
    /// The header field that marks the mail as automatic, if any.
    pub automatic: Option<String>,
    /// The verdict.
    pub verdict: Verdict,
    /// The reason why the verdict is undecided, if it is.
    #[serde(serialize_with = "maybe_in_english")]
    #[schema(value_type = Option<String>)]
    pub reason: Option<FetchFailure>,
}

/// An inbox that a mail would go to, with the evidence for it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, utoipa::ToSchema)]
#[schema(as = DryRunTarget)]
pub struct Target {
    /// The inbox's address.
    pub inbox: String,
    /// The evidence, such as a header field.
    pub why: String,
}

impl Target {
    pub fn new(inbox: &str, why: &str) -> Self {
        Self { inbox: inbox.to_owned(), why: shown(why) }
    }
}

impl ListedMail {
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
    /// Returns at most `most` targets of all folders, the most frequent first, and the number of mails with other targets.
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

/// Serialises an error without a retry time, since a dry run is not repeated automatically.
fn serialize_without_retry<S: Serializer>(problem: &Option<PollError>, serializer: S) -> Result<S::Ok, S::Error> {
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
        message: error.with_remedy(),
        cause: error.trouble.as_ref().map(|trouble| trouble.cause),
    });
    problem.serialize(serializer)
}
