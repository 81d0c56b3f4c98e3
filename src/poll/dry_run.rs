//! The dry run: what a poll would import now, where it would go and why. Nothing is imported and nothing changed, neither on the
//! server (EXAMINE, and BODY.PEEK of headers) nor in the database, where not even a lease is taken.
//!
//! What a poll decides by is asked here too, by the same functions: [`select`] for what the UIDs mean, `start` for what is too
//! old, `search` for what is new, [`Routes`] for where it goes. Whether each mail comes, and whether it is here already, only the
//! mails themselves tell: where there is a sign that one does not come it is undecided, and what is here already is guessed by
//! Message-ID and sender.

mod duplicates;
mod judge;
mod limits;
mod report;
mod tally;
mod wanted_uids;

use std::time::Duration;

use tokio::time::timeout_at;

use super::credential::{self, Credential};
use super::guesses::LoginTrigger;
use super::route::Routes;
use super::{Blame, Deps, PollError, Retry, Step, after_import, authenticate, capabilities, connect, select, target};
use crate::fact::{Notice, Obstacle};
use crate::imap::Session;
use crate::mailbox::AfterImport;
use crate::store::{Mailbox, WatchedFolder};

pub use limits::WITHIN;
pub use report::{Counts, DryRun, FolderDryRun, Line, Target, Verdict};

use duplicates::Duplicates;
use limits::Limits;
use tally::{FolderTally, Tally};

/// Tells, within this time, what a poll would do now. The mailbox may be paused, but not on hold: its server asked for peace. One
/// that is being set up is looked at as if it were started now.
pub async fn dry_run(mailbox: &Mailbox, deps: &Deps, within: Duration) -> Result<DryRun, PollError> {
    let now = deps.clock.now();
    let added_at = if mailbox.setup { now } else { mailbox.added_at };
    let mailbox = &Mailbox { added_at, ..mailbox.clone() };
    let limits = Limits::within(within);
    let mut tally = None;
    let looking = async {
        let mut credential = credential::ready(mailbox, deps).await?;
        while let Err(error) = visit(&credential, mailbox, deps, limits, &mut tally).await {
            credential = credential.renewed(error, mailbox, deps).await?; // what was found so far is found again
        }
        Ok(())
    };
    let ended = timeout_at(limits.until, looking).await;
    match (ended, tally) {
        (Ok(Err(error)), _) => Err(error),
        (_, Some(tally)) => Ok(tally.finished()),
        (_, None) => Err(PollError::slow("the dry run")),
    }
}

async fn visit(
    credential: &Credential,
    mailbox: &Mailbox,
    deps: &Deps,
    limits: Limits,
    tally: &mut Option<Tally>,
) -> Result<(), PollError> {
    let connection = connect::open(&mailbox.server, deps).await?;
    let session = authenticate::login(connection, credential, mailbox, LoginTrigger::ByPerson, deps).await?;
    let routes = Routes::load(mailbox, deps).await?;
    let mut look = Look { session, routes, mailbox, deps, limits, duplicates: Duplicates::default() };
    let folders = look.folders().await?;
    let tally = tally.insert(Tally::of(&folders));
    let into_itself = look.polled_target().await?;
    let mut broken: Option<PollError> = None;
    for (folder, tally) in folders.iter().zip(&mut tally.folders) {
        if let Some(error) = &broken {
            tally.report.problem = Some(error.clone()); // where the server is not well, it is asked for no other folder
            continue;
        }
        match look.at(folder, tally).await {
            Ok(()) => {
                let into_itself = into_itself.as_ref().filter(|(name, _)| *name == folder.name);
                tally.report.note = into_itself
                    .map(|(_, why)| Notice::EffectsImpossible { why: why.clone() })
                    .or(tally.report.note.take());
            }
            Err(error) if error.retry == Retry::Renew => return Err(error),
            // A folder that is missing does not keep the others waiting.
            Err(error) => {
                broken = Some(error.clone()).filter(|error| error.blame > Blame::Folder);
                tally.report.problem = Some(error);
            }
        }
    }
    look.session.logout().await;
    Ok(())
}

/// One look at a mailbox, handed from step to step as a poll's `Visit` is.
struct Look<'a> {
    session: Session,
    routes: Routes,
    mailbox: &'a Mailbox,
    deps: &'a Deps,
    limits: Limits,
    duplicates: Duplicates,
}

impl Look<'_> {
    /// The folders in the order of a poll; of one that has no row yet, nothing is known.
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

    /// The polled folder that mail would be moved to, under whatever name, with why that cannot be.
    async fn polled_target(&mut self) -> Result<Option<(String, Obstacle)>, PollError> {
        let Ok(AfterImport::Move(to)) = capabilities::way(&mut self.session, &self.mailbox.after_import).await? else {
            return Ok(None);
        };
        let polled = target::polled_as(&mut self.session, &to, &self.mailbox.folders).await?;
        Ok(polled.map(|name| (name.clone(), after_import::into_itself(&to, &name))))
    }

    async fn at(&mut self, folder: &WatchedFolder, tally: &mut FolderTally) -> Result<(), PollError> {
        if self.limits.time_is_up() {
            return Ok(());
        }
        let (mut folder, note) = select::open_unwritten(&mut self.session, folder, self.mailbox, self.deps).await?;
        tally.opened(folder.selected.exists, note);
        let wanted = self.wanted(&mut folder, tally).await?;
        let importable = self.judged(&folder, &wanted, tally).await?;
        let here = self.duplicates.among(&importable, folder.epoch.id, self.deps).await?;
        tally.routed(&importable, &here);
        Ok(())
    }
}
