//! What a poll works with, whichever mailbox it is of.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;
use crate::config::{self, Deadlines, Limits};
use crate::egress::Egress;
use crate::store::{Store, StoreError};
use crate::vault::Vault;
use crate::{imap, oauth};

/// What a poll works with.
pub struct Deps {
    /// Where everything is kept.
    pub store: Arc<Store>,
    /// The keys to the passwords.
    pub vault: Arc<Vault>,
    /// The way out.
    pub egress: Arc<Egress>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// How long each step may take.
    pub deadlines: Deadlines,
    /// How much a poll may take.
    pub limits: Limits,
    /// How long a mail server may take, and how much it may send.
    pub imap: imap::Terms,
    /// The applications that access tokens are asked for with.
    pub oauth: Arc<config::OAuth>,
    /// Renewals of access tokens under way.
    pub renewals: oauth::Renewals,
    /// How long a lease lasts without a sign of life.
    pub lease: Duration,
    /// Whether logins that servers refuse make the next ones wait. Whoever runs the command line has the key, and is not held back.
    pub counts_guesses: bool,
}

impl Deps {
    /// What tokens are got and kept with.
    pub fn tokens(&self) -> oauth::Deps {
        oauth::Deps {
            store: self.store.clone(),
            vault: self.vault.clone(),
            egress: self.egress.clone(),
            clock: self.clock.clone(),
            deadlines: self.deadlines.clone(),
            config: self.oauth.clone(),
            renewals: self.renewals.clone(),
        }
    }

    /// The same with connections to the database that belong to the runtime which calls this.
    pub async fn for_this_runtime(&self, database_url: &str) -> Result<Self, StoreError> {
        Ok(Self {
            store: self.store.for_this_runtime(database_url).await?,
            vault: self.vault.clone(),
            egress: self.egress.clone(),
            clock: self.clock.clone(),
            deadlines: self.deadlines.clone(),
            limits: self.limits.clone(),
            imap: self.imap.clone(),
            oauth: self.oauth.clone(),
            renewals: self.renewals.clone(),
            lease: self.lease,
            counts_guesses: self.counts_guesses,
        })
    }

    /// Waits for what must not be cut off, and closes the database.
    pub async fn close(&self) {
        self.renewals.finish().await;
        self.store.close().await;
    }
}
