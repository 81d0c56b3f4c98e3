//! Checks the host name of every request, to prevent DNS rebinding: if the host name of a foreign page resolves to our
//! address, the browser takes our responses for those of the foreign site. Only the host name in the request reveals this.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, Request, State as FromState};
use axum::http::header::{ACCEPT_LANGUAGE, HOST};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::config::{self, Host};
use crate::http::State;
use crate::http::api::Refusal;
use crate::http::server::listen::LocalEnd;
use crate::locale::{self, Language};

/// Monitoring endpoints, which accept any host name. They reveal only whether the process runs, and whether the
/// database responds.
const ANY_HOST_PATHS: [&str; 2] = ["/healthz", "/readyz"];

/// The host names of this server.
#[derive(Debug)]
pub struct Hosts {
    /// The host of `http.url`, and `http.hosts`. An entry without a port matches any port.
    named: Vec<Host>,
    /// The configured listen address.
    listen: SocketAddr,
}

/// Why a request is rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostError {
    /// The request does not name exactly one host.
    Ambiguous,
    /// The request names a host that is not ours.
    Unknown,
}

impl Hosts {
    pub fn new(http: &config::Http, base: &url::Url) -> Self {
        let of_url = base.host_str().and_then(|host| host.parse().ok()).filter(|_| !http.url.is_empty());
        Self { named: of_url.into_iter().chain(http.hosts.iter().cloned()).collect(), listen: http.listen }
    }

    /// Checks the host of a request that arrived at the local address `at`.
    ///
    /// # Errors
    /// The host is missing, ambiguous or not ours.
    pub fn check(&self, request: &Parts, at: Option<SocketAddr>) -> Result<(), HostError> {
        let host = requested_host(request)?;
        let forwarded_hosts = forwarded(&request.headers)?;
        let are_ours = [host].iter().chain(&forwarded_hosts).all(|host| self.is_ours(host, at));
        if are_ours { Ok(()) } else { Err(HostError::Unknown) }
    }

    fn is_ours(&self, host: &Host, at: Option<SocketAddr>) -> bool {
        let is_named = |own: &Host| own.name == host.name && (own.port.is_none() || own.port == host.port);
        let at = at.unwrap_or(self.listen);
        let has_port = host.port.is_none_or(|port| port == at.port());
        let ip = host.ip();
        // If the Host header is an IP address, the browser used no name, so DNS rebinding is impossible.
        let is_here = ip == Some(at.ip().to_canonical()) || ip == Some(self.listen.ip());
        let is_loopback = ["localhost", "127.0.0.1", "::1"].contains(&host.name.as_str());
        self.named.iter().any(is_named) || (has_port && (is_here || is_loopback))
    }
}

/// Returns the host that the request names (RFC 9112 3.2). The Host header is required; if the request target contains an
/// authority, both must be equal.
fn requested_host(request: &Parts) -> Result<Host, HostError> {
    let mut fields = request.headers.get_all(HOST).iter();
    let (Some(field), None) = (fields.next(), fields.next()) else { return Err(HostError::Ambiguous) };
    let host: Host = field.to_str().ok().and_then(|text| text.parse().ok()).ok_or(HostError::Ambiguous)?;
    match request.uri.authority() {
        None => Ok(host),
        Some(authority) => {
            let target: Host = authority.as_str().parse().map_err(|_| HostError::Ambiguous)?;
            if target == host { Ok(host) } else { Err(HostError::Ambiguous) }
        }
    }
}

/// Returns the host names in X-Forwarded-Host, which proxies add. A client can add it, too, but that only makes the check
/// stricter.
fn forwarded(headers: &HeaderMap) -> Result<Vec<Host>, HostError> {
    let lines = headers.get_all("x-forwarded-host").iter();
    let mut hosts = Vec::new();
    for line in lines {
        let line = line.to_str().map_err(|_| HostError::Ambiguous)?;
        for text in line.split(',').map(str::trim).filter(|text| !text.is_empty()) {
            hosts.push(text.parse().map_err(|_| HostError::Ambiguous)?);
        }
    }
    Ok(hosts)
}

