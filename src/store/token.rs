//! API tokens.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::{Conflict, Creator, Reader, Resource, Scope, Store, StoreError, Tx};
use crate::clock::Timestamp;

/// The rights of a token.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, serde::Deserialize, clap::ValueEnum, utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum TokenScope {
    /// Read only.
    Read,
    /// Read and change.
    Write,
}

impl TokenScope {
    /// The name as stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }
}

impl From<String> for TokenScope {
    fn from(stored: String) -> Self {
        // An unknown value from a newer version gives the fewest rights.
        if stored == "write" { Self::Write } else { Self::Read }
    }
}

impl fmt::Display for TokenScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A token, without its secret.
#[derive(Debug, Clone, Serialize, sqlx::FromRow, utoipa::ToSchema)]
pub struct Token {
    /// The token's number.
    pub id: i64,
    /// The token's name.
    pub name: String,
    /// The rights of the token.
    #[sqlx(try_from = "String")]
    pub scope: TokenScope,
    /// The organisation that the token is limited to; `None`: all organisations.
    #[serde(skip)]
    pub organisation_id: Option<i64>,
    /// The name of the organisation that the token is limited to; null if it is for all.
    pub organisation: Option<String>,
    /// When the token was created.
    pub created_at: Timestamp,
    /// The person who created the token, directly or with another token; empty: the command line.
    #[serde(skip)]
    pub created_by: String,
    /// The name of the token with which this token was created.
    pub made_by: Option<String>,
    #[serde(skip)]
    pub made_by_id: Option<i64>,
    #[serde(skip)]
    pub made_by_organisation: Option<i64>,
    /// When the token was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
}

impl Token {
    /// The token as an actor with this scope may see it: the token that created it is named only to its own
    /// organisation and to those who see all organisations.
    fn visible_to(self, scope: Scope) -> Self {
        let is_maker_visible = scope.id().is_none() || self.made_by_organisation == scope.id();
        Self { made_by: self.made_by.filter(|_| is_maker_visible), ..self }
    }
}

#[derive(Debug, Clone, Copy)]
pub struct NewToken<'a> {
    /// The name of the token, unique within its organisation.
    pub name: &'a str,
    /// Hash of the secret.
    pub hash: &'a [u8],
    pub scope: TokenScope,
    /// The organisation that the token is limited to; `None`: all organisations.
    pub organisation_id: Option<i64>,
    /// The creator of the token: the person and, if a token was used, that token; empty for the command line.
    pub creator: Creator<'a>,
}

/// Precision of a token's time of last use.
const USE_PRECISION: Duration = Duration::from_mins(1);
/// How long the response to an idempotent request is stored.
const ANSWER_TTL: Duration = Duration::from_hours(24);
/// Maximum time until a request is answered.
const ANSWER_TIMEOUT: Duration = Duration::from_mins(10);

impl Tx<'_> {
    /// Adds a token and returns its row.
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
            .bind(new.creator.who)
            .bind(new.creator.token)
            .value()
            .await;
        added.map_err(|error| StoreError::on_unique_violation(error, || Conflict::TokenExists(name.to_owned())))
    }

    /// Revokes a token: requests with it are refused from then on, and links created with it no longer work. If
    /// `with_descendants`, tokens created with it are revoked too; otherwise they pass to the token that created this
    /// one. Returns the number of revoked tokens.
    pub async fn revoke_token(&mut self, id: i64, with_descendants: bool) -> Result<u64, StoreError> {
        if with_descendants {
            let statement = self.sql(
                r"-- revoke a token with those made by it
                {made_by} DELETE FROM api_token WHERE id IN (SELECT id FROM made)",
            );
            return Ok(statement.bind(id).run().await?);
        }
        let reassign = self.sql(
            r"-- reassign the tokens made by a token
            UPDATE api_token SET made_by = (SELECT t.made_by FROM api_token t WHERE t.id = $1) WHERE made_by = $1",
        );
        reassign.bind(id).run().await?;
        let revoke = self.sql(
            r"-- revoke a token
            DELETE FROM api_token WHERE id = $1",
        );
        Ok(revoke.bind(id).run().await?)
    }
}

