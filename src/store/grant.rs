//! Grants: OAuth consents with their tokens, and what is wrong with them or with a whole application.

use std::collections::HashMap;

use super::db::{read, write};
use super::{Store, StoreError};
use crate::clock::Timestamp;

/// Which grant a mailbox is opened with. Several may share one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantKey {
    /// The provider's name in the configuration.
    pub provider: String,
    /// Whose right it is.
    pub kind: GrantKind,
    /// Who consents, in lower case; the tenant where it is app-only.
    pub identity: String,
}

/// Whose right a grant is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum GrantKind {
    /// A person's, who has consented.
    Delegated,
    /// The application's own.
    AppOnly,
}

/// How a consent was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// In the browser, with an authorization code.
    Code,
    /// With a device code; the application sends no secret.
    Device,
}

/// A grant as it is now.
#[derive(Debug, Clone)]
pub struct Grant {
    /// Its row.
    pub id: i64,
    /// Which it is.
    pub key: GrantKey,
    /// How it was given; `None`: never yet, or app-only.
    pub flow: Option<Flow>,
    /// The refresh token, sealed.
    pub refresh_sealed: Option<Vec<u8>>,
    /// The access token, sealed.
    pub access_sealed: Option<Vec<u8>>,
    /// Until when the access token lives.
    pub access_expires_at: Timestamp,
    /// From when on it is renewed before it is used.
    pub renew_at: Timestamp,
    /// When a person consented.
    pub consented_at: Option<Timestamp>,
    /// When the last token came.
    pub refreshed_at: Option<Timestamp>,
    /// Why there is no token, as JSON.
    pub problem: Option<String>,
    /// Since when.
    pub problem_since: Option<Timestamp>,
    /// Nothing but a new consent mends it.
    pub needs_consent: bool,
    /// Not asked for again before, by our own back-off.
    pub retry_at: Option<Timestamp>,
    /// Nor before that, by the provider's word.
    pub told_until: Option<Timestamp>,
    /// Failed requests in a row.
    pub failures: i64,
    /// Which token it is, counted.
    pub version: i64,
}

/// Tokens that came, sealed for their rows.
#[derive(Debug)]
pub struct SealedTokens {
    /// The access token.
    pub access: Vec<u8>,
    /// The refresh token; `None`: the old one stays.
    pub refresh: Option<Vec<u8>>,
    /// Until when the access token lives.
    pub expires_at: Timestamp,
    /// From when on it is renewed.
    pub renew_at: Timestamp,
}

/// Why a grant gives no token.
#[derive(Debug)]
pub struct GrantProblem {
    /// In words, as JSON.
    pub problem: String,
    /// Nothing but a new consent mends it.
    pub needs_consent: bool,
    /// Not asked for again before, by our own back-off.
    pub retry_at: Option<Timestamp>,
    /// Nor before that, by the provider's word.
    pub told_until: Option<Timestamp>,
}

/// What is wrong with an application.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct AppProblem {
    /// The provider's name.
    pub provider: String,
    /// In words, as JSON.
    pub problem: String,
    /// Since when.
    pub since: i64,
    /// Not asked for a token before.
    pub retry_at: i64,
}

/// The names under which a grant's tokens are sealed.
pub fn refresh_row(grant_id: i64) -> String {
    format!("oauth_grant/{grant_id}/refresh")
}

/// See [`refresh_row`].
pub fn access_row(grant_id: i64) -> String {
    format!("oauth_grant/{grant_id}/access")
}

impl Grant {
    /// How it fares; `app_fails`: nobody gets a token with its application.
    pub fn state(&self, app_fails: bool) -> &'static str {
        let has_token = self.key.kind == GrantKind::AppOnly || self.refresh_sealed.is_some();
        match (self.needs_consent, app_fails) {
            (true, _) => "needs-consent",
            _ if !has_token => "not-connected",
            (_, true) => "app-problem",
            _ if self.problem.is_some() => "waiting",
            _ => "connected",
        }
    }
}

impl GrantKind {
    /// As it is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delegated => "delegated",
            Self::AppOnly => "app-only",
        }
    }

    fn read(text: &str) -> Result<Self, StoreError> {
        match text {
            "delegated" => Ok(Self::Delegated),
            "app-only" => Ok(Self::AppOnly),
            other => Err(StoreError::Unknown(format!("grant of kind {other}"))),
        }
    }
}

impl Flow {
    fn as_str(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Device => "device",
        }
    }
}

