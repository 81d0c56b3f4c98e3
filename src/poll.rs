//! READ THIS FIRST. One poll of one mailbox: what happens, in order, one line a step, one file a step.
//!
//! ```text
//! credential -> connect -> authenticate                  once in a poll
//!   select -> start                                      once for each folder
//!     search -> fetch | (route) import -> settle         over and over, until nothing new is left
//! outcome                                                once in a poll
//! ```
//!
//! No step calls a later or an earlier one. Trying again is the next poll. Only [`settle`] touches the customer's copy, and
//! only for mail that [`import`] has committed. [`Visit`] is what they hand on.

mod after_import;
mod arrived;
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
pub mod folders;
pub mod guesses;
mod import;
mod listing;
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
pub use continuity::MOST_CHANGES;
use credential::Credential;
pub use deps::Deps;
pub use error::{Blame, PollError, Retry, Step, is_the_way};
use guesses::LoginTrigger;
use open_folder::OpenFolder;
pub use outcome::{after_an_early_end, failed_outcome};
pub use pace::{Arrivals, Pace};
pub use report::{Progress, Report, ReportedError, Tally};
use route::Routes;
pub use visit::Poll;
use visit::Visit;
pub use visits::{VisitThreads, Visits};

/// Batches that wait to be committed. A commit that takes long, as when SQLite tidies its log, does not stop the fetching.
const BATCHES_AHEAD: usize = 2;

/// One poll of one mailbox. What was done stands in the tally, however the poll ends.
pub async fn poll_mailbox(poll: &mut Poll<'_>) -> Result<(), PollError> {
    let Poll { lease, deps, .. } = *poll;
    // 1. A password, or an access token that lives.
    let mut credential = credential::ready(&lease.mailbox, deps).await?;
    while let Err(error) = visit_mailbox(poll, &credential).await {
        credential = credential.renewed(error, &lease.mailbox, deps).await?; // a token that died; what is imported stays so
    }
    // 10. When to look again.
    outcome::finished(poll).await
}

async fn visit_mailbox(poll: &mut Poll<'_>, credential: &Credential) -> Result<(), PollError> {
    let Poll { lease, deps, budget, ref mut tally, .. } = *poll;
    let mailbox = &lease.mailbox;
    // 2. A protected connection, where there is room at the server's address.
    let connection = connect::at_pace(&mailbox.server, deps, &tally.progress.pace).await?;
    // 3. The login.
    let session = authenticate::login(connection, credential, mailbox, LoginTrigger::ByPoll, deps).await?;
    tally.begin_visit();
    let routes = Routes::load(mailbox, deps).await?;
    let mut visit = Visit { session, routes, lease, deps, budget, tally };
    for folder in select::watched(lease, deps).await? {
        let ended = poll_folder(&mut visit, &folder).await;
        search::doubt(&ended, folder.id, lease, deps).await?; // answers that contradict each other prove nothing
        visit.tally.folder_ended(ended)?; // a folder that is missing does not keep the others waiting
        if visit.tally.ended_early {
            break;
        }
    }
    visit.end().await
}

async fn poll_folder(visit: &mut Visit<'_>, folder: &WatchedFolder) -> Result<(), PollError> {
    // 4. The folder is opened, and it is decided whether our UIDs still mean anything there.
    let mut folder = select::open(visit, folder).await?;
    // 5. At the first look: from when on is its mail wanted?
    start::decide(visit, &mut folder).await?;
    // 6. Which UIDs does the ledger not know?
    let mut search = search::Search::new(&folder);
    while let Some(window) = search.next_window(visit, &folder).await? {
        bring_in(visit, &folder, window).await?;
        if visit.tally.ended_early {
            return Ok(()); // the connection still holds half an answer
        }
        // 9. Only now may the customer's copy change.
        settle::pending_effects(visit, &folder).await?;
    }
    visit.tally.ended_early |= visit.budget.is_over();
    search.compared(visit, &folder).await?; // nothing on the server that the ledger cannot explain
    // What a crash or a refusal left open; last, so that it never keeps mail from coming in.
    settle::pending_effects(visit, &folder).await
}

/// Brings in the mails of a window: the next ones are fetched while these are committed.
async fn bring_in(visit: &mut Visit<'_>, folder: &OpenFolder, window: search::Window) -> Result<(), PollError> {
    let Visit { session, routes, lease, deps, budget, tally } = visit;
    let (batches, arriving) = tokio::sync::mpsc::channel(BATCHES_AHEAD);
    let mut importing = import::Importing::new(&window, import::Destination { folder, routes, lease, deps }, tally);
    let mut messages = fetch::Messages::new(window, fetch::Source { session, folder, lease, deps, budget });
    let (fetched, committed) = tokio::join!(
        // 7. The bytes come in, batch by batch.
        messages.fetch(batches),
        // 8. Each batch is routed and made durable, with the ledger, the pending effects and the cursor.
        importing.commit(arriving),
    );
    committed?;
    fetched?;
    if messages.ended_early() {
        fetch::not_in_vain(budget, folder)?;
        tally.ended_early = true;
    }
    Ok(())
}
