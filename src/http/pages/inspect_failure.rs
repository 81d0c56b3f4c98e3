//! A look at a customer's server that came to nothing, for a page that tells why.

use crate::app::Error;
use crate::fact::Conflict;
use crate::http::State;
use crate::http::page::error::PageError;
use crate::poll::PollError;

/// The failure at the customer's server, for the step that it belongs to; that the server told us to stay away is one.
///
/// # Errors
/// There was no look.
pub fn at_server(error: Error, state: &State) -> Result<PollError, PageError> {
    match error {
        Error::AtServer(error) => Ok(*error),
        Error::Conflict(Conflict::ServerAskedToWaitUntil(until)) => Ok(PollError::held(until, state.deps.clock.now())),
        error => Err(error.into()),
    }
}
