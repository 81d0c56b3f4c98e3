//! What `mailferry serve` answers over HTTP.

mod health;
mod metrics;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::poll::Deps;

/// What the handlers work with.
#[derive(Clone)]
pub struct State {
    deps: Arc<Deps>,
    stopping: CancellationToken,
}

/// Opens the listener: before anything else is started, so that a taken port is an error at once.
pub async fn bind(address: SocketAddr) -> Result<TcpListener, String> {
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            format!("{address}: address already in use; another program listens there: choose another with http.listen (MAILFERRY__HTTP__LISTEN)")
        }
        _ => format!("{address}: cannot listen there: {error}"),
    })
}

/// Answers until told to end.
pub async fn serve(
    listener: TcpListener,
    deps: Arc<Deps>,
    stopping: CancellationToken,
    end: CancellationToken,
) -> std::io::Result<()> {
    let router = Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(metrics::text))
        .with_state(State { deps, stopping });
    axum::serve(listener, router).with_graceful_shutdown(end.cancelled_owned()).await
}
