//! Routes: a route sends the mail of a recipient address to an inbox.

use serde::Serialize;

use super::{Reader, Scope, Store, StoreError, Tx};
use crate::address::Address;
use crate::clock::Timestamp;

/// A rule that sends the mail of a recipient to an inbox.
#[derive(Debug, Clone, Serialize, sqlx::FromRow, utoipa::ToSchema)]
pub struct Route {
    /// The recipient's address.
    pub recipient: String,
    /// The inbox's address.
    pub inbox: String,
    #[serde(skip)]
    pub inbox_id: i64,
    /// The organisation that the inbox belongs to.
    #[serde(skip)]
    pub organisation_id: i64,
}

impl Tx<'_> {
    /// Adds a route. Adding an existing one changes nothing.
    pub async fn add_route(&mut self, recipient: &Address, inbox_id: i64, now: Timestamp) -> Result<(), StoreError> {
        let statement = self.sql(
            r"-- add a route
            INSERT INTO route (recipient, inbox_id, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        );
        statement.bind(recipient.as_str()).bind(inbox_id).bind(now).run().await?;
        Ok(())
    }

    /// Removes a recipient's route to one inbox, or all routes of the recipient. Returns the number of removed routes.
    pub async fn remove_routes(&mut self, recipient: &Address, inbox_id: Option<i64>) -> Result<u64, StoreError> {
        let statement = self.sql(
            r"-- remove routes
            DELETE FROM route WHERE recipient = $1 AND ($2 IS NULL OR inbox_id = $2)",
        );
        Ok(statement.bind(recipient.as_str()).bind(inbox_id).run().await?)
    }
}

impl Reader {
    /// The routes of a recipient, by inbox.
    pub async fn routes_for(&mut self, recipient: &Address) -> Result<Vec<Route>, StoreError> {
        let statement = self.sql(
            r"-- routes of a recipient
            SELECT r.recipient, i.address AS inbox, r.inbox_id, i.organisation_id
            FROM route r JOIN inbox i ON i.id = r.inbox_id
            WHERE r.recipient = $1 ORDER BY i.address",
        );
        Ok(statement.bind(recipient.as_str()).all().await?)
    }
}

impl Store {
    /// The routes within the scope, by recipient.
    pub async fn routes(&self, scope: Scope) -> Result<Vec<Route>, StoreError> {
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- all routes
            SELECT r.recipient, i.address AS inbox, r.inbox_id, i.organisation_id
            FROM route r JOIN inbox i ON i.id = r.inbox_id
            WHERE ($1 IS NULL OR i.organisation_id = $1) ORDER BY r.recipient, i.address",
        );
        Ok(statement.bind(scope.id()).all().await?)
    }

    /// A page of the routes within the scope, after (recipient, inbox).
    pub async fn route_page(
        &self,
        scope: Scope,
        after: Option<&(String, String)>,
        limit: i64,
    ) -> Result<Vec<Route>, StoreError> {
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- page of routes
            SELECT r.recipient, i.address AS inbox, r.inbox_id, i.organisation_id
            FROM route r JOIN inbox i ON i.id = r.inbox_id
            WHERE ($1 IS NULL OR i.organisation_id = $1)
                AND ($2 IS NULL OR (r.recipient, i.address) > ($2, $3))
            ORDER BY r.recipient, i.address LIMIT $4",
        );
        let (recipient, inbox) = after.map(|(recipient, inbox)| (recipient, inbox)).unzip();
        Ok(statement.bind(scope.id()).bind(recipient).bind(inbox).bind(limit).all().await?)
    }
}
