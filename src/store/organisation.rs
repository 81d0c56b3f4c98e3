//! Organisations: the owners of inboxes, mailboxes, people and tokens.

use serde::Serialize;

use super::{Conflict, Reader, Store, StoreError, Tx};
use crate::clock::Timestamp;

/// The data that an actor may see: everything, or that of one organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Everything, for an operator.
    All,
    Organisation(i64),
}

impl Scope {
    /// The row of the organisation, or `None` for everything: for statements with `($n IS NULL OR organisation_id =
    /// $n)`.
    pub fn id(self) -> Option<i64> {
        match self {
            Self::All => None,
            Self::Organisation(id) => Some(id),
        }
    }

    /// The scope of a member of this organisation; `None`: an operator.
    pub fn from_organisation(organisation: Option<i64>) -> Self {
        organisation.map_or(Self::All, Self::Organisation)
    }

    /// Whether data of this organisation is within the scope.
    pub fn has(self, organisation: i64) -> bool {
        self.id().is_none_or(|id| id == organisation)
    }
}

/// An organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow, utoipa::ToSchema)]
pub struct Organisation {
    /// The organisation's number.
    pub id: i64,
    /// The organisation's name.
    pub name: String,
}

/// The organisation that exists from the start.
pub const FIRST_ORGANISATION: i64 = 1;

impl Tx<'_> {
    /// The organisation with this name, which is created if it is missing, and whether it was created.
    pub async fn add_organisation(&mut self, name: &str, now: Timestamp) -> Result<(Organisation, bool), StoreError> {
        let name = name.trim();
        if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
            return Err(Conflict::InvalidOrganisationName.into());
        }
        let add = self.sql(
            r"-- add an organisation
            INSERT INTO organisation (name, created_at) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
        );
        let is_new = add.bind(name).bind(now).run().await? == 1;
        let find = self.sql(
            r"-- organisation by name
            SELECT id, name FROM organisation WHERE name = $1",
        );
        Ok((find.bind(name).only().await?, is_new))
    }
}

impl Reader {
    /// All organisations, by name.
    pub async fn organisations(&mut self) -> Result<Vec<Organisation>, StoreError> {
        let statement = self.sql(
            r"-- all organisations
            SELECT id, name FROM organisation ORDER BY name",
        );
        Ok(statement.all().await?)
    }
}

impl Store {
    pub async fn organisations(&self) -> Result<Vec<Organisation>, StoreError> {
        self.read().await?.organisations().await
    }

    /// A page of organisations, after the one with this name.
    pub async fn organisation_page(&self, after: Option<&str>, limit: i64) -> Result<Vec<Organisation>, StoreError> {
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- page of organisations
            SELECT id, name FROM organisation WHERE ($1 IS NULL OR name > $1) ORDER BY name LIMIT $2",
        );
        Ok(statement.bind(after).bind(limit).all().await?)
    }
}
