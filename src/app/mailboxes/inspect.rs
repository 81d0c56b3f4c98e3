//! Looks at a customer's server that somebody waits for. Nothing is imported, and nothing is changed there.

mod check;

use std::time::Duration;

use super::guesses::{self, Limited};
use crate::app::{Acting, Error};
use crate::fact::Conflict;
use crate::poll::capabilities::{self, Ability};
use crate::poll::dry_run::{self, DryRun};
use crate::poll::folders::{self, FolderOffer};
use crate::poll::rescue::{self, Mail};
use crate::poll::{Deps, PollError, Visits};
use crate::store::{Mailbox, WatchedFolder};

pub use check::{CheckOptions, Checked, check};

/// Somebody who has us look at a customer's server.
#[derive(Clone, Copy)]
pub struct Inspector<'a> {
    /// Who waits.
    pub acting: Acting<'a>,
    /// The way to mail servers.
    pub visits: &'a Visits,
    /// The parts that the door itself works with: those of the visits belong to other threads.
    pub deps: &'a Deps,
}

impl Inspector<'_> {
    /// Does work that logs in to a mailbox.
    ///
    /// # Errors
    /// [`Conflict::HeldUntil`], [`Error::LoginsWait`], [`Error::AtServer`].
    async fn inspect<T>(&self, mailbox: &Mailbox, work: impl Future<Output = Result<T, PollError>>) -> Result<T, Error> {
        not_held(self.acting, mailbox)?;
        match guesses::within(mailbox, self.deps, work).await? {
            Limited::Done(done) => done.map_err(|error| Error::AtServer(Box::new(self.shown(error)))),
            Limited::Wait(minutes) => Err(Error::LoginsWait(minutes)),
        }
    }

    /// A failure as the actor may see it: which hosts and ports answer from here is the operator's business only.
    fn shown(&self, error: PollError) -> PollError {
        if self.is_shown_all() { error } else { error.without_the_way() }
    }

    fn is_shown_all(&self) -> bool {
        self.acting.scope().id().is_none()
    }
}

/// Refuses to go where the server told us to stay away.
///
/// # Errors
/// [`Conflict::HeldUntil`].
fn not_held(acting: Acting<'_>, mailbox: &Mailbox) -> Result<(), Error> {
    match mailbox.held_until(acting.now) {
        Some(until) => Err(Conflict::HeldUntil(until).into()),
        None => Ok(()),
    }
}

/// The folders of the account, with their mails as far as they could be counted in a minute. None is opened.
///
/// # Errors
/// As every look.
pub async fn folders(inspector: Inspector<'_>, mailbox: &Mailbox) -> Result<Vec<FolderOffer>, Error> {
    let work = inspector.visits.visit(mailbox, |mailbox, deps| async move { folders::folders(&mailbox, &deps).await });
    inspector.inspect(mailbox, work).await
}

/// The effects that this server can have on the customer's copy, in this folder or the first that is polled. It is opened read-only.
///
/// # Errors
/// As every look.
pub async fn effects(inspector: Inspector<'_>, mailbox: &Mailbox, folder: Option<String>) -> Result<Vec<Ability>, Error> {
    let first = || mailbox.folders.first().cloned().unwrap_or_else(|| "INBOX".to_owned());
    let folder = folder.unwrap_or_else(first);
    let work = inspector
        .visits
        .visit(mailbox, |mailbox, deps| async move { capabilities::abilities(&mailbox, &deps, &folder).await });
    inspector.inspect(mailbox, work).await
}

/// The mail that a poll would import now, found within this time. The mailbox may be paused.
///
/// # Errors
/// As every look.
pub async fn dry_run(inspector: Inspector<'_>, mailbox: &Mailbox, within: Duration) -> Result<DryRun, Error> {
    let work =
        inspector.visits.visit(mailbox, |mailbox, deps| async move { dry_run::dry_run(&mailbox, &deps, within).await });
    let mut run = inspector.inspect(mailbox, work).await?;
    for folder in &mut run.folders {
        folder.problem = folder.problem.take().map(|error| inspector.shown(error));
    }
    Ok(run)
}

/// Fetches one mail as it is, past every limit, and hands its bytes to `take` in parts. Returns how many bytes there were.
///
/// # Errors
/// As every look; `take` failed, in its words.
pub async fn download(
    inspector: Inspector<'_>,
    mailbox: &Mailbox,
    (folder, uid): (WatchedFolder, u32),
    mut take: impl FnMut(&[u8]) -> Result<(), String> + Send + 'static,
) -> Result<u64, Error> {
    let work = inspector.visits.visit(mailbox, move |mailbox, deps| async move {
        rescue::rescue(&mailbox, Mail { folder: &folder, uid }, &deps, &mut take).await
    });
    inspector.inspect(mailbox, work).await
}
