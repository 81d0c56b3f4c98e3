//! READ THIS FIRST. One poll of one mailbox: what happens, in order, one line a step, one file a step.
//!
//! No step calls a later or an earlier one. Trying again is the next poll. Only [`settle`] touches the customer's copy, and
//! only for mail that [`import`] has committed.

pub mod abilities;
mod authenticate;
mod budget;
pub mod check;
mod connect;
mod continuity;
mod credential;
mod diagnosis;
pub(crate) mod digest;
mod download;
pub mod dry_run;
mod error;
mod fetch;
pub mod folders;
pub mod guesses;
mod import;
mod listing;
mod obstacle;
mod pace;
pub(crate) mod parse;
mod record;
mod report;
pub mod retrieve;
mod route;
mod search;
mod select;
mod settle;
mod start;
mod target;
mod visits;

use std::sync::Arc;
use std::time::Duration;

use crate::clock::{Clock, Timestamp};
use crate::config::{self, Deadlines, Limits};
use crate::egress::Egress;
use crate::imap::in_flight::InFlight;
use crate::oauth;
use crate::store::{Lease, Store, StoreError};
use crate::vault::Vault;

pub use budget::Budget;
pub use continuity::MOST_CHANGES;
pub use error::{Blame, PollError, Retry, Step};
use guesses::Asked;
pub use pace::{Arrivals, Pace};
pub use record::{after_an_early_end, failed_outcome};
pub use report::{Progress, Report, ReportedError, Tally};
pub use visits::{VisitThreads, Visits};

/// What a poll works with.
pub struct Deps {
    /// Where everything is kept.
    pub store: Arc<Store>,
    /// The keys to the passwords.
    pub vault: Arc<Vault>,
    /// The way out.
    pub egress: Arc<Egress>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// How long each step may take.
    pub deadlines: Deadlines,
    /// How much a server may send.
    pub limits: Limits,
    /// How much of all servers' mail is held at once.
    pub in_flight: InFlight,
    /// The applications that access tokens are asked for with.
    pub oauth: Arc<config::OAuth>,
    /// Renewals of access tokens under way.
    pub renewals: oauth::Renewals,
    /// How long a lease lasts without a sign of life.
    pub lease: Duration,
    /// Whether logins that servers refuse make the next ones wait. Whoever runs the command line has the key, and is not held back.
    pub counts_guesses: bool,
}

impl Deps {
    /// What tokens are got and kept with.
    pub fn tokens(&self) -> oauth::Deps {
        oauth::Deps {
            store: self.store.clone(),
            vault: self.vault.clone(),
            egress: self.egress.clone(),
            clock: self.clock.clone(),
            deadlines: self.deadlines.clone(),
            config: self.oauth.clone(),
            renewals: self.renewals.clone(),
        }
    }

    /// The same with connections to the database that belong to the runtime which calls this.
    pub async fn for_this_runtime(&self, database_url: &str) -> Result<Self, StoreError> {
        Ok(Self {
            store: self.store.for_this_runtime(database_url).await?,
            vault: self.vault.clone(),
            egress: self.egress.clone(),
            clock: self.clock.clone(),
            deadlines: self.deadlines.clone(),
            limits: self.limits.clone(),
            oauth: self.oauth.clone(),
            renewals: self.renewals.clone(),
            in_flight: self.in_flight.clone(),
            lease: self.lease,
            counts_guesses: self.counts_guesses,
        })
    }

    /// Waits for what must not be cut off, and closes the database.
    pub async fn close(&self) {
        self.renewals.finish().await;
        self.store.close().await;
    }
}

/// Batches that wait to be committed. A commit that takes long, as when SQLite tidies its log, does not stop the fetching.
const BATCHES_AHEAD: usize = 2;

/// One poll of one mailbox. What was done stands in the tally, however the poll ends.
pub async fn poll_mailbox(
    lease: &Lease,
    deps: &Deps,
    budget: &Budget,
    tally: &mut Tally,
    started_at: Timestamp,
) -> Result<(), PollError> {
    let mut credential = credential::ready(&lease.mailbox, deps).await?; // a password, or an access token that lives
    while let Err(error) = visit(&credential, lease, deps, budget, tally).await {
        credential = credential.renewed(error, &lease.mailbox, deps).await?; // a token that died; what is imported stays so
    }
    record::finished(lease, deps, budget, tally, started_at).await
}

async fn visit(
    credential: &credential::Credential,
    lease: &Lease,
    deps: &Deps,
    budget: &Budget,
    tally: &mut Tally,
) -> Result<(), PollError> {
    let connection = connect::at_pace(&lease.mailbox.server, deps, &tally.progress.pace).await?;
    let mut session = authenticate::login(connection, credential, &lease.mailbox, Asked::ByPoll, deps).await?;
    tally.begin_visit();
    let routes = route::Routes::load(&lease.mailbox, deps).await?;
    for folder in select::watched(lease, deps).await? {
        let seen = poll_folder(&mut session, &folder, &routes, lease, deps, budget, tally).await;
        search::doubt(&seen, folder.id, lease, deps).await?; // answers that contradict each other prove nothing
        tally.folder_ended(seen)?; // a folder that is missing does not keep the others waiting
        if tally.ended_early {
            break;
        }
    }
    tally.received(session.received());
    session.logout().await;
    tally.first_folder_error()
}

async fn poll_folder(
    session: &mut crate::imap::Session,
    folder: &crate::store::WatchedFolder,
    routes: &route::Routes,
    lease: &Lease,
    deps: &Deps,
    budget: &Budget,
    tally: &mut Tally,
) -> Result<(), PollError> {
    let mut folder = select::open(session, folder, lease, deps, tally).await?; // decides whether UIDs still mean the same
    start::decide(session, &mut folder, lease, deps, tally).await?; // at the first look
    let mut search = search::Search::new(&folder);
    while let Some(window) = search.next_window(session, &folder, lease, deps, budget).await? {
        let mut progress = import::Progress::new(&window, tally);
        let mut messages = fetch::Messages::new(session, &folder, window, lease, deps, budget);
        // The next mails are fetched while these are committed.
        let (batches, arriving) = tokio::sync::mpsc::channel(BATCHES_AHEAD);
        let (fetched, committed) = tokio::join!(
            messages.fetch(batches),
            import::commit(arriving, &mut progress, &folder, routes, lease, deps, tally),
        );
        committed?;
        fetched?;
        if messages.ended_early() {
            fetch::not_in_vain(budget, &folder)?;
            tally.ended_early = true; // the connection still holds half an answer
            return Ok(());
        }
        settle::pending_effects(session, &folder, lease, deps, tally).await?;
    }
    tally.ended_early |= budget.is_over();
    search.compared(&folder, lease, deps, tally).await?; // nothing on the server that the ledger cannot explain
    // What a crash or a refusal left open; last, so that it never keeps mail from coming in.
    settle::pending_effects(session, &folder, lease, deps, tally).await
}
