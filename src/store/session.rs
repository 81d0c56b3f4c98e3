//! Sessions: who is signed in, by the hash of a key that only their browser has.

use super::db::{read, write};
use super::person::{Row, select_people};
use super::{Person, Store, StoreError};
use crate::clock::Timestamp;

/// Not used for so long, a session ends.
const IDLE_MS: i64 = 24 * 3600 * 1000;
/// However it is used, it ends after so long.
const LONGEST_MS: i64 = 7 * 24 * 3600 * 1000;
/// How exactly it is known when it was last used: not every look at a page is a write.
const SEEN_MS: i64 = 10 * 60 * 1000;

/// So many browsers of one person are known.
const MOST_BROWSERS: i64 = 20;

impl Store {
    /// Begins a session, in place of the one that the browser had before, and forgets those that have ended.
    pub async fn begin_session(
        &self,
        person_id: i64,
        key_hash: &[u8],
        before: Option<&[u8]>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        write!(self, tx => {
            sqlx::query("DELETE FROM session WHERE seen_at < $1 OR created_at < $2 OR key_hash = $3")
                .bind(now.0 - IDLE_MS).bind(now.0 - LONGEST_MS).bind(before).execute(&mut *tx).await?;
            sqlx::query("INSERT INTO session (key_hash, person_id, created_at, seen_at) VALUES ($1, $2, $3, $3)")
                .bind(key_hash).bind(person_id).bind(now.0).execute(&mut *tx).await?;
            sqlx::query("UPDATE person SET last_login_at = $2 WHERE id = $1").bind(person_id).bind(now.0).execute(&mut *tx).await?;
        });
        Ok(())
    }

    /// Who is signed in with this key.
    pub async fn signed_in(&self, key_hash: &[u8], now: Timestamp) -> Result<Option<Person>, StoreError> {
        let seen: Option<(i64, i64)> = read!(self, pool => sqlx::query_as(
            "SELECT person_id, seen_at FROM session WHERE key_hash = $1 AND seen_at >= $2 AND created_at >= $3",
        ).bind(key_hash).bind(now.0 - IDLE_MS).bind(now.0 - LONGEST_MS).fetch_optional(pool).await)?;
        let Some((person_id, seen_at)) = seen else { return Ok(None) };
        if now.0 - seen_at > SEEN_MS {
            write!(self, tx => {
                sqlx::query("UPDATE session SET seen_at = $2 WHERE key_hash = $1").bind(key_hash).bind(now.0).execute(&mut *tx).await?;
            });
        }
        let row: Option<Row> = read!(self, pool =>
            sqlx::query_as(select_people!("WHERE p.id = $1")).bind(person_id).fetch_optional(pool).await)?;
        row.map(Row::into_person).transpose()
    }

    /// Whether somebody has signed in by this name with this browser before.
    pub async fn knows_browser(&self, key_hash: &[u8], name: &str) -> Result<bool, StoreError> {
        let known: Option<i64> = read!(self, pool => sqlx::query_scalar(
            "SELECT p.id FROM browser b JOIN person p ON p.id = b.person_id WHERE b.key_hash = $1 AND p.name = $2",
        ).bind(key_hash).bind(name).fetch_optional(pool).await)?;
        Ok(known.is_some())
    }

    /// Whether anybody has signed in with this browser before.
    pub async fn is_browser(&self, key_hash: &[u8]) -> Result<bool, StoreError> {
        let known: Option<i64> = read!(self, pool => sqlx::query_scalar("SELECT person_id FROM browser WHERE key_hash = $1 LIMIT 1")
            .bind(key_hash).fetch_optional(pool).await)?;
        Ok(known.is_some())
    }

    /// Somebody has signed in with this browser. The oldest of many are forgotten.
    pub async fn remember_browser(&self, person_id: i64, key_hash: &[u8], now: Timestamp) -> Result<(), StoreError> {
        write!(self, tx => {
            sqlx::query("INSERT INTO browser (key_hash, person_id, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")
                .bind(key_hash).bind(person_id).bind(now.0).execute(&mut *tx).await?;
            sqlx::query(
                "DELETE FROM browser WHERE person_id = $1 AND key_hash NOT IN \
                 (SELECT key_hash FROM browser WHERE person_id = $1 ORDER BY created_at DESC, key_hash LIMIT $2)",
            )
            .bind(person_id).bind(MOST_BROWSERS).execute(&mut *tx).await?;
        });
        Ok(())
    }

    /// Ends a session.
    pub async fn end_session(&self, key_hash: &[u8]) -> Result<(), StoreError> {
        write!(self, tx => {
            sqlx::query("DELETE FROM session WHERE key_hash = $1").bind(key_hash).execute(&mut *tx).await?;
        });
        Ok(())
    }
}
