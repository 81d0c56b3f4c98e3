//! The redirect URI of `oauth connect`: a listener on a loopback address that accepts one redirect (RFC 8252 7.3).

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use axum::Router;
use axum::extract::{Query, State};
use axum::http::header::{
    ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::cause::{Cause, Trouble};
use crate::locale::{self, Language};
use crate::oauth::Callback;

/// The result that the page shows: the identity that is connected, or the trouble; a trouble of `None` is an internal error.
type Outcome = Result<String, Option<Trouble>>;

/// A redirect of the browser, and the channel for the outcome to show.
type BrowserRedirect = (Callback, oneshot::Sender<Outcome>);

/// A listener that accepts one redirect.
pub struct Loopback {
    /// The redirect URI of the listener.
    pub redirect: Url,
    redirects: mpsc::Receiver<BrowserRedirect>,
    servers: JoinSet<std::io::Result<()>>,
    end: CancellationToken,
}

/// The path of the redirect URI, as registered with the provider.
const PATH: &str = "/oauth/callback";

impl Loopback {
    /// Listens on `localhost` over IPv4 and, if available, IPv6, because the browser may use either. Microsoft does not
    /// accept 127.0.0.1 instead of `localhost`.
    pub async fn bind(port: u16) -> Result<Self, String> {
        let bind_error =
            |error: std::io::Error| format!("cannot listen for the browser on port {port} of this machine: {error}");
        let v4 = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await.map_err(bind_error)?;
        let port = v4.local_addr().map_err(bind_error)?.port();
        let v6 = TcpListener::bind(SocketAddr::from((Ipv6Addr::LOCALHOST, port))).await.ok();
        let redirect = Url::parse(&format!("http://localhost:{port}{PATH}")).map_err(|error| error.to_string())?;
        let (sender, redirects) = mpsc::channel(1);
        let router = Router::new().route(PATH, get(answer)).with_state(sender);
        let end = CancellationToken::new();
        let mut servers = JoinSet::new();
        for listener in [Some(v4), v6].into_iter().flatten() {
            let serving = axum::serve(listener, router.clone()).with_graceful_shutdown(end.clone().cancelled_owned());
            servers.spawn(serving.into_future());
        }
        Ok(Self { redirect, redirects, servers, end })
    }

    /// Waits for the first redirect; all later ones are refused.
    pub async fn wait_for_redirect(&mut self) -> Option<BrowserRedirect> {
        let first = self.redirects.recv().await;
        self.redirects.close();
        first
    }

    /// Closes the listener after the page has been sent.
    pub async fn close(mut self) {
        self.end.cancel();
        let stopped = async { while self.servers.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(std::time::Duration::from_secs(2), stopped).await;
    }
}

async fn answer(
    State(redirects): State<mpsc::Sender<BrowserRedirect>>,
    headers: HeaderMap,
    callback: Result<Query<Callback>, axum::extract::rejection::QueryRejection>,
) -> Response {
    let accepted = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let language = Language::choose(accepted);
    let wrong_state = || Err(Some(Trouble::new(Cause::WrongState)));
    let outcome = match callback {
        Ok(Query(callback)) => {
            let (reply, outcome) = oneshot::channel();
            match redirects.try_send((callback, reply)) {
                Ok(()) => outcome.await.unwrap_or(Err(None)),
                Err(_) => wrong_state(), // an earlier redirect was accepted
            }
        }
        Err(_) => wrong_state(),
    };
    page(language, &outcome)
}

/// The page's style sheet, for light and dark mode and any width.
const STYLE: &str = ":root{color-scheme:light dark}body{font:1.1rem/1.5 system-ui,sans-serif;max-width:36rem;margin:15vh auto;\
                     padding:0 1.5rem}h1{font-size:1rem;font-weight:600;opacity:.7}p{overflow-wrap:anywhere}";

/// Renders a page that loads nothing and sends no Referer: the URL of this page holds the authorization code.
fn page(language: Language, outcome: &Outcome) -> Response {
    let (status, text) = match outcome {
        Ok(identity) => {
            let args = BTreeMap::from([("identity".to_owned(), identity.clone())]);
            (StatusCode::OK, locale::message(language, "callback-done", None, &args))
        }
        Err(trouble) => {
            let failed = locale::text(language, "callback-failed");
            let why = trouble.as_ref().map(|trouble| trouble.in_full(language));
            (StatusCode::BAD_REQUEST, format!("{failed} {}", why.unwrap_or_default()))
        }
    };
    let title = locale::text(language, "callback-title");
    let html = format!(
        "<!doctype html><html lang=\"{}\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>{}</title><style>{STYLE}</style></head><body><h1>{}</h1><p>{}</p></body></html>\n",
        language.tag(),
        escaped(&title),
        escaped(&title),
        escaped(&text)
    );
    // Allow this style and nothing else (CSP level 3, hash sources).
    let style = STANDARD.encode(Sha256::digest(STYLE));
    let policy = format!("default-src 'none'; style-src 'sha256-{style}'; frame-ancestors 'none'");
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
        (CACHE_CONTROL, "no-store".to_owned()),
        (REFERRER_POLICY, "no-referrer".to_owned()),
        (X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (CONTENT_SECURITY_POLICY, policy),
    ];
    (status, headers, html).into_response()
}

/// Escapes a text for HTML.
fn escaped(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut html, c| {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            c => html.push(c),
        }
        html
    })
}
