//! Middleware before every page: identifies the visitor, checks access, and rejects requests from other sites.

use std::net::{IpAddr, SocketAddr};

use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State as FromState};
use axum::http::header::{ACCEPT_LANGUAGE, COOKIE, HOST, ORIGIN};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::clock::Timestamp;
use crate::http::State;
use crate::http::page::error::PageError;
use crate::http::page::error_page;
use crate::http::page::visitor::Visitor;
use crate::http::page::words::Words;
use crate::http::server::{nul, peer};
use crate::locale::Language;
use crate::opaque;
use crate::store::{Person, Role};

/// The visitors who may use a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageAccess {
    /// Everyone.
    Public,
    /// Every signed-in user.
    SignedIn,
    /// Users who may make changes in their organisation.
    Admin,
}

/// The largest form, in bytes. The longest field holds a certificate authority.
const MAX_FORM: usize = 256 << 10;

/// The session cookie: bound to this host, sent over https only, hidden from scripts, and not sent with other sites'
/// forms (RFC 6265bis).
pub const SESSION: &str = "__Host-mailferry";
/// The cookie with the language that a guest has chosen.
pub const LANGUAGE: &str = "__Host-language";
/// A cookie with the time zone of the browser. It is neither set nor read any more, only deleted at the logout.
pub const ZONE: &str = "__Host-zone";
/// The time zone of guests, and of users who have not chosen one.
pub const DEFAULT_ZONE: &str = "Europe/Stockholm";

/// The value of a cookie.
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let all = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
}

/// A Set-Cookie header. Without a lifetime the cookie ends with the browser session; a lifetime of 0 deletes it.
pub fn set_cookie(name: &str, value: &str, seconds: Option<i64>) -> (header::HeaderName, String) {
    let age = seconds.map(|seconds| format!("; Max-Age={seconds}")).unwrap_or_default();
    (header::SET_COOKIE, format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax{age}"))
}

/// Checks a request and passes it to its page.
pub async fn guard(
    FromState((state, access)): FromState<(State, PageAccess)>,
    request: Request,
    next: Next,
) -> Response {
    let is_get = matches!(*request.method(), Method::GET | Method::HEAD);
    let is_fragment = request.headers().contains_key("hx-request");
    // Split off the body: it is not `Sync`, so it must not be borrowed while a database query is awaited.
    let (parts, body) = request.into_parts();
    let visitor = visitor(&state, &parts).await;
    let mut request = Request::from_parts(parts, body);
    let visitor = match visitor {
        Ok(visitor) => visitor,
        Err(error) => return error.into_response(),
    };
    let may = match access {
        _ if nul::is_in_uri(request.uri()) => Err(PageError::BadRequest("fault-nul")),
        _ if !is_get && !is_from_here(request.headers(), &state) => Err(PageError::CrossSite),
        PageAccess::Public => Ok(()),
        PageAccess::SignedIn => at_least(&visitor, Role::Viewer),
        PageAccess::Admin => at_least(&visitor, Role::Admin),
    };
    if let Err(error) = may {
        return error_page::page(&error, &visitor, is_get, is_fragment);
    }
    if !is_get {
        request = match form(request).await {
            Ok(request) => request,
            Err(error) => return error_page::page(&error, &visitor, is_get, is_fragment),
        };
    }
    request.extensions_mut().insert(visitor.clone());
    let tenant = visitor.person.as_ref().and_then(|person| person.organisation_id);
    let response = state.shares.hold(tenant, next.run(request).await).await;
    let mut response = response.unwrap_or_else(|| PageError::BadRequest("fault-busy").into_response());
    match response.extensions_mut().remove::<PageError>() {
        Some(error) => error_page::page(&error, &visitor, is_get, is_fragment),
        None => response,
    }
}

/// Reads the whole form and rejects U+0000, which cannot be stored.
async fn form(request: Request) -> Result<Request, PageError> {
    let (parts, body) = request.into_parts();
    let bytes = axum::body::to_bytes(body, MAX_FORM).await.map_err(|_| PageError::BadRequest("fault-form"))?;
    if nul::is_in_form(&bytes) {
        return Err(PageError::BadRequest("fault-nul"));
    }
    Ok(Request::from_parts(parts, Body::from(bytes)))
}

fn at_least(visitor: &Visitor, role: Role) -> Result<(), PageError> {
    match &visitor.person {
        None => Err(PageError::SignIn),
        Some(person) if person.role < role => Err(PageError::Forbidden),
        Some(_) => Ok(()),
    }
}

async fn visitor(state: &State, request: &Parts) -> Result<Visitor, PageError> {
    let (headers, now) = (&request.headers, state.deps.clock.now());
    let session = cookie(headers, SESSION).map(opaque::hash);
    let person = match &session {
        Some(hash) => state.deps.store.signed_in(hash, now).await?,
        None => None,
    };
    let path = request.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    Ok(Visitor {
        words: words(headers, person.as_ref(), now),
        session: session.filter(|_| person.is_some()),
        person,
        address: client(state, request),
        path,
    })
}

/// Returns the visitor's words. The language is the user's own setting, else the guest's choice, else the browser's
/// preference; the time zone is the user's own setting, else the default.
fn words(headers: &HeaderMap, person: Option<&Person>, now: Timestamp) -> Words {
    let accept_language = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    let own = |text: fn(&Person) -> &String| person.map(text).map(String::as_str).filter(|text| !text.is_empty());
    let language = own(|person| &person.language).or(cookie(headers, LANGUAGE)).or(accept_language);
    let zone = own(|person| &person.zone).unwrap_or(DEFAULT_ZONE);
    Words::new(language.map_or(Language::English, Language::choose), zone, now)
}

/// Whether a request that changes something comes from our own pages, according to Sec-Fetch-Site or, if that is missing,
/// to Origin (RFC 6454). A request with neither header does not come from a browser and is refused, too.
fn is_from_here(headers: &HeaderMap, state: &State) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return site == "same-origin";
    }
    let Some(origin) = text(ORIGIN.as_str()) else { return false };
    let own = state.settings.base_url.origin().ascii_serialization();
    let host = text(HOST.as_str()).unwrap_or_default();
    // A browser on this machine may address the server as localhost or by a loopback address.
    let loopback =
        ["localhost", "127.0.0.1", "[::1]"].iter().any(|name| host.rsplit_once(':').is_some_and(|(h, _)| h == *name));
    origin == own || (loopback && origin == format!("http://{host}"))
}

/// The client's address, for rate limits.
fn client(state: &State, request: &Parts) -> String {
    let peer = request.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    peer::display(state.settings.peers.client(peer.unwrap_or(IpAddr::from([0, 0, 0, 0])), &request.headers))
}
