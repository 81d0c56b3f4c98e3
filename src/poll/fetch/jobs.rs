//! Sends the commands that fetch a window. Each command results in a mail, in a missing mail or in further commands.

use std::collections::BTreeMap;

use super::large::{self, DownloadError, PartialDownload};
use super::plan::{self, Job};
use super::{Streaming, UIDS_PER_COMMAND, WindowFetch, is_different_mail};
use crate::clock::Timestamp;
use crate::fact::FetchFailure;
use crate::imap::{Body, ImapError, Meta, UidSet};
use crate::mail::digest::{Digest, MAX_HEADER};
use crate::poll::fetched_mail::{Content, FetchedMail};
use crate::poll::{PollError, Retry};

/// Maximum number of consecutive refusals that are attributed to single mails. More are attributed to the server.
const MAX_REFUSALS: usize = 3;
/// Maximum number of header bytes kept of a mail that is too large.
const HEADER_OF_TOO_LARGE: usize = 256 << 10;

impl WindowFetch<'_> {
    /// Fetches the dates and sizes of a set, and plans its jobs.
    pub(super) async fn plan(&mut self, set: &UidSet) -> Result<Option<FetchedMail>, PollError> {
        let mut metas = BTreeMap::new();
        match self.source.session.fetch_meta(set, &mut metas).await {
            Ok(()) => {}
            Err(error @ ImapError::Refused { .. }) => return self.refused(&set.uids, error),
            Err(error) => {
                // Servers answer a set in its order, so the first unanswered mail may have broken the connection.
                (self.connection_broke, self.in_transfer) =
                    (true, set.uids.iter().copied().find(|uid| !metas.contains_key(uid)));
                return Err(self.source.failed(&error));
            }
        }
        self.jobs.extend(plan::jobs(set, metas, self.source.lease.mailbox.max_size, &self.attempts));
        Ok(None)
    }

    /// Starts one job. Returns its mail if there is one already.
    pub(super) async fn start_job(&mut self, job: Job) -> Result<Option<FetchedMail>, PollError> {
        match job {
            Job::Small(metas) => self.stream(metas).await.map(|()| None),
            Job::Large(meta) => self.fetch_large(meta).await,
            Job::TooLarge(meta) => self.too_large(meta).await.map(Some),
            Job::Missing(uid) => {
                let content = Content::Missing(FetchFailure::NotGiven);
                Ok(Some(self.mail(uid, None, content)))
            }
        }
    }

    /// Starts the FETCH of several small mails.
    async fn stream(&mut self, metas: Vec<Meta>) -> Result<(), PollError> {
        let uids: Vec<u32> = metas.iter().map(|meta| meta.uid).collect();
        let mut sets = UidSet::split(&uids, UIDS_PER_COMMAND).into_iter();
        let Some(first) = sets.next() else {
            return Ok(());
        };
        let mut metas: BTreeMap<u32, Meta> = metas.into_iter().map(|meta| (meta.uid, meta)).collect();
        let mut metas_of =
            |set: &UidSet| -> Vec<Meta> { set.uids.iter().filter_map(|uid| metas.remove(uid)).collect() };
        let expected = metas_of(&first).into_iter().map(|meta| (meta.uid, meta)).collect();
        // Sparse UIDs may need several command lines; the jobs of the later lines go to the front of `jobs`.
        let later: Vec<Job> = sets.map(|set| Job::Small(metas_of(&set))).collect();
        for job in later.into_iter().rev() {
            self.jobs.push_front(job);
        }
        let fetching = self.source.session.fetch_bodies(&first).await.map_err(|error| self.source.failed(&error))?;
        self.streaming = Some(Streaming { fetching, expected });
        Ok(())
    }

    /// Returns the next mail of the FETCH in progress; `None` if the response is ignored or ends the FETCH, or
    /// if refused mails are requested again.
    pub(super) async fn next_streamed(&mut self) -> Result<Option<FetchedMail>, PollError> {
        let Some(streaming) = &mut self.streaming else { return Ok(None) };
        match streaming.fetching.next(self.source.session).await {
            Ok(Some(fetched)) => {
                // A mail that was not requested, was already received, or differs from the announced one is ignored
                // (reference row B8).
                if streaming.expected.get(&fetched.uid).is_some_and(|meta| is_different_mail(meta, &fetched)) {
                    return Ok(None);
                }
                let Some(meta) = streaming.expected.remove(&fetched.uid) else { return Ok(None) };
                (self.any_arrived, self.refusals) = (true, 0);
                streaming.fetching.restart_deadline(self.source.session);
                Ok(Some(self.classify(meta, fetched.body)))
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
                self.connection_broke = true; // Dovecot sends BYE if it cannot read a mail
                Err(self.source.failed(&error))
            }
        }
    }

    /// Fetches a large mail by itself. Returns `None` if the mail is deferred or the budget has run out.
    async fn fetch_large(&mut self, meta: Meta) -> Result<Option<FetchedMail>, PollError> {
        self.in_transfer = Some(meta.uid);
        let content = match large::fetch(&mut self.source, &meta).await {
            Ok(Some(content)) => content,
            Ok(None) => {
                self.ended_early = true; // the budget ran out; the next poll continues
                return Ok(None);
            }
            Err(DownloadError::Refused(error)) => {
                self.in_transfer = None;
                return self.refused(&[meta.uid], error);
            }
            Err(DownloadError::Broken(error, partial)) => {
                self.connection_broke = partial == PartialDownload::Nothing;
                return Err(error);
            }
            Err(DownloadError::Stored(error)) => return Err(error),
        };
        self.in_transfer = None;
        (self.any_arrived, self.refusals) = (true, 0);
        Ok(Some(match content {
            Content::Whole(body) => self.classify(meta, Some(body)),
            content => self.mail(meta.uid, meta.internal_date, content),
        }))
    }

    /// Fetches the header of a mail that is too large. The header is optional, so it is not fetched if an earlier
    /// attempt failed.
    async fn too_large(&mut self, meta: Meta) -> Result<FetchedMail, PollError> {
        let mut header = Vec::new();
        if !self.attempts.contains_key(&meta.uid) {
            match self.source.session.fetch_header(meta.uid, HEADER_OF_TOO_LARGE).await {
                Ok(found) => header = found,
                Err(ImapError::Refused { .. }) => {}
                Err(error) => {
                    (self.connection_broke, self.in_transfer) = (true, Some(meta.uid));
                    return Err(self.source.failed(&error));
                }
            }
        }
        let content = Content::TooLarge { size: meta.size.unwrap_or_default(), header };
        Ok(self.mail(meta.uid, meta.internal_date, content))
    }

    /// Handles a refusal. A refused set is fetched mail by mail, since the refusal may concern only one of them. A
    /// refused single mail is missing, unless several refusals in a row, a text that asks us to wait, or a temporary refusal
    /// before any mail has arrived show a server failure.
    fn refused(&mut self, uids: &[u32], error: ImapError) -> Result<Option<FetchedMail>, PollError> {
        match uids {
            [uid] => {
                let failure = self.source.failed(&error);
                self.refusals += 1;
                if self.refusals > MAX_REFUSALS || failure.retry != Retry::Soon {
                    return Err(failure);
                }
                if !self.any_arrived && failure.is_temporary() {
                    // The other mails will show whether the mail or the server is at fault.
                    if self.queue.is_empty() || !self.deferred.insert(*uid) {
                        return Err(failure);
                    }
                    self.queue.extend(UidSet::split(&[*uid], 1));
                    return Ok(None);
                }
                Ok(Some(self.mail(*uid, None, Content::Missing(FetchFailure::Refused { words: error.to_string() }))))
            }
            several => {
                self.queue.extend(UidSet::split(several, 1));
                Ok(None)
            }
        }
    }

    /// Returns the mail that was in transfer when the connection broke, as a missing mail. Counting the attempt limits
    /// how often this mail can break the connection.
    pub(super) fn suspect(&self, error: &PollError) -> Option<FetchedMail> {
        let streamed = self.streaming.as_ref().and_then(|streaming| streaming.expected.keys().next().copied());
        // A session that ends because its access token expired says nothing about the mail.
        let uid = streamed.or(self.in_transfer).filter(|_| self.connection_broke && error.retry != Retry::Renew)?;
        Some(self.mail(uid, None, Content::Missing(FetchFailure::BrokenOff { words: error.to_string() })))
    }

    /// Classifies a received body. An OK without a body is never a success (iCloud, reference row B1), nor is an empty
    /// body unless the server announced the size 0 (Yandex, B5).
    fn classify(&self, meta: Meta, body: Option<Body>) -> FetchedMail {
        let content = match body {
            None => Content::Missing(FetchFailure::NoBody),
            // A mail is empty only if size and body agree.
            Some(body) if body.is_empty() && meta.size != Some(0) => Content::Missing(FetchFailure::EmptyBody),
            Some(body) if body.len() as u64 > self.source.lease.mailbox.max_size => {
                let header = body.get(..body.len().min(MAX_HEADER)).unwrap_or_default();
                let header = Digest::from_bytes(header).header;
                Content::TooLarge {
                    size: body.len() as u64,
                    header: header.into_iter().take(HEADER_OF_TOO_LARGE).collect(),
                }
            }
            Some(body) => Content::Whole(body),
        };
        self.mail(meta.uid, meta.internal_date, content)
    }

    fn mail(&self, uid: u32, internal_date: Option<Timestamp>, content: Content) -> FetchedMail {
        FetchedMail { uid, internal_date, content, attempts: self.attempts.get(&uid).copied().unwrap_or(0) }
    }
}
