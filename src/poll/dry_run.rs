//! The dry run: the mails that a poll would import now, their inboxes and the reasons. It imports nothing and changes
//! nothing: on the server, it uses EXAMINE and fetches headers by BODY.PEEK; in the database, it does not even take a lease.
//!
//! A dry run decides with the same functions as a poll: [`select`] for the validity of UIDs, `start` for the date limit,
//! `search` for new UIDs, [`Routes`] for the inboxes. Only fetching a mail would show whether it arrives and whether it is a
//! duplicate, so mails that failed before are undecided, and duplicates are guessed by Message-ID and sender.

mod duplicates;
mod judge;
mod limits;
mod report;
mod tally;
mod wanted_uids;

use std::time::Duration;

use tokio::time::timeout_at;

use super::credential::{self, Credential};
use super::login_attempts::LoginTrigger;
use super::route::Routes;
use super::{Blame, Deps, PollError, Retry, Step, after_import, authenticate, capabilities, connect, select, target};
use crate::fact::{Notice, Obstacle};
use crate::imap::Session;
use crate::mailbox::AfterImport;
use crate::store::{Mailbox, WatchedFolder};

pub use limits::TIME_LIMIT;
pub use report::{Counts, DryRun, FolderDryRun, ListedMail, Target, Verdict};

use duplicates::Duplicates;
use limits::DryRunLimits;
use tally::{DryRunTally, FolderTally};

/// Reports, within a time limit, what a poll would do now. The mailbox may be paused, but must not be on hold, since
/// then its server has asked us to wait. A mailbox in setup is treated as if it were started now.
pub async fn dry_run(mailbox: &Mailbox, deps: &Deps, within: Duration) -> Result<DryRun, PollError> {
    let now = deps.clock.now();
    let added_at = if mailbox.setup { now } else { mailbox.added_at };
    let mailbox = &Mailbox { added_at, ..mailbox.clone() };
    let limits = DryRunLimits::within(within);
    let mut tally = None;
    let work = async {
        let mut credential = credential::obtain(mailbox, deps).await?;
        while let Err(error) = visit(&credential, mailbox, deps, limits, &mut tally).await {
            credential = credential.renew_after(error, mailbox, deps).await?; // the next visit finds everything again
        }
        Ok(())
    };
    let ended = timeout_at(limits.until, work).await;
    match (ended, tally) {
        (Ok(Err(error)), _) => Err(error),
        (_, Some(tally)) => Ok(tally.into_report()),
        (_, None) => Err(PollError::slow("the dry run")),
    }
}

async fn visit(
    credential: &Credential,
    mailbox: &Mailbox,
    deps: &Deps,
    limits: DryRunLimits,
    tally: &mut Option<DryRunTally>,
) -> Result<(), PollError> {
    let connection = connect::open(&mailbox.server, deps).await?;
    let session = authenticate::login(connection, credential, mailbox, LoginTrigger::Person, deps).await?;
    let routes = Routes::load(mailbox, deps).await?;
    let mut visit = DryRunVisit { session, routes, mailbox, deps, limits, duplicates: Duplicates::default() };
    let folders = visit.folders().await?;
    let tally = tally.insert(DryRunTally::new(&folders));
    let into_itself = visit.polled_target().await?;
    let mut broken: Option<PollError> = None;
    for (folder, tally) in folders.iter().zip(&mut tally.folders) {
        if let Some(error) = &broken {
            tally.report.problem = Some(error.clone()); // after a server failure, other folders are not tried
            continue;
        }
        match visit.predict_folder(folder, tally).await {
            Ok(()) => {
                let into_itself = into_itself.as_ref().filter(|(name, _)| *name == folder.name);
                tally.report.note = into_itself
                    .map(|(_, why)| Notice::EffectsImpossible { why: why.clone() })
                    .or(tally.report.note.take());
            }
            Err(error) if error.retry == Retry::Renew => return Err(error),
            // One unusable folder does not stop the others.
            Err(error) => {
                broken = Some(error.clone()).filter(|error| error.blame > Blame::Folder);
                tally.report.problem = Some(error);
            }
        }
    }
    visit.session.logout().await;
    Ok(())
}

/// The connected part of a dry run, like a poll's `Visit`.
struct DryRunVisit<'a> {
    session: Session,
    routes: Routes,
    mailbox: &'a Mailbox,
    deps: &'a Deps,
    limits: DryRunLimits,
    duplicates: Duplicates,
}

impl DryRunVisit<'_> {
    /// Returns the folders in the order of a poll. A folder without a row in the database has no ledger yet.
    async fn folders(&self) -> Result<Vec<WatchedFolder>, PollError> {
        let watched = self.deps.store.watched_folders(self.mailbox.id).await;
        let mut folders = watched.map_err(|error| PollError::store(Step::Select, &error))?;
        folders.retain(|folder| self.mailbox.folders.contains(&folder.name));
        for name in &self.mailbox.folders {
            if !folders.iter().any(|folder| folder.name == *name) {
                folders.push(WatchedFolder::not_stored(name));
            }
        }
        Ok(folders)
    }

    /// Returns the polled folder that is also the target of a move, possibly under another name, with the obstacle.
    async fn polled_target(&mut self) -> Result<Option<(String, Obstacle)>, PollError> {
        let Ok(AfterImport::Move(to)) =
            capabilities::resolve_action(&mut self.session, &self.mailbox.after_import).await?
        else {
            return Ok(None);
        };
        let polled = target::polled_as(&mut self.session, &to, &self.mailbox.folders).await?;
        Ok(polled.map(|name| (name.clone(), after_import::target_is_polled(&to, &name))))
    }

    /// Counts the verdicts of the folder's mails in `tally`. Stops at the limits of the dry run.
    async fn predict_folder(&mut self, folder: &WatchedFolder, tally: &mut FolderTally) -> Result<(), PollError> {
        if self.limits.time_is_up() {
            return Ok(());
        }
        let (mut folder, note) = select::open_for_dry_run(&mut self.session, folder, self.mailbox, self.deps).await?;
        tally.opened(folder.selected.exists, note);
        let wanted = self.find_wanted(&mut folder, tally).await?;
        let importable = self.judge_all(&folder, &wanted, tally).await?;
        let duplicates_found = self.duplicates.find_in(&importable, folder.epoch.id, self.deps).await?;
        tally.record_targets(&importable, &duplicates_found);
        Ok(())
    }
}
