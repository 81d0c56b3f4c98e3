//! Logins at customers' servers that somebody here asks for: no account is locked, and no password guessed, through us.

use crate::http::State;
use crate::http::fault::Fault;
use crate::http::words::Words;
use crate::poll::{PollError, Step};
use crate::store::{Mailbox, Patience, StoreError};

/// A few failures in a row are a person who mistypes.
const OF_MAILBOX: Patience = Patience { free: 8, longest_ms: 15 * 60 * 1000 };

/// How a login ended that was counted.
pub enum Ended {
    /// Somebody was let in.
    Well,
    /// The server let nobody in.
    Refused,
    /// It did not come to a login, which nobody can lock an account by.
    Elsewhere,
}

/// Does what logs in to this mailbox, counted before it is known how it ends. The inner `Err`: it failed too often in a row; how many
/// minutes to wait.
pub async fn counted<T>(
    mailbox: &Mailbox,
    state: &State,
    work: impl Future<Output = (T, Ended)>,
) -> Result<Result<T, i64>, StoreError> {
    let subject = format!("mailbox {}", mailbox.id);
    let store = &state.deps.store;
    if let Err(wait) = store.count_login(&[(subject.clone(), OF_MAILBOX)], state.deps.clock.now()).await? {
        return Ok(Err((wait + 59_999) / 60_000));
    }
    let (done, ended) = work.await;
    match ended {
        Ended::Well => store.forget_failures(&subject).await?,
        Ended::Elsewhere => store.uncount_login(&subject).await?,
        Ended::Refused => {}
    }
    Ok(Ok(done))
}

/// The same for what fails as a poll does.
pub async fn within<T>(
    mailbox: &Mailbox,
    state: &State,
    work: impl Future<Output = Result<T, PollError>>,
) -> Result<Result<Result<T, PollError>, i64>, StoreError> {
    let work = async {
        let done = work.await;
        let ended = match &done {
            Ok(_) => Ended::Well,
            Err(error) if error.step == Step::Login => Ended::Refused,
            Err(_) => Ended::Elsewhere,
        };
        (done, ended)
    };
    counted(mailbox, state, work).await
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
