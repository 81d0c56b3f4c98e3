//! Rate limit on logins that actors request, so that Mailferry cannot be used to lock an account or to guess its password.

use crate::poll::login_attempts::{LoginAccount, minutes_to_wait};
use crate::poll::{Deps, PollError};
use crate::store::{Mailbox, Server, StoreError};

pub use crate::poll::login_attempts::minutes;

/// Minutes until the organisation may log in to this account again after too many refused logins; `None`: at once. The login
/// itself checks the limit again, for the address that the server name then resolves to.
pub async fn login_wait_minutes(
    server: &Server,
    username: &str,
    organisation: i64,
    deps: &Deps,
) -> Result<Option<i64>, StoreError> {
    let found = deps.egress.resolve(&server.host, server.port, &deps.deadlines).await.unwrap_or_default();
    let addresses: Vec<_> = found.into_iter().map(|address| address.ip()).collect();
    let wait = LoginAccount::new(organisation, server, username, &addresses).login_wait_ms(deps).await?;
    Ok(Some(minutes(wait)).filter(|minutes| *minutes > 0))
}

/// The result of work under the rate limit.
pub enum RateLimited<T> {
    /// The work ran, and succeeded or failed.
    Done(Result<T, PollError>),
    /// The limit is reached. Holds the minutes until a login may be tried.
    Wait(i64),
}

/// Runs work that logs in to a mailbox, under the rate limit.
///
/// # Errors
/// The database fails.
pub async fn run_limited<T>(
    mailbox: &Mailbox,
    deps: &Deps,
    work: impl Future<Output = Result<T, PollError>>,
) -> Result<RateLimited<T>, StoreError> {
    // The command line is exempt: refused logins of page and API users do not delay it.
    if deps.counts_login_attempts
        && let Some(minutes) =
            login_wait_minutes(&mailbox.server, &mailbox.username, mailbox.organisation_id, deps).await?
    {
        return Ok(RateLimited::Wait(minutes));
    }
    let done = work.await;
    Ok(match done.as_ref().err().and_then(minutes_to_wait) {
        Some(minutes) => RateLimited::Wait(minutes),
        None => RateLimited::Done(done),
    })
}
