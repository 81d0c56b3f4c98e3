//! The HTTP server of `mailferry serve`: the pages, the API, and the endpoints for monitoring.

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
use crate::deliver::DeliverDeps;
use crate::discover::{self, Discovery};
use crate::mailer::Mailer;
use crate::poll::{Deps, PollError, Visits};
use crate::store::Scope;
use server::peer::Peers;
use server::{headers, host, listen, shares};

pub use pages::set_up_link;

/// The state shared by all handlers.
#[derive(Clone)]
pub struct State {
    deps: Arc<Deps>,
    /// The dependencies of deliveries, used here to test targets.
    deliver: Arc<DeliverDeps>,
    settings: Arc<Settings>,
    /// Runs connections to mail servers on their own threads, so that they never block the threads that answer
    /// requests.
    visits: Visits,
    stopping: CancellationToken,
    shares: Arc<shares::Shares>,
}

impl State {
    /// The context of a use case: the actor, the store and the current time.
    fn acting<'a>(&'a self, actor: &'a Actor) -> Acting<'a> {
        Acting { actor, store: &self.deps.store, now: self.deps.clock.now() }
    }

    /// The context of a use case that connects to a customer's server.
    fn inspector<'a>(&'a self, actor: &'a Actor) -> Inspector<'a> {
        Inspector { acting: self.acting(actor), visits: &self.visits, deps: &self.deps }
    }

    /// The dependencies that a change needs in addition to [`Acting`]: the master key, the providers, and the mail server
    /// ports that users other than operators may choose.
    fn deps_for_change(&self) -> ChangeDeps<'_> {
        ChangeDeps { deps: &self.deps, ports: &self.settings.mail_ports }
    }

    /// Finds the mail server of an address for a user with this scope. Runs on a thread for visits, not on a thread that
    /// answers requests, because discovery parses documents from untrusted servers.
    ///
    /// # Errors
    /// No slot for the work becomes free in time.
    async fn discover(&self, address: &Address, scope: Scope) -> Result<Discovery, PollError> {
        let (address, deps) = (address.clone(), self.deps.clone());
        let finding = async move { discover::find(&address, &deps.egress, &deps.deadlines, &deps.oauth).await };
        let found = self.visits.run_limited(scope.id().unwrap_or(OPERATORS), finding).await?;
        Ok(found.unwrap_or(Discovery::Nothing))
    }
}

/// The organisation number under which all operators, and all tokens for all organisations, share one set of slots. No
/// organisation has this number.
const OPERATORS: i64 = 0;

/// The HTTP settings, and the clients and caches made from them.
pub struct Settings {
    /// The public URL of the pages.
    base_url: Url,
    /// The reverse proxies whose forwarding headers are trusted.
    peers: Peers,
    /// The host names that requests may use.
    hosts: host::Hosts,
    /// Whether the API accepts passwords and other secrets over unencrypted connections.
    passwords_in_clear: bool,
    /// The domain of proposed inbox addresses; if empty, no address is proposed.
    inbox_domain: String,
    /// The mail server ports that users other than operators may choose.
    mail_ports: Vec<u16>,
    /// The Content-Security-Policy header of every page.
    csp: HeaderValue,
    /// Sends test mails; `None` without an SMTP server in the configuration.
    mailer: Option<Mailer>,
    /// The provider for single sign-on.
    sso: config::Sso,
    /// The cached metadata of the single sign-on provider, with the time when it was read; `None`: not read yet.
    sso_metadata: Mutex<Option<(Instant, Arc<CoreProviderMetadata>)>>,
    /// Whether the server can be reached from this machine only.
    is_local: bool,
}

/// Warnings about `http.*` settings that are valid but probably wrong.
pub fn warnings(http: &config::Http) -> Vec<String> {
    let is_behind = !http.url.is_empty() && http.trusted_proxies.is_empty();
    let warning = "http.url is set and http.trusted_proxies is empty: behind a reverse proxy, all clients look like one, \
                   so that the failed logins of one can lock out all others; list the proxy there";
    is_behind.then(|| warning.to_owned()).into_iter().collect()
}

impl Settings {
    /// Creates the settings from a validated configuration.
    pub fn new(config: &Config) -> Result<Self, String> {
        let config::Http { trusted_proxies, inbox_domain, .. } = &config.http;
        let base_url = config.http.base().map_err(|error| format!("http.url: {error}"))?;
        let providers = config.oauth.providers.values().map(|app| app.authorize_url.as_str());
        Ok(Self {
            hosts: host::Hosts::new(&config.http, &base_url),
            passwords_in_clear: config.http.passwords_in_clear,
            base_url,
            peers: Peers::new(trusted_proxies.clone()),
            inbox_domain: inbox_domain.clone(),
            mail_ports: config.egress.ports.clone(),
            csp: headers::content_security_policy(providers),
            mailer: Mailer::new(&config.smtp)?,
            sso: config.sso.clone(),
            sso_metadata: Mutex::default(),
            is_local: config.http.url.is_empty() && config.http.listen.ip().is_loopback(),
        })
    }

    /// An absolute link to one of our pages.
    pub fn link(&self, path: &str) -> String {
        format!("{}{path}", self.base_url.as_str().trim_end_matches('/'))
    }
}

/// Opens the listener. Called before anything else starts, so that an occupied port is reported at once.
pub fn bind(address: SocketAddr) -> Result<TcpListener, BindError> {
    listen::bind(address).map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => BindError::InUse(address),
        _ => BindError::Impossible { address, error },
    })
}

/// Why the listener could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    #[error(
        "{0}: address already in use; choose another address with http.listen \
         (MAILFERRY__HTTP__LISTEN)"
    )]
    InUse(SocketAddr),
    #[error("{address}: cannot listen there: {error}")]
    Impossible { address: SocketAddr, error: std::io::Error },
}

/// Hard timeout for every request; the slowest one, a mailbox check, is capped at half of this.
const REQUEST_TIMEOUT: Duration = Duration::from_mins(3);

/// The two stages of a shutdown.
pub struct Stop {
    /// Cancelled first: no long work starts after that.
    pub stopping: CancellationToken,
    /// Cancelled last: no new request is accepted after that.
    pub end: CancellationToken,
}

/// The services that request handlers use.
pub struct Services {
    pub deps: Arc<Deps>,
    /// The dependencies of deliveries, used here to test targets.
    pub deliver: Arc<DeliverDeps>,
    /// Runs connections to mail servers.
    pub visits: Visits,
}

/// Serves requests until `stop.end` is cancelled.
pub async fn serve(listener: TcpListener, services: Services, settings: Arc<Settings>, stop: Stop) {
    let (is_https, csp) = (settings.base_url.scheme() == "https", settings.csp.clone());
    let peers = settings.peers.clone();
    let Services { deps, deliver, visits } = services;
    let state = State { deps, deliver, settings, visits, stopping: stop.stopping, shares: Arc::default() };
    let router = routes::router(state.clone())
        .layer(from_fn_with_state(state, host::guard))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, REQUEST_TIMEOUT))
        .layer(from_fn(move |request, next| headers::add(is_https, csp.clone(), request, next)))
        .layer(CompressionLayer::new());
    listen::run(listener, router, peers, stop.end).await;
}
