//! Routes: which recipient address goes to which inbox.

use serde::Serialize;

use super::db::{read, write};
use super::{Scope, Store, StoreError};
use crate::address::Address;
use crate::clock::Timestamp;

/// One route.
#[derive(Debug, Clone, Serialize, sqlx::FromRow, utoipa::ToSchema)]
pub struct Route {
    /// The recipient's address.
    pub recipient: String,
    /// The inbox's address.
    pub inbox: String,
    /// The inbox's row.
    #[serde(skip)]
    pub inbox_id: i64,
}

impl Store {
    /// Adds a route; adding it again changes nothing.
    pub async fn add_route(&self, recipient: &Address, inbox: &Address, now: Timestamp) -> Result<(), StoreError> {
        let inbox_id = self.inbox(inbox).await?.id;
        write!(self, tx => {
            sqlx::query(
                "INSERT INTO route (recipient, inbox_id, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            )
            .bind(recipient.as_str())
            .bind(inbox_id)
            .bind(now.0)
            .execute(&mut *tx)
            .await?;
        });
        Ok(())
    }

    /// The routes that this scope holds, by recipient.
    pub async fn routes(&self, scope: Scope) -> Result<Vec<Route>, StoreError> {
        Ok(read!(self, pool => sqlx::query_as(
            "SELECT r.recipient, i.address AS inbox, r.inbox_id FROM route r JOIN inbox i ON i.id = r.inbox_id \
             WHERE ($1 IS NULL OR i.organisation_id = $1) ORDER BY r.recipient, i.address",
        ).bind(scope.id()).fetch_all(pool).await)?)
    }

    /// A page of the routes that this scope holds, behind one (recipient, inbox).
    pub async fn route_page(
        &self,
        scope: Scope,
        after: Option<&(String, String)>,
        limit: i64,
    ) -> Result<Vec<Route>, StoreError> {
        Ok(read!(self, pool => sqlx::query_as(
            "SELECT r.recipient, i.address AS inbox, r.inbox_id FROM route r JOIN inbox i ON i.id = r.inbox_id \
             WHERE ($1 IS NULL OR i.organisation_id = $1) AND ($2 IS NULL OR (r.recipient, i.address) > ($2, $3)) \
             ORDER BY r.recipient, i.address LIMIT $4",
        ).bind(scope.id()).bind(after.map(|(recipient, _)| recipient)).bind(after.map(|(_, inbox)| inbox)).bind(limit)
         .fetch_all(pool).await)?)
    }

    /// Whether there is a route for this recipient to this inbox.
    pub async fn has_route(&self, recipient: &Address, inbox_id: i64) -> Result<bool, StoreError> {
        let one: Option<i64> = read!(self, pool => sqlx::query_scalar("SELECT inbox_id FROM route WHERE recipient = $1 AND inbox_id = $2")
            .bind(recipient.as_str()).bind(inbox_id).fetch_optional(pool).await)?;
        Ok(one.is_some())
    }

    /// Removes a recipient's route to one inbox, or all of its routes.
    pub async fn remove_route(&self, recipient: &Address, inbox: Option<&Address>) -> Result<(), StoreError> {
        let inbox_id = match inbox {
            Some(address) => Some(self.inbox(address).await?.id),
            None => None,
        };
        let removed = write!(self, tx => {
            sqlx::query("DELETE FROM route WHERE recipient = $1 AND ($2 IS NULL OR inbox_id = $2)")
                .bind(recipient.as_str())
                .bind(inbox_id)
                .execute(&mut *tx)
                .await?
                .rows_affected()
        });
        if removed == 0 {
            return Err(StoreError::NotFound(format!(
                "there is no such route for {recipient}; see `mailferry route list`"
            )));
        }
        Ok(())
    }
}
