//! Pending authorizations: somebody was sent to an identity provider and will come back with an answer.

use std::time::Duration;

use super::{Store, StoreError};
use crate::clock::Timestamp;

/// A pending authorization, as it was begun.
#[derive(Debug, sqlx::FromRow)]
pub struct PendingAuth {
    /// What the browser that left must show: the hash of it.
    pub browser_hash: Vec<u8>,
    /// For which mailbox; `None`: to sign in.
    pub mailbox_id: Option<i64>,
    /// The link that it was begun from, if it was one.
    pub link_hash: Option<Vec<u8>>,
    /// What the answer is checked and used with, sealed.
    pub sealed: Vec<u8>,
}

/// The name under which the secrets of a pending authorization are sealed.
pub fn pending_auth_row(state_hash: &[u8]) -> String {
    format!("errand/{}", crate::vault::hex(state_hash))
}

/// How long somebody may be away.
const LONGEST: Duration = Duration::from_mins(15);

impl Store {
    /// Writes a pending authorization down, under the hash of its state.
    pub async fn begin_auth(&self, state_hash: &[u8], auth: &PendingAuth, now: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let begin = tx.sql(
            r"-- begin an authorization
            INSERT INTO errand (state_hash, browser_hash, mailbox_id, link_hash, sealed, expires_at)
            VALUES ($1, $2, $3, $4, $5, $6)",
        );
        let begin = begin.bind(state_hash).bind(&auth.browser_hash).bind(auth.mailbox_id);
        begin.bind(auth.link_hash.as_deref()).bind(&auth.sealed).bind(now.plus(LONGEST)).run().await?;
        tx.commit().await
    }

    /// Takes a pending authorization by the state that somebody came back with, and from the browser that left: once. A state that
    /// is shown by another browser takes nothing away from the right one.
    pub async fn end_auth(
        &self,
        state_hash: &[u8],
        browser_hash: &[u8],
        now: Timestamp,
    ) -> Result<Option<PendingAuth>, StoreError> {
        let mut tx = self.begin().await?;
        let statement = tx.sql(
            r"-- end an authorization
            DELETE FROM errand WHERE state_hash = $1 AND browser_hash = $2 AND expires_at > $3
            RETURNING browser_hash, mailbox_id, link_hash, sealed",
        );
        let auth = statement.bind(state_hash).bind(browser_hash).bind(now).first().await?;
        tx.commit().await?;
        Ok(auth)
    }
}
