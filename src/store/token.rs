//! Tokens of the API.

use std::fmt;

use serde::Serialize;

use super::db::{read, write};
use super::{Maker, Scope, Store, StoreError};
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
    /// The person who made it, or who made the token by which it was made; empty: the command line.
    #[serde(skip)]
    pub created_by: String,
    /// The token by which it was made, by its name.
    pub made_by: Option<String>,
    /// That token's row.
    #[serde(skip)]
    pub made_by_id: Option<i64>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
}

impl Token {
    /// What becomes of the tokens that were made by one that is revoked, for the audit.
    pub fn made_in_words(names: &[String], revoked: bool) -> String {
        match (names, revoked) {
            ([], _) => String::new(),
            (names, true) => format!("tokens made by it, revoked too: {}", names.join(", ")),
            (names, false) => format!("tokens made by it, still valid: {}", names.join(", ")),
        }
    }
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
    made_by: Option<String>,
    made_by_id: Option<i64>,
    made_by_organisation: Option<i64>,
    last_used_at: Option<i64>,
}

impl Row {
    /// As somebody may see it who sees this: a token of all organisations is not named to one of them.
    fn into_token(self, scope: Scope) -> Token {
        let is_seen = scope.id().is_none() || self.made_by_organisation == scope.id();
        Token {
            id: self.id,
            name: self.name,
            // What is not known may do the least.
            scope: if self.scope == "write" { TokenScope::Write } else { TokenScope::Read },
            organisation_id: self.organisation_id,
            organisation: self.organisation,
            created_at: Timestamp(self.created_at),
            created_by: self.created_by,
            made_by: self.made_by.filter(|_| is_seen),
            made_by_id: self.made_by_id,
            last_used_at: self.last_used_at.map(Timestamp),
        }
    }
}

macro_rules! select_tokens {
    ($rest:literal) => {
        concat!(
            "SELECT t.id, t.name, t.scope, t.organisation_id, o.name AS organisation, t.created_at, t.created_by, \
             m.name AS made_by, t.made_by AS made_by_id, m.organisation_id AS made_by_organisation, t.last_used_at \
             FROM api_token t LEFT JOIN organisation o ON o.id = t.organisation_id LEFT JOIN api_token m ON m.id = t.made_by ",
            $rest
        )
    };
}

