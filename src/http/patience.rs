//! Logins at customers' servers that somebody here asks for: no account is locked, and no password guessed, through us.

use crate::http::State;
use crate::http::fault::Fault;
use crate::http::words::Words;
use crate::poll::PollError;
use crate::poll::guesses::{Account, minutes_held};
use crate::store::{Mailbox, Server, StoreError};

/// A wait in milliseconds, as people are told it.
pub fn minutes(wait_ms: i64) -> i64 {
    (wait_ms + 59_999) / 60_000
}

/// How many minutes the next login at this account has to wait, since the server has refused too many that this organisation asked
/// for; `None`: it may be tried. The login itself is held back too, wherever the name of the server leads by then.
pub async fn held(
    server: &Server,
    username: &str,
    organisation: i64,
    state: &State,
) -> Result<Option<i64>, StoreError> {
    let deps = &state.deps;
    let found = deps.egress.resolve(&server.host, server.port, &deps.deadlines).await.unwrap_or_default();
    let addresses: Vec<_> = found.into_iter().map(|address| address.ip()).collect();
    let wait = Account::new(organisation, server, username, &addresses).wait(deps).await?;
    Ok(Some(minutes(wait)).filter(|minutes| *minutes > 0))
}

/// Does what logs in to this mailbox. The inner `Err`: too many logins were refused; how many minutes to wait.
pub async fn within<T>(
    mailbox: &Mailbox,
    state: &State,
    work: impl Future<Output = Result<T, PollError>>,
) -> Result<Result<Result<T, PollError>, i64>, StoreError> {
    if let Some(minutes) = held(&mailbox.server, &mailbox.username, mailbox.organisation_id, state).await? {
        return Ok(Err(minutes));
    }
    let done = work.await;
    match done.as_ref().err().and_then(minutes_held) {
        Some(minutes) => Ok(Err(minutes)),
        None => Ok(Ok(done)),
    }
}

/// The same for a page, which says that it has to wait.
pub async fn on_page<T>(
    mailbox: &Mailbox,
    state: &State,
    words: &Words,
    work: impl Future<Output = Result<T, PollError>>,
) -> Result<Result<T, PollError>, Fault> {
    within(mailbox, state, work).await?.map_err(|minutes| Fault::Conflict(words.n("mailbox-wait", minutes)))
}

#[cfg(test)]
mod tests;
