//! A minimal HTTPS client whose connections pass `egress`, for identity providers and autoconfiguration. It follows no
//! redirects, ignores the proxy settings in the environment, and limits the size and duration of every response.

use std::pin::Pin;
use std::time::Duration;

use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{ACCEPT, DATE, HOST, HeaderMap, HeaderValue, RETRY_AFTER, USER_AGENT};
use hyper::{Request, Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use jiff::fmt::rfc2822::DateTimeParser;
use oauth2::{AsyncHttpClient, HttpRequest, HttpResponse};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

use crate::cause::Cause;
use crate::config::Deadlines;
use crate::egress::Egress;
use crate::fact::Fact;
use crate::locale::Language;
use crate::tls::{self, Trust};

/// The longest accepted `Retry-After`.
const MAX_RETRY_AFTER: Duration = Duration::from_hours(1);

/// The name and version that Mailferry sends as User-Agent.
pub const PRODUCT: &str = concat!("Mailferry/", env!("CARGO_PKG_VERSION"));

/// A failed request.
#[derive(Debug, thiserror::Error)]
#[error("{}: {detail}", cause.id())]
pub struct HttpError {
    pub cause: Cause,
    /// Details in English.
    pub detail: String,
    /// The time that the provider asks us to wait.
    pub retry_after: Option<Duration>,
}

impl HttpError {
    fn new(cause: Cause, detail: impl Into<String>) -> Self {
        Self { cause, detail: detail.into(), retry_after: None }
    }
}

/// A client for one kind of request.
pub struct HttpClient<'a> {
    /// Makes the connections.
    pub egress: &'a Egress,
    /// Deadlines; `token` covers the whole request.
    pub deadlines: &'a Deadlines,
    /// Maximum size of a response in bytes.
    pub max_size: usize,
    /// Whether plain HTTP to 127.0.0.1 is allowed.
    pub allow_http_loopback: bool,
}

impl<'c> AsyncHttpClient<'c> for HttpClient<'_> {
    type Error = HttpError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

impl HttpClient<'_> {
    /// Sends a request and reads the whole response.
    pub async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let slow = |_| HttpError::new(Cause::Slow, "the response was not complete in time");
        timeout(self.deadlines.token.0, self.exchange(request)).await.map_err(slow)?
    }

    async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (mut parts, body) = request.into_parts();
        let host = parts.uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let is_tls = parts.uri.scheme_str() == Some("https");
        let port = parts.uri.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
        if let Some(authority) = parts.uri.authority()
            && let Ok(value) = HeaderValue::from_str(authority.as_str())
        {
            parts.headers.insert(HOST, value);
        }
        parts.headers.insert(USER_AGENT, HeaderValue::from_static(PRODUCT));
        parts.headers.entry(ACCEPT).or_insert(HeaderValue::from_static("application/json"));
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        parts.uri = path.parse::<Uri>().map_err(|_| HttpError::new(Cause::Unreachable, "its URL is invalid"))?;
        let request = Request::from_parts(parts, Full::new(Bytes::from(body)));
        let unreachable = |detail: String| HttpError::new(Cause::Unreachable, detail);
        if is_tls {
            let addresses = self
                .egress
                .resolve(&host, port, self.deadlines)
                .await
                .map_err(|error| unreachable(error.to_string()))?;
            let stream = self
                .egress
                .connect(&host, &addresses, self.deadlines)
                .await
                .map_err(|error| unreachable(error.to_string()))?;
            let (stream, _) = tls::connect(stream, &host, &Trust::System)
                .await
                .map_err(|error| unreachable(error.words(Language::English)))?;
            exchange_on(stream, request, self.max_size).await
        } else if self.allow_http_loopback && host == "127.0.0.1" {
            let stream = self
                .egress
                .connect_loopback(port, self.deadlines)
                .await
                .map_err(|error| unreachable(error.to_string()))?;
            exchange_on(stream, request, self.max_size).await
        } else {
            Err(unreachable("only https is supported".to_owned()))
        }
    }
}

async fn exchange_on<S>(stream: S, request: Request<Full<Bytes>>, max_size: usize) -> Result<HttpResponse, HttpError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let broken = |error: hyper::Error| {
        let detail =
            if error.is_parse() { "its response is not HTTP" } else { "the connection failed before its response" };
        HttpError::new(Cause::Unreachable, detail)
    };
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    // The connection task ends with this request, whatever its result: dropping the set aborts it.
    let mut driver = tokio::task::JoinSet::new();
    driver.spawn(connection);
    read_response(sender.send_request(request).await.map_err(broken)?, max_size).await
}

/// Reads a response, unless its status already shows a failure.
async fn read_response(response: Response<Incoming>, max_size: usize) -> Result<HttpResponse, HttpError> {
    let status = response.status();
    if status.is_redirection() {
        return Err(HttpError::new(Cause::Redirected, format!("it responds with a redirect ({})", status.as_u16())));
    }
    if status == StatusCode::TOO_MANY_REQUESTS || status == StatusCode::REQUEST_TIMEOUT || status.is_server_error() {
        let cause = if status == StatusCode::TOO_MANY_REQUESTS { Cause::Busy } else { Cause::Down };
        return Err(HttpError {
            retry_after: retry_after(response.headers()).map(|wait| wait.min(MAX_RETRY_AFTER)),
            ..HttpError::new(cause, format!("it responds with status {}", status.as_u16()))
        });
    }

    let (parts, body) = response.into_parts();
    let body = Limited::new(body, max_size).collect().await.map_err(|error| {
        match error.downcast_ref::<LengthLimitError>() {
            Some(_) => HttpError::new(Cause::TooLarge, format!("its response is larger than {} KiB", max_size >> 10)),
            None => HttpError::new(Cause::Unreachable, "the connection failed in the middle of its response"),
        }
    })?;
    Ok(Response::from_parts(parts, body.to_bytes().to_vec()))
}

/// Parses Retry-After: a number of seconds, or a date relative to the server's own clock (RFC 9110 10.2.3).
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let date = |text: &str| DateTimeParser::new().relaxed_weekday(true).parse_timestamp(text).ok();
    let value = text(RETRY_AFTER)?;
    match value.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => date(value)?.duration_since(date(text(DATE)?)?).try_into().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let wait = |retry: &str| {
            let headers = [(DATE, "Tue, 24 Nov 2026 16:00:00 GMT"), (RETRY_AFTER, retry)];
            retry_after(&headers.into_iter().map(|(name, value)| (name, value.parse().unwrap())).collect())
        };
        assert_eq!(wait("120"), Some(Duration::from_secs(120)));
        assert_eq!(wait("Tue, 24 Nov 2026 16:05:00 GMT"), Some(Duration::from_secs(300)));
        assert_eq!(wait("Tue, 24 Nov 2026 16:05:00 +0000"), Some(Duration::from_secs(300)));
        assert_eq!(wait("24 Nov 2026 17:05:00 +0100"), Some(Duration::from_secs(300)));
        assert_eq!(wait("Mon, 24 Nov 2026 16:05 GMT"), Some(Duration::from_secs(300)), "on a wrong weekday");
        assert_eq!(wait("Tue, 24 Nov 2026 15:00:00 GMT"), None);
        assert_eq!(wait("2026-11-24T16:05:00Z"), None);
        assert_eq!(wait("Tuesday, 24-Nov-26 16:05:00 GMT"), None);
        assert_eq!(wait("soon"), None);
    }
}
