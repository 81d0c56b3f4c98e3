//! Logins at customers' servers that somebody here asks for: no account is locked, and no password guessed, through us.

use crate::http::State;
use crate::http::fault::Fault;
use crate::http::words::Words;
use crate::poll::PollError;
use crate::store::{Mailbox, Patience, StoreError};

/// A few failures in a row are a person who mistypes.
const OF_MAILBOX: Patience = Patience { free: 8, longest_ms: 15 * 60 * 1000 };

/// Does what logs in to this mailbox, counted before it is known how it ends.
///
/// # Errors
/// It failed too often in a row; how many minutes to wait.
pub async fn within<T>(
    mailbox: &Mailbox,
    state: &State,
    work: impl Future<Output = Result<T, PollError>>,
) -> Result<Result<Result<T, PollError>, i64>, StoreError> {
    begun(mailbox, state, work).await
}

async fn begun<T, E>(
    mailbox: &Mailbox,
    state: &State,
    work: impl Future<Output = Result<T, E>>,
) -> Result<Result<Result<T, E>, i64>, StoreError> {
    let subject = format!("mailbox {}", mailbox.id);
    let store = &state.deps.store;
    if let Err(wait) = store.count_login(&[(subject.clone(), OF_MAILBOX)], state.deps.clock.now()).await? {
        return Ok(Err((wait + 59_999) / 60_000));
    }
    let done = work.await;
    if done.is_ok() {
        store.forget_failures(&subject).await?;
    }
    Ok(Ok(done))
}

/// The same for what tells by itself how it went.
pub async fn counted(
    mailbox: &Mailbox,
    state: &State,
    work: impl Future<Output = bool>,
) -> Result<Result<(), i64>, StoreError> {
    let work = async {
        match work.await {
            true => Ok(()),
            false => Err(()),
        }
    };
    Ok(begun(mailbox, state, work).await?.map(drop))
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
