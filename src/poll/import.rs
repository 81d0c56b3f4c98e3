//! Commits a batch with its ledger rows, its pending effects and the cursor, in one transaction.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::mpsc;

use super::fetched_mail::{Content, FetchedMail, MAX_ATTEMPTS};
use super::open_folder::OpenFolder;
use super::route::Routes;
use super::search::Window;
use super::{Deps, PollError, Step, Tally};
use crate::clock::Timestamp;
use crate::fact::{DeliveryProblem, FetchFailure, Reason};
use crate::imap::in_flight::Share;
use crate::mail::auto_submitted::{AutoSubmitted, auto_submitted};
use crate::mail::digest::Digest;
use crate::mail::{bounce, parse};
use crate::mailbox::AfterImport;
use crate::store::{Batch, Bounce, Finding, Lease, Mail, Raw, StoreError};

/// The context of an import: the folder that the mails come from, and the routes, the lease and the services to store
/// them.
pub struct Destination<'a> {
    /// The folder that contains the mails.
    pub folder: &'a OpenFolder,
    pub routes: &'a Routes,
    pub lease: &'a Lease,
    pub deps: &'a Deps,
}

/// The import of a window.
pub struct WindowImport<'a> {
    destination: Destination<'a>,
    tally: &'a mut Tally,
    /// UIDs that are not finished. The cursor never passes the first of them.
    unfinished: BTreeSet<u32>,
    /// The cursor once all UIDs of the window are finished.
    cursor_after_window: u32,
}

impl<'a> WindowImport<'a> {
    /// Starts the import of a window. All unknown UIDs start as unfinished.
    pub fn new(window: &Window, destination: Destination<'a>, tally: &'a mut Tally) -> Self {
        let unfinished: BTreeSet<u32> = window.unknown.iter().copied().collect();
        tally.progress.found.fetch_add(unfinished.len() as u64, Ordering::Relaxed);
        Self { destination, tally, unfinished, cursor_after_window: window.cursor_after }
    }

    /// Commits batches as they arrive.
    pub async fn run(&mut self, mut batches: mpsc::Receiver<Vec<FetchedMail>>) -> Result<(), PollError> {
        let failed = |error: StoreError| PollError::store(Step::Import, &error);
        let (lease, deps) = (self.destination.lease, self.destination.deps);
        while let Some(fetched) = batches.recv().await {
            let count = fetched.len() as u64;
            let (batch, shares) = self.classify_batch(fetched);
            let uids: Vec<u32> = batch.findings.iter().map(|(uid, _)| *uid).collect();
            // While this batch is written, the previous one is synced to disk.
            let (imported, durable) =
                tokio::join!(deps.store.import(lease, batch, deps.clock.now()), deps.store.make_durable());
            drop(shares); // the bytes are in the database, or the import has failed
            self.tally.add(imported.map_err(failed)?, count);
            self.tally.imported_uids.extend(uids);
            durable.map_err(failed)?;
        }
        deps.store.make_durable().await.map_err(failed) // the customer's copies may change only after this
    }

    /// Classifies a batch, and computes the cursor after it. The caller keeps the memory shares until the bytes are
    /// committed.
    fn classify_batch(&mut self, fetched: Vec<FetchedMail>) -> (Batch, Vec<Arc<Share>>) {
        let folder = self.destination.folder;
        let mut findings = Vec::with_capacity(fetched.len());
        let mut shares = Vec::new();
        for mail in fetched {
            let uid = mail.uid;
            let (finding, share) = self.destination.classify(mail);
            shares.extend(share);
            if !matches!(finding, Finding::Pending { .. }) {
                self.unfinished.remove(&uid);
            }
            findings.push((uid, finding));
        }
        let top = findings.iter().map(|(uid, _)| *uid).filter(|uid| *uid < folder.uidnext).max().unwrap_or(0);
        let batch = Batch {
            epoch_id: folder.epoch.id,
            folder: folder.name.clone(),
            uidvalidity: folder.epoch.uidvalidity,
            findings,
            cursor: self
                .unfinished
                .first()
                .map_or(self.cursor_after_window, |first| self.cursor_after_window.min(*first)),
            top,
            sender_limit: i64::try_from(self.destination.deps.limits.sender_mails.0).unwrap_or(i64::MAX),
        };
        (batch, shares)
    }
}

impl Destination<'_> {
    fn classify(&self, fetched: FetchedMail) -> (Finding, Option<Arc<Share>>) {
        let mailbox = &self.lease.mailbox;
        let FetchedMail { uid, internal_date, content, attempts } = fetched;
        let (digest, raw, is_certain, share) = match content {
            Content::Whole(body) => {
                let digest = Digest::from_bytes(&body);
                let (bytes, share) = body.into_parts();
                (digest, Raw::Whole(bytes), true, share)
            }
            Content::Downloaded(downloaded) => (downloaded.digest, Raw::Downloaded, downloaded.is_certain, None),
            Content::Missing(why) => return (missing(why, attempts, internal_date), None),
            Content::TooLarge { size, header } => {
                let reason = Reason::TooLarge { size, limit: mailbox.max_size };
                return (Finding::Quarantined { reason, size, internal_date, headers: header }, None);
            }
        };
        let header = parse::header(&digest.header);
        if header.is_exchange_substitute() {
            return (missing(FetchFailure::Substitute, attempts, internal_date), share);
        }
        let mail = Mail {
            bounce: bounce_of(&header, &digest, &raw),
            raw,
            size: digest.size,
            sha256: digest.sha256,
            identity: parse::identity(&digest, &header),
            targets: self.routes.choose(&header),
            message_id: header.message_id,
            from: header.from,
            subject: header.subject,
            internal_date,
            historic: self.is_historic(uid, internal_date),
            // An incomplete download must not change the customer's copy.
            effect: Some(&mailbox.after_import)
                .filter(|action| **action != AfterImport::Leave && is_certain && digest.size > 0)
                .map(ToString::to_string),
        };
        (Finding::Mail(Box::new(mail)), share)
    }

    /// Whether a mail existed before the mailbox was added: the importing system should not answer it like a new mail.
    fn is_historic(&self, uid: u32, internal_date: Option<Timestamp>) -> bool {
        let added_at = self.lease.mailbox.added_at.whole_seconds();
        uid < self.folder.epoch.boundary && internal_date.is_some_and(|at| at < added_at)
    }
}

/// Returns the delivery that a mail reports as failed, if the mail is a bounce.
fn bounce_of(header: &parse::Header, digest: &Digest, raw: &Raw) -> Option<Bounce> {
    let address = bounce::find(header.recipients.iter().flat_map(|(_, addresses)| addresses))?;
    let report = match raw {
        Raw::Whole(bytes) => bounce::failure(bytes, header.from.as_deref())?,
        // A bounce this large contains the whole returned mail, which a notice of a delay does not.
        Raw::Downloaded if auto_submitted(&digest.header) == AutoSubmitted::Bounce => bounce::Report::default(),
        Raw::Downloaded => return None,
    };
    Some(Bounce { address, problem: DeliveryProblem::Returned { status: report.status, words: report.words } })
}

/// Returns the finding for a missing mail: pending, or quarantined after the maximum number of attempts.
fn missing(why: FetchFailure, attempts: i64, internal_date: Option<Timestamp>) -> Finding {
    if attempts + 1 < MAX_ATTEMPTS {
        return Finding::Pending { reason: Reason::Missing { why } };
    }
    let reason = Reason::TooManyAttempts { why, times: MAX_ATTEMPTS };
    Finding::Quarantined { reason, size: 0, internal_date, headers: Vec::new() }
}
