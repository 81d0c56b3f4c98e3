//! Grants: OAuth consents, as they are and whose they are.

mod app;
mod tokens;

use std::collections::HashMap;

use super::db::read;
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
    /// When the consent itself ends, where the provider has said so.
    pub consent_ends_at: Option<Timestamp>,
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
            _ if self.refreshed_at.is_none() => "new",
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
    consent_ends_at: Option<i64>,
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
            consent_ends_at: self.consent_ends_at.map(Timestamp),
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
             consented_at, consent_ends_at, refreshed_at, problem, problem_since, needs_consent, retry_at, told_until, failures, version \
             FROM oauth_grant ",
            $rest
        )
    };
}

/// In a transaction: the row of this organisation's grant, made if there is none.
macro_rules! grant_row {
    ($tx:ident, $key:expr, $organisation:expr) => {
        // An update that changes nothing, so that the row that is there is returned.
        sqlx::query_scalar::<_, i64>(
            "INSERT INTO oauth_grant (provider, kind, identity, organisation_id) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (organisation_id, provider, kind, identity) DO UPDATE SET provider = excluded.provider RETURNING id",
        )
        .bind(&$key.provider)
        .bind($key.kind.as_str())
        .bind(&$key.identity)
        .bind($organisation)
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
use select_grants;
pub(super) use {drop_unused_grants, grant_row};

pub use app::AppProblem;
pub use tokens::{GrantProblem, SealedTokens};

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
}
