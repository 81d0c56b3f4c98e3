//! Tokens of the API.

use std::fmt;

use serde::Serialize;

use super::db::{read, write};
use super::{Scope, Store, StoreError};
use crate::clock::Timestamp;

/// What a token may do.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, serde::Deserialize, clap::ValueEnum, utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum TokenScope {
    /// Look.
    Read,
    /// Look and change.
    Write,
}

impl TokenScope {
    /// As stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }
}

impl fmt::Display for TokenScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A token, without what it is shown by.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Token {
    /// Its row.
    pub id: i64,
    /// What it is called.
    pub name: String,
    /// What it may do.
    pub scope: TokenScope,
    /// Whose things it is for; `None`: everybody's.
    #[serde(skip)]
    pub organisation_id: Option<i64>,
    /// That organisation's name.
    pub organisation: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Who made it on the page.
    #[serde(skip)]
    pub created_by: String,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
}

/// How exactly it is known when a token was last used.
const USED_MS: i64 = 60 * 1000;

/// How long an answer is kept.
const KEPT_MS: i64 = 24 * 3600 * 1000;
/// No answer takes longer.
const LONGEST_MS: i64 = 10 * 60 * 1000;

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    name: String,
    scope: String,
    organisation_id: Option<i64>,
    organisation: Option<String>,
    created_at: i64,
    created_by: String,
    last_used_at: Option<i64>,
}

impl Row {
    fn into_token(self) -> Token {
        Token {
            id: self.id,
            name: self.name,
            // What is not known may do the least.
            scope: if self.scope == "write" { TokenScope::Write } else { TokenScope::Read },
            organisation_id: self.organisation_id,
            organisation: self.organisation,
            created_at: Timestamp(self.created_at),
            created_by: self.created_by,
            last_used_at: self.last_used_at.map(Timestamp),
        }
    }
}

macro_rules! select_tokens {
    ($rest:literal) => {
        concat!(
            "SELECT t.id, t.name, t.scope, t.organisation_id, o.name AS organisation, t.created_at, t.created_by, t.last_used_at \
             FROM api_token t LEFT JOIN organisation o ON o.id = t.organisation_id ",
            $rest
        )
    };
}

