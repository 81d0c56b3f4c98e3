//! The only place that wires things together.

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

/// Opens the database that the configuration names.
pub async fn store(config: &Config) -> Result<Store, StoreError> {
    let store = Store::open(&config.database.url).await?;
    Ok(store.with_least_interval(config.schedule.least_interval.0))
}

/// Where the keys of this installation are.
pub fn key_location(config: &Config, store: &Store) -> Location {
    Location::find(&config.vault, store.sqlite_file())
}

/// Reads the keys; creates them on first use.
pub async fn vault(config: &Config, store: &Store) -> Result<Vault, StoreError> {
    let sealed = store.has_secrets().await?;
    key_location(config, store).open(sealed).map_err(|error: VaultError| StoreError::Vault(error))
}

/// The gate to the network, as the configuration opens it.
pub fn egress(config: &Config) -> Egress {
    Egress::new(config.egress.allow.clone())
}

/// The terms on which we speak with mail servers, for so many sessions at once.
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

/// Everything that a poll works with.
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
        counts_guesses: false,
    }
}
