//! The counts of a poll: kept while it runs, reported when it ends.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

use super::{Blame, Pace, PollError, Retry, Step};
use crate::cause::Cause;
use crate::clock::Timestamp;
use crate::fact::Notice;
use crate::store::Imported;

/// Live progress of a poll, for its observers.
#[derive(Debug, Default)]
pub struct Progress {
    /// Number of mails found that have to be processed.
    pub found: AtomicU64,
    /// Number of mails processed.
    pub done: AtomicU64,
    /// Number of bytes of imported mail.
    pub bytes: AtomicU64,
    /// The measured speed of the server.
    pub pace: Arc<Pace>,
}

impl Progress {
    /// The progress of a poll with this pace.
    pub fn with_pace(pace: Pace) -> Self {
        Self { pace: Arc::new(pace), ..Self::default() }
    }
}

/// The work that a poll has done so far.
#[derive(Debug, Default)]
pub struct Tally {
    /// Imported, skipped and quarantined mails, and bytes.
    pub done: Imported,
    /// Number of changes made to customers' copies.
    pub effects_done: u64,
    /// Bytes received from the server in visits that ended with a logout.
    pub wire_bytes: u64,
    /// Notices for the poll's record.
    pub notes: Vec<Notice>,
    /// The first error of an effect: the server could not or would not do it, or the copy came back. The mail itself is
    /// imported.
    pub unsettled: Option<PollError>,
    /// When the next poll is due, once recorded.
    pub next_poll_at: Option<Timestamp>,
    /// Whether the budget ran out, so that there may be more to fetch.
    pub ended_early: bool,
    /// Live progress, for observers.
    pub progress: Arc<Progress>,
    /// UIDs of the current folder whose fetch this poll has recorded, also those of missing and quarantined mails.
    pub imported_uids: BTreeSet<u32>,
    /// Target folders that were checked and are not polled themselves.
    pub checked_targets: BTreeSet<String>,
    /// Row IDs of the folders that the poll has tried to open.
    pub visited: Vec<i64>,
    folder_error: Option<PollError>,
}

impl Tally {
    /// An empty tally that updates this progress.
    pub fn with_progress(progress: Arc<Progress>) -> Self {
        Self { progress, ..Self::default() }
    }

    /// Adds the counts of one import.
    pub fn add(&mut self, imported: Imported, messages: u64) {
        self.done.imported += imported.imported;
        self.done.skipped += imported.skipped;
        self.done.quarantined += imported.quarantined;
        self.done.bytes += imported.bytes;
        self.progress.done.fetch_add(messages, Ordering::Relaxed);
        self.progress.bytes.fetch_add(imported.bytes, Ordering::Relaxed);
    }

    /// Keeps the error of one folder; returns an error that concerns more than the folder.
    pub(super) fn record_folder_result(&mut self, ended: Result<(), PollError>) -> Result<(), PollError> {
        match ended {
            Err(error) if error.blame <= Blame::Folder => {
                self.folder_error.get_or_insert(error);
                Ok(())
            }
            other => other,
        }
    }

    /// Returns the first error that concerned only one folder.
    pub(super) fn first_folder_error(&mut self) -> Result<(), PollError> {
        self.folder_error.take().map_or(Ok(()), Err)
    }

    pub(super) fn received(&mut self, bytes: u64) {
        self.wire_bytes += bytes;
    }

    /// Clears the folder errors of an ended session, since the new session visits the folders again.
    pub(super) fn begin_visit(&mut self) {
        self.folder_error = None;
    }

    /// Returns the error of the unsettled effect, with the time of the next attempt.
    pub fn unsettled(&self) -> Option<ReportedError> {
        let error = self.unsettled.as_ref()?;
        Some(ReportedError::new(error, self.next_poll_at.filter(|_| error.retry != Retry::Person)))
    }

    /// Whether the poll is worth a row in the history.
    pub fn is_noteworthy(&self) -> bool {
        let done = &self.done;
        done.imported + done.skipped + done.quarantined + self.effects_done > 0
            || !self.notes.is_empty()
            || self.unsettled.is_some()
    }
}

/// The report of a poll: one line of the output of `mailferry poll`.
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

/// The error in a report.
#[derive(Debug, Clone, Serialize)]
pub struct ReportedError {
    /// The step that failed.
    pub step: Step,
    /// The part that the failure is attributed to.
    pub blame: Blame,
    /// When the next attempt is due; `None` if a person must act first.
    pub retry: Option<Timestamp>,
    /// The error in English.
    pub message: String,
    /// The known cause, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// The arguments of the cause's texts, so that every language can show them.
    #[serde(rename = "about", skip_serializing_if = "BTreeMap::is_empty")]
    pub args: BTreeMap<String, String>,
}

impl Report {
    pub fn new(mailbox: &str, tally: &Tally, effects_pending: u64, seconds: f64, error: Option<ReportedError>) -> Self {
        Self {
            mailbox: mailbox.to_owned(),
            imported: tally.done.imported,
            skipped: tally.done.skipped,
            quarantined: tally.done.quarantined,
            effects_done: tally.effects_done,
            effects_pending,
            bytes: tally.done.bytes,
            // Round to milliseconds: more digits would be noise.
            seconds: (seconds * 1000.0).round() / 1000.0,
            error,
        }
    }
}

impl ReportedError {
    /// An error with the time of the next attempt.
    pub fn new(error: &PollError, retry: Option<Timestamp>) -> Self {
        let cause = error.trouble.as_ref().map(|trouble| trouble.cause);
        let args = error.trouble.as_ref().map(|trouble| trouble.args.clone()).unwrap_or_default();
        Self { step: error.step, blame: error.blame, retry, message: error.with_remedy(), cause, args }
    }
}
