//! What a poll did: counted while it runs, told when it ends.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

use super::{Blame, Pace, PollError, Retry, Step};
use crate::cause::Cause;
use crate::clock::Timestamp;
use crate::fact::Notice;
use crate::store::Imported;

/// What was done so far, for whoever watches.
#[derive(Debug, Default)]
pub struct Progress {
    /// Mails found that are to be dealt with.
    pub found: AtomicU64,
    /// Mails dealt with.
    pub done: AtomicU64,
    /// Bytes of mail imported.
    pub bytes: AtomicU64,
    /// How fast its server is.
    pub pace: Arc<Pace>,
}

impl Progress {
    /// Of a poll at this pace.
    pub fn at(pace: Pace) -> Self {
        Self { pace: Arc::new(pace), ..Self::default() }
    }
}

/// What was done so far.
#[derive(Debug, Default)]
pub struct Tally {
    /// Imported, skipped, quarantined, bytes.
    pub done: Imported,
    /// Changes made to customers' copies.
    pub effects_done: u64,
    /// Bytes that came over the wire.
    pub wire_bytes: u64,
    /// Decisions worth remembering.
    pub notes: Vec<Notice>,
    /// What the customer asked for and the server cannot, or would not, do; the mail itself is safe.
    pub unsettled: Option<PollError>,
    /// When the next poll is, once that is written down.
    pub next_poll_at: Option<Timestamp>,
    /// The budget ran out; there may be more to fetch.
    pub ended_early: bool,
    /// For whoever watches.
    pub progress: Arc<Progress>,
    /// UIDs that were imported from the folder in hand by this poll.
    pub imported_uids: BTreeSet<u32>,
    /// Folders that copies are moved to, and that were found not to be polled themselves.
    pub sure_targets: BTreeSet<String>,
    /// The folders that were turned to, by their rows.
    pub visited: Vec<i64>,
    folder_error: Option<PollError>,
}

impl Tally {
    /// Nothing done yet, shown to whoever watches.
    pub fn watched_by(progress: Arc<Progress>) -> Self {
        Self { progress, ..Self::default() }
    }

    /// Counts what an import changed.
    pub fn add(&mut self, imported: Imported, messages: u64) {
        self.done.imported += imported.imported;
        self.done.skipped += imported.skipped;
        self.done.quarantined += imported.quarantined;
        self.done.bytes += imported.bytes;
        self.progress.done.fetch_add(messages, Ordering::Relaxed);
        self.progress.bytes.fetch_add(imported.bytes, Ordering::Relaxed);
    }

    /// Remembers the error of one folder; passes on one that concerns more.
    pub(super) fn folder_ended(&mut self, ended: Result<(), PollError>) -> Result<(), PollError> {
        match ended {
            Err(error) if error.blame <= Blame::Folder => {
                self.folder_error.get_or_insert(error);
                Ok(())
            }
            other => other,
        }
    }

    /// The first error that concerned one folder only.
    pub(super) fn first_folder_error(&mut self) -> Result<(), PollError> {
        self.folder_error.take().map_or(Ok(()), Err)
    }

    pub(super) fn received(&mut self, bytes: u64) {
        self.wire_bytes += bytes;
    }

    /// What a folder had to say in a session that has ended is said anew, if it still is so.
    pub(super) fn begin_visit(&mut self) {
        self.folder_error = None;
    }

    /// What is unsettled, with the time of the next try.
    pub fn unsettled(&self) -> Option<ReportedError> {
        let error = self.unsettled.as_ref()?;
        Some(ReportedError::new(error, self.next_poll_at.filter(|_| error.retry != Retry::Person)))
    }

    /// Whether the poll left traces that are worth a row.
    pub fn is_noteworthy(&self) -> bool {
        let done = &self.done;
        done.imported + done.skipped + done.quarantined + self.effects_done > 0
            || !self.notes.is_empty()
            || self.unsettled.is_some()
    }
}

/// A line of `mailferry poll`.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    pub mailbox: String,
    pub imported: u64,
    pub skipped: u64,
    pub quarantined: u64,
    pub effects_done: u64,
    pub effects_pending: u64,
    pub bytes: u64,
    pub seconds: f64,
    pub error: Option<ReportedError>,
}

/// What went wrong, in a report.
#[derive(Debug, Clone, Serialize)]
pub struct ReportedError {
    /// Where.
    pub step: Step,
    /// What is broken.
    pub blame: Blame,
    /// When the next try is; `None`: a person must act first.
    pub retry: Option<Timestamp>,
    /// In words.
    pub message: String,
    /// Which of the known causes, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// What that cause's sentences name, so that they can be told in every language.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub about: BTreeMap<String, String>,
}

impl Report {
    /// The report of a poll.
    pub fn new(mailbox: &str, tally: &Tally, effects_pending: u64, seconds: f64, error: Option<ReportedError>) -> Self {
        Self {
            mailbox: mailbox.to_owned(),
            imported: tally.done.imported,
            skipped: tally.done.skipped,
            quarantined: tally.done.quarantined,
            effects_done: tally.effects_done,
            effects_pending,
            bytes: tally.done.bytes,
            // Milliseconds are as fine as it is true.
            seconds: (seconds * 1000.0).round() / 1000.0,
            error,
        }
    }
}

impl ReportedError {
    /// An error with the time of the next try.
    pub fn new(error: &PollError, retry: Option<Timestamp>) -> Self {
        let cause = error.trouble.as_ref().map(|trouble| trouble.cause);
        let about = error.trouble.as_ref().map(|trouble| trouble.about.clone()).unwrap_or_default();
        Self { step: error.step, blame: error.blame, retry, message: error.in_words(), cause, about }
    }
}
