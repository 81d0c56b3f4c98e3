//! Routes: which recipient address goes to which inbox.

use serde::Serialize;

use super::db::{read, write};
use super::{Scope, Store, StoreError};
use crate::address::Address;
use crate::clock::Timestamp;

/// One route.
#[derive(Debug, Clone, Serialize, sqlx::FromRow)]
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
