//! The dry run: what a poll would import now, where it would go and why. Nothing is imported and nothing changed, neither on the
//! server (EXAMINE, and BODY.PEEK of headers) nor in the database, where not even a lease is taken.
//!
//! What a poll decides by is asked here too, by the same functions: [`select`] for what the UIDs mean, `start` for what is too
//! old, `search` for what is new, [`Routes`] for where it goes. Whether each mail comes, and whether it is here already, only the
//! mails themselves tell: where there is a sign that one does not come it is undecided, and what is here already is guessed by
//! Message-ID and sender.

mod bounds;
mod copies;
mod found;
mod mails;
mod told;

use std::time::Duration;

use tokio::time::timeout_at;

use super::guesses::Asked;
use super::route::Routes;
use super::{Blame, Deps, PollError, Retry, Step, authenticate, connect, credential, obstacle, select, settle, target};
use crate::imap::Session;
use crate::mailbox::AfterImport;
use crate::store::{Mailbox, WatchedFolder};

pub use bounds::WITHIN;
pub use told::{Counts, DryRun, FolderDryRun, Line, Target, Verdict};

use bounds::Bounds;
use copies::Copies;

/// Tells, within this time, what a poll would do now. The mailbox may be paused, but not on hold: its server asked for peace. One
/// that is being set up is looked at as if it were started now.
pub async fn dry_run(mailbox: &Mailbox, deps: &Deps, within: Duration) -> Result<DryRun, PollError> {
    let now = deps.clock.now();
    if let Some(until) = mailbox.held_until(now) {
        return Err(PollError::held(until, now));
    }
    let added_at = if mailbox.setup { now } else { mailbox.added_at };
    let mailbox = &Mailbox { added_at, ..mailbox.clone() };
    let bounds = Bounds::within(within);
    let mut told = None;
    let looking = async {
        let mut credential = credential::ready(mailbox, deps).await?;
        while let Err(error) = visit(&credential, mailbox, deps, bounds, &mut told).await {
            credential = credential.renewed(error, mailbox, deps).await?; // what was found so far is found again
        }
        Ok(())
    };
    let ended = timeout_at(bounds.until, looking).await;
    match (ended, told) {
        (Ok(Err(error)), _) => Err(error),
        (_, Some(told)) => Ok(told.finished()),
        (_, None) => Err(PollError::slow("the dry run")),
    }
}

async fn visit(
    credential: &credential::Credential,
    mailbox: &Mailbox,
    deps: &Deps,
    mut bounds: Bounds,
    told: &mut Option<DryRun>,
) -> Result<(), PollError> {
    let connection = connect::open(&mailbox.server, deps).await?;
    let mut session = authenticate::login(connection, credential, mailbox, Asked::ByPerson, deps).await?;
    let look = Look { mailbox, routes: Routes::load(mailbox, deps).await?, deps };
    let folders = look.folders().await?;
    let told = told.insert(DryRun::of(&folders));
    let into_itself = look.polled_target(&mut session).await?;
    let mut copies = Copies::default();
    let mut broken: Option<PollError> = None;
    for (folder, told) in folders.iter().zip(&mut told.folders) {
        if let Some(error) = &broken {
            told.problem = Some(error.clone()); // where the server is not well, it is asked for no other folder
            continue;
        }
        match look.at(folder, &mut session, &mut bounds, &mut copies, told).await {
            Ok(()) => {
                told.note = into_itself
                    .as_ref()
                    .filter(|(name, _)| *name == folder.name)
                    .map(|(_, why)| why.clone())
                    .or(told.note.take())
            }
            Err(error) if error.retry == Retry::Renew => return Err(error),
            // A folder that is missing does not keep the others waiting.
            Err(error) => {
                broken = Some(error.clone()).filter(|error| error.blame > Blame::Folder);
                told.problem = Some(error);
            }
        }
    }
    session.logout().await;
    Ok(())
}

/// What is looked with.
struct Look<'a> {
    mailbox: &'a Mailbox,
    routes: Routes,
    deps: &'a Deps,
}

impl Look<'_> {
    /// The folders in the order of a poll; of one that has no row yet, nothing is known.
    async fn folders(&self) -> Result<Vec<WatchedFolder>, PollError> {
        let watched = self.deps.store.watched_folders(self.mailbox.id).await;
        let mut folders = watched.map_err(|error| PollError::store(Step::Select, &error))?;
        folders.retain(|folder| self.mailbox.folders.contains(&folder.name));
        for name in &self.mailbox.folders {
            if !folders.iter().any(|folder| folder.name == *name) {
                folders.push(WatchedFolder::unwritten(name));
            }
        }
        Ok(folders)
    }

    /// The polled folder that mail would be moved to, under whatever name, with why that cannot be.
    async fn polled_target(&self, session: &mut Session) -> Result<Option<(String, String)>, PollError> {
        let Ok(AfterImport::Move(to)) = settle::way(session, &self.mailbox.after_import).await? else {
            return Ok(None);
        };
        let polled = target::polled_as(session, &to, &self.mailbox.folders).await?;
        Ok(polled.map(|name| (name.clone(), obstacle::into_itself(&to, &name))))
    }

    async fn at(
        &self,
        folder: &WatchedFolder,
        session: &mut Session,
        bounds: &mut Bounds,
        copies: &mut Copies,
        told: &mut FolderDryRun,
    ) -> Result<(), PollError> {
        if bounds.time_is_up() {
            return Ok(());
        }
        let (mut folder, note) = select::open_unwritten(session, folder, self.mailbox, self.deps).await?;
        told.opened(&folder, note);
        let wanted = self.wanted(session, &mut folder, bounds, told).await?;
        let importable = self.mails(session, &folder, &wanted, bounds, told).await?;
        let here = copies.among(&importable, folder.epoch.id, self.deps).await?;
        told.routed(&importable, &here);
        Ok(())
    }
}
