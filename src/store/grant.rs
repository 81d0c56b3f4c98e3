//! Grants: OAuth consents, as they are and whose they are.

mod app;
mod tokens;

use std::collections::HashMap;

use sqlx::{Database, Decode, Type};

use super::{Resource, Store, StoreError, Tx};
use crate::clock::Timestamp;

/// Which grant a mailbox is opened with. Several may share one.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct GrantKey {
    /// The provider's name in the configuration.
    pub provider: String,
    /// Whose right it is.
    #[sqlx(try_from = "String")]
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
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Grant {
    /// Its row.
    pub id: i64,
    /// Which it is.
    #[sqlx(flatten)]
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
    /// From a row's columns; `None` without a provider.
    pub(super) fn read(
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
    /// One grant.
    pub async fn grant(&self, id: i64) -> Result<Grant, StoreError> {
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- one grant
            SELECT {grant_columns} FROM oauth_grant WHERE id = $1",
        );
        let grant = statement.bind(id).first().await?;
        grant.ok_or_else(|| Resource::Consent.missing())
    }

    /// All grants.
    pub async fn grants(&self) -> Result<Vec<Grant>, StoreError> {
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- all grants
            SELECT {grant_columns} FROM oauth_grant ORDER BY provider, kind, identity",
        );
        Ok(statement.all().await?)
    }

    /// The addresses of the mailboxes that are opened with each grant.
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
    /// The row of this organisation's grant, made if there is none.
    pub(super) async fn grant_row(&mut self, key: &GrantKey, organisation_id: i64) -> Result<i64, StoreError> {
        // An update that changes nothing, so that the row that is there is returned.
        let statement = self.sql(
            r"-- row of a grant
            INSERT INTO oauth_grant (provider, kind, identity, organisation_id) VALUES ($1, $2, $3, $4)
            ON CONFLICT (organisation_id, provider, kind, identity) DO UPDATE SET provider = excluded.provider
            RETURNING id",
        );
        let statement = statement.bind(&key.provider).bind(key.kind.as_str()).bind(&key.identity);
        Ok(statement.bind(organisation_id).value().await?)
    }

    /// Deletes the grants that no mailbox is opened with, their tokens with them.
    pub(super) async fn drop_unused_grants(&mut self) -> Result<(), StoreError> {
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
