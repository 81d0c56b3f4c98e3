//! Organisations: whose inboxes, people and tokens are whose.

use serde::Serialize;

use super::{Conflict, Reader, Store, StoreError, Tx};
use crate::clock::Timestamp;

/// What somebody may see: everything, or one organisation's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// An operator's.
    All,
    /// Everybody else's.
    Organisation(i64),
}

impl Scope {
    /// For statements that say `($n IS NULL OR organisation_id = $n)`.
    pub fn id(self) -> Option<i64> {
        match self {
            Self::All => None,
            Self::Organisation(id) => Some(id),
        }
    }

    /// The organisation of somebody; `None`: an operator.
    pub fn of(organisation: Option<i64>) -> Self {
        organisation.map_or(Self::All, Self::Organisation)
    }

    /// Whether something of this organisation may be seen.
    pub fn has(self, organisation: i64) -> bool {
        self.id().is_none_or(|id| id == organisation)
    }
}

/// An organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow, utoipa::ToSchema)]
pub struct Organisation {
    /// Its row.
    pub id: i64,
    /// What it is called.
    pub name: String,
}

/// The one that there is from the beginning.
pub const FIRST_ORGANISATION: i64 = 1;

impl Tx<'_> {
    /// The organisation of this name, which is added if it is not there; and whether it was added.
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
        Ok((find.bind(name).one().await?, is_new))
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
    /// All organisations, by name.
    pub async fn organisations(&self) -> Result<Vec<Organisation>, StoreError> {
        self.read().await?.organisations().await
    }

    /// A page of the organisations, behind one of this name.
    pub async fn organisation_page(&self, after: Option<&str>, limit: i64) -> Result<Vec<Organisation>, StoreError> {
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- page of organisations
            SELECT id, name FROM organisation WHERE ($1 IS NULL OR name > $1) ORDER BY name LIMIT $2",
        );
        Ok(statement.bind(after).bind(limit).all().await?)
    }
}
