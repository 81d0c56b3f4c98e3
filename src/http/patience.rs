//! Logins at customers' servers for pages: one that is held back says for how long.

use crate::app::mailboxes::guesses::{Limited, within};
use crate::http::State;
use crate::http::fault::Fault;
use crate::poll::PollError;
use crate::store::Mailbox;

/// Does work that logs in to a mailbox; a page says that it has to wait.
pub async fn on_page<T>(
    mailbox: &Mailbox,
    state: &State,
    work: impl Future<Output = Result<T, PollError>>,
) -> Result<Result<T, PollError>, Fault> {
    match within(mailbox, &state.deps, work).await? {
        Limited::Done(done) => Ok(done),
        Limited::Wait(minutes) => Err(Fault::Wait("mailbox-wait", minutes)),
    }
}

#[cfg(test)]
mod tests;
