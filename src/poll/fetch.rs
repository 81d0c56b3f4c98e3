//! Fetches the mails of a window, in batches that are small enough to commit quickly.

mod jobs;
mod large;
mod plan;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::pin::pin;

use tokio::sync::mpsc;

use super::fetched_mail::{Content, FetchedMail};
use super::open_folder::OpenFolder;
use super::search::Window;
use super::{Budget, Deps, PollError, Step};
use crate::imap::{BodyFetch, Fetched, ImapError, Meta, Session, UidSet};
use crate::store::Lease;
use plan::Job;

pub use plan::is_too_large;

/// Maximum number of UIDs per command.
const UIDS_PER_COMMAND: usize = 500;

/// The source of the mails, and the limits of the fetch.
pub struct FetchSource<'a> {
    pub session: &'a mut Session,
    pub folder: &'a OpenFolder,
    pub lease: &'a Lease,
    pub deps: &'a Deps,
    pub budget: &'a Budget,
}

/// The fetch of one window.
pub struct WindowFetch<'a> {
    source: FetchSource<'a>,
    queue: VecDeque<UidSet>,
    jobs: VecDeque<Job>,
    streaming: Option<Streaming>,
    attempts: BTreeMap<u32, i64>,
    /// Whether any mail has arrived. If so, a refusal concerns the requested mail, not the folder.
    any_arrived: bool,
    /// Number of refusals since the last mail arrived.
    refusals: usize,
    /// UIDs of refused mails, which are retried after all others.
    deferred: BTreeSet<u32>,
    /// UID of the mail that is being fetched by itself, or that may have broken the connection.
    in_transfer: Option<u32>,
    /// Whether the connection broke during the fetch of a mail.
    connection_broke: bool,
    ended_early: bool,
}

/// A FETCH of small mails in progress.
struct Streaming {
    fetching: BodyFetch,
    expected: BTreeMap<u32, Meta>,
}

impl FetchSource<'_> {
    fn failed(&self, error: &ImapError) -> PollError {
        PollError::folder(Step::Fetch, &self.folder.name, error)
    }
}

/// Fails if the poll ran out of time before any progress: such a poll is not a success.
pub fn require_progress(budget: &Budget, folder: &OpenFolder) -> Result<(), PollError> {
    match budget.ended_without_progress() {
        true => Err(PollError::folder(Step::Fetch, &folder.name, &ImapError::Slow("FETCH"))),
        false => Ok(()),
    }
}

/// Whether the fetched mail has a different INTERNALDATE from the one that the server sent for this UID before.
pub fn is_different_mail<B>(meta: &Meta, fetched: &Fetched<B>) -> bool {
    meta.internal_date.is_some() && fetched.internal_date.is_some() && meta.internal_date != fetched.internal_date
}

impl<'a> WindowFetch<'a> {
    /// Prepares the fetch of a window. Sends no command yet.
    pub fn new(window: Window, source: FetchSource<'a>) -> Self {
        // Mails that failed before are fetched one by one and last, so that they do not delay the others.
        let (suspects, others): (Vec<u32>, Vec<u32>) =
            window.unknown.iter().partition(|uid| window.attempts.contains_key(uid));
        let others = UidSet::split(&others, source.session.command_limit(UIDS_PER_COMMAND));
        Self {
            source,
            queue: others.into_iter().chain(UidSet::split(&suspects, 1)).collect(),
            jobs: VecDeque::new(),
            streaming: None,
            attempts: window.attempts,
            any_arrived: false,
            refusals: 0,
            deferred: BTreeSet::new(),
            in_transfer: None,
            connection_broke: false,
            ended_early: false,
        }
    }

    /// Whether the budget ran out before the end of the window.
    pub fn ended_early(&self) -> bool {
        self.ended_early
    }

    /// Fetches all mails, batch by batch. If an error occurs, the mails that arrived before it are still handed over.
    /// Ends early if the importer has stopped.
    pub async fn run(&mut self, batches: mpsc::Sender<Vec<FetchedMail>>) -> Result<(), PollError> {
        loop {
            let mut batch = Vec::new();
            let ended = self.fill(&mut batch, &batches).await;
            if !batch.is_empty() && batches.send(batch).await.is_err() {
                return Ok(()); // the importer reports its own error
            }
            if ended? {
                return Ok(());
            }
        }
    }

    /// Fills a batch. Returns true if the window or the budget has ended.
    async fn fill(
        &mut self,
        batch: &mut Vec<FetchedMail>,
        batches: &mpsc::Sender<Vec<FetchedMail>>,
    ) -> Result<bool, PollError> {
        let mut bytes = 0;
        while batch.len() < self.source.deps.limits.batch_messages.0 && bytes < self.source.deps.limits.batch_bytes.0 {
            if self.source.budget.is_over() {
                self.ended_early = true;
                return Ok(true);
            }
            let mail = match self.next_in_time(batch, batches).await {
                None => {
                    self.ended_early = true;
                    return Ok(true);
                }
                Some(Ok(Some(mail))) => mail,
                Some(Ok(None)) => return Ok(true),
                Some(Err(error)) => {
                    batch.extend(self.suspect(&error));
                    return Err(error);
                }
            };
            if batch.is_empty() {
                bytes = 0;
            }
            self.source.budget.spend_message();
            if let Content::Whole(body) = &mail.content {
                bytes += body.len() as u64;
                self.source.budget.spend_bytes(body.len());
            }
            batch.push(mail);
        }
        Ok(false)
    }

    /// Returns the result of [`Self::next`]; `None` if it does not arrive in time. While any session waits for
    /// memory, the partial batch is committed, so that two sessions that hold mail never wait for each other.
    async fn next_in_time(
        &mut self,
        batch: &mut Vec<FetchedMail>,
        batches: &mpsc::Sender<Vec<FetchedMail>>,
    ) -> Option<Result<Option<FetchedMail>, PollError>> {
        let (budget, in_flight) = (self.source.budget, &self.source.deps.imap.in_flight);
        let mut next = pin!(self.next());
        let mut wait_for_grace_period = pin!(budget.wait_for_grace_period());
        loop {
            tokio::select! {
                next = &mut next => return Some(next),
                () = &mut wait_for_grace_period => return None,
                () = in_flight.has_waiters(), if !batch.is_empty() => {
                    // If the channel is closed, sending the next batch fails.
                    let _ = batches.send(std::mem::take(batch)).await;
                }
            }
        }
    }

    /// Returns the next mail; `None` at the end of the window, or when the budget has run out.
    async fn next(&mut self) -> Result<Option<FetchedMail>, PollError> {
        loop {
            let mail = if self.streaming.is_some() {
                self.next_streamed().await?
            } else if let Some(job) = self.jobs.pop_front() {
                self.start_job(job).await?
            } else if let Some(set) = self.queue.pop_front() {
                self.plan(&set).await?
            } else {
                return Ok(None);
            };
            if mail.is_some() || self.ended_early {
                return Ok(mail);
            }
        }
    }
}
