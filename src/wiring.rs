//! The only place that creates and connects the components.

use std::sync::Arc;

use crate::clock::SystemClock;
use crate::config::{self, Config};
use crate::egress::Egress;
use crate::imap::in_flight::InFlight;
use crate::imap::{self, Terms};
use crate::oauth::Renewals;
use crate::poll::Deps;
use crate::store::{Store, StoreError};
use crate::vault::{Location, Vault, VaultError};

/// Opens the configured database.
pub async fn store(config: &Config) -> Result<Store, StoreError> {
    let store = Store::open(&config.database.url).await?;
    Ok(store.with_least_interval(config.schedule.least_interval.0))
}

/// The location of this installation's keys.
pub fn key_location(config: &Config, store: &Store) -> Location {
    Location::find(&config.vault, store.sqlite_file())
}

/// Reads the keys, or creates them on first use.
pub async fn vault(config: &Config, store: &Store) -> Result<Vault, StoreError> {
    let sealed = store.has_secrets().await?;
    key_location(config, store).open(sealed).map_err(|error: VaultError| StoreError::Vault(error))
}

/// The egress rules of the configuration.
pub fn egress(config: &Config) -> Egress {
    Egress::new(config.egress.allow.clone())
}

/// The deadlines and limits of IMAP sessions, for this number of concurrent sessions.
pub fn terms(deadlines: &config::Deadlines, limits: &config::Limits, sessions: usize) -> Terms {
    Terms {
        deadlines: imap::Deadlines {
            greeting: deadlines.greeting.0,
            login: deadlines.login.0,
            silence: deadlines.silence.0,
            command: deadlines.command.0,
        },
        limits: imap::Limits {
            literal: limits.literal.0,
            line: limits.line.in_memory(),
            nesting: limits.nesting.0,
            untagged: limits.untagged.0,
            answer: limits.answer_bytes.0,
            mail: limits.command_bytes.0,
            throughput: limits.throughput.0,
        },
        in_flight: InFlight::new(limits.in_flight.0, limits.literal.0, sessions),
    }
}

/// The services and settings that all polls share.
pub fn deps(config: &Config, store: Arc<Store>, vault: Vault, renewals: Renewals) -> Deps {
    Deps {
        store,
        vault: Arc::new(vault),
        egress: Arc::new(egress(config)),
        clock: Arc::new(SystemClock),
        deadlines: config.deadlines.clone(),
        limits: config.limits.clone(),
        imap: terms(&config.deadlines, &config.limits, config.schedule.parallel.0),
        oauth: Arc::new(config.oauth.clone()),
        renewals,
        lease: config.schedule.lease.0,
        counts_login_attempts: false,
    }
}
