//! A scripted identity provider, for behaviour that real ones do not show on demand. By default it is strict: it checks
//! PKCE, the redirect URI and the application's secret, and a refresh token that is used twice ends its whole family. A
//! browser that opens the authorization link is logged in at once, as the current `identity`.

mod answers;
mod http;
mod misbehaviour;
mod token_request;
mod tokens;

use std::{
    collections::{BTreeMap, VecDeque},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{
    dovecot::introspection,
    oauth_client::{self, CLIENT_ID, CLIENT_SECRET},
    urlencoded::Parameters,
};
use tokens::{AccessTokens, Settings, Tokens};

pub use misbehaviour::Misbehaviour;
pub use tokens::Issued;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Endpoint {
    Authorize,
    Token,
    Device,
    Revoke,
    Introspect,
}

const PATHS: [(&str, Endpoint); 5] = [
    ("/authorize", Endpoint::Authorize),
    ("/token", Endpoint::Token),
    ("/devicecode", Endpoint::Device),
    ("/revoke", Endpoint::Revoke),
    ("/introspect", Endpoint::Introspect),
];

/// The provider. Every setter applies to later requests.
pub struct IdentityProvider {
    port: u16,
    shared: Arc<Shared>,
    listener: Option<JoinHandle<()>>,
    dir: TempDir,
}

struct Shared {
    state: Mutex<State>,
    ends: AtomicBool,
    /// Connections that stay open until the client closes them; closing them here ends their threads.
    open_connections: Mutex<Vec<TcpStream>>,
}

struct State {
    settings: Settings,
    tokens: Tokens,
    queues: BTreeMap<Endpoint, VecDeque<Misbehaviour>>,
    requests: Vec<(Endpoint, Parameters)>,
}

impl IdentityProvider {
    /// Starts a provider that behaves well, with `identity` logged in.
    pub fn start(identity: &str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = State {
            settings: Settings::new(identity, &format!("http://127.0.0.1:{port}")),
            tokens: Tokens::default(),
            queues: BTreeMap::new(),
            requests: Vec::new(),
        };
        let shared = Arc::new(Shared {
            state: Mutex::new(state),
            ends: AtomicBool::default(),
            open_connections: Mutex::default(),
        });
        let for_listener = Arc::clone(&shared);
        let listener = thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                if for_listener.ends.load(Ordering::SeqCst) {
                    break;
                }
                let shared = Arc::clone(&for_listener);
                // The error is ignored, because a client may disconnect in the middle of an answer.
                thread::spawn(move || drop(misbehaviour::serve(&stream, &shared)));
            }
        });
        Self { port, shared, listener: Some(listener), dir: TempDir::with_prefix("identity-provider-").unwrap() }
    }

    /// The base URL of the endpoints.
    pub fn base(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The configuration of Mailferry that makes this server a provider.
    pub fn provider(&self, name: &str) -> String {
        let base = self.base();
        oauth_client::provider(name, &base, &format!("device_url = \"{base}/devicecode\"\n"))
    }

    /// Configuration for `Dovecot::start_with`: Dovecot accepts this provider's tokens with these mechanisms.
    pub fn dovecot(&self, mechanisms: &str) -> String {
        let url = format!("http://{CLIENT_ID}:{CLIENT_SECRET}@127.0.0.1:{}/introspect", self.port);
        introspection::settings(self.dir.path(), &url, mechanisms)
    }

    /// Sets the identity that logs in. An application's own tokens are for the mailbox of this identity too.
    pub fn set_identity(&self, address: &str) {
        self.settings(|settings| settings.identity = address.to_owned());
    }

    /// Sets the lifetime of access tokens.
    pub fn set_lifetime(&self, seconds: u64) {
        self.settings(|settings| settings.lifetime = seconds);
    }

    /// Sets the issuer that redirects and tokens name.
    pub fn set_issuer(&self, text: &str) {
        self.settings(|settings| settings.issuer = text.to_owned());
    }

    /// Sets the scope that token responses name as granted, independently of the requested one.
    pub fn set_granted_scope(&self, text: &str) {
        self.settings(|settings| settings.granted_scope = Some(text.to_owned()));
    }

    /// Sets whether each use of a refresh token replaces it, which is the default. If not, the answer contains no refresh
    /// token and the old one stays valid.
    pub fn set_rotation(&self, rotates: bool) {
        self.settings(|settings| settings.rotates = rotates);
    }

    /// Sets the number of times that a refresh token may be used after it was replaced; by default 0.
    pub fn set_overlap(&self, uses: u32) {
        self.settings(|settings| settings.overlap = uses);
    }

    /// Makes every access token this text: GreenMail compares a token with the user's password.
    pub fn set_fixed_access_token(&self, text: &str) {
        self.settings(|settings| settings.access_tokens = AccessTokens::Fixed(text.to_owned()));
    }

    /// Makes access tokens JWTs with the usual claims and these; null removes a usual claim.
    pub fn set_access_token_claims(&self, claims: Value) {
        self.settings(|settings| settings.access_tokens = AccessTokens::Jwt(claims));
    }

    /// Makes ID tokens have the usual claims and these; null removes a usual claim.
    pub fn set_id_token_claims(&self, claims: Value) {
        self.settings(|settings| settings.id_token_claims = claims);
    }

    /// Sets the misbehaviours for the next requests to an endpoint, in order; after them it behaves well again.
    pub fn misbehave(&self, endpoint: Endpoint, misbehaviours: Vec<Misbehaviour>) {
        self.shared.lock().queues.entry(endpoint).or_default().extend(misbehaviours);
    }

    /// The parameters of each request to an endpoint, from query and form, and the request's header `authorization`.
    pub fn requests(&self, endpoint: Endpoint) -> Vec<Parameters> {
        let state = self.shared.lock();
        let requests = state.requests.iter().filter(|(other, _)| *other == endpoint);
        requests.map(|(_, parameters)| parameters.clone()).collect()
    }

    /// All secrets that the provider has issued so far, including those that a misbehaviour kept from the client.
    pub fn issued(&self) -> Issued {
        self.shared.lock().tokens.issued.clone()
    }

    fn settings(&self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.shared.lock().settings);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

impl State {
    /// Records a request, and returns the next misbehaviour for its endpoint.
    fn receive(&mut self, endpoint: Endpoint, parameters: &Parameters) -> Option<Misbehaviour> {
        self.requests.push((endpoint, parameters.clone()));
        self.queues.get_mut(&endpoint)?.pop_front()
    }
}

impl Drop for IdentityProvider {
    fn drop(&mut self) {
        self.shared.ends.store(true, Ordering::SeqCst);
        // Wakes the listener, so that it notices that it should end.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        let _ = self.listener.take().map(JoinHandle::join);
        for stream in self.shared.open_connections.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

/// The body of an error in Microsoft's format; `error_codes` has the number at the beginning of its description.
fn error_body(error: &str, description: &str) -> String {
    let number = description.strip_prefix("AADSTS").and_then(|rest| rest.split(':').next()?.parse::<u64>().ok());
    json!({
        "error": error,
        "error_description": description,
        "error_codes": number.into_iter().collect::<Vec<u64>>(),
        "trace_id": "7c2b1a9e-0d5f-4b57-9f0c-3f2f5a6d0100",
        "correlation_id": "b1f6a3de-52a8-4c9d-8e1b-6a70d3c2f4e5",
    })
    .to_string()
}
