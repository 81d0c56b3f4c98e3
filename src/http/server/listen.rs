//! The listener. [`pace`] limits how long a client may keep us waiting, and [`slots`] limits the number of connections.
//! Clients that send nothing, or do not read their response, cannot shut others out.

mod pace;
mod slots;
mod stream;

use std::collections::HashMap;
use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::StatusCode;
use axum::http::header::{ACCEPT_LANGUAGE, CONNECTION, RETRY_AFTER};
use axum::response::{IntoResponse, Response};
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::http::server::peer::{Peers, client_network};
use crate::locale::{self, Language};
use pace::Pace;
use slots::{ConnectionSlot, ConnectionSlots, LIMITS};
use stream::{RequestBody, ResponseBody, TimedStream};

/// The size of the operating system's send buffer. It is small, so that a client that does not read its response is noticed
/// soon.
const SEND_BUFFER: u32 = 256 << 10;
/// The largest request head, in bytes.
const MAX_HEAD: usize = 64 << 10;
/// The pause after a failed `accept`, for example when no file descriptors are left.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(100);
/// The number of connections that may wait to be accepted.
const BACKLOG: u32 = 1024;
/// The maximum number of concurrent requests of one client behind a proxy. The proxy's connections are not counted, because
/// all of its clients share them.
const MAX_REQUESTS_PER_CLIENT: usize = 100;
/// These paths are answered even when the server is full.
const MONITORING_PATHS: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    #[cfg(not(windows))]
    socket.set_reuseaddr(true)?;
    socket.set_send_buffer_size(SEND_BUFFER)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// The local address of the connection that a request came through.
#[derive(Debug, Clone, Copy)]
pub struct LocalEnd {
    pub at: SocketAddr,
}

/// Serves requests until `end` is cancelled, then waits for the running requests.
pub async fn run(listener: TcpListener, router: Router, peers: Peers, end: CancellationToken) {
    let graceful = GracefulShutdown::new();
    let slots = ConnectionSlots::new(LIMITS);
    let shared = Arc::new(Shared { router, peers, clients: Mutex::default() });
    while let Some((stream, peer)) = end.run_until_cancelled(accept(&listener, &slots)).await {
        let ip = peer.ip().to_canonical();
        let pace = Arc::new(Pace::new());
        let counted = (!shared.peers.is_proxy(ip)).then(|| client_network(ip));
        let (Some(connection_slot), Ok(at)) = (slots.acquire(counted, &pace), stream.local_addr()) else { continue };
        let (connection_slot, client_connection) =
            (Arc::new(connection_slot), Connection { shared: shared.clone(), pace: pace.clone(), peer, at });
        let service = {
            let connection_slot = connection_slot.clone();
            service_fn(move |request| client_connection.clone().respond(request, connection_slot.clone()))
        };
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            // `pace` has its own timeout for each phase.
            .header_read_timeout(None)
            .max_buf_size(MAX_HEAD)
            .serve_connection(TokioIo::new(TimedStream::new(stream, pace.clone())), service);
        let watched = graceful.watch(connection);
        tokio::spawn(async move {
            // A client that disconnects early is not an error of ours.
            tokio::select! {
                result = watched => {
                    if let Err(error) = result {
                        tracing::debug!(%peer, %error, "a connection failed");
                    }
                }
                () = pace.overdue() => tracing::debug!(%peer, "closed a connection: the client was too slow"),
                () = connection_slot.evicted() => tracing::debug!(%peer, "closed an idle connection to make room for others"),
            }
        });
    }
    graceful.shutdown().await;
}

async fn accept(listener: &TcpListener, slots: &ConnectionSlots) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) => {
                let evicted = slots.evict_any();
                tracing::warn!(%error, evicted, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_RETRY_DELAY).await;
            }
        }
    }
}

/// The state that all connections share.
struct Shared {
    router: Router,
    peers: Peers,
    /// The number of running requests of each client behind a proxy.
    clients: Mutex<HashMap<IpAddr, usize>>,
}

/// One connection.
#[derive(Clone)]
struct Connection {
    shared: Arc<Shared>,
    pace: Arc<Pace>,
    peer: SocketAddr,
    at: SocketAddr,
}

