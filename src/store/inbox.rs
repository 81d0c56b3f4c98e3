//! Inboxes: the destinations of imported mail.

use serde::Serialize;

use super::{Conflict, FIRST_ORGANISATION, Reader, Resource, Scope, Store, StoreError, Tx};
use crate::address::Address;
use crate::clock::Timestamp;

#[derive(Debug, Clone, Serialize, sqlx::FromRow)]
pub struct Inbox {
    #[serde(skip)]
    pub id: i64,
    #[serde(skip)]
    pub organisation_id: i64,
    /// The address, e.g. `jobb.lillestad.se@mail.kundo.se`.
    pub address: String,
    /// The display name.
    pub name: Option<String>,
    /// The address that replies to the inbox's mail must be sent from.
    pub reply_from: Option<String>,
    pub created_at: Timestamp,
}

/// An inbox with its sources and its number of messages.
#[derive(Debug, Serialize)]
pub struct InboxOverview {
    #[serde(flatten)]
    pub inbox: Inbox,
    /// The addresses of the mailboxes that feed the inbox.
    pub mailboxes: Vec<String>,
    /// The recipients that are routed to the inbox.
    pub routes: Vec<String>,
    pub messages: i64,
}

/// An inbox to be added.
#[derive(Debug)]
pub struct NewInbox {
    pub address: Address,
    /// The display name.
    pub name: Option<String>,
    /// The address that replies to the inbox's mail must be sent from.
    pub reply_from: Option<Address>,
    /// The owning organisation; `None`: the first one.
    pub organisation_id: Option<i64>,
}

impl Tx<'_> {
    /// # Errors
    /// [`Conflict::InboxExists`]: an inbox with this address exists.
    pub async fn add_inbox(&mut self, new: &NewInbox, now: Timestamp) -> Result<(), StoreError> {
        let statement = self.sql(
            r"-- add an inbox
            INSERT INTO inbox (address, name, reply_from, created_at, organisation_id) VALUES ($1, $2, $3, $4, $5)",
        );
        let added = statement
            .bind(new.address.as_str())
            .bind(new.name.as_deref())
            .bind(new.reply_from.as_ref().map(Address::as_str))
            .bind(now)
            .bind(new.organisation_id.unwrap_or(FIRST_ORGANISATION))
            .run()
            .await;
        added.map_err(|error| {
            StoreError::on_unique_violation(error, || Conflict::InboxExists(new.address.to_string()))
        })?;
        let inbox = self.inbox(&new.address).await?;
        self.open_lanes(Some(inbox.id)).await
    }

    /// Locks the row of an inbox for the rest of the transaction and returns the inbox.
    pub async fn lock_inbox(&mut self, address: &Address) -> Result<Inbox, StoreError> {
        let statement = self.sql(
            r"-- lock an inbox
            UPDATE inbox SET address = address WHERE address = $1",
        );
        statement.bind(address.as_str()).run().await?;
        self.inbox(address).await
    }

    /// Sets the display name of an inbox and the address that replies are sent from.
    pub async fn change_inbox(
        &mut self,
        id: i64,
        name: Option<&str>,
        reply_from: Option<&str>,
    ) -> Result<(), StoreError> {
        let statement = self.sql(
            r"-- change an inbox
            UPDATE inbox SET name = $2, reply_from = $3 WHERE id = $1",
        );
        statement.bind(id).bind(name).bind(reply_from).run().await?;
        Ok(())
    }

    /// Removes an inbox that has no mailboxes any more. An inbox with messages is removed only with `with_messages`.
    ///
    /// # Errors
    /// [`Conflict::InboxInUse`], [`Conflict::InboxHoldsMail`].
    pub async fn remove_inbox(&mut self, inbox: Inbox, with_messages: bool) -> Result<(), StoreError> {
        let id = inbox.id;
        // Blocks imports, so that none starts to use the bytes that are about to be deleted as unused.
        self.block_imports().await?;
        let InboxOverview { inbox, mailboxes, messages, .. } = self.overview(inbox).await?;
        if !mailboxes.is_empty() {
            return Err(Conflict::InboxInUse { inbox: inbox.address, by: mailboxes }.into());
        }
        if messages > 0 && !with_messages {
            return Err(Conflict::InboxHoldsMail { inbox: inbox.address, messages }.into());
        }
        let bytes = self.sql(
            r"-- remove the bytes that only this inbox holds
            DELETE FROM raw_chunk
            WHERE sha256 IN (SELECT sha256 FROM message WHERE inbox_id = $1)
                AND NOT EXISTS (SELECT 1 FROM message m WHERE m.sha256 = raw_chunk.sha256 AND m.inbox_id <> $1)",
        );
        bytes.bind(id).run().await?;
        let messages = self.sql(
            r"-- remove the messages of an inbox
            DELETE FROM message WHERE inbox_id = $1",
        );
        messages.bind(id).run().await?;
        let inbox = self.sql(
            r"-- remove an inbox
            DELETE FROM inbox WHERE id = $1",
        );
        inbox.bind(id).run().await?;
        Ok(())
    }
}

