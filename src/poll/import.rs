//! A batch is made durable, with the ledger, the pending effects and the cursor, in one transaction.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::mpsc;

use super::arrived::{Arrived, MOST_TRIES, What};
use super::open_folder::OpenFolder;
use super::route::Routes;
use super::search::Window;
use super::{Deps, PollError, Step, Tally};
use crate::clock::Timestamp;
use crate::fact::{FetchFailure, Reason};
use crate::imap::in_flight::Share;
use crate::mail::digest::Digest;
use crate::mail::parse;
use crate::mailbox::AfterImport;
use crate::store::{Batch, Finding, Lease, Mail, Raw, StoreError};

/// What is written down with a mail, and by whose right.
pub struct Destination<'a> {
    /// The folder that it came from.
    pub folder: &'a OpenFolder,
    pub routes: &'a Routes,
    pub lease: &'a Lease,
    pub deps: &'a Deps,
}

/// The import of a window.
pub struct Importing<'a> {
    to: Destination<'a>,
    tally: &'a mut Tally,
    /// UIDs that are not finished yet: the cursor never passes the first of them.
    unfinished: BTreeSet<u32>,
    /// Where the cursor may stand once all are.
    after_window: u32,
}

impl<'a> Importing<'a> {
    /// All unknown UIDs of the window are unfinished.
    pub fn new(window: &Window, to: Destination<'a>, tally: &'a mut Tally) -> Self {
        let unfinished: BTreeSet<u32> = window.unknown.iter().copied().collect();
        tally.progress.found.fetch_add(unfinished.len() as u64, Ordering::Relaxed);
        Self { to, tally, unfinished, after_window: window.after }
    }

    /// Commits batches as they arrive.
    pub async fn commit(&mut self, mut arriving: mpsc::Receiver<Vec<Arrived>>) -> Result<(), PollError> {
        let failed = |error: StoreError| PollError::store(Step::Import, &error);
        let (lease, deps) = (self.to.lease, self.to.deps);
        while let Some(arrived) = arriving.recv().await {
            let count = arrived.len() as u64;
            let (batch, shares) = self.judged(arrived);
            let uids: Vec<u32> = batch.findings.iter().map(|(uid, _)| *uid).collect();
            // While this batch is written, the one before reaches the disk.
            let (imported, durable) =
                tokio::join!(deps.store.import(lease, batch, deps.clock.now()), deps.store.make_durable());
            drop(shares); // the bytes are in the database now, or of no use
            self.tally.add(imported.map_err(failed)?, count);
            self.tally.imported_uids.extend(uids);
            durable.map_err(failed)?;
        }
        deps.store.make_durable().await.map_err(failed) // before anything happens to the customer's copies
    }

    /// Judges a batch, and how far the cursor may move with it. The shares are to be kept until its bytes are committed.
    fn judged(&mut self, arrived: Vec<Arrived>) -> (Batch, Vec<Arc<Share>>) {
        let folder = self.to.folder;
        let mut findings = Vec::with_capacity(arrived.len());
        let mut shares = Vec::new();
        for one in arrived {
            let uid = one.uid;
            let (finding, share) = self.to.judge(one);
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
            cursor: self.unfinished.first().map_or(self.after_window, |first| self.after_window.min(*first)),
            top,
        };
        (batch, shares)
    }
}

impl Destination<'_> {
    fn judge(&self, arrived: Arrived) -> (Finding, Option<Arc<Share>>) {
        let mailbox = &self.lease.mailbox;
        let Arrived { uid, internal_date, what, tried } = arrived;
        let (digest, raw, is_certain, share) = match what {
            What::Whole(body) => {
                let digest = Digest::from_bytes(&body);
                let (bytes, share) = body.into_parts();
                (digest, Raw::Whole(bytes), true, share)
            }
            What::Downloaded(downloaded) => (downloaded.digest, Raw::Downloaded, downloaded.is_certain, None),
            What::Missing(why) => return (missing(why, tried, internal_date), None),
            What::TooLarge { size, header } => {
                let reason = Reason::TooLarge { size, limit: mailbox.max_size };
                return (Finding::Quarantined { reason, size, internal_date, headers: header }, None);
            }
        };
        let header = parse::header(&digest.header);
        if header.is_exchange_substitute() {
            return (missing(FetchFailure::Substitute, tried, internal_date), share);
        }
        let mail = Mail {
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
            // Where it is not certain that all of the mail has come, its copy stays as it is.
            effect: Some(&mailbox.after_import)
                .filter(|wish| **wish != AfterImport::Leave && is_certain && digest.size > 0)
                .map(ToString::to_string),
        };
        (Finding::Mail(Box::new(mail)), share)
    }

    /// From before the mailbox was added, and there at the first look: an inbox should not answer it as if it were new.
    fn is_historic(&self, uid: u32, internal_date: Option<Timestamp>) -> bool {
        let added_at = self.lease.mailbox.added_at.whole_seconds();
        uid < self.folder.epoch.boundary && internal_date.is_some_and(|at| at < added_at)
    }
}

/// A mail that did not come is asked for again, a few times.
fn missing(why: FetchFailure, tried: i64, internal_date: Option<Timestamp>) -> Finding {
    if tried + 1 < MOST_TRIES {
        return Finding::Pending { reason: Reason::Missing { why } };
    }
    let reason = Reason::TooManyAttempts { why, times: MOST_TRIES };
    Finding::Quarantined { reason, size: 0, internal_date, headers: Vec::new() }
}