impl Reader {
    /// A token within the scope, by name. If several organisations have a token with this name, `organisation` selects
    /// one; without it, the token that sees all organisations is selected.
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
        let mut found: Vec<Token> = found.into_iter().map(|token: Token| token.visible_to(scope)).collect();
        let meant = found.iter().position(|token| token.organisation_id.is_none()).or((found.len() == 1).then_some(0));
        match meant {
            Some(meant) => Ok(found.swap_remove(meant)),
            None if found.is_empty() => Err(Resource::Token(name.to_owned()).missing()),
            None => Err(Conflict::AmbiguousToken(name.to_owned()).into()),
        }
    }

    /// All tokens created with this one, directly or indirectly; by name.
    pub async fn descendants_of_token(&mut self, id: i64) -> Result<Vec<Token>, StoreError> {
        let statement = self.sql(
            r"-- tokens made by a token
            {made_by} {token} WHERE t.id IN (SELECT id FROM made) AND t.id <> $1 ORDER BY t.name, t.id",
        );
        Ok(statement.bind(id).all().await?)
    }
}

impl Store {
    /// The tokens within the scope, by name.
    pub async fn tokens(&self, scope: Scope) -> Result<Vec<Token>, StoreError> {
        self.token_page(scope, None, i64::MAX).await
    }

    /// A page of the tokens within the scope, after the one with this name and row.
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
        Ok(page.into_iter().map(|token| token.visible_to(scope)).collect())
    }

    /// A token within the scope, by name; see [`Reader::token`].
    pub async fn token(&self, name: &str, organisation: Option<&str>, scope: Scope) -> Result<Token, StoreError> {
        self.read().await?.token(name, organisation, scope).await
    }

    /// The token with this hash. Updates its time of last use, to the minute.
    pub async fn token_by_hash(&self, hash: &[u8], now: Timestamp) -> Result<Option<Token>, StoreError> {
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- token by hash
            {token} WHERE t.token_hash = $1",
        );
        let token: Option<Token> = statement.bind(hash).first().await?;
        drop(reader);
        let is_stale = |at: Timestamp| now.since(at) > USE_PRECISION;
        if let Some(token) = token.as_ref().filter(|token| token.last_used_at.is_none_or(is_stale)) {
            let mut tx = self.begin().await?;
            let used = tx.sql(
                r"-- store the last use of a token
                UPDATE api_token SET last_used_at = $2 WHERE id = $1",
            );
            used.bind(token.id).bind(now).run().await?;
            tx.commit().await?;
        }
        Ok(token)
    }

    /// The stored response to an earlier request with the same idempotency key: request hash, status and body. The status
    /// is 0 while the response is still missing.
    pub async fn stored_response(
        &self,
        token_id: i64,
        key: &str,
    ) -> Result<Option<(Vec<u8>, i64, String)>, StoreError> {
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- kept answer
            SELECT request_hash, status, body FROM answer_kept WHERE token_id = $1 AND key = $2",
        );
        Ok(statement.bind(token_id).bind(key).first().await?)
    }

    /// Claims an idempotency key for a request. Of two concurrent requests only one gets the key. The response is
    /// stored later; if that does not happen in time, the worker has died and the key is free again.
    pub async fn claim_key(&self, token_id: i64, key: &str, hash: &[u8], now: Timestamp) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let free = tx.sql(
            r"-- free an old key
            DELETE FROM answer_kept
            WHERE token_id = $1 AND key = $2 AND (at < $3 OR (status = 0 AND at < $4))",
        );
        free.bind(token_id).bind(key).bind(now.minus(ANSWER_TTL)).bind(now.minus(ANSWER_TIMEOUT)).run().await?;
        let claim = tx.sql(
            r"-- claim a key
            INSERT INTO answer_kept (token_id, key, request_hash, status, body, at)
            VALUES ($1, $2, $3, 0, '', $4) ON CONFLICT DO NOTHING",
        );
        let claimed = claim.bind(token_id).bind(key).bind(hash).bind(now).run().await? == 1;
        tx.commit().await?;
        Ok(claimed)
    }

    /// Stores the response to a request and keeps it for a day; `None` frees the request's idempotency key.
    pub async fn store_response(
        &self,
        token_id: i64,
        key: &str,
        answer: Option<(u16, &str)>,
    ) -> Result<(), StoreError> {
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