impl GrantKey {
    /// From a row's columns; `None` without a provider.
    pub(super) fn read(
        provider: Option<String>,
        kind: Option<String>,
        identity: Option<String>,
    ) -> Result<Option<Self>, StoreError> {
        match (provider, kind, identity) {
            (Some(provider), Some(kind), Some(identity)) => {
                Ok(Some(Self { provider, kind: GrantKind::read(&kind)?, identity }))
            }
            _ => Ok(None),
        }
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    provider: String,
    kind: String,
    identity: String,
    flow: Option<String>,
    refresh_sealed: Option<Vec<u8>>,
    access_sealed: Option<Vec<u8>>,
    access_expires_at: Option<i64>,
    renew_at: Option<i64>,
    consented_at: Option<i64>,
    refreshed_at: Option<i64>,
    problem: Option<String>,
    problem_since: Option<i64>,
    needs_consent: bool,
    retry_at: Option<i64>,
    told_until: Option<i64>,
    failures: i64,
    version: i64,
}

impl Row {
    fn into_grant(self) -> Result<Grant, StoreError> {
        Ok(Grant {
            id: self.id,
            key: GrantKey { provider: self.provider, kind: GrantKind::read(&self.kind)?, identity: self.identity },
            flow: match self.flow.as_deref() {
                None => None,
                Some("code") => Some(Flow::Code),
                Some("device") => Some(Flow::Device),
                Some(other) => return Err(StoreError::Unknown(format!("grant by {other}"))),
            },
            refresh_sealed: self.refresh_sealed,
            access_sealed: self.access_sealed,
            access_expires_at: Timestamp(self.access_expires_at.unwrap_or(0)),
            renew_at: Timestamp(self.renew_at.unwrap_or(0)),
            consented_at: self.consented_at.map(Timestamp),
            refreshed_at: self.refreshed_at.map(Timestamp),
            problem: self.problem,
            problem_since: self.problem_since.map(Timestamp),
            needs_consent: self.needs_consent,
            retry_at: self.retry_at.map(Timestamp),
            told_until: self.told_until.map(Timestamp),
            failures: self.failures,
            version: self.version,
        })
    }
}

macro_rules! select_grants {
    ($rest:literal) => {
        concat!(
            "SELECT id, provider, kind, identity, flow, refresh_sealed, access_sealed, access_expires_at, renew_at, \
             consented_at, refreshed_at, problem, problem_since, needs_consent, retry_at, told_until, failures, version \
             FROM oauth_grant ",
            $rest
        )
    };
}

/// In a transaction: the row of this grant, made if there is none.
macro_rules! grant_row {
    ($tx:ident, $key:expr) => {
        // An update that changes nothing, so that the row that is there is returned.
        sqlx::query_scalar::<_, i64>(
            "INSERT INTO oauth_grant (provider, kind, identity) VALUES ($1, $2, $3) \
             ON CONFLICT (provider, kind, identity) DO UPDATE SET provider = excluded.provider RETURNING id",
        )
        .bind(&$key.provider)
        .bind($key.kind.as_str())
        .bind(&$key.identity)
        .fetch_one(&mut *$tx)
        .await?
    };
}

/// In a transaction: grants that no mailbox is opened with go, their tokens with them.
macro_rules! drop_unused_grants {
    ($tx:ident) => {
        sqlx::query(
            "DELETE FROM oauth_grant WHERE NOT EXISTS (SELECT 1 FROM mailbox m WHERE m.grant_id = oauth_grant.id)",
        )
                    .execute(&mut *$tx)
            .await?;
        sqlx::query("DELETE FROM oauth_app WHERE NOT EXISTS (SELECT 1 FROM oauth_grant g WHERE g.provider = oauth_app.provider)")
            .execute(&mut *$tx)
            .await?
    };
}
pub(super) use {drop_unused_grants, grant_row};

impl Store {
    /// One grant.
    pub async fn grant(&self, id: i64) -> Result<Grant, StoreError> {
        let row: Option<Row> = read!(self, pool =>
            sqlx::query_as(select_grants!("WHERE id = $1")).bind(id).fetch_optional(pool).await)?;
        row.ok_or_else(|| StoreError::NotFound("the mailbox is no longer opened with this consent".to_owned()))?
            .into_grant()
    }

    /// All grants.
    pub async fn grants(&self) -> Result<Vec<Grant>, StoreError> {
        let rows: Vec<Row> = read!(self, pool =>
            sqlx::query_as(select_grants!("ORDER BY provider, kind, identity")).fetch_all(pool).await)?;
        rows.into_iter().map(Row::into_grant).collect()
    }

    /// The addresses of the mailboxes that are opened with each grant.
    pub async fn mailboxes_by_grant(&self) -> Result<HashMap<i64, Vec<String>>, StoreError> {
        let rows: Vec<(i64, String)> = read!(self, pool => sqlx::query_as(
            "SELECT grant_id, address FROM mailbox WHERE grant_id IS NOT NULL ORDER BY grant_id, address",
        ).fetch_all(pool).await)?;
        let mut by_grant = HashMap::<i64, Vec<String>>::new();
        for (grant, address) in rows {
            by_grant.entry(grant).or_default().push(address);
        }
        Ok(by_grant)
    }

