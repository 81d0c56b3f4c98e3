//! Step 6: the mails of a window come in, in batches that are small enough to commit quickly.

mod plan;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::pin::pin;

use tokio::sync::mpsc;

use plan::Job;

pub use plan::is_too_large;

use super::digest::LONGEST_HEADER;
use super::download::{self, Downloaded};
use super::search::Window;
use super::select::OpenFolder;
use super::{Budget, Deps, PollError, Retry, Step};
use crate::clock::Timestamp;
use crate::imap::{Body, Fetched, Fetching, ImapError, Meta, Session, UidSet};
use crate::store::Lease;

/// A UID with what came of asking for it.
pub struct Arrived {
    /// The UID.
    pub uid: u32,
    /// When the customer's server received it.
    pub internal_date: Option<Timestamp>,
    /// What came.
    pub what: What,
    /// How often it was asked for in vain before.
    pub tried: i64,
}

/// What came of asking for a mail.
pub enum What {
    /// All of it.
    Whole(Body),
    /// All of it, in chunks that are stored already.
    Downloaded(Downloaded),
    /// It is larger than allowed; its header.
    TooLarge { size: u64, header: Vec<u8> },
    /// Nothing, for this reason; it is asked for again, a few times.
    Missing(String),
}

/// UIDs asked about in one question.
const AT_ONCE: usize = 500;
/// So many mails in a row that the server refuses may be bad mails; more are a bad server.
const MOST_REFUSALS: usize = 3;
/// Bytes kept of the header of a mail that is too large.
const HEADER_OF_TOO_LARGE: usize = 256 << 10;

