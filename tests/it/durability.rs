//! The disk or the database fails while copies are deleted: no copy is deleted whose mail is not stored, and after the failure
//! every mail is imported once.

mod database_gone;
mod disk_full;

use crate::support::{
    delivered::Delivered,
    dovecot::Dovecot,
    facts::{JOBB, JOBB_INBOX},
    mailferry::Mailferry,
};

/// Adds JOBB on this server with "delete", in small batches, so that a failure finds some of them committed and others not.
fn add_mailbox_with_delete(mailferry: &mut Mailferry, server: &Dovecot) {
    mailferry.env("MAILFERRY__LIMITS__BATCH_MESSAGES", "1");
    // A poll that cannot record its end holds the lease for this long.
    mailferry.env("MAILFERRY__SCHEDULE__LEASE", "6s");
    mailferry.add_inbox(JOBB_INBOX);
    let more = ["--start", "all", "--after-import", "delete", "--interval", "1s"];
    mailferry.add_mailbox(JOBB, JOBB_INBOX, &server.tls_options(), &more);
}

fn assert_all_imported_once_and_no_copy_left(delivered: &Delivered, server: &Dovecot, mailferry: &Mailferry) {
    delivered.assert_all_imported_once(mailferry);
    assert_eq!(server.names(JOBB, "INBOX"), Vec::<String>::new(), "the customer's copies");
    assert_eq!(mailferry.poll_ok(), 0, "a further poll finds nothing");
}
