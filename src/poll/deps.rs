//! The services and settings that all polls share.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;
use crate::config::{self, Deadlines, Limits};
use crate::egress::Egress;
use crate::store::{Store, StoreError};
use crate::vault::Vault;
use crate::{imap, oauth};

pub struct Deps {
    pub store: Arc<Store>,
    /// Decrypts the stored passwords.
    pub vault: Arc<Vault>,
    /// Makes the outbound connections.
    pub egress: Arc<Egress>,
    pub clock: Arc<dyn Clock>,
    /// Deadlines of the connection steps.
    pub deadlines: Deadlines,
    /// Limits of one poll.
    pub limits: Limits,
    /// Deadlines and limits of the IMAP protocol.
    pub imap: imap::Terms,
    /// The OAuth applications that request access tokens.
    pub oauth: Arc<config::OAuth>,
    /// Access token renewals in progress.
    pub renewals: oauth::Renewals,
    /// How long a lease lasts without a renewal.
    pub lease: Duration,
    /// Whether refused logins delay later ones. False on the command line, since its user has the key to all passwords.
    pub counts_login_attempts: bool,
    /// How long the bytes of a delivered mail are kept here if only its target is to have them (`--only`).
    pub raw_retention: Duration,
}

impl Deps {
    /// Returns the services that obtaining an access token needs.
    pub fn tokens(&self) -> oauth::OAuthDeps {
        oauth::OAuthDeps {
            store: self.store.clone(),
            vault: self.vault.clone(),
            egress: self.egress.clone(),
            clock: self.clock.clone(),
            deadlines: self.deadlines.clone(),
            config: self.oauth.clone(),
            renewals: self.renewals.clone(),
        }
    }

    /// Returns a copy whose database connections belong to the calling runtime.
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
            counts_login_attempts: self.counts_login_attempts,
            raw_retention: self.raw_retention,
        })
    }

    /// Waits for token renewals in progress, which must not be interrupted, and closes the database.
    pub async fn close(&self) {
        self.renewals.finish().await;
        self.store.close().await;
    }
}
