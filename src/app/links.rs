//! Connect links: the customer's IT staff enter the credentials of a mailbox, and the helpdesk never sees them.

use std::time::Duration;

use super::mailboxes::target;
use super::{Acting, Error};
use crate::clock::Timestamp;
use crate::fact::AuditEvent;
use crate::opaque;
use crate::store::{Mailbox, NewLink, Purpose};

/// Lifetime of a link.
const LIFETIME: Duration = Duration::from_hours(3 * 24);

/// A new link.
pub struct ConnectLink {
    /// The secret key. Only the hash of the key is stored, so the key can be shown only once.
    pub key: String,
    /// The time at which the link expires.
    pub expires_at: Timestamp,
}

/// Creates a link for a mailbox, and replaces an earlier link that has not been used yet. The customer's page shows who
/// created the link.
///
/// # Errors
/// The actor has read-only access.
pub async fn create(acting: Acting<'_>, mailbox: &Mailbox) -> Result<ConnectLink, Error> {
    let (key, expires_at) = (opaque::new(""), acting.now.plus(LIFETIME));
    let mut tx = acting.begin().await?;
    let name = acting.actor.name();
    let link = NewLink {
        key_hash: &opaque::hash(&key),
        purpose: &Purpose::Connect { mailbox_id: mailbox.id },
        creator: acting.actor.link_creator(&name),
        expires_at,
    };
    tx.add_link(link, acting.now).await?;
    acting.finish(tx, &AuditEvent::LinkMade, target(mailbox)).await?;
    Ok(ConnectLink { key, expires_at })
}
