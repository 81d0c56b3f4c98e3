//! Tokens of the API.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::{Conflict, Maker, Reader, Resource, Scope, Store, StoreError, Tx};
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

impl From<String> for TokenScope {
    fn from(stored: String) -> Self {
        // A word that this version does not know gives the least right.
        if stored == "write" { Self::Write } else { Self::Read }
    }
}

impl fmt::Display for TokenScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A token, without what it is shown by.
#[derive(Debug, Clone, Serialize, sqlx::FromRow, utoipa::ToSchema)]
pub struct Token {
    /// Its row.
    pub id: i64,
    /// What it is called.
    pub name: String,
    /// What it may do.
    #[sqlx(try_from = "String")]
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
    /// That token's organisation.
    #[serde(skip)]
    pub made_by_organisation: Option<i64>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
}

impl Token {
    /// The token as somebody may see it who sees this: a token of all organisations is not named to one of them.
    fn seen_by(self, scope: Scope) -> Self {
        let sees_maker = scope.id().is_none() || self.made_by_organisation == scope.id();
        Self { made_by: self.made_by.filter(|_| sees_maker), ..self }
    }
}

/// A token to be added.
#[derive(Debug, Clone, Copy)]
pub struct NewToken<'a> {
    /// What it is called, which is its organisation's own.
    pub name: &'a str,
    /// The hash of what it is shown by.
    pub hash: &'a [u8],
    /// What it may do.
    pub scope: TokenScope,
    /// Whose things it is for; `None`: everybody's.
    pub organisation_id: Option<i64>,
    /// The person who makes it, with the token by which it is made, if it is one; empty for the command line.
    pub maker: Maker<'a>,
}

/// How exactly it is known when a token was last used.
const USED: Duration = Duration::from_mins(1);
/// How long an answer is kept.
const KEPT: Duration = Duration::from_hours(24);
/// No answer takes longer.
const LONGEST: Duration = Duration::from_mins(10);

impl Tx<'_> {
    /// Adds a token by its hash, and returns its row.
    ///
    /// # Errors
    /// [`Conflict::InvalidTokenName`], [`Conflict::TokenExists`].
    pub async fn add_token(&mut self, new: NewToken<'_>, now: Timestamp) -> Result<i64, StoreError> {
        let name = new.name.trim();
        if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
            return Err(Conflict::InvalidTokenName.into());
        }
        let statement = self.sql(
            r"-- add a token
            INSERT INTO api_token (name, token_hash, scope, organisation_id, created_at, created_by, made_by)
            VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
        );
        let added = statement
            .bind(name)
            .bind(new.hash)
            .bind(new.scope.as_str())
            .bind(new.organisation_id)
            .bind(now)
            .bind(new.maker.who)
            .bind(new.maker.token)
            .value()
            .await;
        added.map_err(|error| StoreError::taken(error, || Conflict::TokenExists(name.to_owned())))
    }

    /// Revokes a token: it is refused from then on, and the links made by it no longer work. Tokens made by it go too where
    /// `with_made` says so; else they are known as made by the token that made this one. Returns how many went.
    pub async fn revoke_token(&mut self, id: i64, with_made: bool) -> Result<u64, StoreError> {
        if with_made {
            let statement = self.sql(
                r"-- revoke a token with those made by it
                {made_by} DELETE FROM api_token WHERE id IN (SELECT id FROM made)",
            );
            return Ok(statement.bind(id).run().await?);
        }
        let hand_on = self.sql(
            r"-- hand on the tokens made by a token
            UPDATE api_token SET made_by = (SELECT t.made_by FROM api_token t WHERE t.id = $1) WHERE made_by = $1",
        );
        hand_on.bind(id).run().await?;
        let revoke = self.sql(
            r"-- revoke a token
            DELETE FROM api_token WHERE id = $1",
        );
        Ok(revoke.bind(id).run().await?)
    }
}

impl Reader {
    /// One token that this scope holds, by its name. Where several organisations have one of this name, `organisation` says whose is
    /// meant; without it, the one of all organisations.
    ///
    /// # Errors
    /// [`Resource::Token`] is missing; [`Conflict::AmbiguousToken`].
    pub async fn token(&mut self, name: &str, organisation: Option<&str>, scope: Scope) -> Result<Token, StoreError> {
        let statement = self.sql(
            r"-- tokens of one name
            {token}
            WHERE t.name = $1 AND ($2 IS NULL OR t.organisation_id = $2) AND ($3 IS NULL OR o.name = $3)
            ORDER BY t.id",
        );
        let found = statement.bind(name.trim()).bind(scope.id()).bind(organisation.map(str::trim)).all().await?;
        let mut found: Vec<Token> = found.into_iter().map(|token: Token| token.seen_by(scope)).collect();
        let meant = found.iter().position(|token| token.organisation_id.is_none()).or((found.len() == 1).then_some(0));
        match meant {
            Some(meant) => Ok(found.swap_remove(meant)),
            None if found.is_empty() => Err(Resource::Token(name.to_owned()).missing()),
            None => Err(Conflict::AmbiguousToken(name.to_owned()).into()),
        }
    }

