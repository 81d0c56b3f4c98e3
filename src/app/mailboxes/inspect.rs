//! Read-only inspection of a customer's server while an actor waits: nothing is imported, and nothing is changed.

mod check;

use std::time::Duration;

use super::login_limit::{self, RateLimited};
use crate::app::{Acting, Error};
use crate::fact::Conflict;
use crate::poll::capabilities::{self, Ability};
use crate::poll::dry_run::{self, DryRun};
use crate::poll::folders::{self, FolderOffer};
use crate::poll::rescue::{self, Mail};
use crate::poll::{Deps, PollError, Visits};
use crate::store::{Mailbox, WatchedFolder};

pub use check::{CheckOptions, Checked, check};

/// An actor who inspects a customer's server, with the dependencies of the inspection.
#[derive(Clone, Copy)]
pub struct Inspector<'a> {
    /// The actor who waits.
    pub acting: Acting<'a>,
    /// Runs the connections to mail servers.
    pub visits: &'a Visits,
    /// Dependencies for work outside the visits, which have their own.
    pub deps: &'a Deps,
}

impl Inspector<'_> {
    /// Runs work that logs in to a mailbox.
    ///
    /// # Errors
    /// [`Conflict::ServerAskedToWaitUntil`], [`Error::LoginRateLimited`], [`Error::Server`].
    async fn inspect<T>(
        &self,
        mailbox: &Mailbox,
        work: impl Future<Output = Result<T, PollError>>,
    ) -> Result<T, Error> {
        refuse_while_on_hold(self.acting, mailbox)?;
        match login_limit::run_limited(mailbox, self.deps, work).await? {
            RateLimited::Done(done) => {
                done.map_err(|error| Error::Server(Box::new(self.without_hidden_details(error))))
            }
            RateLimited::Wait(minutes) => Err(Error::LoginRateLimited(minutes)),
        }
    }

    /// Hides from all actors except operators which hosts and ports answer.
    fn without_hidden_details(&self, error: PollError) -> PollError {
        if self.sees_everything() { error } else { error.without_connection_details() }
    }

    fn sees_everything(&self) -> bool {
        self.acting.scope().id().is_none()
    }
}

/// Refuses to contact a server that asked us to wait.
///
/// # Errors
/// [`Conflict::ServerAskedToWaitUntil`].
fn refuse_while_on_hold(acting: Acting<'_>, mailbox: &Mailbox) -> Result<(), Error> {
    match mailbox.active_hold(acting.now) {
        Some(until) => Err(Conflict::ServerAskedToWaitUntil(until).into()),
        None => Ok(()),
    }
}

/// Lists the folders of the account, with the message counts of as many folders as can be counted within a minute. No folder
/// is opened.
///
/// # Errors
/// The errors of [`Inspector::inspect`].
pub async fn folders(inspector: Inspector<'_>, mailbox: &Mailbox) -> Result<Vec<FolderOffer>, Error> {
    let work = inspector.visits.visit(mailbox, |mailbox, deps| async move { folders::folders(&mailbox, &deps).await });
    inspector.inspect(mailbox, work).await
}

/// Returns the effects that the server supports in a folder (by default the first polled one). The folder is opened
/// read-only.
///
/// # Errors
/// The errors of [`Inspector::inspect`].
pub async fn effects(
    inspector: Inspector<'_>,
    mailbox: &Mailbox,
    folder: Option<String>,
) -> Result<Vec<Ability>, Error> {
    let first = || mailbox.folders.first().cloned().unwrap_or_else(|| "INBOX".to_owned());
    let folder = folder.unwrap_or_else(first);
    let work = inspector
        .visits
        .visit(mailbox, |mailbox, deps| async move { capabilities::abilities(&mailbox, &deps, &folder).await });
    inspector.inspect(mailbox, work).await
}

/// Determines what a poll would import now, within a time limit. The mailbox may be paused.
///
/// # Errors
/// The errors of [`Inspector::inspect`].
pub async fn dry_run(inspector: Inspector<'_>, mailbox: &Mailbox, within: Duration) -> Result<DryRun, Error> {
    let work =
        inspector.visits.visit(mailbox, |mailbox, deps| async move { dry_run::dry_run(&mailbox, &deps, within).await });
    let mut run = inspector.inspect(mailbox, work).await?;
    for folder in &mut run.folders {
        folder.problem = folder.problem.take().map(|error| inspector.without_hidden_details(error));
    }
    Ok(run)
}

/// Downloads one mail unchanged and without size limits, and passes its bytes to `take` in chunks. Returns the size in bytes.
///
/// # Errors
/// The errors of [`Inspector::inspect`], and the error of `take`.
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
