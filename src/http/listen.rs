//! The listener: who comes has so long to say what he wants, and there is room for so many at once, so that those who say nothing
//! leave polls their sockets.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// Connections at once. Others wait to be let in.
const MOST: usize = 1000;
/// For the head of a request, and between two requests.
const HEAD: Duration = Duration::from_secs(60);
/// After a failed `accept`, such as for want of file descriptors.
const PAUSE: Duration = Duration::from_millis(500);

/// Answers until told to end, and lets those come to their end that are being answered.
pub async fn answer(listener: TcpListener, router: Router, end: CancellationToken) {
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(MOST));
    while let Some((stream, peer, place)) = end.run_until_cancelled(next(&listener, &places)).await {
        let router = router.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(peer));
            router.clone().oneshot(request)
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD)
            .serve_connection(TokioIo::new(stream), service);
        let watched = graceful.watch(connection);
        tokio::spawn(async move {
            // Whoever hangs up in the middle is no trouble of ours.
            let _ = watched.await;
            drop(place);
        });
    }
    graceful.shutdown().await;
}

async fn next(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> (tokio::net::TcpStream, SocketAddr, Option<tokio::sync::OwnedSemaphorePermit>) {
    let place = places.clone().acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return (stream, peer, place),
            Err(error) => {
                tracing::warn!(%error, "nobody can be let in just now");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    use super::*;

    async fn listener() -> (TcpListener, SocketAddr) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        (listener, address)
    }

    #[expect(clippy::disallowed_methods, reason = "a test of ours to our own listener")]
    async fn connect(address: SocketAddr) -> TcpStream {
        TcpStream::connect(address).await.unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_says_nothing_is_let_go() {
        let (listener, address) = listener().await;
        let end = CancellationToken::new();
        let answering = tokio::spawn(answer(listener, Router::new(), end.clone()));
        let mut silent = connect(address).await;
        silent.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow").await.unwrap();
        let begun = tokio::time::Instant::now();
        let mut told = Vec::new();
        silent.read_to_end(&mut told).await.unwrap();
        let waited = begun.elapsed();
        assert!(waited >= HEAD && waited < 2 * HEAD, "{waited:?}");
        end.cancel();
        answering.await.unwrap();
    }

    #[tokio::test]
    async fn an_answer_that_was_begun_comes_to_its_end() {
        let (listener, address) = listener().await;
        let (end, asked, go) = (CancellationToken::new(), Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
        let handler = {
            let (asked, go) = (asked.clone(), go.clone());
            async move |ConnectInfo(peer): ConnectInfo<SocketAddr>| {
                asked.add_permits(1);
                let _ = go.acquire().await;
                format!("you are {}", peer.ip())
            }
        };
        let answering = tokio::spawn(answer(listener, Router::new().route("/", get(handler)), end.clone()));
        let mut visitor = connect(address).await;
        visitor.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        let _ = asked.acquire().await.unwrap();
        end.cancel();
        go.add_permits(1);
        let mut told = String::new();
        visitor.read_to_string(&mut told).await.unwrap();
        assert!(told.ends_with("you are 127.0.0.1"), "{told}");
        answering.await.unwrap();
    }
}
