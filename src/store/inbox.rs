//! Inboxes: where mail ends up.

use serde::Serialize;

use super::db::{read, write};
use super::{FIRST_ORGANISATION, Scope, Store, StoreError};
use crate::address::Address;
use crate::clock::Timestamp;

/// An inbox.
#[derive(Debug, Clone, Serialize, sqlx::FromRow)]
pub struct Inbox {
    /// Its row.
    #[serde(skip)]
    pub id: i64,
    /// Whose it is.
    #[serde(skip)]
    pub organisation_id: i64,
    /// Its address, e.g. `jobb.lillestad.se@mail.kundo.se`.
    pub address: String,
    /// What people call it.
    pub name: Option<String>,
    /// The only address that replies leave from.
    pub reply_from: Option<String>,
    /// When it was added.
    #[sqlx(try_from = "i64")]
    pub created_at: Timestamp,
}

impl From<i64> for Timestamp {
    fn from(millis: i64) -> Self {
        Self(millis)
    }
}

/// An inbox with what feeds it.
#[derive(Debug, Serialize)]
pub struct InboxOverview {
    /// The inbox itself.
    #[serde(flatten)]
    pub inbox: Inbox,
    /// The mailboxes that feed it.
    pub mailboxes: Vec<String>,
    /// The recipients routed to it.
    pub routes: Vec<String>,
    /// How many messages it holds.
    pub messages: i64,
}

/// What a new inbox is made of.
#[derive(Debug)]
pub struct NewInbox {
    /// Its address.
    pub address: Address,
    /// What people call it.
    pub name: Option<String>,
    /// The only address that replies leave from.
    pub reply_from: Option<Address>,
    /// Whose it is; `None`: the first organisation's.
    pub organisation_id: Option<i64>,
}

impl Store {
    /// Adds an inbox.
    pub async fn add_inbox(&self, new: &NewInbox, now: Timestamp) -> Result<(), StoreError> {
        write!(self, tx => {
            sqlx::query("INSERT INTO inbox (address, name, reply_from, created_at, organisation_id) VALUES ($1, $2, $3, $4, $5)")
                .bind(new.address.as_str())
                .bind(new.name.as_deref())
                .bind(new.reply_from.as_ref().map(Address::as_str))
                .bind(now.0)
                .bind(new.organisation_id.unwrap_or(FIRST_ORGANISATION))
                .execute(&mut *tx)
                .await
                .map_err(|error| StoreError::taken(error, || format!("there is an inbox {} already", new.address)))?;
        });
        Ok(())
    }

    /// The inboxes that this scope holds, by address.
    pub async fn inboxes(&self, scope: Scope) -> Result<Vec<InboxOverview>, StoreError> {
        let inboxes: Vec<Inbox> = read!(self, pool =>
            sqlx::query_as("SELECT id, organisation_id, address, name, reply_from, created_at FROM inbox \
                            WHERE ($1 IS NULL OR organisation_id = $1) ORDER BY address")
                .bind(scope.id()).fetch_all(pool).await)?;
        let mut overviews = Vec::with_capacity(inboxes.len());
        for inbox in inboxes {
            overviews.push(self.overview(inbox).await?);
        }
        Ok(overviews)
    }

    /// The addresses of the first inboxes that this scope holds.
    pub async fn inbox_addresses(&self, scope: Scope, limit: i64) -> Result<Vec<String>, StoreError> {
        Ok(read!(self, pool => sqlx::query_scalar(
            "SELECT address FROM inbox WHERE ($1 IS NULL OR organisation_id = $1) ORDER BY address LIMIT $2",
        ).bind(scope.id()).bind(limit).fetch_all(pool).await)?)
    }

    /// A page of the inboxes that this scope holds, behind one of this address.
    pub async fn inbox_page(
        &self,
        scope: Scope,
        after: Option<&str>,
        limit: i64,
    ) -> Result<Vec<InboxOverview>, StoreError> {
        let inboxes: Vec<Inbox> = read!(self, pool =>
            sqlx::query_as("SELECT id, organisation_id, address, name, reply_from, created_at FROM inbox \
                            WHERE ($1 IS NULL OR organisation_id = $1) AND ($2 IS NULL OR address > $2) ORDER BY address LIMIT $3")
                .bind(scope.id()).bind(after).bind(limit).fetch_all(pool).await)?;
        let mut overviews = Vec::with_capacity(inboxes.len());
        for inbox in inboxes {
            overviews.push(self.overview(inbox).await?);
        }
        Ok(overviews)
    }

