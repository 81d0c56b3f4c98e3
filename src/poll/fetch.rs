//! The mails of a window come in, in batches that are small enough to commit quickly.

mod jobs;
mod large;
mod plan;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::pin::pin;

use tokio::sync::mpsc;

use super::arrived::{Arrived, What};
use super::open_folder::OpenFolder;
use super::search::Window;
use super::{Budget, Deps, PollError, Step};
use crate::imap::{Fetched, Fetching, ImapError, Meta, Session, UidSet};
use crate::store::Lease;
use plan::Job;

pub use plan::is_too_large;

/// UIDs asked about in one question.
const AT_ONCE: usize = 500;

/// Where mails come from, and what they may cost.
pub struct Source<'a> {
    pub session: &'a mut Session,
    pub folder: &'a OpenFolder,
    pub lease: &'a Lease,
    pub deps: &'a Deps,
    pub budget: &'a Budget,
}

/// The mails of a window on their way.
pub struct Messages<'a> {
    source: Source<'a>,
    unasked: VecDeque<UidSet>,
    jobs: VecDeque<Job>,
    streaming: Option<Streaming>,
    tried: BTreeMap<u32, i64>,
    /// Whether any mail has come: then a refusal is about the mail that was asked for, not about the folder.
    any_came: bool,
    /// Refusals since a mail came.
    refusals: usize,
    /// Mails that are asked for once more, after all others.
    deferred: BTreeSet<u32>,
    /// The large mail that is on its way.
    alone: Option<u32>,
    /// Whether the connection broke while a mail was on its way.
    broke: bool,
    ended_early: bool,
}

/// A FETCH of small mails under way.
struct Streaming {
    fetching: Fetching,
    expected: BTreeMap<u32, Meta>,
}

impl Source<'_> {
    fn failed(&self, error: &ImapError) -> PollError {
        PollError::folder(Step::Fetch, &self.folder.name, error)
    }
}

/// A poll whose time was up before anything came is no success, however busy the server was.
pub fn not_in_vain(budget: &Budget, folder: &OpenFolder) -> Result<(), PollError> {
    match budget.was_wasted() {
        true => Err(PollError::folder(Step::Fetch, &folder.name, &ImapError::Slow("FETCH"))),
        false => Ok(()),
    }
}

/// Whether the server told another date of the mail with this UID before.
pub fn is_other<B>(meta: &Meta, fetched: &Fetched<B>) -> bool {
    meta.internal_date.is_some() && fetched.internal_date.is_some() && meta.internal_date != fetched.internal_date
}

impl<'a> Messages<'a> {
    /// Nothing is asked for yet.
    pub fn new(window: Window, source: Source<'a>) -> Self {
        // What was asked for in vain before is asked for alone, and last, so that it holds up nothing else.
        let (suspects, others): (Vec<u32>, Vec<u32>) =
            window.unknown.iter().partition(|uid| window.tried.contains_key(uid));
        let others = UidSet::cut(&others, source.session.at_once(AT_ONCE));
        Self {
            source,
            unasked: others.into_iter().chain(UidSet::cut(&suspects, 1)).collect(),
            jobs: VecDeque::new(),
            streaming: None,
            tried: window.tried,
            any_came: false,
            refusals: 0,
            deferred: BTreeSet::new(),
            alone: None,
            broke: false,
            ended_early: false,
        }
    }

    /// Whether the budget ran out before the window's end.
    pub fn ended_early(&self) -> bool {
        self.ended_early
    }

    /// Fetches all of them, batch by batch. What came before an error is handed over first. Ends early when nobody takes the
    /// batches any more.
    pub async fn fetch(&mut self, batches: mpsc::Sender<Vec<Arrived>>) -> Result<(), PollError> {
        loop {
            let mut batch = Vec::new();
            let ended = self.fill(&mut batch, &batches).await;
            if !batch.is_empty() && batches.send(batch).await.is_err() {
                return Ok(()); // why they are not taken is told by whoever took them
            }
            if ended? {
                return Ok(());
            }
        }
    }

    /// Fills a batch. True at the end.
    async fn fill(
        &mut self,
        batch: &mut Vec<Arrived>,
        batches: &mpsc::Sender<Vec<Arrived>>,
    ) -> Result<bool, PollError> {
        let mut bytes = 0;
        while batch.len() < self.source.deps.limits.batch_messages.0 && bytes < self.source.deps.limits.batch_bytes.0 {
            if self.source.budget.is_over() {
                self.ended_early = true;
                return Ok(true);
            }
            let arrived = match self.next_in_time(batch, batches).await {
                None => {
                    self.ended_early = true;
                    return Ok(true);
                }
                Some(Ok(Some(arrived))) => arrived,
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
            if let What::Whole(body) = &arrived.what {
                bytes += body.len() as u64;
                self.source.budget.spend_bytes(body.len());
            }
            batch.push(arrived);
        }
        Ok(false)
    }

    /// The next mail; `None` where it does not come in time. While any session waits for its share of what may be in flight, the batch
    /// goes to be committed as it is: so no two sessions that hold mail wait for each other.
    async fn next_in_time(
        &mut self,
        batch: &mut Vec<Arrived>,
        batches: &mpsc::Sender<Vec<Arrived>>,
    ) -> Option<Result<Option<Arrived>, PollError>> {
        let (budget, in_flight) = (self.source.budget, &self.source.deps.imap.in_flight);
        let mut next = pin!(self.next());
        let mut out_of_patience = pin!(budget.out_of_patience());
        loop {
            tokio::select! {
                next = &mut next => return Some(next),
                () = &mut out_of_patience => return None,
                () = in_flight.wanted(), if !batch.is_empty() => {
                    // That nobody takes it any more shows when the next one is handed over.
                    let _ = batches.send(std::mem::take(batch)).await;
                }
            }
        }
    }

    /// The next mail; `None` at the window's end, or when the budget has run out.
    async fn next(&mut self) -> Result<Option<Arrived>, PollError> {
        loop {
            let arrived = if self.streaming.is_some() {
                self.streamed().await?
            } else if let Some(job) = self.jobs.pop_front() {
                self.ask_for(job).await?
            } else if let Some(set) = self.unasked.pop_front() {
                self.plan(&set).await?
            } else {
                return Ok(None);
            };
            if arrived.is_some() || self.ended_early {
                return Ok(arrived);
            }
        }
    }
}