/// Passes on requests that name one of our hosts.
pub async fn guard(FromState(state): FromState<State>, request: Request, next: Next) -> Response {
    if ANY_HOST_PATHS.contains(&request.uri().path()) {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let at = parts.extensions.get::<LocalEnd>().map(|end| end.at);
    let Err(why) = state.settings.hosts.check(&parts, at) else {
        return next.run(Request::from_parts(parts, body)).await;
    };
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    tracing::debug!(?why, ?peer, "rejected a request for an unknown host");
    if parts.uri.path().starts_with("/api/") {
        return match why {
            HostError::Ambiguous => {
                Refusal::BadRequest("the request must name exactly one host in its Host header".to_owned())
                    .into_response()
            }
            HostError::Unknown => Refusal::Misdirected.into_response(),
        };
    }
    let accept_language = parts.headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (status, name) = match why {
        HostError::Ambiguous => (StatusCode::BAD_REQUEST, "fault-no-host"),
        HostError::Unknown => (StatusCode::MISDIRECTED_REQUEST, "fault-other-host"),
    };
    (status, format!("{}\n", locale::text(Language::choose(accept_language), name))).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(url: &str, listen: &str, added: &[&str]) -> Hosts {
        let mut config = config::load(&config::Overrides::default()).unwrap();
        config.http.url = url.to_owned();
        config.http.listen = listen.parse().unwrap();
        config.http.hosts = added.iter().map(|text| text.parse().unwrap()).collect();
        Hosts::new(&config.http, &config.http.base().unwrap())
    }

    fn checked(hosts: &Hosts, at: &str, target: &str, headers: &[(&str, &str)]) -> Result<(), HostError> {
        let mut request = axum::http::Request::builder().uri(target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        hosts.check(&parts, Some(at.parse().unwrap()))
    }

    #[test]
    fn only_our_own_host_names_are_accepted() {
        let hosts = hosts("https://mailferry.example.se", "0.0.0.0:8025", &["mailferry", "internal.example:9000"]);
        for (host, is_ours) in [
            ("mailferry.example.se", true),
            ("MAILFERRY.example.se.:443", true),
            ("mailferry.example.se:8025", true),
            ("localhost:8025", true),
            ("LOCALHOST.:8025", true),
            ("127.0.0.1:8025", true),
            ("[::1]:8025", true),
            ("10.1.2.3:8025", true),
            ("mailferry", true),
            ("mailferry:1", true),
            ("internal.example:9000", true),
            ("internal.example", false),
            ("internal.example:9001", false),
            ("localhost", true),
            ("localhost:80", false),
            ("127.0.0.1:8026", false),
            ("10.1.2.4:8025", false),
            ("10.1.2.3", true),
            ("evil.example", false),
            ("evil.example:8025", false),
            ("localhost.evil.example:8025", false),
            ("evilmailferry.example.se", false),
            ("mailferry.example.se.evil.example", false),
            ("127.0.0.1.evil.example:8025", false),
        ] {
            let expected = if is_ours { Ok(()) } else { Err(HostError::Unknown) };
            assert_eq!(checked(&hosts, "10.1.2.3:8025", "/", &[("host", host)]), expected, "{host}");
        }
    }

    #[test]
    fn a_request_names_exactly_one_host() {
        let hosts = hosts("", "127.0.0.1:8025", &[]);
        let own = ("host", "localhost:8025");
        type Row = (&'static str, Vec<(&'static str, &'static str)>, Result<(), HostError>);
        let rows: Vec<Row> = vec![
            ("/", vec![own], Ok(())),
            ("/", vec![], Err(HostError::Ambiguous)),
            ("/", vec![("host", "")], Err(HostError::Ambiguous)),
            ("/", vec![own, own], Err(HostError::Ambiguous)),
            ("/", vec![own, ("host", "evil.example")], Err(HostError::Ambiguous)),
            ("/", vec![("host", "localhost:8025, evil.example")], Err(HostError::Ambiguous)),
            ("/", vec![("host", "evil.example@localhost:8025")], Err(HostError::Ambiguous)),
            ("http://localhost:8025/", vec![own], Ok(())),
            ("http://evil.example/", vec![own], Err(HostError::Ambiguous)),
            ("http://evil.example/", vec![("host", "evil.example")], Err(HostError::Unknown)),
            ("/", vec![own, ("x-forwarded-host", "localhost:8025")], Ok(())),
            ("/", vec![own, ("x-forwarded-host", "evil.example")], Err(HostError::Unknown)),
            ("/", vec![own, ("x-forwarded-host", "localhost:8025, evil.example")], Err(HostError::Unknown)),
            ("/", vec![own, ("x-forwarded-host", "a b")], Err(HostError::Ambiguous)),
        ];
        for (target, headers, expected) in rows {
            assert_eq!(checked(&hosts, "127.0.0.1:8025", target, &headers), expected, "{target} {headers:?}");
        }
    }
}
