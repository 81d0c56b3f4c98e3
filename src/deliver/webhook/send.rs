//! Sends one request on a new connection: without redirects or a proxy from the environment, and with limits on the time, the header
//! and the body of the answer.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, USER_AGENT};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use super::body::TrackedBody;
use super::{Body, Target, signature};
use crate::clock::Timestamp;
use crate::config::Deadlines;
use crate::deliver::refused::refused;
use crate::egress::Egress;
use crate::fact::{DeliveryPhase, DeliveryProblem};
use crate::https;
use crate::shown::shown_within;
use crate::tls;

/// Maximum size of the header of an answer.
const MAX_HEADER: usize = 64 << 10;
/// Maximum size of the part of an answer's body that is read.
const MAX_TEXT: usize = 2 << 10;
/// Time limit for the body of an answer after its status has arrived.
const TEXT_TIME_LIMIT: Duration = Duration::from_secs(2);

/// The rules and deadlines for outgoing connections.
#[derive(Clone, Copy)]
pub struct Outbound<'a> {
    pub egress: &'a Egress,
    pub deadlines: &'a Deadlines,
}

/// The answer of a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// The wait that the target asked for.
    pub retry_after: Option<Duration>,
    /// The beginning of the body, without control characters.
    pub words: String,
}

/// A failure without an answer from the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendError {
    pub problem: DeliveryProblem,
    /// Whether the whole mail was sent, so that the target may have accepted it.
    pub was_sent: bool,
}

impl SendError {
    fn before(problem: DeliveryProblem) -> Self {
        Self { problem, was_sent: false }
    }
}

impl Target {
    /// Sends a body as the delivery with this id.
    pub async fn send(
        &self,
        delivery: &str,
        body: Body,
        now: Timestamp,
        outbound: Outbound<'_>,
    ) -> Result<Answer, SendError> {
        let until = Instant::now() + self.attempt_limit(body.size());
        let (request, is_end_taken) = self.request(delivery, body, now)?;
        let stream = self.connect(outbound, until).await.map_err(SendError::before)?;
        let sent = match self.is_tls() {
            true => {
                let limit = until.min(Instant::now() + outbound.deadlines.tls.0);
                let handshake = timeout_at(limit, tls::connect(stream, self.host(), &self.trust)).await;
                let late = |_| SendError::before(DeliveryProblem::TimedOut { phase: DeliveryPhase::Tls });
                let (stream, _) =
                    handshake.map_err(late)?.map_err(|why| SendError::before(DeliveryProblem::Tls { why }))?;
                exchange(stream, request, until).await
            }
            false => exchange(stream, request, until).await,
        };
        sent.map_err(|problem| match is_end_taken.load(Ordering::Relaxed) {
            true => SendError { problem: problem.in_phase(DeliveryPhase::Answer), was_sent: true },
            false => SendError::before(problem.in_phase(DeliveryPhase::Body)),
        })
    }

    /// Connects and completes the TLS handshake, but sends no request.
    ///
    /// # Errors
    /// The reason why no mail could be sent.
    pub async fn connect_only(&self, outbound: Outbound<'_>) -> Result<(), DeliveryProblem> {
        let until = Instant::now() + self.time_limit;
        let stream = self.connect(outbound, until).await?;
        if self.is_tls() {
            let handshake = timeout_at(until, tls::connect(stream, self.host(), &self.trust)).await;
            let late = |_| DeliveryProblem::TimedOut { phase: DeliveryPhase::Tls };
            handshake.map_err(late)?.map_err(|why| DeliveryProblem::Tls { why })?;
        }
        Ok(())
    }

    fn request(
        &self,
        delivery: &str,
        body: Body,
        now: Timestamp,
    ) -> Result<(Request<TrackedBody>, std::sync::Arc<AtomicBool>), SendError> {
        let path = &self.url[url::Position::BeforePath..url::Position::AfterQuery];
        let authority = &self.url[url::Position::BeforeHost..url::Position::AfterPort];
        let mut request = Request::post(path)
            .header(HOST, authority)
            .header(USER_AGENT, https::PRODUCT)
            .header(CONTENT_TYPE, self.format.content_type());
        for (name, value) in signature::headers(&self.secrets, delivery, now, &body) {
            request = request.header(name, value);
        }
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        let (sending, is_end_taken) = TrackedBody::new(body);
        let request = request.body(sending);
        let unusable = |error: hyper::http::Error| DeliveryProblem::Unreachable { words: error.to_string() };
        Ok((request.map_err(|error| SendError::before(unusable(error)))?, is_end_taken))
    }

    async fn connect(&self, outbound: Outbound<'_>, until: Instant) -> Result<TcpStream, DeliveryProblem> {
        let (host, port) = (self.host(), self.url.port_or_known_default().unwrap_or(443));
        let connecting = async {
            let mut addresses = outbound.egress.resolve(host, port, outbound.deadlines).await.map_err(refused)?;
            if !self.is_tls() {
                // Without TLS, nothing may be sent to another machine.
                addresses.retain(|address| address.ip().to_canonical().is_loopback());
                if addresses.is_empty() {
                    return Err(DeliveryProblem::Forbidden { host: host.to_owned() });
                }
            }
            outbound.egress.connect(host, &addresses, outbound.deadlines).await.map_err(refused)
        };
        let late = |_| DeliveryProblem::TimedOut { phase: DeliveryPhase::Connect };
        timeout_at(until, connecting).await.map_err(late)?
    }
}

/// Why there was no answer. The phase is not known yet.
enum ExchangeError {
    TimedOut,
    Closed,
    NotHttp,
}

impl ExchangeError {
    fn in_phase(&self, phase: DeliveryPhase) -> DeliveryProblem {
        match self {
            Self::TimedOut => DeliveryProblem::TimedOut { phase },
            Self::Closed => DeliveryProblem::Closed { phase },
            Self::NotHttp => DeliveryProblem::NotHttp,
        }
    }
}

async fn exchange<S>(stream: S, request: Request<TrackedBody>, until: Instant) -> Result<Answer, ExchangeError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let broken = |error: hyper::Error| if error.is_parse() { ExchangeError::NotHttp } else { ExchangeError::Closed };
    let handshake = http1::Builder::new().max_buf_size(MAX_HEADER).handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(broken)?;
    // Dropping the set aborts the connection task when this request ends, whatever its result.
    let mut driver = JoinSet::new();
    driver.spawn(connection);
    let response =
        timeout_at(until, sender.send_request(request)).await.map_err(|_| ExchangeError::TimedOut)?.map_err(broken)?;
    let (status, retry_after) = (response.status().as_u16(), https::retry_after(response.headers()));
    Ok(Answer { status, retry_after, words: body_text(response, until).await })
}

/// The beginning of an answer's body, as far as it arrives in time.
async fn body_text(response: Response<Incoming>, until: Instant) -> String {
    let mut body = response.into_body();
    let mut bytes = Vec::with_capacity(MAX_TEXT);
    let reading = async {
        while let Some(Ok(frame)) = body.frame().await {
            let data = frame.into_data().unwrap_or_default();
            bytes.extend(data.iter().take(MAX_TEXT - bytes.len()));
            if bytes.len() >= MAX_TEXT {
                break;
            }
        }
    };
    let _ = timeout_at(until.min(Instant::now() + TEXT_TIME_LIMIT), reading).await;
    let mut words = shown_within(&String::from_utf8_lossy(&bytes), MAX_TEXT);
    words.truncate(words.floor_char_boundary(MAX_TEXT));
    words
}
