//! Pending authorizations: a browser was sent to an identity provider and has not come back yet.

use std::time::Duration;

use super::{Store, StoreError};
use crate::clock::Timestamp;

/// A pending authorization.
#[derive(Debug, sqlx::FromRow)]
pub struct PendingAuth {
    /// Hash of the key in the cookie of the browser that started the authorization.
    pub browser_hash: Vec<u8>,
    /// The mailbox that the authorization is for; `None` if a person signs in to the pages.
    pub mailbox_id: Option<i64>,
    /// The link that the authorization was started from, if any.
    pub link_hash: Option<Vec<u8>>,
    /// The secrets that are needed to check and use the response, sealed.
    pub sealed: Vec<u8>,
}

/// The record name under which the secrets of a pending authorization are sealed.
pub fn pending_auth_row(state_hash: &[u8]) -> String {
    format!("errand/{}", crate::vault::hex(state_hash))
}

/// Time within which the browser must come back.
const TIMEOUT: Duration = Duration::from_mins(15);

impl Store {
    /// Stores a pending authorization under the hash of its OAuth `state`.
    pub async fn begin_auth(&self, state_hash: &[u8], auth: &PendingAuth, now: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let begin = tx.sql(
            r"-- store a pending authorization
            INSERT INTO errand (state_hash, browser_hash, mailbox_id, link_hash, sealed, expires_at)
            VALUES ($1, $2, $3, $4, $5, $6)",
        );
        let begin = begin.bind(state_hash).bind(&auth.browser_hash).bind(auth.mailbox_id);
        begin.bind(auth.link_hash.as_deref()).bind(&auth.sealed).bind(now.plus(TIMEOUT)).run().await?;
        tx.commit().await
    }

    /// Takes and deletes the pending authorization with this `state`, if it was started by this browser. Another
    /// browser that presents the `state` does not delete it.
    pub async fn take_auth(
        &self,
        state_hash: &[u8],
        browser_hash: &[u8],
        now: Timestamp,
    ) -> Result<Option<PendingAuth>, StoreError> {
        let mut tx = self.begin().await?;
        let statement = tx.sql(
            r"-- take a pending authorization
            DELETE FROM errand WHERE state_hash = $1 AND browser_hash = $2 AND expires_at > $3
            RETURNING browser_hash, mailbox_id, link_hash, sealed",
        );
        let auth = statement.bind(state_hash).bind(browser_hash).bind(now).first().await?;
        tx.commit().await?;
        Ok(auth)
    }
}
