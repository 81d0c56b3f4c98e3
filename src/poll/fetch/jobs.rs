//! One question after another: each ends with a mail that came, with one that did not, or with more to ask.

use std::collections::BTreeMap;

use super::large::{self, Failed, Got};
use super::plan::{self, Job};
use super::{AT_ONCE, Messages, Streaming, is_other};
use crate::clock::Timestamp;
use crate::fact::FetchFailure;
use crate::imap::{Body, ImapError, Meta, UidSet};
use crate::mail::digest::{Digest, MAX_HEADER};
use crate::poll::arrived::{Arrived, What};
use crate::poll::{PollError, Retry};

/// So many mails in a row that the server refuses may be bad mails; more are a bad server.
const MOST_REFUSALS: usize = 3;
/// Bytes kept of the header of a mail that is too large.
const HEADER_OF_TOO_LARGE: usize = 256 << 10;

impl Messages<'_> {
    /// Asks for dates and sizes, and plans how to fetch.
    pub(super) async fn plan(&mut self, set: &UidSet) -> Result<Option<Arrived>, PollError> {
        let mut metas = BTreeMap::new();
        match self.source.session.fetch_meta(set, &mut metas).await {
            Ok(()) => {}
            Err(error @ ImapError::Refused { .. }) => return self.refused(&set.uids, error),
            Err(error) => {
                // Servers go through a set in its order: the first that was not answered may be what they broke over.
                (self.broke, self.alone) = (true, set.uids.iter().copied().find(|uid| !metas.contains_key(uid)));
                return Err(self.source.failed(&error));
            }
        }
        self.jobs.extend(plan::jobs(set, metas, self.source.lease.mailbox.max_size, &self.tried));
        Ok(None)
    }

    /// Asks for what a job is about.
    pub(super) async fn ask_for(&mut self, job: Job) -> Result<Option<Arrived>, PollError> {
        match job {
            Job::Small(metas) => self.stream(metas).await.map(|()| None),
            Job::Large(meta) => self.large(meta).await,
            Job::TooLarge(meta) => self.too_large(meta).await.map(Some),
            Job::Missing(uid) => {
                let what = What::Missing(FetchFailure::NotGiven);
                Ok(Some(self.of(uid, None, what)))
            }
        }
    }

    /// Begins to fetch small mails together.
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
        let fetching = self.source.session.fetch_bodies(&first).await.map_err(|error| self.source.failed(&error))?;
        self.streaming = Some(Streaming { fetching, expected });
        Ok(())
    }

    /// The next of the small mails under way.
    pub(super) async fn streamed(&mut self) -> Result<Option<Arrived>, PollError> {
        let Some(streaming) = &mut self.streaming else { return Ok(None) };
        match streaming.fetching.next(self.source.session).await {
            Ok(Some(fetched)) => {
                // What was not asked for, came already, or is another mail under this UID is not taken (reference row B8).
                if streaming.expected.get(&fetched.uid).is_some_and(|meta| is_other(meta, &fetched)) {
                    return Ok(None);
                }
                let Some(meta) = streaming.expected.remove(&fetched.uid) else { return Ok(None) };
                (self.any_came, self.refusals) = (true, 0);
                streaming.fetching.came(self.source.session);
                Ok(Some(self.arrived(meta, fetched.body)))
            }
            Ok(None) => {
                let unanswered: Vec<u32> = streaming.expected.keys().copied().collect();
                self.streaming = None;
                self.jobs.extend(unanswered.into_iter().map(Job::Missing));
                Ok(None)
            }
            Err(error @ ImapError::Refused { .. }) => {
                let refused: Vec<u32> = streaming.expected.keys().copied().collect();
                self.streaming = None;
                self.refused(&refused, error)
            }
            Err(error) => {
                self.broke = true; // Dovecot says BYE where it cannot read a mail
                Err(self.source.failed(&error))
            }
        }
    }

    /// Fetches a large mail alone.
    async fn large(&mut self, meta: Meta) -> Result<Option<Arrived>, PollError> {
        self.alone = Some(meta.uid);
        let what = match large::fetch(&mut self.source, &meta).await {
            Ok(Some(what)) => what,
            Ok(None) => {
                self.ended_early = true; // the budget ran out; the next poll goes on
                return Ok(None);
            }
            Err(Failed::Refused(error)) => {
                self.alone = None;
                return self.refused(&[meta.uid], error);
            }
            Err(Failed::Broken(error, got)) => {
                self.broke = got == Got::Nothing;
                return Err(error);
            }
            Err(Failed::Stored(error)) => return Err(error),
        };
        self.alone = None;
        (self.any_came, self.refusals) = (true, 0);
        Ok(Some(match what {
            What::Whole(body) => self.arrived(meta, Some(body)),
            what => self.of(meta.uid, meta.internal_date, what),
        }))
    }

    /// The header of a mail that is too large. It would only be nice to have: what broke over it once is not asked for again.
    async fn too_large(&mut self, meta: Meta) -> Result<Arrived, PollError> {
        let mut header = Vec::new();
        if !self.tried.contains_key(&meta.uid) {
            match self.source.session.fetch_header(meta.uid, HEADER_OF_TOO_LARGE).await {
                Ok(found) => header = found,
                Err(ImapError::Refused { .. }) => {}
                Err(error) => {
                    (self.broke, self.alone) = (true, Some(meta.uid));
                    return Err(self.source.failed(&error));
                }
            }
        }
        let what = What::TooLarge { size: meta.size.unwrap_or_default(), header };
        Ok(self.of(meta.uid, meta.internal_date, what))
    }

    /// A refusal of several mails: each is asked for alone, since it may be about one of them. A refusal of one: that one is
    /// missing, unless the words, and that no other mail has come, say that the server is not well.
    fn refused(&mut self, uids: &[u32], error: ImapError) -> Result<Option<Arrived>, PollError> {
        match uids {
            [uid] => {
                let failure = self.source.failed(&error);
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
                Ok(Some(self.of(*uid, None, What::Missing(FetchFailure::Refused { words: error.to_string() }))))
            }
            several => {
                self.unasked.extend(UidSet::cut(several, 1));
                Ok(None)
            }
        }
    }

    /// The mail that was on its way when the connection broke. If it is what breaks it, it will not do so for ever.
    pub(super) fn suspect(&self, error: &PollError) -> Option<Arrived> {
        let streamed = self.streaming.as_ref().and_then(|streaming| streaming.expected.keys().next().copied());
        // A session that ends with its access token ends at any mail.
        let uid = streamed.or(self.alone).filter(|_| self.broke && error.retry != Retry::Renew)?;
        Some(self.of(uid, None, What::Missing(FetchFailure::BrokenOff { words: error.to_string() })))
    }

    /// Judges what came. An OK without a body is never a success (iCloud, reference row B1), nor is an empty body where the
    /// server tells a size (Yandex, B5).
    fn arrived(&self, meta: Meta, body: Option<Body>) -> Arrived {
        let what = match body {
            None => What::Missing(FetchFailure::NoBody),
            // Only where size and body agree that there is nothing, there is.
            Some(body) if body.is_empty() && meta.size != Some(0) => What::Missing(FetchFailure::EmptyBody),
            Some(body) if body.len() as u64 > self.source.lease.mailbox.max_size => {
                let header = body.get(..body.len().min(MAX_HEADER)).unwrap_or_default();
                let header = Digest::from_bytes(header).header;
                What::TooLarge {
                    size: body.len() as u64,
                    header: header.into_iter().take(HEADER_OF_TOO_LARGE).collect(),
                }
            }
            Some(body) => What::Whole(body),
        };
        self.of(meta.uid, meta.internal_date, what)
    }

    fn of(&self, uid: u32, internal_date: Option<Timestamp>, what: What) -> Arrived {
        Arrived { uid, internal_date, what, tried: self.tried.get(&uid).copied().unwrap_or(0) }
    }
}
