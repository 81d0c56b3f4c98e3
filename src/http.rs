//! What `mailferry serve` answers over HTTP: the pages, the API, and whoever watches the process.

mod api;
mod mail_download;
mod ops;
mod page;
mod pages;
mod routes;
mod server;
#[cfg(test)]
pub mod testing;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{from_fn, from_fn_with_state};
use openidconnect::core::CoreProviderMetadata;
use tokio::net::TcpListener;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use tower_http::compression::CompressionLayer;
use tower_http::timeout::TimeoutLayer;
use url::Url;

use crate::address::Address;
use crate::app::mailboxes::ChangeDeps;
use crate::app::mailboxes::inspect::Inspector;
use crate::app::{Acting, Actor};
use crate::config::{self, Config};
use crate::discover::{self, Discovery};
use crate::mailer::Mailer;
use crate::poll::{Deps, PollError, Visits};
use crate::store::Scope;
use server::peer::Peers;
use server::{headers, host, listen, shares};

pub use pages::set_up_link;

/// What the handlers work with.
#[derive(Clone)]
pub struct State {
    deps: Arc<Deps>,
    page: Arc<Settings>,
    /// The way to mail servers: none is talked to on the threads that answer.
    visits: Visits,
    stopping: CancellationToken,
    shares: Arc<shares::Shares>,
}

impl State {
    /// Somebody at work here.
    fn acting<'a>(&'a self, actor: &'a Actor) -> Acting<'a> {
        Acting { actor, store: &self.deps.store, now: self.deps.clock.now() }
    }

    /// Somebody here who has us look at a customer's server.
    fn inspector<'a>(&'a self, actor: &'a Actor) -> Inspector<'a> {
        Inspector { acting: self.acting(actor), visits: &self.visits, deps: &self.deps }
    }

    /// The surroundings of a change that may need a key, a provider or the network.
    fn change_deps(&self) -> ChangeDeps<'_> {
        ChangeDeps { deps: &self.deps, ports: &self.page.mail_ports }
    }

    /// Finds the mail server of an address for somebody who sees this. Documents of other people's servers are read off the threads
    /// that answer.
    ///
    /// # Errors
    /// There is no room for that now.
    async fn discover(&self, address: &Address, scope: Scope) -> Result<Discovery, PollError> {
        let (address, deps) = (address.clone(), self.deps.clone());
        let finding = async move { discover::find(&address, &deps.egress, &deps.deadlines, &deps.oauth).await };
        let found = self.visits.run_limited(scope.id().unwrap_or(OPERATORS), finding).await?;
        Ok(found.unwrap_or(Discovery::Nothing))
    }
}

/// Operators share places as an organisation does; no row has this number.
const OPERATORS: i64 = 0;

/// What the configuration says of the page.
pub struct Settings {
    /// Where people reach it.
    base: Url,
    /// Whose proxies are believed.
    peers: Peers,
    /// By which names it may be asked.
    hosts: host::Hosts,
    /// Passwords are taken that others could read on their way.
    passwords_in_clear: bool,
    /// The domain of proposed inbox addresses; empty: none is proposed.
    inbox_domain: String,
    /// The ports of mail servers that whoever is not an operator may name.
    mail_ports: Vec<u16>,
    /// What browsers may do with a page.
    policy: HeaderValue,
    /// A way to send test mails, if one is configured.
    mailer: Option<Mailer>,
    /// Who says who somebody is.
    sso: config::Sso,
    /// That provider, as it has described itself, and when.
    provider: Mutex<Option<(Instant, Arc<CoreProviderMetadata>)>>,
    /// Nobody but this machine is meant to reach it.
    is_local: bool,
}

/// What an operator had better know of where the page is reached, as far as the configuration shows it.
pub fn warnings(http: &config::Http) -> Vec<String> {
    let is_behind = !http.url.is_empty() && http.trusted_proxies.is_empty();
    let warning = "http.url is set and http.trusted_proxies is empty: behind a reverse proxy all clients look like one, so that wrong \
                   passwords of one hold back the first sign-in of all; name the proxy there";
    is_behind.then(|| warning.to_owned()).into_iter().collect()
}

impl Settings {
    /// From a configuration that was checked.
    pub fn new(config: &Config) -> Result<Self, String> {
        let config::Http { trusted_proxies, inbox_domain, .. } = &config.http;
        let base = config.http.base().map_err(|error| format!("http.url: {error}"))?;
        let providers = config.oauth.providers.values().map(|app| app.authorize_url.as_str());
        Ok(Self {
            hosts: host::Hosts::new(&config.http, &base),
            passwords_in_clear: config.http.passwords_in_clear,
            base,
            peers: Peers::new(trusted_proxies.clone()),
            inbox_domain: inbox_domain.clone(),
            mail_ports: config.egress.ports.clone(),
            policy: headers::policy(providers),
            mailer: Mailer::new(&config.smtp)?,
            sso: config.sso.clone(),
            provider: Mutex::default(),
            is_local: config.http.url.is_empty() && config.http.listen.ip().is_loopback(),
        })
    }

    /// A link to one of our pages, as others need it.
    pub fn link(&self, path: &str) -> String {
        format!("{}{path}", self.base.as_str().trim_end_matches('/'))
    }
}

/// Opens the listener: before anything else is started, so that a taken port is an error at once.
pub fn bind(address: SocketAddr) -> Result<TcpListener, BindError> {
    listen::bind(address).map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => BindError::InUse(address),
        _ => BindError::Impossible { address, error },
    })
}

/// Why nobody can be answered at an address.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    #[error(
        "{0}: address already in use; another program listens there: choose another with http.listen \
         (MAILFERRY__HTTP__LISTEN)"
    )]
    InUse(SocketAddr),
    #[error("{address}: cannot listen there: {error}")]
    Impossible { address: SocketAddr, error: std::io::Error },
}

/// Nobody is answered later: the longest that a page waits for, a check, takes half of it.
const LONGEST: Duration = Duration::from_mins(3);

/// The two stages of the end.
pub struct Stop {
    /// Nothing long is to be begun any more.
    pub stopping: CancellationToken,
    /// Nobody new is answered.
    pub end: CancellationToken,
}

/// Answers until told to end.
pub async fn serve(listener: TcpListener, deps: Arc<Deps>, page: Arc<Settings>, visits: Visits, stop: Stop) {
    let (is_https, policy) = (page.base.scheme() == "https", page.policy.clone());
    let peers = page.peers.clone();
    let state = State { deps, page, visits, stopping: stop.stopping, shares: Arc::default() };
    let router = routes::router(state.clone())
        .layer(from_fn_with_state(state, host::guard))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, LONGEST))
        .layer(from_fn(move |request, next| headers::guard(is_https, policy.clone(), request, next)))
        .layer(CompressionLayer::new());
    listen::answer(listener, router, peers, stop.end).await;
}
