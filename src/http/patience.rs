//! Logins at customers' servers that somebody here asks for: no account is locked, and no password guessed, through us.

use std::sync::Arc;

use crate::http::State;
use crate::http::fault::Fault;
use crate::http::words::Words;
use crate::poll::{PollError, Retry, Step};
use crate::store::{Mailbox, Patience, Server, Store, StoreError};

/// A few failures in a row are a person who mistypes.
const OF_MAILBOX: Patience = Patience { free: 8, longest_ms: 15 * 60 * 1000 };

/// Passwords that an account is given, each of which a poll tries at once.
const OF_PASSWORDS: Patience = Patience { free: 20, longest_ms: 15 * 60 * 1000 };

/// A wait in milliseconds, as people are told it.
pub fn minutes(wait_ms: i64) -> i64 {
    (wait_ms + 59_999) / 60_000
}

/// Counts a password that an account is given: so many a day are a person's work, and more are guesses. The inner `Err`: how many
/// minutes to wait.
pub async fn password_given(server: &Server, username: &str, state: &State) -> Result<Result<(), i64>, StoreError> {
    let subject = format!("password {}", account(server, username));
    let counted = state.deps.store.count_login(&[(subject, OF_PASSWORDS)], state.deps.clock.now()).await?;
    Ok(counted.map_err(minutes))
}

/// An account, by whichever mailbox it is tried.
fn account(server: &Server, username: &str) -> String {
    format!("{}:{} {username}", server.host.to_lowercase(), server.port)
}

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
    let subject = format!("login {}", account(&mailbox.server, &mailbox.username));
    let store = &state.deps.store;
    if let Err(wait) = store.count_login(&[(subject.clone(), OF_MAILBOX)], state.deps.clock.now()).await? {
        return Ok(Err(minutes(wait)));
    }
    let mut left = Left(Some((state.deps.store.clone(), subject.clone())));
    let (done, ended) = work.await;
    left.0 = None;
    match ended {
        Ended::Well => store.forget_failures(&subject).await?,
        Ended::Elsewhere => store.uncount_login(&subject, OF_MAILBOX).await?,
        Ended::Refused => {}
    }
    Ok(Ok(done))
}

/// Whoever goes away in the middle has failed at nothing.
struct Left(Option<(Arc<Store>, String)>);

impl Drop for Left {
    fn drop(&mut self) {
        if let Some((store, subject)) = self.0.take() {
            tokio::spawn(async move {
                if let Err(error) = store.uncount_login(&subject, OF_MAILBOX).await {
                    tracing::warn!(%error, "a try that nobody waited for stays counted");
                }
            });
        }
    }
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
            Err(error) if is_refusal(error) => Ended::Refused,
            Err(_) => Ended::Elsewhere,
        };
        (done, ended)
    };
    counted(mailbox, state, work).await
}

/// Whether a server has let nobody in: nothing else can lock an account.
pub fn is_refusal(error: &PollError) -> bool {
    error.step == Step::Login && error.retry == Retry::Credentials
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
