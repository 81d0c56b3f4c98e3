//! Grants: OAuth consents and an application's own rights.

mod app;
mod tokens;

use std::collections::HashMap;

use sqlx::{Database, Decode, Type};

use super::{Resource, Store, StoreError, Tx};
use crate::clock::Timestamp;

/// Identifies the grant that a mailbox is opened with. Several mailboxes may share one.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct GrantKey {
    /// The provider's name in the configuration.
    pub provider: String,
    #[sqlx(try_from = "String")]
    pub kind: GrantKind,
    /// The user who consents, in lower case; the tenant if app-only.
    pub identity: String,
}

/// The kind of a grant: who holds the right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum GrantKind {
    /// A person who has consented.
    Delegated,
    /// The application itself.
    AppOnly,
}

/// The flow in which a consent was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// The consent was given in a browser, with an authorization code (RFC 6749).
    Code,
    /// The consent was given with a device code (RFC 8628); the application sends no secret.
    Device,
}

/// A grant and its tokens.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Grant {
    pub id: i64,
    #[sqlx(flatten)]
    pub key: GrantKey,
    /// The flow in which the consent was given; `None`: no consent yet, or app-only.
    pub flow: Option<Flow>,
    /// The refresh token, sealed.
    pub refresh_sealed: Option<Vec<u8>>,
    /// The access token, sealed.
    pub access_sealed: Option<Vec<u8>>,
    /// Expiry of the access token.
    pub access_expires_at: Timestamp,
    /// The time from which the access token is renewed before it is used again.
    pub renew_at: Timestamp,
    pub consented_at: Option<Timestamp>,
    /// Expiry of the consent itself, if the provider reported one.
    pub consent_ends_at: Option<Timestamp>,
    /// When the last token was received.
    pub refreshed_at: Option<Timestamp>,
    /// Why no token could be obtained, as JSON.
    pub problem: Option<String>,
    pub problem_since: Option<Timestamp>,
    /// Whether only a new consent can solve the problem.
    pub needs_consent: bool,
    /// The time before which our own back-off allows no token request.
    pub retry_at: Option<Timestamp>,
    /// The time before which the provider's `Retry-After` allows no token request.
    #[sqlx(rename = "told_until")]
    pub provider_retry_at: Option<Timestamp>,
    /// Failed token requests in a row.
    pub failures: i64,
    /// Version of the tokens, for optimistic locking; grows with each change.
    pub version: i64,
}

/// The record name under which the refresh token of a grant is sealed.
pub fn refresh_row(grant_id: i64) -> String {
    format!("oauth_grant/{grant_id}/refresh")
}

/// The record name under which the access token of a grant is sealed.
pub fn access_row(grant_id: i64) -> String {
    format!("oauth_grant/{grant_id}/access")
}

impl Grant {
    /// Status of the grant. `app_fails`: whether the application itself cannot get tokens for any grant.
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
    /// The name as stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delegated => "delegated",
            Self::AppOnly => "app-only",
        }
    }
}

impl TryFrom<String> for GrantKind {
    type Error = StoreError;

    fn try_from(text: String) -> Result<Self, StoreError> {
        let found = [Self::Delegated, Self::AppOnly].into_iter().find(|kind| kind.as_str() == text);
        found.ok_or_else(|| StoreError::Unknown(format!("grant of kind {text}")))
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

impl<DB: Database> Type<DB> for Flow
where
    String: Type<DB>,
{
    fn type_info() -> DB::TypeInfo {
        String::type_info()
    }

    fn compatible(ty: &DB::TypeInfo) -> bool {
        String::compatible(ty)
    }
}

impl<'r, DB: Database> Decode<'r, DB> for Flow
where
    String: Decode<'r, DB>,
{
    fn decode(value: DB::ValueRef<'r>) -> Result<Self, sqlx::error::BoxDynError> {
        let text = String::decode(value)?;
        let found = [Self::Code, Self::Device].into_iter().find(|flow| flow.as_str() == text);
        found.ok_or_else(|| StoreError::Unknown(format!("grant by {text}")).into())
    }
}

impl GrantKey {
    /// Reads the key from the columns of a joined row; `None` if the row has no provider.
    pub(super) fn from_columns(
        provider: Option<String>,
        kind: Option<String>,
        identity: Option<String>,
    ) -> Result<Option<Self>, StoreError> {
        match (provider, kind, identity) {
            (Some(provider), Some(kind), Some(identity)) => {
                Ok(Some(Self { provider, kind: kind.try_into()?, identity }))
            }
            _ => Ok(None),
        }
    }
}

pub use app::AppProblem;
pub use tokens::{GrantProblem, SealedTokens};

impl Store {
    /// The grant with this row number.
    pub async fn grant(&self, id: i64) -> Result<Grant, StoreError> {
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- one grant
            SELECT {grant_columns} FROM oauth_grant WHERE id = $1",
        );
        let grant = statement.bind(id).first().await?;
        grant.ok_or_else(|| Resource::Consent.missing())
    }

    pub async fn grants(&self) -> Result<Vec<Grant>, StoreError> {
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- all grants
            SELECT {grant_columns} FROM oauth_grant ORDER BY provider, kind, identity",
        );
        Ok(statement.all().await?)
    }

    /// The addresses of the mailboxes, grouped by the grant that opens them.
    pub async fn mailboxes_by_grant(&self) -> Result<HashMap<i64, Vec<String>>, StoreError> {
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- mailboxes by grant
            SELECT grant_id, address FROM mailbox WHERE grant_id IS NOT NULL ORDER BY grant_id, address",
        );
        let rows: Vec<(i64, String)> = statement.all().await?;
        let mut by_grant = HashMap::<i64, Vec<String>>::new();
        for (grant, address) in rows {
            by_grant.entry(grant).or_default().push(address);
        }
        Ok(by_grant)
    }
}

impl Tx<'_> {
    /// The row of this organisation's grant, which is created if it is missing.
    pub(super) async fn grant_row(&mut self, key: &GrantKey, organisation_id: i64) -> Result<i64, StoreError> {
        // An update that changes nothing makes RETURNING return an existing row.
        let statement = self.sql(
            r"-- row of a grant
            INSERT INTO oauth_grant (provider, kind, identity, organisation_id) VALUES ($1, $2, $3, $4)
            ON CONFLICT (organisation_id, provider, kind, identity) DO UPDATE SET provider = excluded.provider
            RETURNING id",
        );
        let statement = statement.bind(&key.provider).bind(key.kind.as_str()).bind(&key.identity);
        Ok(statement.bind(organisation_id).value().await?)
    }

    /// Deletes the grants that no mailbox uses, together with their tokens.
    pub(super) async fn delete_unused_grants(&mut self) -> Result<(), StoreError> {
        let grants = self.sql(
            r"-- delete unused grants
            DELETE FROM oauth_grant WHERE NOT EXISTS (SELECT 1 FROM mailbox m WHERE m.grant_id = oauth_grant.id)",
        );
        grants.run().await?;
        let apps = self.sql(
            r"-- delete the problems of applications without grants
            DELETE FROM oauth_app WHERE NOT EXISTS (SELECT 1 FROM oauth_grant g WHERE g.provider = oauth_app.provider)",
        );
        apps.run().await?;
        Ok(())
    }
}