impl Store {
    /// Adds a token by its hash. Its name is its organisation's own. The maker is the person who makes it, with the token by which it
    /// is made, if it is one; empty for the command line.
    pub async fn add_token(
        &self,
        name: &str,
        hash: &[u8],
        scope: TokenScope,
        organisation: Option<i64>,
        maker: impl Into<Maker<'_>>,
        now: Timestamp,
    ) -> Result<i64, StoreError> {
        let maker = maker.into();
        let name = name.trim();
        if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
            return Err(StoreError::Conflict("a token's name has 1 to 100 characters, on one line".to_owned()));
        }
        Ok(write!(self, tx => {
            sqlx::query_scalar(
                "INSERT INTO api_token (name, token_hash, scope, organisation_id, created_at, created_by, made_by) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
            )
            .bind(name).bind(hash).bind(scope.as_str()).bind(organisation).bind(now.0).bind(maker.who).bind(maker.token)
            .fetch_one(&mut *tx).await
            .map_err(|error| StoreError::taken(error, || format!("there is a token {name} already")))?
        }))
    }

    /// The tokens that this scope holds, by name.
    pub async fn tokens(&self, scope: Scope) -> Result<Vec<Token>, StoreError> {
        let rows: Vec<Row> = read!(self, pool => sqlx::query_as(
            select_tokens!("WHERE ($1 IS NULL OR t.organisation_id = $1) ORDER BY t.name")
        ).bind(scope.id()).fetch_all(pool).await)?;
        Ok(rows.into_iter().map(|row| row.into_token(scope)).collect())
    }

    /// A page of the tokens that this scope holds, behind the one of this name and row.
    pub async fn token_page(
        &self,
        scope: Scope,
        after: Option<&(String, i64)>,
        limit: i64,
    ) -> Result<Vec<Token>, StoreError> {
        let (name, id) = after.map_or((None, 0), |(name, id)| (Some(name), *id));
        let rows: Vec<Row> = read!(self, pool => sqlx::query_as(select_tokens!(
            "WHERE ($1 IS NULL OR t.organisation_id = $1) AND ($2 IS NULL OR t.name > $2 OR (t.name = $2 AND t.id > $3)) \
             ORDER BY t.name, t.id LIMIT $4"
        )).bind(scope.id()).bind(name).bind(id).bind(limit).fetch_all(pool).await)?;
        Ok(rows.into_iter().map(|row| row.into_token(scope)).collect())
    }

    /// One token that this scope holds, by its name. Where several organisations have one of this name, `organisation` says whose is
    /// meant; without it, the one of all organisations.
    pub async fn token(&self, name: &str, organisation: Option<&str>, scope: Scope) -> Result<Token, StoreError> {
        let rows: Vec<Row> = read!(self, pool => sqlx::query_as(select_tokens!(
            "WHERE t.name = $1 AND ($2 IS NULL OR t.organisation_id = $2) AND ($3 IS NULL OR o.name = $3) ORDER BY t.id"
        )).bind(name.trim()).bind(scope.id()).bind(organisation.map(str::trim)).fetch_all(pool).await)?;
        let mut found: Vec<Token> = rows.into_iter().map(|row| row.into_token(scope)).collect();
        let meant = found.iter().position(|token| token.organisation_id.is_none()).or((found.len() == 1).then_some(0));
        match meant {
            Some(meant) => Ok(found.swap_remove(meant)),
            None if found.is_empty() => {
                Err(StoreError::NotFound(format!("there is no token {name}; see `mailferry token list`")))
            }
            None => {
                Err(StoreError::Conflict(format!("several organisations have a token {name}; say which organisation")))
            }
        }
    }

    /// The tokens that were made by this one, by those in turn, and so on; by name.
    pub async fn tokens_made_by(&self, id: i64) -> Result<Vec<Token>, StoreError> {
        let rows: Vec<Row> = read!(self, pool => sqlx::query_as(concat!(
            "WITH RECURSIVE made (id) AS (SELECT id FROM api_token WHERE made_by = $1 \
             UNION SELECT c.id FROM api_token c JOIN made ON c.made_by = made.id) ",
            select_tokens!("WHERE t.id IN (SELECT id FROM made) ORDER BY t.name, t.id")
        )).bind(id).fetch_all(pool).await)?;
        Ok(rows.into_iter().map(|row| row.into_token(Scope::All)).collect())
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
        Ok(row.map(|row| row.into_token(Scope::All)))
    }

    /// Takes a token back: it is refused from then on, and the links made by it no longer work. Tokens made by it go too where
    /// `with_made` says so; else they are known as made by the token that made this one. Returns how many went.
    pub async fn revoke_token(&self, id: i64, with_made: bool) -> Result<u64, StoreError> {
        Ok(write!(self, tx => {
            match with_made {
                true => {
                    sqlx::query(
                        "WITH RECURSIVE made (id) AS (SELECT id FROM api_token WHERE id = $1 \
                         UNION SELECT c.id FROM api_token c JOIN made ON c.made_by = made.id) \
                         DELETE FROM api_token WHERE id IN (SELECT id FROM made)",
                    )
                    .bind(id).execute(&mut *tx).await?.rows_affected()
                }
                false => {
                    sqlx::query("UPDATE api_token SET made_by = (SELECT t.made_by FROM api_token t WHERE t.id = $1) WHERE made_by = $1")
                        .bind(id).execute(&mut *tx).await?;
                    sqlx::query("DELETE FROM api_token WHERE id = $1").bind(id).execute(&mut *tx).await?.rows_affected()
                }
            }
        }))
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