impl Store {
    /// Adds a token by its hash; `created_by`: the person who made it, or who made the token by which it
    /// is made; empty for the command line.
    pub async fn add_token(
        &self,
        name: &str,
        hash: &[u8],
        scope: TokenScope,
        organisation: Option<i64>,
        created_by: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let name = name.trim();
        if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
            return Err(StoreError::Conflict("a token's name has 1 to 100 characters, on one line".to_owned()));
        }
        write!(self, tx => {
            sqlx::query("INSERT INTO api_token (name, token_hash, scope, organisation_id, created_at, created_by) VALUES ($1, $2, $3, $4, $5, $6)")
                .bind(name).bind(hash).bind(scope.as_str()).bind(organisation).bind(now.0).bind(created_by)
                .execute(&mut *tx).await
                .map_err(|error| StoreError::taken(error, || format!("there is a token {name} already")))?;
        });
        Ok(())
    }

    /// The tokens that this scope holds, by name.
    pub async fn tokens(&self, scope: Scope) -> Result<Vec<Token>, StoreError> {
        let rows: Vec<Row> = read!(self, pool => sqlx::query_as(
            select_tokens!("WHERE ($1 IS NULL OR t.organisation_id = $1) ORDER BY t.name")
        ).bind(scope.id()).fetch_all(pool).await)?;
        Ok(rows.into_iter().map(Row::into_token).collect())
    }

    /// A page of the tokens that this scope holds, behind one of this name.
    pub async fn token_page(&self, scope: Scope, after: Option<&str>, limit: i64) -> Result<Vec<Token>, StoreError> {
        let rows: Vec<Row> = read!(self, pool => sqlx::query_as(select_tokens!(
            "WHERE ($1 IS NULL OR t.organisation_id = $1) AND ($2 IS NULL OR t.name > $2) ORDER BY t.name LIMIT $3"
        )).bind(scope.id()).bind(after).bind(limit).fetch_all(pool).await)?;
        Ok(rows.into_iter().map(Row::into_token).collect())
    }

    /// One token that this scope holds, by its name.
    pub async fn token(&self, name: &str, scope: Scope) -> Result<Token, StoreError> {
        let row: Option<Row> = read!(self, pool => sqlx::query_as(select_tokens!(
            "WHERE t.name = $1 AND ($2 IS NULL OR t.organisation_id = $2)"
        )).bind(name.trim()).bind(scope.id()).fetch_optional(pool).await)?;
        row.map(Row::into_token).ok_or_else(|| StoreError::NotFound(format!("there is no token {name}")))
    }

    /// Whose request this is.
    pub async fn token_of(&self, hash: &[u8], now: Timestamp) -> Result<Option<Token>, StoreError> {
        let row: Option<Row> = read!(self, pool =>
            sqlx::query_as(select_tokens!("WHERE t.token_hash = $1")).bind(hash).fetch_optional(pool).await)?;
        if let Some(row) = row.as_ref().filter(|row| row.last_used_at.is_none_or(|at| now.0 - at > USED_MS)) {
            write!(self, tx => {
                sqlx::query("UPDATE api_token SET last_used_at = $2 WHERE id = $1").bind(row.id).bind(now.0).execute(&mut *tx).await?;
            });
        }
        Ok(row.map(Row::into_token))
    }

    /// Takes a token back. It is refused from then on.
    pub async fn revoke_token(&self, name: &str, scope: Scope) -> Result<(), StoreError> {
        let gone = write!(self, tx => {
            sqlx::query("DELETE FROM api_token WHERE name = $1 AND ($2 IS NULL OR organisation_id = $2)")
                .bind(name.trim()).bind(scope.id()).execute(&mut *tx).await?.rows_affected()
        });
        match gone {
            0 => Err(StoreError::NotFound(format!("there is no token {name}; see `mailferry token list`"))),
            _ => Ok(()),
        }
    }

    /// The answer to a request that was sent before with the same key: its hash, status and body.
    pub async fn kept_answer(&self, token_id: i64, key: &str) -> Result<Option<(Vec<u8>, i64, String)>, StoreError> {
        Ok(read!(self, pool => sqlx::query_as(
            "SELECT request_hash, status, body FROM answer_kept WHERE token_id = $1 AND key = $2",
        ).bind(token_id).bind(key).fetch_optional(pool).await)?)
    }

    /// Takes a key for a request; of two that come at once, one gets it. The answer is filled in later; where none has come for
    /// long, whoever was to give it has ended, and the key is free again.
    pub async fn claim_key(&self, token_id: i64, key: &str, hash: &[u8], now: Timestamp) -> Result<bool, StoreError> {
        Ok(write!(self, tx => {
            sqlx::query("DELETE FROM answer_kept WHERE at < $1 OR (status = 0 AND at < $2)")
                .bind(now.0 - KEPT_MS).bind(now.0 - LONGEST_MS).execute(&mut *tx).await?;
            sqlx::query(
                "INSERT INTO answer_kept (token_id, key, request_hash, status, body, at) VALUES ($1, $2, $3, 0, '', $4) \
                 ON CONFLICT DO NOTHING",
            )
            .bind(token_id).bind(key).bind(hash).bind(now.0).execute(&mut *tx).await?.rows_affected() == 1
        }))
    }

    /// Keeps the answer to a request for a day, or with `None` gives its key free.
    pub async fn keep_answer(&self, token_id: i64, key: &str, answer: Option<(u16, &str)>) -> Result<(), StoreError> {
        write!(self, tx => {
            match answer {
                Some((status, body)) => {
                    sqlx::query("UPDATE answer_kept SET status = $3, body = $4 WHERE token_id = $1 AND key = $2")
                        .bind(token_id).bind(key).bind(i64::from(status)).bind(body).execute(&mut *tx).await?;
                }
                None => {
                    sqlx::query("DELETE FROM answer_kept WHERE token_id = $1 AND key = $2")
                        .bind(token_id).bind(key).execute(&mut *tx).await?;
                }
            }
        });
        Ok(())
    }
}