    /// The tokens that were made by this one, by those in turn, and so on; by name.
    pub async fn tokens_made_by(&mut self, id: i64) -> Result<Vec<Token>, StoreError> {
        let statement = self.sql(
            r"-- tokens made by a token
            {made_by} {token} WHERE t.id IN (SELECT id FROM made) AND t.id <> $1 ORDER BY t.name, t.id",
        );
        Ok(statement.bind(id).all().await?)
    }
}

impl Store {
    /// The tokens that this scope holds, by name.
    pub async fn tokens(&self, scope: Scope) -> Result<Vec<Token>, StoreError> {
        self.token_page(scope, None, i64::MAX).await
    }

    /// A page of the tokens that this scope holds, behind the one of this name and row.
    pub async fn token_page(
        &self,
        scope: Scope,
        after: Option<&(String, i64)>,
        limit: i64,
    ) -> Result<Vec<Token>, StoreError> {
        let (name, id) = after.map_or((None, 0), |(name, id)| (Some(name), *id));
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- page of tokens
            {token}
            WHERE ($1 IS NULL OR t.organisation_id = $1) AND ($2 IS NULL OR t.name > $2 OR (t.name = $2 AND t.id > $3))
            ORDER BY t.name, t.id LIMIT $4",
        );
        let page: Vec<Token> = statement.bind(scope.id()).bind(name).bind(id).bind(limit).all().await?;
        Ok(page.into_iter().map(|token| token.seen_by(scope)).collect())
    }

    /// One token that this scope holds, by its name; see [`Reader::token`].
    pub async fn token(&self, name: &str, organisation: Option<&str>, scope: Scope) -> Result<Token, StoreError> {
        self.read().await?.token(name, organisation, scope).await
    }

    /// The token whose hash a request shows. Writes down, to the minute, when it was last used.
    pub async fn token_of(&self, hash: &[u8], now: Timestamp) -> Result<Option<Token>, StoreError> {
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- token by hash
            {token} WHERE t.token_hash = $1",
        );
        let token: Option<Token> = statement.bind(hash).first().await?;
        drop(reader);
        let is_stale = |at: Timestamp| now.since(at) > USED;
        if let Some(token) = token.as_ref().filter(|token| token.last_used_at.is_none_or(is_stale)) {
            let mut tx = self.begin().await?;
            let used = tx.sql(
                r"-- a token was used
                UPDATE api_token SET last_used_at = $2 WHERE id = $1",
            );
            used.bind(token.id).bind(now).run().await?;
            tx.commit().await?;
        }
        Ok(token)
    }

    /// The answer to a request that was sent before with the same key: its hash, status and body.
    pub async fn kept_answer(&self, token_id: i64, key: &str) -> Result<Option<(Vec<u8>, i64, String)>, StoreError> {
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- kept answer
            SELECT request_hash, status, body FROM answer_kept WHERE token_id = $1 AND key = $2",
        );
        Ok(statement.bind(token_id).bind(key).first().await?)
    }

    /// Takes a key for a request; of two that come at once, one gets it. The answer is filled in later; where none has come for
    /// long, whoever was to give it has ended, and the key is free again.
    pub async fn claim_key(&self, token_id: i64, key: &str, hash: &[u8], now: Timestamp) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let free = tx.sql(
            r"-- free an old key
            DELETE FROM answer_kept
            WHERE token_id = $1 AND key = $2 AND (at < $3 OR (status = 0 AND at < $4))",
        );
        free.bind(token_id).bind(key).bind(now.minus(KEPT)).bind(now.minus(LONGEST)).run().await?;
        let claim = tx.sql(
            r"-- claim a key
            INSERT INTO answer_kept (token_id, key, request_hash, status, body, at)
            VALUES ($1, $2, $3, 0, '', $4) ON CONFLICT DO NOTHING",
        );
        let claimed = claim.bind(token_id).bind(key).bind(hash).bind(now).run().await? == 1;
        tx.commit().await?;
        Ok(claimed)
    }

    /// Keeps the answer to a request for a day, or with `None` gives its key free.
    pub async fn keep_answer(&self, token_id: i64, key: &str, answer: Option<(u16, &str)>) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        match answer {
            Some((status, body)) => {
                let keep = tx.sql(
                    r"-- keep an answer
                    UPDATE answer_kept SET status = $3, body = $4 WHERE token_id = $1 AND key = $2",
                );
                keep.bind(token_id).bind(key).bind(i64::from(status)).bind(body).run().await?;
            }
            None => {
                let free = tx.sql(
                    r"-- free a key
                    DELETE FROM answer_kept WHERE token_id = $1 AND key = $2",
                );
                free.bind(token_id).bind(key).run().await?;
            }
        }
        tx.commit().await
    }
}
