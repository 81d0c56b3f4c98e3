//! The only place that creates and connects the components.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::clock::{Clock, SystemClock};
use crate::config::{self, Config};
use crate::deliver::{BodyMemory, DeliverDeps, FailedFetches};
use crate::dns::Dns;
use crate::egress::Egress;
use crate::imap::in_flight::InFlight;
use crate::imap::{self, Terms};
use crate::oauth::Renewals;
use crate::poll::Deps;
use crate::store::{Store, StoreError};
use crate::vault::{Location, Vault, VaultError};

/// All networks: the operator's own servers may be anywhere.
const EVERYWHERE: [IpNet; 2] = [
    IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::UNSPECIFIED, 0)),
    IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::UNSPECIFIED, 0)),
];

/// Memory for the answers of recipients' IMAP servers, in bytes.
const SEARCH_MEMORY: u64 = 8 << 20;

/// Opens the configured database.
pub async fn store(config: &Config) -> Result<Store, StoreError> {
    let store = Store::open(&config.database.url).await?.with_least_interval(config.schedule.least_interval.0);
    let target = config.delivery.default_target().map_err(StoreError::Unknown)?;
    store.set_default_target(target.as_ref(), SystemClock.now()).await?;
    Ok(store)
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

/// The outbound connections, with the egress rules and name servers of the configuration.
pub fn egress(config: &Config) -> Egress {
    let dns = Dns::new(&config.dns.servers, config.deadlines.dns.0);
    Egress::new(config.egress.allow.clone(), Arc::new(dns))
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

/// The limits of IMAP sessions that search recipients' mailboxes. The sessions read only header fields, and their memory is
/// separate from that of the polls.
fn search_terms(config: &Config) -> Terms {
    let Terms { deadlines, limits, .. } = terms(&config.deadlines, &config.limits, 1);
    let (literal, answer) = (64 << 10, 4 << 20);
    let limits = imap::Limits { literal, answer, ..limits };
    Terms { deadlines, limits, in_flight: InFlight::new(SEARCH_MEMORY, literal, 1) }
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
        raw_retention: config.delivery.raw_retention.0,
    }
}

/// The services and settings that all deliveries share.
pub async fn deliver_deps(config: &Config, deps: &Deps) -> Result<DeliverDeps, StoreError> {
    Ok(DeliverDeps {
        store: deps.store.clone(),
        vault: deps.vault.clone(),
        egress: deps.egress.clone(),
        operators_egress: Egress::new(EVERYWHERE.to_vec(), deps.egress.dns().clone()),
        clock: deps.clock.clone(),
        imap: search_terms(config),
        deadlines: config.deadlines.clone(),
        settings: config.delivery.clone(),
        bodies: BodyMemory::default(),
        failed_fetches: FailedFetches::default(),
        grace: config.schedule.grace.0,
        base_url: config.http.base().map_err(|error| StoreError::Unknown(format!("http.url: {error}")))?,
        installation: deps.store.installation().await?,
    })
}
