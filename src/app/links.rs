//! Connect links: the customer's own IT gives the credentials of a mailbox, without telling them to anybody else.

use std::time::Duration;

use super::mailboxes::target;
use super::{Acting, Error};
use crate::clock::Timestamp;
use crate::fact::AuditEvent;
use crate::opaque;
use crate::store::{Mailbox, NewLink, Purpose};

/// How long the customer has.
const WITHIN: Duration = Duration::from_hours(3 * 24);

/// A link that was just made.
pub struct ConnectLink {
    /// Its key. Only a hash of it is kept, so it can be shown now and never again.
    pub key: String,
    /// Until when it works.
    pub expires_at: Timestamp,
}

/// Makes a link for a mailbox, in place of an open one. The customer is told who asks.
///
/// # Errors
/// The actor may only look.
pub async fn make(acting: Acting<'_>, mailbox: &Mailbox) -> Result<ConnectLink, Error> {
    let (key, expires_at) = (opaque::new(""), acting.now.plus(WITHIN));
    let mut tx = acting.begin().await?;
    let name = acting.actor.name();
    let link = NewLink {
        key_hash: &opaque::hash(&key),
        purpose: &Purpose::Connect { mailbox_id: mailbox.id },
        maker: acting.actor.link_maker(&name),
        expires_at,
    };
    tx.add_link(link, acting.now).await?;
    acting.finish(tx, &AuditEvent::LinkMade, target(mailbox)).await?;
    Ok(ConnectLink { key, expires_at })
}