    /// One inbox with what feeds it.
    pub async fn inbox_overview(&self, address: &Address) -> Result<InboxOverview, StoreError> {
        let inbox = self.inbox(address).await?;
        self.overview(inbox).await
    }

    /// One inbox.
    pub async fn inbox(&self, address: &Address) -> Result<Inbox, StoreError> {
        let found: Option<Inbox> = read!(self, pool =>
            sqlx::query_as("SELECT id, organisation_id, address, name, reply_from, created_at FROM inbox WHERE address = $1")
                .bind(address.as_str()).fetch_optional(pool).await)?;
        found.ok_or_else(|| StoreError::NotFound(format!("there is no inbox {address}; see `mailferry inbox list`")))
    }

    /// What people call an inbox, and the address that replies leave from.
    pub async fn change_inbox(
        &self,
        id: i64,
        name: Option<&str>,
        reply_from: Option<&Address>,
    ) -> Result<(), StoreError> {
        write!(self, tx => {
            sqlx::query("UPDATE inbox SET name = $2, reply_from = $3 WHERE id = $1")
                .bind(id).bind(name).bind(reply_from.map(Address::as_str)).execute(&mut *tx).await?;
        });
        Ok(())
    }

    /// Removes an inbox that nothing feeds any more. One that holds mail goes only with `with_messages`.
    pub async fn remove_inbox(&self, address: &Address, with_messages: bool) -> Result<(), StoreError> {
        let overview = self.inbox_overview(address).await?;
        let id = overview.inbox.id;
        if !overview.mailboxes.is_empty() {
            let names = overview.mailboxes.join(", ");
            return Err(StoreError::Conflict(format!(
                "{address} is still fed by {names}; remove or point elsewhere first"
            )));
        }
        if overview.messages > 0 && !with_messages {
            return Err(StoreError::Conflict(format!(
                "{address} holds {} messages; with --with-messages they go too, for good",
                overview.messages
            )));
        }
        write!(self, tx => {
            // Importers wait here, so that none is about to need the bytes that nobody seems to need.
            sqlx::query("UPDATE counter SET next = next WHERE name = 'message'").execute(&mut *tx).await?;
            // Mail may have come since it was counted.
            let messages: i64 = sqlx::query_scalar("SELECT count(*) FROM message WHERE inbox_id = $1").bind(id).fetch_one(&mut *tx).await?;
            if messages > overview.messages && !with_messages {
                return Err(StoreError::Conflict(format!("mail has just come to {address}; look at it first")));
            }
            sqlx::query(
                "DELETE FROM raw_chunk WHERE sha256 IN (SELECT sha256 FROM message WHERE inbox_id = $1) AND NOT EXISTS \
                 (SELECT 1 FROM message m WHERE m.sha256 = raw_chunk.sha256 AND m.inbox_id <> $1)",
            )
            .bind(id).execute(&mut *tx).await?;
            sqlx::query("DELETE FROM message WHERE inbox_id = $1").bind(id).execute(&mut *tx).await?;
            sqlx::query("DELETE FROM inbox WHERE id = $1").bind(id).execute(&mut *tx).await?;
        });
        Ok(())
    }

    async fn overview(&self, inbox: Inbox) -> Result<InboxOverview, StoreError> {
        let id = inbox.id;
        let mailboxes = read!(self, pool =>
            sqlx::query_scalar("SELECT address FROM mailbox WHERE inbox_id = $1 ORDER BY address")
                .bind(id).fetch_all(pool).await)?;
        let routes = read!(self, pool =>
            sqlx::query_scalar("SELECT recipient FROM route WHERE inbox_id = $1 ORDER BY recipient")
                .bind(id).fetch_all(pool).await)?;
        let messages = read!(self, pool =>
            sqlx::query_scalar("SELECT count(*) FROM message WHERE inbox_id = $1").bind(id).fetch_one(pool).await)?;
        Ok(InboxOverview { inbox, mailboxes, routes, messages })
    }
}
