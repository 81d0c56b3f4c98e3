//! Step 9: a batch is made durable, with the ledger, the pending effects and the cursor, in one transaction.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::digest::Digest;
use super::fetch::{Arrived, What};
use super::route::Routes;
use super::search::Window;
use super::select::OpenFolder;
use super::{Deps, PollError, Step, Tally, parse};
use crate::clock::Timestamp;
use crate::imap::in_flight::Share;
use crate::mailbox::AfterImport;
use crate::store::{Batch, Finding, Lease, Mail, Raw, StoreError};

/// So many polls ask for a mail that does not come; then a person must look at it, and the cursor may pass it.
pub const MOST_TRIES: i64 = 5;

/// Which UIDs of a window are not finished yet: the cursor never passes the first of them.
pub struct Progress {
    unfinished: BTreeSet<u32>,
    after_window: u32,
}

impl Progress {
    /// All unknown UIDs of the window are unfinished.
    pub fn new(window: &Window, tally: &Tally) -> Self {
        let unfinished: BTreeSet<u32> = window.unknown.iter().copied().collect();
        tally.progress.found.fetch_add(unfinished.len() as u64, std::sync::atomic::Ordering::Relaxed);
        Self { unfinished, after_window: window.after }
    }

    fn finish(&mut self, uid: u32) {
        self.unfinished.remove(&uid);
    }

    fn cursor(&self) -> u32 {
        self.unfinished.first().copied().map_or(self.after_window, |first| first.min(self.after_window))
    }
}

/// Commits batches as they arrive.
pub async fn commit(
    mut arriving: mpsc::Receiver<Vec<Arrived>>,
    progress: &mut Progress,
    folder: &OpenFolder,
    routes: &Routes,
    lease: &Lease,
    deps: &Deps,
    tally: &mut Tally,
) -> Result<(), PollError> {
    let failed = |error: StoreError| PollError::store(Step::Import, &error);
    while let Some(arrived) = arriving.recv().await {
        let count = arrived.len() as u64;
        let (batch, shares) = judged(arrived, progress, folder, routes, lease);
        let uids: Vec<u32> = batch.findings.iter().map(|(uid, _)| *uid).collect();
        // While this batch is written, the one before reaches the disk.
        let (imported, durable) =
            tokio::join!(deps.store.import(lease, batch, deps.clock.now()), deps.store.make_durable());
        drop(shares); // the bytes are in the database now, or of no use
        tally.add(imported.map_err(failed)?, count);
        tally.imported_uids.extend(uids);
        durable.map_err(failed)?;
    }
    deps.store.make_durable().await.map_err(failed) // before anything happens to the customer's copies
}

/// Judges a batch, and how far the cursor may move with it. The shares are to be kept until its bytes are committed.
fn judged(
    arrived: Vec<Arrived>,
    progress: &mut Progress,
    folder: &OpenFolder,
    routes: &Routes,
    lease: &Lease,
) -> (Batch, Vec<Arc<Share>>) {
    let mut findings = Vec::with_capacity(arrived.len());
    let mut shares = Vec::new();
    for one in arrived {
        let uid = one.uid;
        let (finding, share) = judge(one, folder, routes, lease);
        shares.extend(share);
        if !matches!(finding, Finding::Pending { .. }) {
            progress.finish(uid);
        }
        findings.push((uid, finding));
    }
    let top = findings.iter().map(|(uid, _)| *uid).filter(|uid| *uid < folder.uidnext).max().unwrap_or(0);
    let batch = Batch {
        epoch_id: folder.epoch.id,
        folder: folder.name.clone(),
        uidvalidity: folder.epoch.uidvalidity,
        findings,
        cursor: progress.cursor(),
        top,
    };
    (batch, shares)
}

fn judge(arrived: Arrived, folder: &OpenFolder, routes: &Routes, lease: &Lease) -> (Finding, Option<Arc<Share>>) {
    let Arrived { uid, internal_date, what, tried } = arrived;
    let (digest, raw, is_certain, share) = match what {
        What::Whole(body) => {
            let digest = Digest::of(&body);
            let (bytes, share) = body.into_parts();
            (digest, Raw::Whole(bytes), true, share)
        }
        What::Downloaded(downloaded) => (downloaded.digest, Raw::Downloaded, downloaded.is_certain, None),
        What::Missing(reason) => return (missing(reason, tried, internal_date), None),
        What::TooLarge { size, header } => {
            let limit = lease.mailbox.max_size;
            let reason = format!("too large: {size} bytes, the limit is {limit}; it stays in the customer's mailbox");
            return (Finding::Quarantined { reason, size, internal_date, headers: header }, None);
        }
    };
    let header = parse::header(&digest.header);
    if header.is_exchange_substitute() {
        let reason = "Exchange gives a substitute and not the mail itself".to_owned();
        return (missing(reason, tried, internal_date), share);
    }
    let mail = Mail {
        raw,
        size: digest.size,
        sha256: digest.sha256,
        identity: parse::identity(&digest, &header),
        targets: routes.choose(&header),
        message_id: header.message_id,
        from: header.from,
        subject: header.subject,
        internal_date,
        historic: is_historic(uid, internal_date, folder, lease.mailbox.added_at),
        // Where it is not certain that all of the mail has come, its copy stays as it is.
        effect: Some(&lease.mailbox.after_import)
            .filter(|wish| **wish != AfterImport::Leave && is_certain && digest.size > 0)
            .map(ToString::to_string),
    };
    (Finding::Mail(Box::new(mail)), share)
}

/// A mail that did not come is asked for again, a few times.
fn missing(reason: String, tried: i64, internal_date: Option<Timestamp>) -> Finding {
    if tried + 1 < MOST_TRIES {
        return Finding::Pending { reason };
    }
    let reason = format!("{reason} (asked for {MOST_TRIES} times); it stays in the customer's mailbox");
    Finding::Quarantined { reason, size: 0, internal_date, headers: Vec::new() }
}

/// From before the mailbox was added, and there at the first look: an inbox should not answer it as if it were new.
fn is_historic(uid: u32, internal_date: Option<Timestamp>, folder: &OpenFolder, added_at: Timestamp) -> bool {
    uid < folder.epoch.boundary && internal_date.is_some_and(|at| at < added_at.whole_seconds())
}
