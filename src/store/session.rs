//! Sessions: who is signed in, by the hash of a key that only the browser has.

use std::time::Duration;

use super::{Person, Store, StoreError, Tx};
use crate::clock::Timestamp;

/// A session ends after this time without use.
const IDLE_TIMEOUT: Duration = Duration::from_hours(24);
/// Maximum duration of a session.
const MAX_DURATION: Duration = Duration::from_hours(7 * 24);
/// Precision of a session's time of last use, so that not every page view writes to the database.
const USE_PRECISION: Duration = Duration::from_mins(10);

/// Maximum number of known browsers of a person.
const MAX_BROWSERS: i64 = 20;

impl Store {
    /// Begins a session, and ends the browser's previous one.
    pub async fn begin_session(
        &self,
        person_id: i64,
        key_hash: &[u8],
        before: Option<&[u8]>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        if let Some(before) = before {
            tx.end_session(before).await?;
        }
        let begin = tx.sql(
            r"-- begin a session
            INSERT INTO session (key_hash, person_id, created_at, seen_at) VALUES ($1, $2, $3, $3)",
        );
        begin.bind(key_hash).bind(person_id).bind(now).run().await?;
        let login = tx.sql(
            r"-- store a person's last login
            UPDATE person SET last_login_at = $2 WHERE id = $1",
        );
        login.bind(person_id).bind(now).run().await?;
        tx.commit().await
    }

    /// The person who is signed in with this key.
    pub async fn signed_in(&self, key_hash: &[u8], now: Timestamp) -> Result<Option<Person>, StoreError> {
        let Some((person_id, seen_at)) = self.session(key_hash, now).await? else { return Ok(None) };
        if now.since(seen_at) > USE_PRECISION {
            let mut tx = self.begin().await?;
            let statement = tx.sql(
                r"-- store the last use of a session
                UPDATE session SET seen_at = $2 WHERE key_hash = $1",
            );
            statement.bind(key_hash).bind(now).run().await?;
            tx.commit().await?;
        }
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- person by row
            {person} WHERE p.id = $1",
        );
        Ok(statement.bind(person_id).first().await?)
    }

    /// The person of a session, and when it was last used.
    async fn session(&self, key_hash: &[u8], now: Timestamp) -> Result<Option<(i64, Timestamp)>, StoreError> {
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- session by key
            SELECT person_id, seen_at FROM session WHERE key_hash = $1 AND seen_at >= $2 AND created_at >= $3",
        );
        Ok(statement.bind(key_hash).bind(now.minus(IDLE_TIMEOUT)).bind(now.minus(MAX_DURATION)).first().await?)
    }

    /// Whether somebody has signed in with this name in this browser before.
    pub async fn knows_browser(&self, key_hash: &[u8], name: &str) -> Result<bool, StoreError> {
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- browser of a person
            SELECT p.id FROM browser b JOIN person p ON p.id = b.person_id WHERE b.key_hash = $1 AND p.name = $2",
        );
        Ok(statement.bind(key_hash).bind(name).first_value::<i64>().await?.is_some())
    }

    /// Whether anybody has signed in with this browser before.
    pub async fn is_browser(&self, key_hash: &[u8]) -> Result<bool, StoreError> {
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- browser of any person
            SELECT person_id FROM browser WHERE key_hash = $1 LIMIT 1",
        );
        Ok(statement.bind(key_hash).first_value::<i64>().await?.is_some())
    }

    /// Stores that a person has signed in with this browser. Of more than [`MAX_BROWSERS`] browsers, the oldest are deleted.
    pub async fn remember_browser(&self, person_id: i64, key_hash: &[u8], now: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let remember = tx.sql(
            r"-- remember a browser
            INSERT INTO browser (key_hash, person_id, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        );
        remember.bind(key_hash).bind(person_id).bind(now).run().await?;
        let forget = tx.sql(
            r"-- forget the oldest browsers of a person
            DELETE FROM browser WHERE person_id = $1 AND key_hash NOT IN (
                SELECT key_hash FROM browser WHERE person_id = $1 ORDER BY created_at DESC, key_hash LIMIT $2
            )",
        );
        forget.bind(person_id).bind(MAX_BROWSERS).run().await?;
        tx.commit().await
    }

    pub async fn end_session(&self, key_hash: &[u8]) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.end_session(key_hash).await?;
        tx.commit().await
    }
}

impl Tx<'_> {
    async fn end_session(&mut self, key_hash: &[u8]) -> Result<(), StoreError> {
        let statement = self.sql(
            r"-- end a session
            DELETE FROM session WHERE key_hash = $1",
        );
        statement.bind(key_hash).run().await?;
        Ok(())
    }
}
