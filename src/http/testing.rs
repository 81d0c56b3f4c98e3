//! A complete server for the tests of pages and API, in this process and without a socket.

use std::sync::Arc;

use axum::Router;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::{Settings, State};
use crate::clock::SystemClock;
use crate::config::{self, Config, Overrides};
use crate::deliver::{BodyMemory, DeliverDeps};
use crate::egress::Egress;
use crate::opaque;
use crate::poll::{Deps, Visits};
use crate::store::{Installation, NewToken, Store, TokenScope};
use crate::vault::{Location, Vault};

pub use crate::http::page::guard::SESSION;

/// A state with an empty database, which is deleted with the folder. `egress` allows no address, so no test waits for
/// the network.
pub async fn state(adjust: impl FnOnce(&mut Config)) -> (State, TempDir) {
    // Prefer a folder in memory: on a disk, each of thousands of requests would have to wait.
    let memory = std::path::Path::new("/dev/shm");
    let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap();
    let store = Store::open(&format!("sqlite://{}", folder.path().join("t.db").display())).await.unwrap();
    let vault = Location::File { path: folder.path().join("key"), create: true }.open(false).unwrap();
    let mut config = config::load(&Overrides::default()).unwrap();
    adjust(&mut config);
    (state_of(config, Arc::new(store), vault), folder)
}

fn state_of(config: Config, store: Arc<Store>, vault: Vault) -> State {
    let settings = Arc::new(Settings::new(&config).unwrap());
    let (delivery, base_url) = (config.delivery.clone(), config.http.base().unwrap());
    let deps = Deps {
        store,
        vault: Arc::new(vault),
        egress: Arc::new(Egress::new(Vec::new(), Arc::default())),
        clock: Arc::new(SystemClock),
        imap: crate::wiring::terms(&config.deadlines, &config.limits, config.schedule.parallel.0),
        deadlines: config.deadlines,
        limits: config.limits,
        oauth: Arc::new(config.oauth),
        renewals: Default::default(),
        lease: config.schedule.lease.0,
        counts_login_attempts: true,
        raw_retention: std::time::Duration::from_hours(1),
    };
    let deps = Arc::new(deps);
    let visits = Visits::new(tokio::runtime::Handle::current(), deps.clone());
    let deliver = Arc::new(DeliverDeps {
        store: deps.store.clone(),
        vault: deps.vault.clone(),
        egress: deps.egress.clone(),
        operators_egress: Egress::new(Vec::new(), Arc::default()),
        clock: deps.clock.clone(),
        imap: deps.imap.clone(),
        deadlines: deps.deadlines.clone(),
        settings: delivery,
        bodies: BodyMemory::default(),
        failed_fetches: Default::default(),
        grace: config.schedule.grace.0,
        base_url,
        installation: Installation { name: "test".to_owned(), secret: vec![7; 32] },
    });
    State { deps, deliver, settings, visits, stopping: CancellationToken::new(), shares: Arc::default() }
}

/// Adds a token whose secret is its name.
pub async fn add_token(state: &State, name: &str, scope: TokenScope, organisation_id: Option<i64>) {
    let hash = opaque::hash(name);
    let new = NewToken { name, hash: &hash, scope, organisation_id, creator: "".into() };
    state.deps.store.add_token(new, state.deps.clock.now()).await.unwrap();
}

/// A router that uses this store.
pub fn router(config: Config, store: Arc<Store>, vault: Vault) -> Router {
    super::routes::router(state_of(config, store, vault))
}
