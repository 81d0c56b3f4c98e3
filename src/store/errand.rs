//! Errands: somebody was sent to an identity provider and will come back with an answer.

use super::db::write;
use super::{Store, StoreError};
use crate::clock::Timestamp;

/// One errand, as it was begun.
#[derive(Debug, sqlx::FromRow)]
pub struct Errand {
    /// What the browser that left must show: the hash of it.
    pub browser_hash: Vec<u8>,
    /// For which mailbox; `None`: to sign in.
    pub mailbox_id: Option<i64>,
    /// The link that it was begun from, if it was one.
    pub link_hash: Option<Vec<u8>>,
    /// What the answer is checked and used with, sealed.
    pub sealed: Vec<u8>,
}

/// The name under which an errand's secrets are sealed.
pub fn errand_row(state_hash: &[u8]) -> String {
    format!("errand/{}", crate::vault::hex(state_hash))
}

/// How long somebody may be away.
const LONGEST_MS: i64 = 15 * 60 * 1000;

impl Store {
    /// Writes an errand down, under the hash of its state.
    pub async fn begin_errand(&self, state_hash: &[u8], errand: &Errand, now: Timestamp) -> Result<(), StoreError> {
        write!(self, tx => {
            sqlx::query("DELETE FROM errand WHERE expires_at < $1").bind(now.0).execute(&mut *tx).await?;
            sqlx::query(
                "INSERT INTO errand (state_hash, browser_hash, mailbox_id, link_hash, sealed, expires_at) \
                 VALUES ($1, $2, $3, $4, $5, $6)",
            )
            .bind(state_hash).bind(&errand.browser_hash).bind(errand.mailbox_id).bind(errand.link_hash.as_deref())
            .bind(&errand.sealed).bind(now.0 + LONGEST_MS)
            .execute(&mut *tx).await?;
        });
        Ok(())
    }

    /// Takes an errand by the state that somebody came back with, and from the browser that left: once. A state that is shown by
    /// another browser takes nothing away from the right one.
    pub async fn end_errand(
        &self,
        state_hash: &[u8],
        browser_hash: &[u8],
        now: Timestamp,
    ) -> Result<Option<Errand>, StoreError> {
        Ok(write!(self, tx => {
            sqlx::query_as(
                "DELETE FROM errand WHERE state_hash = $1 AND browser_hash = $2 AND expires_at > $3 \
                 RETURNING browser_hash, mailbox_id, link_hash, sealed",
            )
            .bind(state_hash).bind(browser_hash).bind(now.0).fetch_optional(&mut *tx).await?
        }))
    }
}