impl Reader {
    /// # Errors
    /// [`Resource::Inbox`] is missing.
    pub async fn inbox(&mut self, address: &Address) -> Result<Inbox, StoreError> {
        let statement = self.sql(
            r"-- inbox by address
            {inbox} WHERE address = $1",
        );
        let found = statement.bind(address.as_str()).first().await?;
        found.ok_or_else(|| Resource::Inbox(address.to_string()).missing())
    }

    /// The sources and the number of messages of an inbox.
    pub async fn overview(&mut self, inbox: Inbox) -> Result<InboxOverview, StoreError> {
        let id = inbox.id;
        let mailboxes = self.sql(
            r"-- mailboxes that feed an inbox
            SELECT address FROM mailbox WHERE inbox_id = $1 ORDER BY address",
        );
        let mailboxes = mailboxes.bind(id).values().await?;
        let routes = self.sql(
            r"-- recipients routed to an inbox
            SELECT recipient FROM route WHERE inbox_id = $1 ORDER BY recipient",
        );
        let routes = routes.bind(id).values().await?;
        let messages = self.sql(
            r"-- messages in an inbox
            SELECT count(*) FROM message WHERE inbox_id = $1",
        );
        let messages = messages.bind(id).value().await?;
        Ok(InboxOverview { inbox, mailboxes, routes, messages })
    }
}

impl Store {
    /// The address of the first inbox whose new mail is queued for a target.
    pub async fn first_inbox_of_target(&self, target: i64) -> Result<Option<String>, StoreError> {
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- first inbox of a target
            SELECT i.address FROM inbox i JOIN delivery_lane l ON l.inbox_id = i.id
            WHERE l.target_id = $1 AND l.accepts ORDER BY i.id LIMIT 1",
        );
        Ok(statement.bind(target).first_value().await?)
    }

    pub async fn inbox(&self, address: &Address) -> Result<Inbox, StoreError> {
        self.read().await?.inbox(address).await
    }

    /// The inbox with this address, with its sources.
    pub async fn inbox_overview(&self, address: &Address) -> Result<InboxOverview, StoreError> {
        let mut reader = self.read().await?;
        let inbox = reader.inbox(address).await?;
        reader.overview(inbox).await
    }

    /// The inboxes within the scope, by address.
    pub async fn inboxes(&self, scope: Scope) -> Result<Vec<InboxOverview>, StoreError> {
        self.inbox_page(scope, None, i64::MAX).await
    }

    /// The addresses of the first inboxes within the scope.
    pub async fn inbox_addresses(&self, scope: Scope, limit: i64) -> Result<Vec<String>, StoreError> {
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- addresses of the first inboxes
            SELECT address FROM inbox WHERE ($1 IS NULL OR organisation_id = $1) ORDER BY address LIMIT $2",
        );
        Ok(statement.bind(scope.id()).bind(limit).values().await?)
    }

    /// A page of the inboxes within the scope, after the one with this address.
    pub async fn inbox_page(
        &self,
        scope: Scope,
        after: Option<&str>,
        limit: i64,
    ) -> Result<Vec<InboxOverview>, StoreError> {
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- page of inboxes
            {inbox}
            WHERE ($1 IS NULL OR organisation_id = $1) AND ($2 IS NULL OR address > $2)
            ORDER BY address LIMIT $3",
        );
        let inboxes: Vec<Inbox> = statement.bind(scope.id()).bind(after).bind(limit).all().await?;
        let mut overviews = Vec::with_capacity(inboxes.len());
        for inbox in inboxes {
            overviews.push(reader.overview(inbox).await?);
        }
        Ok(overviews)
    }
}
