//! Logins at customers' servers that somebody here asks for: no account is locked, and no password guessed, through us.

use crate::poll::login_attempts::{LoginAccount, minutes_to_wait};
use crate::poll::{Deps, PollError};
use crate::store::{Mailbox, Server, StoreError};

/// A wait in milliseconds, in whole minutes, rounded up.
pub fn minutes(wait_ms: i64) -> i64 {
    (wait_ms + 59_999) / 60_000
}

/// How many minutes the next login at this account has to wait, since the server has refused too many that this organisation asked
/// for; `None`: it may be tried. The login itself is held back too, wherever the name of the server leads by then.
pub async fn held(server: &Server, username: &str, organisation: i64, deps: &Deps) -> Result<Option<i64>, StoreError> {
    let found = deps.egress.resolve(&server.host, server.port, &deps.deadlines).await.unwrap_or_default();
    let addresses: Vec<_> = found.into_iter().map(|address| address.ip()).collect();
    let wait = LoginAccount::new(organisation, server, username, &addresses).wait(deps).await?;
    Ok(Some(minutes(wait)).filter(|minutes| *minutes > 0))
}

/// Work that logs in to a mailbox, as far as it was allowed.
pub enum Limited<T> {
    /// It was done, or failed.
    Done(Result<T, PollError>),
    /// The server has refused too many logins: none is tried for so many minutes.
    Wait(i64),
}

/// Does work that logs in to this mailbox.
///
/// # Errors
/// The database.
pub async fn within<T>(
    mailbox: &Mailbox,
    deps: &Deps,
    work: impl Future<Output = Result<T, PollError>>,
) -> Result<Limited<T>, StoreError> {
    // The command line is not held back by logins that others have asked for.
    if deps.counts_login_attempts
        && let Some(minutes) = held(&mailbox.server, &mailbox.username, mailbox.organisation_id, deps).await?
    {
        return Ok(Limited::Wait(minutes));
    }
    let done = work.await;
    Ok(match done.as_ref().err().and_then(minutes_to_wait) {
        Some(minutes) => Limited::Wait(minutes),
        None => Limited::Done(done),
    })
}