/// The mails of a window on their way.
pub struct Messages<'a> {
    session: &'a mut Session,
    folder: &'a OpenFolder,
    lease: &'a Lease,
    deps: &'a Deps,
    budget: &'a Budget,
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
    pub fn new(
        session: &'a mut Session,
        folder: &'a OpenFolder,
        window: Window,
        lease: &'a Lease,
        deps: &'a Deps,
        budget: &'a Budget,
    ) -> Self {
        // What was asked for in vain before is asked for alone, and last, so that it holds up nothing else.
        let (suspects, others): (Vec<u32>, Vec<u32>) =
            window.unknown.iter().partition(|uid| window.tried.contains_key(uid));
        let unasked =
            UidSet::cut(&others, session.at_once(AT_ONCE)).into_iter().chain(UidSet::cut(&suspects, 1)).collect();
        Self {
            session,
            folder,
            lease,
            deps,
            budget,
            unasked,
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
        while batch.len() < self.deps.limits.batch_messages.0 && bytes < self.deps.limits.batch_bytes.0 {
            if self.budget.is_over() {
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
            self.budget.spend_message();
            if let What::Whole(body) = &arrived.what {
                bytes += body.len() as u64;
                self.budget.spend_bytes(body.len());
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
        let (budget, in_flight) = (self.budget, &self.deps.in_flight);
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

    async fn next(&mut self) -> Result<Option<Arrived>, PollError> {
        loop {
            if let Some(streaming) = &mut self.streaming {
                match streaming.fetching.next(self.session).await {
                    Ok(Some(fetched)) => {
                        // What was not asked for, came already, or is another mail under this UID is not taken (reference
                        // row B8).
                        if streaming.expected.get(&fetched.uid).is_some_and(|meta| is_other(meta, &fetched)) {
                            continue;
                        }
                        if let Some(meta) = streaming.expected.remove(&fetched.uid) {
                            (self.any_came, self.refusals) = (true, 0);
                            streaming.fetching.came(self.session);
                            return Ok(Some(self.arrived(meta, fetched.body)));
                        }
                    }
                    Ok(None) => {
                        let unanswered: Vec<u32> = streaming.expected.keys().copied().collect();
                        self.streaming = None;
                        self.jobs.extend(unanswered.into_iter().map(Job::Missing));
                    }
                    Err(ImapError::Refused { command, text }) => {
                        let refused: Vec<u32> = streaming.expected.keys().copied().collect();
                        self.streaming = None;
                        if let Some(arrived) = self.refused(&refused, ImapError::Refused { command, text })? {
                            return Ok(Some(arrived));
                        }
                    }
                    Err(error) => {
                        self.broke = true; // Dovecot says BYE where it cannot read a mail
                        return Err(self.failed(&error));
                    }
                }
                continue;
            }
            match self.jobs.pop_front() {
                Some(Job::Small(metas)) => self.stream(metas).await?,
                Some(Job::Large(meta)) => {
                    self.alone = Some(meta.uid);
                    let what =
                        download::large(self.session, self.folder, &meta, self.lease, self.deps, self.budget).await;
                    let what = match what {
                        Ok(Some(what)) => what,
                        Ok(None) => {
                            self.ended_early = true; // the budget ran out; the next poll goes on
                            return Ok(None);
                        }
                        Err(download::Failed::Refused(error)) => {
                            self.alone = None;
                            return self.refused(&[meta.uid], error);
                        }
                        Err(download::Failed::Broken(error, got)) => {
                            self.broke = got == download::Got::Nothing;
                            return Err(error);
                        }
                        Err(download::Failed::Stored(error)) => return Err(error),
                    };
                    self.alone = None;
                    (self.any_came, self.refusals) = (true, 0);
                    return Ok(Some(match what {
                        What::Whole(body) => self.arrived(meta, Some(body)),
                        what => self.of(meta.uid, meta.internal_date, what),
                    }));
                }
                Some(Job::TooLarge(meta)) => {
                    // It would only be nice to have: what broke over it once is not asked for again.
                    let mut header = Vec::new();
                    if !self.tried.contains_key(&meta.uid) {
                        match self.session.fetch_header(meta.uid, HEADER_OF_TOO_LARGE).await {
                            Ok(found) => header = found,
                            Err(ImapError::Refused { .. }) => {}
                            Err(error) => {
                                (self.broke, self.alone) = (true, Some(meta.uid));
                                return Err(self.failed(&error));
                            }
                        }
                    }
                    let what = What::TooLarge { size: meta.size.unwrap_or_default(), header };
                    return Ok(Some(self.of(meta.uid, meta.internal_date, what)));
                }
                Some(Job::Missing(uid)) => {
                    let what = What::Missing("the server lists it and does not give it".to_owned());
                    return Ok(Some(self.of(uid, None, what)));
                }
                None => match self.unasked.pop_front() {
                    Some(set) => {
                        if let Some(arrived) = self.plan(&set).await? {
                            return Ok(Some(arrived));
                        }
                    }
                    None => return Ok(None),
                },
            }
        }
    }

    /// A refusal of several mails: each is asked for alone, since it may be about one of them. A refusal of one: that one is
    /// missing, unless the words, and that no other mail has come, say that the server is not well.
    fn refused(&mut self, uids: &[u32], error: ImapError) -> Result<Option<Arrived>, PollError> {
        match uids {
            [uid] => {
                let failure = self.failed(&error);
                self.refusals += 1;
                if self.refusals > MOST_REFUSALS || failure.retry != Retry::Soon {
                    return Err(failure);
                }
                if !self.any_came && failure.is_temporary() {
                    // Whether it is this mail or the server, the others tell.
                    if self.unasked.is_empty() || !self.deferred.insert(*uid) {
                        return Err(failure);
                    }
                    self.unasked.extend(UidSet::cut(&[*uid], 1));
                    return Ok(None);
                }
                Ok(Some(self.of(*uid, None, What::Missing(error.to_string()))))
            }
            several => {
                self.unasked.extend(UidSet::cut(several, 1));
                Ok(None)
            }
        }
    }

    /// The mail that was on its way when the connection broke. If it is what breaks it, it will not do so for ever.
    fn suspect(&self, error: &PollError) -> Option<Arrived> {
        let streamed = self.streaming.as_ref().and_then(|streaming| streaming.expected.keys().next().copied());
        // A session that ends with its access token ends at any mail.
        let uid = streamed.or(self.alone).filter(|_| self.broke && error.retry != Retry::Renew)?;
        Some(self.of(uid, None, What::Missing(format!("while it was fetched: {error}"))))
    }

    fn failed(&self, error: &ImapError) -> PollError {
        PollError::folder(Step::Fetch, &self.folder.name, error)
    }

    fn of(&self, uid: u32, internal_date: Option<Timestamp>, what: What) -> Arrived {
        Arrived { uid, internal_date, what, tried: self.tried.get(&uid).copied().unwrap_or(0) }
    }

    /// Asks for dates and sizes, and plans how to fetch.
    async fn plan(&mut self, set: &UidSet) -> Result<Option<Arrived>, PollError> {
        let mut metas = BTreeMap::new();
        match self.session.fetch_meta(set, &mut metas).await {
            Ok(()) => {}
            Err(error @ ImapError::Refused { .. }) => return self.refused(&set.uids, error),
            Err(error) => {
                // Servers go through a set in its order: the first that was not answered may be what they broke over.
                (self.broke, self.alone) = (true, set.uids.iter().copied().find(|uid| !metas.contains_key(uid)));
                return Err(self.failed(&error));
            }
        }
        self.jobs.extend(plan::jobs(set, metas, self.lease.mailbox.max_size, &self.tried));
        Ok(None)
    }

    async fn stream(&mut self, metas: Vec<Meta>) -> Result<(), PollError> {
        let uids: Vec<u32> = metas.iter().map(|meta| meta.uid).collect();
        let mut sets = UidSet::cut(&uids, AT_ONCE).into_iter();
        let Some(first) = sets.next() else {
            return Ok(());
        };
        let mut metas: BTreeMap<u32, Meta> = metas.into_iter().map(|meta| (meta.uid, meta)).collect();
        let mut of_set = |set: &UidSet| -> Vec<Meta> { set.uids.iter().filter_map(|uid| metas.remove(uid)).collect() };
        let expected = of_set(&first).into_iter().map(|meta| (meta.uid, meta)).collect();
        // Sparse UIDs may need several command lines; the later ones keep their place in front.
        let later: Vec<Job> = sets.map(|set| Job::Small(of_set(&set))).collect();
        for job in later.into_iter().rev() {
            self.jobs.push_front(job);
        }
        let fetching = self.session.fetch_bodies(&first).await.map_err(|error| self.failed(&error))?;
        self.streaming = Some(Streaming { fetching, expected });
        Ok(())
    }

    /// Judges what came. An OK without a body is never a success (iCloud, reference row B1), nor is an empty body where the
    /// server tells a size (Yandex, B5).
    fn arrived(&self, meta: Meta, body: Option<Body>) -> Arrived {
        let what = match body {
            None => What::Missing("the server answers without a body".to_owned()),
            // Only where size and body agree that there is nothing, there is.
            Some(body) if body.is_empty() && meta.size != Some(0) => {
                What::Missing("the server gives an empty body for a mail that should have one".to_owned())
            }
            Some(body) if body.len() as u64 > self.lease.mailbox.max_size => {
                let header = body.get(..body.len().min(LONGEST_HEADER)).unwrap_or_default();
                let header = super::digest::Digest::of(header).header;
                What::TooLarge {
                    size: body.len() as u64,
                    header: header.into_iter().take(HEADER_OF_TOO_LARGE).collect(),
                }
            }
            Some(body) => What::Whole(body),
        };
        self.of(meta.uid, meta.internal_date, what)
    }
}
