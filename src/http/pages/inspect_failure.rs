//! Failed inspections of a customer's server, for pages that show the reason.

use crate::app::Error;
use crate::fact::Conflict;
use crate::http::State;
use crate::http::page::error::PageError;
use crate::poll::PollError;

/// Returns the failure at the customer's server. A server that has asked us to wait also counts as failed.
///
/// # Errors
/// The error has nothing to do with the customer's server.
pub fn server_failure(error: Error, state: &State) -> Result<PollError, PageError> {
    match error {
        Error::Server(error) => Ok(*error),
        Error::Conflict(Conflict::ServerAskedToWaitUntil(until)) => {
            Ok(PollError::on_hold(until, state.deps.clock.now()))
        }
        error => Err(error.into()),
    }
}
