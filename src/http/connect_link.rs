//! Links by which the customer's own IT gives the credentials of a mailbox, without telling them to anybody else.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::http::State;
use crate::opaque;
use crate::store::{Change, Mailbox, Maker, Purpose, StoreError};

/// How long the customer has.
const WITHIN: Duration = Duration::from_hours(3 * 24);

/// A link that was just made. Only a hash of it is kept, so it can be shown now and never again.
pub struct ConnectLink {
    /// Where it leads.
    pub url: String,
    /// Until when.
    pub expires_at: Timestamp,
}

/// Makes a link, in place of an open one; `by`: who asks, which the customer is told.
pub async fn made(mailbox: &Mailbox, by: Maker<'_>, state: &State) -> Result<ConnectLink, StoreError> {
    let (store, now) = (&state.deps.store, state.deps.clock.now());
    let (key, expires_at) = (opaque::new(""), now.plus(WITHIN));
    store.add_link(&opaque::hash(&key), &Purpose::Connect { mailbox_id: mailbox.id }, by, now, expires_at).await?;
    store.audit(Change::of_mailbox(by.who, mailbox, "link-made", ""), now).await?;
    Ok(ConnectLink { url: state.page.link(&format!("/customer/{key}")), expires_at })
}
