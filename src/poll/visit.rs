//! The state that the steps of one poll share.

use super::route::Routes;
use super::{Budget, Deps, PollError, Tally};
use crate::clock::Timestamp;
use crate::imap::Session;
use crate::store::Lease;

/// One poll of one mailbox, from its lease to its result.
pub struct Poll<'a> {
    /// The mailbox, and the lease that permits writing to its ledger.
    pub lease: &'a Lease,
    pub deps: &'a Deps,
    /// The time, messages and bytes that the poll may use.
    pub budget: &'a Budget,
    /// The work done so far.
    pub tally: &'a mut Tally,
    pub started_at: Timestamp,
}

/// The connected part of a poll, from the login to the logout.
pub struct Visit<'a> {
    pub session: Session,
    /// The routes that choose the inboxes for the mailbox's mail.
    pub routes: Routes,
    pub lease: &'a Lease,
    pub deps: &'a Deps,
    pub budget: &'a Budget,
    pub tally: &'a mut Tally,
}

impl Visit<'_> {
    /// Logs out. Returns the error of the first folder that failed, if any.
    pub async fn end(self) -> Result<(), PollError> {
        self.tally.received(self.session.received());
        self.session.logout().await;
        self.tally.first_folder_error()
    }
}