    /// Takes the right to renew a grant's token, and reads it as it then is; `dead` is the token of a holder that is known to be
    /// gone. `None` if somebody else is at it.
    pub async fn lock_grant(
        &self,
        id: i64,
        owner: &str,
        dead: Option<i64>,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<(Grant, i64)>, StoreError> {
        let lock: i64 = rand::random();
        let row: Option<Row> = write!(self, tx => {
            // A lock that lies further ahead than any is taken for was written by a clock that was wrong.
            let taken = sqlx::query(
                "UPDATE oauth_grant SET lock_token = $2, lock_owner = $3, lock_until = $5 WHERE id = $1 AND \
                 (lock_token IS NULL OR lock_until <= $4 OR lock_until > $5 + 60000 OR lock_token = $6)",
            )
            .bind(id).bind(lock).bind(owner).bind(now.0).bind(until.0).bind(dead)
            .execute(&mut *tx).await?.rows_affected();
            match taken {
                0 => None,
                _ => sqlx::query_as(select_grants!("WHERE id = $1")).bind(id).fetch_optional(&mut *tx).await?,
            }
        });
        Ok(row.map(Row::into_grant).transpose()?.map(|grant| (grant, lock)))
    }

    /// Who has that right: the token and the owner.
    pub async fn grant_lock(&self, id: i64) -> Result<Option<(i64, String)>, StoreError> {
        let row: Option<(Option<i64>, Option<String>)> = read!(self, pool =>
            sqlx::query_as("SELECT lock_token, lock_owner FROM oauth_grant WHERE id = $1")
                .bind(id).fetch_optional(pool).await)?;
        Ok(row.and_then(|(token, owner)| Some((token?, owner?))))
    }

    /// Gives that right back.
    pub async fn unlock_grant(&self, id: i64, lock: i64) -> Result<(), StoreError> {
        write!(self, tx => {
            sqlx::query("UPDATE oauth_grant SET lock_token = NULL, lock_owner = NULL, lock_until = NULL WHERE id = $1 AND lock_token = $2")
                .bind(id).bind(lock).execute(&mut *tx).await?;
        });
        Ok(())
    }

    /// Keeps renewed tokens, unless others have come since `before` was read; mailboxes that failed for want of one are polled. Durable when it returns: a rotated refresh token
    /// is on the disk before anything is done with what came beside it.
    pub async fn keep_tokens(&self, before: &Grant, tokens: &SealedTokens, now: Timestamp) -> Result<bool, StoreError> {
        let kept = write!(self, tx => {
            let kept = sqlx::query(
                "UPDATE oauth_grant SET access_sealed = $3, refresh_sealed = coalesce($4, refresh_sealed), \
                 access_expires_at = $5, renew_at = $6, refreshed_at = $7, problem = NULL, problem_since = NULL, \
                 needs_consent = FALSE, retry_at = NULL, told_until = NULL, failures = 0, version = version + 1, lock_token = NULL, \
                 lock_owner = NULL, lock_until = NULL WHERE id = $1 AND version = $2",
            )
            .bind(before.id).bind(before.version).bind(&tokens.access).bind(tokens.refresh.as_deref())
                        .bind(tokens.expires_at.0).bind(tokens.renew_at.0).bind(now.0)
            .execute(&mut *tx).await?.rows_affected();
            if before.problem.is_some() {
                sqlx::query("UPDATE mailbox SET next_poll_at = $2 WHERE grant_id = $1 AND failures > 0 AND next_poll_at > $2")
                    .bind(before.id).bind(now.0).execute(&mut *tx).await?;
            }
            kept
        });
        Ok(kept == 1)
    }

    /// Keeps the tokens of a new consent, whatever was there, and has its mailboxes polled. A poll under way loses its lease, so
    /// that what it has to say of the old one is not written down.
    pub async fn keep_consent(
        &self,
        id: i64,
        flow: Flow,
        tokens: &SealedTokens,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        write!(self, tx => {
            sqlx::query(
                "UPDATE oauth_grant SET flow = $2, access_sealed = $3, refresh_sealed = $4, access_expires_at = $5, \
                 renew_at = $6, consented_at = $7, refreshed_at = $7, problem = NULL, problem_since = NULL, \
                 needs_consent = FALSE, retry_at = NULL, told_until = NULL, failures = 0, version = version + 1, lock_token = NULL, \
                 lock_owner = NULL, lock_until = NULL WHERE id = $1",
            )
            .bind(id).bind(flow.as_str()).bind(&tokens.access).bind(tokens.refresh.as_deref())
            .bind(tokens.expires_at.0).bind(tokens.renew_at.0).bind(now.0)
            .execute(&mut *tx).await?;
            sqlx::query("UPDATE mailbox SET next_poll_at = $2, hold_until = NULL, failures = 0, lease_token = NULL, lease_owner = NULL, \
                 lease_until = NULL WHERE grant_id = $1")
                .bind(id).bind(now.0).execute(&mut *tx).await?;
        });
        Ok(())
    }

    /// Writes down why there is no token, unless one has come since `before` was read. Returns whether it was written.
    pub async fn grant_failed(&self, before: &Grant, what: &GrantProblem, now: Timestamp) -> Result<bool, StoreError> {
        let written = write!(self, tx => {
            sqlx::query(
                "UPDATE oauth_grant SET problem = $3, problem_since = coalesce(problem_since, $4), needs_consent = $5, \
                                  retry_at = $6, told_until = $7, failures = failures + 1, lock_token = NULL, lock_owner = NULL, lock_until = NULL \
                 WHERE id = $1 AND version = $2",
            )
            .bind(before.id).bind(before.version).bind(&what.problem).bind(now.0).bind(what.needs_consent)
            .bind(what.retry_at.map(|at| at.0)).bind(what.told_until.map(|at| at.0)).execute(&mut *tx).await?.rows_affected()
        });
        Ok(written == 1)
    }

    /// Forgets a grant's tokens; it needs a new consent then.
    pub async fn forget_tokens(&self, id: i64) -> Result<(), StoreError> {
        write!(self, tx => {
            sqlx::query(
                "UPDATE oauth_grant SET access_sealed = NULL, refresh_sealed = NULL, access_expires_at = NULL, renew_at = NULL, \
                 flow = NULL, consented_at = NULL, problem = NULL, problem_since = NULL, needs_consent = FALSE, \
                 retry_at = NULL, told_until = NULL, failures = 0, version = version + 1 WHERE id = $1",
            )
            .bind(id).execute(&mut *tx).await?;
        });
        Ok(())
    }

    /// What is wrong with applications, by provider.
    pub async fn app_problems(&self) -> Result<Vec<AppProblem>, StoreError> {
        Ok(
            read!(self, pool => sqlx::query_as("SELECT provider, problem, since, retry_at FROM oauth_app ORDER BY provider")
            .fetch_all(pool).await)?,
        )
    }

    /// What is wrong with one application.
    pub async fn app_problem(&self, provider: &str) -> Result<Option<AppProblem>, StoreError> {
        Ok(
            read!(self, pool => sqlx::query_as("SELECT provider, problem, since, retry_at FROM oauth_app WHERE provider = $1")
            .bind(provider).fetch_optional(pool).await)?,
        )
    }

    /// Writes down what is wrong with an application. Returns whether that is new.
    pub async fn app_failed(
        &self,
        provider: &str,
        problem: &str,
        retry_at: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let since: i64 = write!(self, tx => {
            sqlx::query_scalar(
                "INSERT INTO oauth_app (provider, problem, since, retry_at) VALUES ($1, $2, $3, $4) \
                 ON CONFLICT (provider) DO UPDATE SET problem = excluded.problem, retry_at = excluded.retry_at RETURNING since",
            )
            .bind(provider).bind(problem).bind(now.0).bind(retry_at.0).fetch_one(&mut *tx).await?
        });
        Ok(since == now.0)
    }

    /// The application works again: its mailboxes are polled soon. Returns whether anything was wrong.
    pub async fn app_works(&self, provider: &str, now: Timestamp) -> Result<bool, StoreError> {
        if self.app_problem(provider).await?.is_none() {
            return Ok(false);
        }
        let was_wrong = write!(self, tx => {
            sqlx::query(
                "UPDATE mailbox SET next_poll_at = $2, failures = 0 WHERE failures > 0 AND next_poll_at > $2 AND grant_id IN \
                 (SELECT id FROM oauth_grant WHERE provider = $1 AND NOT needs_consent)",
            )
            .bind(provider).bind(now.0).execute(&mut *tx).await?;
            sqlx::query("DELETE FROM oauth_app WHERE provider = $1").bind(provider).execute(&mut *tx).await?.rows_affected()
        });
        Ok(was_wrong > 0)
    }

    /// Lets applications and grants be asked for tokens again at once, but for what providers have told: a person may have
    /// mended what was wrong.
    pub async fn ask_again(&self) -> Result<(), StoreError> {
        write!(self, tx => {
            sqlx::query("UPDATE oauth_app SET retry_at = 0").execute(&mut *tx).await?;
            sqlx::query("UPDATE oauth_grant SET retry_at = NULL WHERE retry_at IS NOT NULL").execute(&mut *tx).await?;
        });
        Ok(())
    }
}