impl Connection {
    async fn respond(
        self,
        request: Request<Incoming>,
        connection_slot: Arc<ConnectionSlot>,
    ) -> Result<Response, Infallible> {
        self.pace.head_received();
        let pace = self.pace.clone();
        let mut request = request.map(|body| Body::new(RequestBody { body, pace }));
        request.extensions_mut().insert(ConnectInfo(self.peer));
        request.extensions_mut().insert(LocalEnd { at: self.at });
        let is_monitoring = MONITORING_PATHS.contains(&request.uri().path());
        let slot = RequestSlot::acquire(&self.shared, self.peer.ip(), &request);
        let response = match &slot {
            _ if is_monitoring => self.shared.router.clone().oneshot(request).await?,
            Some(_) if !connection_slot.monitoring_only => self.shared.router.clone().oneshot(request).await?,
            _ => overloaded(&request),
        };
        Ok(response.map(|body| Body::new(ResponseBody { body, pace: self.pace, _slot: slot })))
    }
}

/// The response when the server is full.
fn overloaded(request: &Request<Body>) -> Response {
    let accept_language =
        request.headers().get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let text = locale::text(Language::choose(accept_language), "fault-full");
    (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "5"), (CONNECTION, "close")], format!("{text}\n")).into_response()
}

/// A running request, counted against its client.
struct RequestSlot {
    shared: Arc<Shared>,
    /// `None`: the request came through a direct connection, which is counted as a connection.
    client: Option<IpAddr>,
}

impl RequestSlot {
    /// Counts a request against its client. Returns `None` if the client has too many running requests already.
    fn acquire(shared: &Arc<Shared>, peer: IpAddr, request: &Request<Body>) -> Option<Self> {
        let client = shared.peers.is_proxy(peer).then(|| shared.peers.client(peer, request.headers()));
        if let Some(client) = client {
            let mut clients = shared.clients.lock().unwrap_or_else(PoisonError::into_inner);
            let count = clients.entry(client).or_default();
            if *count >= MAX_REQUESTS_PER_CLIENT {
                return None;
            }
            *count += 1;
        }
        Some(Self { shared: shared.clone(), client })
    }
}

impl Drop for RequestSlot {
    fn drop(&mut self) {
        let Some(client) = self.client else { return };
        let mut clients = self.shared.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = clients.get_mut(&client) {
            *count -= 1;
            if *count == 0 {
                clients.remove(&client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::pace::HEAD_TIMEOUT;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::sync::Semaphore;

    use super::*;

    fn listener() -> (TcpListener, SocketAddr) {
        let listener = bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let address = listener.local_addr().unwrap();
        (listener, address)
    }

    #[expect(clippy::disallowed_methods, reason = "a test of ours to our own listener")]
    async fn connect(address: SocketAddr) -> TcpStream {
        TcpStream::connect(address).await.unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_client_is_disconnected() {
        let (listener, address) = listener();
        let end = CancellationToken::new();
        let answering = tokio::spawn(run(listener, Router::new(), Peers::default(), end.clone()));
        let mut silent = connect(address).await;
        silent.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow").await.unwrap();
        let begun = tokio::time::Instant::now();
        let mut response = Vec::new();
        silent.read_to_end(&mut response).await.unwrap();
        let waited = begun.elapsed();
        assert!(waited >= HEAD_TIMEOUT && waited < 2 * HEAD_TIMEOUT, "{waited:?}");
        end.cancel();
        answering.await.unwrap();
    }

    #[tokio::test]
    async fn a_running_request_is_completed_at_shutdown() {
        let (listener, address) = listener();
        let (end, started, finish) =
            (CancellationToken::new(), Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
        let handler = {
            let (started, finish) = (started.clone(), finish.clone());
            async move |ConnectInfo(peer): ConnectInfo<SocketAddr>| {
                started.add_permits(1);
                let _ = finish.acquire().await;
                format!("you are {}", peer.ip())
            }
        };
        let answering =
            tokio::spawn(run(listener, Router::new().route("/", get(handler)), Peers::default(), end.clone()));
        let mut visitor = connect(address).await;
        visitor.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        let _ = started.acquire().await.unwrap();
        end.cancel();
        finish.add_permits(1);
        let mut response = String::new();
        visitor.read_to_string(&mut response).await.unwrap();
        assert!(response.ends_with("you are 127.0.0.1"), "{response}");
        answering.await.unwrap();
    }
}
