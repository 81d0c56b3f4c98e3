//! Inboxes: the destinations of imported mail.

use super::organisations::{Owner, owner};
use super::{Acting, Error, Target, check_precondition};
use crate::address::Address;
use crate::fact::{AuditEvent, Conflict, Resource};
use crate::store::{Inbox, NewInbox, Reader, Tx};

/// An inbox to add.
#[derive(Debug)]
pub struct WantedInbox {
    pub address: Address,
    /// The display name.
    pub name: Option<String>,
    /// The address that replies to the inbox's mail must be sent from.
    pub reply_from: Option<Address>,
    /// The owning organisation. For an operator, [`Owner::Own`] means the first organisation.
    pub owner: Owner,
}

/// Changes to an inbox: `None` keeps a value, `Some(None)` clears it.
#[derive(Debug, Default)]
pub struct InboxChanges {
    /// The display name.
    pub name: Option<Option<String>>,
    /// The address that replies to the inbox's mail must be sent from.
    pub reply_from: Option<Option<Address>>,
}

/// The inbox as the object of an audit line.
pub(super) fn target(inbox: &Inbox) -> Target<'_> {
    Target { organisation: Some(inbox.organisation_id), name: &inbox.address }
}

/// Finds an inbox by its address.
///
/// # Errors
/// The inbox does not exist, or the actor may not see it.
pub async fn find(acting: Acting<'_>, address: &str) -> Result<Inbox, Error> {
    let missing = || Error::Missing(Resource::Inbox(address.to_owned()));
    let address: Address = address.parse().map_err(|_| missing())?;
    let mut reader = acting.store.read().await?;
    visible(acting, &address, &mut reader).await
}

/// Finds an inbox within an open transaction or with an open reader.
pub(super) async fn visible(acting: Acting<'_>, address: &Address, reader: &mut Reader) -> Result<Inbox, Error> {
    let inbox = reader.inbox(address).await?;
    check_visible(acting, inbox)
}

fn check_visible(acting: Acting<'_>, inbox: Inbox) -> Result<Inbox, Error> {
    match acting.scope().has(inbox.organisation_id) {
        true => Ok(inbox),
        false => Err(Error::Missing(Resource::Inbox(inbox.address))),
    }
}

/// Adds an inbox.
///
/// # Errors
/// [`Conflict::InboxExists`]; [`Conflict::AddressTaken`] if another organisation has the address.
pub async fn add(acting: Acting<'_>, wanted: WantedInbox) -> Result<Inbox, Error> {
    let mut tx = acting.begin().await?;
    let inbox = add_in(acting, wanted, &mut tx).await?;
    tx.commit().await?;
    Ok(inbox)
}

/// Adds an inbox with its audit line within the transaction of a larger use case.
pub(super) async fn add_in(acting: Acting<'_>, wanted: WantedInbox, tx: &mut Tx<'_>) -> Result<Inbox, Error> {
    let owner = owner(acting, &wanted.owner, tx).await?;
    let WantedInbox { address, name, reply_from, .. } = wanted;
    if let Ok(there) = tx.inbox(&address).await {
        return Err(acting.address_taken(Conflict::InboxExists(address.to_string()), there.organisation_id));
    }
    let organisation_id = owner.map(|organisation| organisation.id);
    tx.add_inbox(&NewInbox { address: address.clone(), name, reply_from, organisation_id }, acting.now).await?;
    let inbox = tx.inbox(&address).await?;
    acting.audit(tx, &AuditEvent::InboxAdded, target(&inbox)).await?;
    Ok(inbox)
}

/// Changes an inbox.
///
/// # Errors
/// The inbox does not exist, or does not meet the precondition.
pub async fn change(
    acting: Acting<'_>,
    address: &Address,
    changes: InboxChanges,
    precondition: impl FnOnce(&Inbox) -> bool,
) -> Result<Inbox, Error> {
    let mut tx = acting.begin().await?;
    let before = check_visible(acting, tx.lock_inbox(address).await?)?;
    check_precondition(&before, precondition)?;
    let name = changes.name.unwrap_or(before.name);
    let reply_from =
        changes.reply_from.map(|from| from.map(|address| address.to_string())).unwrap_or(before.reply_from);
    tx.change_inbox(before.id, name.as_deref(), reply_from.as_deref()).await?;
    let target = Target { organisation: Some(before.organisation_id), name: &before.address };
    acting.audit(&mut tx, &AuditEvent::InboxChanged, target).await?;
    let inbox = tx.inbox(address).await?;
    tx.commit().await?;
    Ok(inbox)
}

/// Removes an inbox that no mailbox or route feeds. An inbox that holds messages is removed only with `with_messages`, which
/// deletes them permanently.
///
/// # Errors
/// The inbox does not exist, or does not meet the precondition; [`Conflict::InboxInUse`], [`Conflict::InboxHoldsMail`].
pub async fn remove(
    acting: Acting<'_>,
    address: &Address,
    with_messages: bool,
    precondition: impl FnOnce(&Inbox) -> bool,
) -> Result<(), Error> {
    let mut tx = acting.begin().await?;
    let inbox = check_visible(acting, tx.lock_inbox(address).await?)?;
    check_precondition(&inbox, precondition)?;
    let (organisation, name) = (Some(inbox.organisation_id), inbox.address.clone());
    tx.remove_inbox(inbox, with_messages).await?;
    acting.finish(tx, &AuditEvent::InboxRemoved { with_messages }, Target { organisation, name: &name }).await
}
