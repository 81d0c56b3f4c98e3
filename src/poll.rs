//! READ THIS FIRST. One poll of one mailbox: the steps in order, one line per step, one file per step.
//!
//! ```text
//! credential -> connect -> authenticate              once per poll
//!   select -> start                                  once per folder
//!     search -> fetch | (route) import -> settle     repeated until nothing new is left
//! outcome                                            once per poll
//! ```
//!
//! The steps share a [`Visit`]; no step calls another step. After a failure, the next poll repeats all steps. Only
//! [`settle`] changes the customer's copies, and only those of mail that [`import`] has committed.

mod after_import;
mod authenticate;
mod budget;
pub mod capabilities;
pub mod check;
mod connect;
mod continuity;
mod credential;
mod deps;
mod diagnosis;
pub mod dry_run;
mod error;
mod fetch;
mod fetched_mail;
pub mod folders;
mod import;
mod listing;
pub mod login_attempts;
mod open_folder;
mod outcome;
mod pace;
mod report;
pub mod rescue;
mod route;
mod same_mails;
mod search;
mod select;
mod settle;
mod start;
mod target;
mod visit;
mod visits;

use crate::store::WatchedFolder;

pub use budget::Budget;
pub use continuity::MAX_UIDVALIDITY_CHANGES;
use credential::Credential;
pub use deps::Deps;
pub use error::{Blame, PollError, Retry, Step, is_connection_step};
use login_attempts::LoginTrigger;
use open_folder::OpenFolder;
pub use outcome::{failed_outcome, next_poll_after_early_end};
pub use pace::{Pace, VisitCounts};
pub use report::{Progress, Report, ReportedError, Tally};
use route::Routes;
pub use visit::Poll;
use visit::Visit;
pub use visits::{VisitThreads, Visits};

/// Maximum number of fetched batches that wait to be committed. They let the fetch continue during a slow commit:
/// SQLite sometimes has to copy its write-ahead log into the database first.
const BATCHES_AHEAD: usize = 2;

/// Polls one mailbox once. However the poll ends, the tally holds the work done.
pub async fn poll_mailbox(poll: &mut Poll<'_>) -> Result<(), PollError> {
    let Poll { lease, deps, .. } = *poll;
    // 1. Obtain the password or a valid access token.
    let mut credential = credential::obtain(&lease.mailbox, deps).await?;
    while let Err(error) = visit_mailbox(poll, &credential).await {
        // If the access token has expired, renew it, and visit the mailbox again. Imported mail stays imported.
        credential = credential.renew_after(error, &lease.mailbox, deps).await?;
    }
    // 10. Record the result, and schedule the next poll.
    outcome::record_success(poll).await
}

async fn visit_mailbox(poll: &mut Poll<'_>, credential: &Credential) -> Result<(), PollError> {
    let Poll { lease, deps, budget, ref mut tally, .. } = *poll;
    let mailbox = &lease.mailbox;
    // 2. Connect to the server, normally by TLS. Fails if the server's address already has too many visits.
    let connection = connect::open_paced(&mailbox.server, deps, &tally.progress.pace).await?;
    // 3. Log in.
    let session = authenticate::login(connection, credential, mailbox, LoginTrigger::Schedule, deps).await?;
    tally.begin_visit();
    let routes = Routes::load(mailbox, deps).await?;
    let mut visit = Visit { session, routes, lease, deps, budget, tally };
    for folder in select::watched_folders(lease, deps).await? {
        let result = poll_folder(&mut visit, &folder).await;
        // A folder in which the server's answers contradict each other may have unlisted mail.
        search::record_contradiction(&result, folder.id, lease, deps).await?;
        visit.tally.record_folder_result(result)?; // an error in one folder does not stop the others
        if visit.tally.ended_early {
            break;
        }
    }
    visit.end().await
}

async fn poll_folder(visit: &mut Visit<'_>, folder: &WatchedFolder) -> Result<(), PollError> {
    // 4. Open the folder, and decide whether the UIDs in the ledger still identify the same mails.
    let mut folder = select::open(visit, folder).await?;
    // 5. On the first visit: decide from which date mail is wanted.
    start::decide(visit, &mut folder).await?;
    // 6. Search for UIDs that the ledger does not know.
    let mut search = search::Search::new(&folder);
    while let Some(window) = search.next_window(visit, &folder).await? {
        import_window(visit, &folder, window).await?;
        if visit.tally.ended_early {
            return Ok(()); // the session may be in the middle of a response, so the poll ends here
        }
        // 9. The mails are committed: now change the customer's copies.
        settle::pending_effects(visit, &folder).await?;
    }
    visit.tally.ended_early |= visit.budget.is_over();
    // After a complete search, every UID on the server is in the ledger.
    search.record_comparison(visit, &folder).await?;
    // Settle the effects that are still pending, such as those of an earlier poll if there was no new mail. This comes last,
    // so that it does not delay the search for new mail.
    settle::pending_effects(visit, &folder).await
}

/// Imports the mails of a window: the next batch is fetched while the previous one is committed.
async fn import_window(visit: &mut Visit<'_>, folder: &OpenFolder, window: search::Window) -> Result<(), PollError> {
    let Visit { session, routes, lease, deps, budget, tally } = visit;
    let (fetched_batches, incoming_batches) = tokio::sync::mpsc::channel(BATCHES_AHEAD);
    let mut import = import::WindowImport::new(&window, import::Destination { folder, routes, lease, deps }, tally);
    let mut fetch = fetch::WindowFetch::new(window, fetch::FetchSource { session, folder, lease, deps, budget });
    let (fetched, committed) = tokio::join!(
        // 7. Fetch the bytes, batch by batch.
        fetch.run(fetched_batches),
        // 8. Route each batch, and commit it with its ledger rows, pending effects and the cursor.
        import.run(incoming_batches),
    );
    committed?;
    fetched?;
    if fetch.ended_early() {
        fetch::require_progress(budget, folder)?;
        tally.ended_early = true;
    }
    Ok(())
}
