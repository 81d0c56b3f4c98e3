//! Manual decisions on ledger entries: mail that was quarantined or cannot be fetched.

use super::mailboxes::target;
use super::{Acting, Error};
use crate::fact::{AuditEvent, Conflict};
use crate::store::{Mailbox, QuarantineFilter, WatchedFolder};

/// Marks quarantined mail of a mailbox to be fetched again. Returns the number of mails.
///
/// # Errors
/// The actor has read-only access.
pub async fn retry(acting: Acting<'_>, mailbox: &Mailbox, which: QuarantineFilter<'_>) -> Result<u64, Error> {
    let mut tx = acting.begin().await?;
    let count = tx.retry_quarantined(mailbox.id, which, acting.now).await?;
    let done = AuditEvent::LedgerRetried { folder: which.folder.map(str::to_owned), uid: which.uid };
    acting.finish(tx, &done, target(mailbox)).await?;
    Ok(count)
}

/// Skips a mail that was quarantined or cannot be fetched. The mail stays in the customer's mailbox.
///
/// # Errors
/// [`Conflict::UidNotOpen`].
pub async fn skip(
    acting: Acting<'_>,
    mailbox: &Mailbox,
    folder: &WatchedFolder,
    uid: u32,
    uidvalidity: Option<u32>,
) -> Result<(), Error> {
    let mut tx = acting.begin().await?;
    if !tx.skip_manually(folder.id, uid, uidvalidity, acting.now).await? {
        // The transaction is rolled back here, so a running poll keeps its lease.
        return Err(Conflict::UidNotOpen { folder: folder.name.clone(), uid }.into());
    }
    acting.finish(tx, &AuditEvent::LedgerSkipped { folder: folder.name.clone(), uid }, target(mailbox)).await
}
