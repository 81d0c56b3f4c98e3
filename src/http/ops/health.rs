//! Health checks for monitoring.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

/// Liveness: the process runs. Does not use the database.
pub async fn alive() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

/// Readiness: the database responds, and no shutdown has begun.
pub async fn ready(State(state): State<crate::http::State>) -> (StatusCode, Json<Value>) {
    let problem = if state.stopping.is_cancelled() {
        Some("stopping".to_owned())
    } else {
        match tokio::time::timeout(std::time::Duration::from_secs(5), state.deps.store.ping()).await {
            Ok(Ok(())) => None,
            Ok(Err(_)) => Some("the database does not respond".to_owned()),
            Err(_) => Some("the database does not respond in time".to_owned()),
        }
    };
    match problem {
        None => (StatusCode::OK, Json(json!({ "status": "ready" }))),
        Some(problem) => (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "status": "not ready", "problem": problem }))),
    }
}
