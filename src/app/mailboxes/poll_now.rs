//! A poll on demand, and the verification of a mailbox against its ledger.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::address::Address;
use crate::app::Error;
use crate::poll::{Blame, Deps, PollError, Progress, Report, ReportedError, Retry, Step, Tally};
use crate::schedule::{lease, worker};
use crate::store::{Completeness, Mailbox, StoreError};

/// Options of a poll on demand.
pub struct PollNow {
    pub deps: Arc<Deps>,
    /// Time limits.
    pub limits: worker::Limits,
    /// Cancels the poll.
    pub stop: CancellationToken,
    /// Receives the progress.
    pub progress: Arc<Progress>,
}

/// Polls a mailbox at once. Back-off after failures is ignored, but a server's request to wait is not.
pub async fn poll_now(mailbox: &Mailbox, options: PollNow) -> Report {
    let PollNow { deps, limits, stop, progress } = options;
    let not_polled = |blame, message: String, retry| {
        let error = PollError::new(Step::Lease, blame, Retry::Soon, message);
        Report::new(&mailbox.address, &Tally::default(), 0, 0.0, Some(ReportedError::new(&error, retry)))
    };
    let now = deps.clock.now();
    if let Some(until) = mailbox.active_hold(now) {
        return not_polled(Blame::Host, PollError::on_hold(until, now).message, Some(until));
    }
    if mailbox.paused {
        return not_polled(
            Blame::Mailbox,
            format!("it is paused; resume it: mailferry mailbox resume {}", mailbox.address),
            None,
        );
    }
    let taken = match mailbox.address.parse::<Address>() {
        Ok(address) => lease::wait_for(&deps, &address).await,
        Err(error) => Err(StoreError::Unknown(error)),
    };
    match taken {
        Ok(Some(lease)) => worker::poll(lease, &deps, limits, stop, progress).await,
        Ok(None) => not_polled(Blame::Mailbox, "another process is polling it".to_owned(), Some(now)),
        Err(error) => not_polled(Blame::Us, error.to_string(), Some(now)),
    }
}

/// The result of a verification.
pub struct Verified {
    /// The report of the poll that made the comparison.
    pub report: Report,
    pub folders: Vec<VerifiedFolder>,
}

/// The result of a verification for one folder.
pub struct VerifiedFolder {
    /// Completeness of the ledger after the verification.
    pub now: Completeness,
    /// Number of UIDs that were missing from the ledger; the poll requested their mails.
    pub missed: i64,
}

impl Verified {
    /// Whether the ledger explains every UID on the server.
    pub fn is_complete(&self) -> bool {
        self.report.error.is_none() && self.folders.iter().all(VerifiedFolder::is_complete)
    }
}

impl VerifiedFolder {
    fn is_complete(&self) -> bool {
        self.now.unaccounted() == Some(0) && self.now.verified_at.is_some()
    }
}

/// Polls a mailbox and compares every UID on its server with the ledger. Mail missing from the ledger is imported.
///
/// # Errors
/// The database fails.
pub async fn verify(mailbox: &Mailbox, options: PollNow) -> Result<Verified, Error> {
    let store = options.deps.store.clone();
    let before = store.open_cases(mailbox.id).await?.folders;
    store.request_comparison(mailbox.id).await?;
    let report = poll_now(mailbox, options).await;
    let found_before = |name: &str| before.iter().find(|folder| folder.name == name).map_or(0, |it| it.found_late);
    let compared = store.open_cases(mailbox.id).await?.folders.into_iter();
    let folders = compared.map(|now| VerifiedFolder { missed: now.found_late - found_before(&now.name), now });
    Ok(Verified { report, folders: folders.collect() })
}
