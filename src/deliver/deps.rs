//! The services and settings that all deliveries share.

use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use tokio::sync::{Semaphore, SemaphorePermit};
use url::Url;

use super::mx::FailedFetches;
use crate::clock::Clock;
use crate::config;
use crate::egress::Egress;
use crate::imap::Terms;
use crate::store::{DeliveryTarget, Installation, Store, StoreError};
use crate::vault::Vault;

/// Memory for the request bodies of all webhooks, in MiB. A larger body is sent alone.
const BODY_MIB: u32 = 128;
/// Memory for a parsed mail in addition to its bytes, in MiB.
const PARSED_MIB: u64 = 8;

/// Limits the memory for request bodies: a request waits until enough is free.
pub struct BodyMemory(Semaphore);

impl Default for BodyMemory {
    fn default() -> Self {
        Self(Semaphore::new(BODY_MIB as usize))
    }
}

impl BodyMemory {
    /// Reserves the memory for a mail of this size, as bytes or as JSON with its copy in base64.
    pub async fn reserve(&self, size: u64, as_json: bool) -> Option<SemaphorePermit<'_>> {
        let size = size.div_ceil(1 << 20).max(1);
        let needed = if as_json { size.saturating_mul(7).div_ceil(3).saturating_add(PARSED_MIB) } else { size };
        let needed = u32::try_from(needed).unwrap_or(BODY_MIB).min(BODY_MIB);
        // The semaphore is never closed.
        self.0.acquire_many(needed).await.ok()
    }
}

/// The services and settings that all deliveries share.
pub struct DeliverDeps {
    pub store: Arc<Store>,
    /// Opens the secrets of targets.
    pub vault: Arc<Vault>,
    /// Connects to targets that users entered, and to those that MX records name.
    pub egress: Arc<Egress>,
    /// Connects to the target of the configuration, which may have any address.
    pub operators_egress: Egress,
    pub clock: Arc<dyn Clock>,
    /// Limits of IMAP sessions in recipients' mailboxes.
    pub imap: Terms,
    /// Deadlines for opening a connection.
    pub deadlines: config::Deadlines,
    pub settings: config::Delivery,
    /// Shared by all webhooks.
    pub bodies: BodyMemory,
    /// Failed fetches of MTA-STS policies.
    pub failed_fetches: FailedFetches,
    /// How long a mail in transit may still take after a request to stop.
    pub grace: std::time::Duration,
    /// The public base URL, for links to raw mails.
    pub base_url: Url,
    pub installation: Installation,
}

impl DeliverDeps {
    /// The egress rules that apply to a target.
    pub fn egress_to(&self, target: &DeliveryTarget) -> &Egress {
        if target.inbox_id.is_none() { &self.operators_egress } else { &self.egress }
    }

    /// The password or signing secret of a target.
    pub fn secret_of(&self, target: &DeliveryTarget) -> Result<Option<SecretString>, StoreError> {
        if target.inbox_id.is_some() {
            return target.secret(&self.vault);
        }
        let password = &self.settings.password;
        Ok(Some(password.clone()).filter(|password| !password.expose_secret().is_empty()))
    }

    /// The name of this machine in EHLO and in the Received field.
    pub fn hostname(&self) -> String {
        if !self.settings.hostname.is_empty() {
            return self.settings.hostname.clone();
        }
        let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        match name.trim() {
            "" => "localhost".to_owned(),
            name => name.to_owned(),
        }
    }
}
