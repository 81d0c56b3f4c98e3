//! The ledger: mail that was put aside or does not come, decided by hand.

use super::mailboxes::target;
use super::{Acting, Error};
use crate::fact::{AuditEvent, Conflict};
use crate::store::{Mailbox, QuarantineFilter, WatchedFolder};

/// Asks again for mail of a mailbox that was quarantined; returns how many there were.
///
/// # Errors
/// The actor may only look.
pub async fn retry(acting: Acting<'_>, mailbox: &Mailbox, which: QuarantineFilter<'_>) -> Result<u64, Error> {
    let mut tx = acting.begin().await?;
    let count = tx.retry_quarantined(mailbox.id, which, acting.now).await?;
    let done = AuditEvent::LedgerRetried { folder: which.folder.map(str::to_owned), uid: which.uid };
    acting.finish(tx, &done, target(mailbox)).await?;
    Ok(count)
}

/// Gives up on a mail that was quarantined or does not come; it stays in the customer's mailbox.
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
    if !tx.skip_by_hand(folder.id, uid, uidvalidity, acting.now).await? {
        // The transaction is dropped, and a poll under way keeps its lease.
        return Err(Conflict::UidNotOpen { folder: folder.name.clone(), uid }.into());
    }
    acting.finish(tx, &AuditEvent::LedgerSkipped { folder: folder.name.clone(), uid }, target(mailbox)).await
}
