//! Inboxes: where mail ends up.

use serde::Serialize;

use super::{Conflict, FIRST_ORGANISATION, Reader, Resource, Scope, Store, StoreError, Tx};
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
    pub created_at: Timestamp,
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

impl Tx<'_> {
    /// Adds an inbox.
    ///
    /// # Errors
    /// [`Conflict::InboxExists`]: there is one of this address.
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
        added.map_err(|error| StoreError::taken(error, || Conflict::InboxExists(new.address.to_string())))?;
        Ok(())
    }

    /// One inbox, which nobody else changes before this transaction ends.
    pub async fn hold_inbox(&mut self, address: &Address) -> Result<Inbox, StoreError> {
        let statement = self.sql(
            r"-- hold an inbox
            UPDATE inbox SET address = address WHERE address = $1",
        );
        statement.bind(address.as_str()).run().await?;
        self.inbox(address).await
    }

    /// Sets what people call an inbox, and the address that replies leave from.
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

    /// Removes an inbox that nothing feeds any more. One that holds mail goes only with `with_messages`.
    ///
    /// # Errors
    /// [`Conflict::InboxInUse`], [`Conflict::InboxHoldsMail`].
    pub async fn remove_inbox(&mut self, inbox: Inbox, with_messages: bool) -> Result<(), StoreError> {
        let id = inbox.id;
        // Importers wait here, so that none is about to need the bytes that nobody seems to need.
        let hold = self.sql(
            r"-- hold the importers
            UPDATE counter SET next = next WHERE name = 'message'",
        );
        hold.run().await?;
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
    /// One inbox.
    ///
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

    /// What feeds an inbox.
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
    /// One inbox.
    pub async fn inbox(&self, address: &Address) -> Result<Inbox, StoreError> {
        self.read().await?.inbox(address).await
    }

    /// One inbox with what feeds it.
    pub async fn inbox_overview(&self, address: &Address) -> Result<InboxOverview, StoreError> {
        let mut reader = self.read().await?;
        let inbox = reader.inbox(address).await?;
        reader.overview(inbox).await
    }

    /// The inboxes that this scope holds, by address.
    pub async fn inboxes(&self, scope: Scope) -> Result<Vec<InboxOverview>, StoreError> {
        self.inbox_page(scope, None, i64::MAX).await
    }

    /// The addresses of the first inboxes that this scope holds.
    pub async fn inbox_addresses(&self, scope: Scope, limit: i64) -> Result<Vec<String>, StoreError> {
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- addresses of the first inboxes
            SELECT address FROM inbox WHERE ($1 IS NULL OR organisation_id = $1) ORDER BY address LIMIT $2",
        );
        Ok(statement.bind(scope.id()).bind(limit).values().await?)
    }

    /// A page of the inboxes that this scope holds, behind one of this address.
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
