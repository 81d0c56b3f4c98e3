//! What is handed from step to step of one poll.

use super::route::Routes;
use super::{Budget, Deps, PollError, Tally};
use crate::clock::Timestamp;
use crate::imap::Session;
use crate::store::Lease;

/// One poll of one mailbox, from its lease to its record.
pub struct Poll<'a> {
    /// The mailbox, and our right to write down what becomes of its mail.
    pub lease: &'a Lease,
    /// What a poll works with.
    pub deps: &'a Deps,
    /// How much it may take.
    pub budget: &'a Budget,
    /// What was done so far.
    pub tally: &'a mut Tally,
    pub started_at: Timestamp,
}

/// The visit to its server that a poll makes, from the login to the logout.
pub struct Visit<'a> {
    /// The conversation with the server.
    pub session: Session,
    /// Where the mailbox's mail goes.
    pub routes: Routes,
    pub lease: &'a Lease,
    pub deps: &'a Deps,
    pub budget: &'a Budget,
    pub tally: &'a mut Tally,
}

impl Visit<'_> {
    /// Leaves. Fails where one folder did, which kept no other waiting.
    pub async fn end(self) -> Result<(), PollError> {
        self.tally.received(self.session.received());
        self.session.logout().await;
        self.tally.first_folder_error()
    }
}
