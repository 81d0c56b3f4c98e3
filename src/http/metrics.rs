//! `/metrics` for Prometheus: how each mailbox fares, read from the database when asked for, so that every worker tells the same.

use std::sync::atomic::{AtomicI64, AtomicU64};

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header::CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Metric, Registry};

use crate::store::{Store, StoreError};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Of {
    mailbox: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct InState {
    mailbox: String,
    state: &'static str,
}

type Number = Family<Of, Gauge<i64, AtomicI64>>;
type Total = Family<Of, Counter<u64, AtomicU64>>;

/// All of it, in the text format of OpenMetrics.
pub async fn text(State(state): State<super::State>) -> Response {
    const OPEN_METRICS: HeaderValue =
        HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
    match gather(&state.deps.store, state.deps.clock.now()).await {
        Ok(text) => ([(CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "the metrics could not be read");
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n").into_response()
        }
    }
}

fn named<M: Metric + Clone + Default + EncodeMetric>(registry: &mut Registry, name: &str, help: &str) -> M {
    let metric = M::default();
    registry.register(name, help, metric.clone());
    metric
}

async fn gather(store: &Store, now: crate::clock::Timestamp) -> Result<String, StoreError> {
    let mut registry = Registry::with_prefix("mailferry");
    let r = &mut registry;
    let state: Family<InState, Gauge> = named(r, "mailbox_state", "1 for the state that a mailbox is in");
    let success: Number =
        named(r, "mailbox_last_success_timestamp_seconds", "When every folder was last seen to its end; 0 for never");
    let failures: Number = named(r, "mailbox_failures", "Failed polls in a row");
    let unaccounted: Number =
        named(r, "mailbox_unaccounted", "UIDs that the server has and the ledger cannot explain; must be 0");
    let found_late: Total =
        named(r, "mailbox_found_late", "UIDs that the server had left out and a comparison has found");
    let pending: Number = named(r, "mailbox_pending", "UIDs that are to be fetched still");
    let quarantined: Number = named(r, "mailbox_quarantined", "UIDs that were put aside");
    let effects: Number = named(r, "mailbox_effects_pending", "Copies that are to be dealt with still");
    let impossible: Number = named(r, "mailbox_effects_impossible", "Copies that cannot be dealt with");
    let messages: Gauge = named(r, "messages", "Messages in the inboxes");

    messages.set(store.message_count().await?);
    let mut open = store.all_open_cases().await?;
    for mailbox in store.mailboxes().await? {
        let of = Of { mailbox: mailbox.address.clone() };
        state.get_or_create(&InState { mailbox: mailbox.address.clone(), state: mailbox.state(now) }).set(1);
        success.get_or_create(&of).set(mailbox.status.last_success_at.unwrap_or(0) / 1000);
        failures.get_or_create(&of).set(mailbox.status.failures);
        let cases = open.remove(&mailbox.id).unwrap_or_default();
        unaccounted.get_or_create(&of).set(cases.unaccounted());
        found_late.get_or_create(&of).inc_by(u64::try_from(cases.found_late()).unwrap_or(0));
        pending.get_or_create(&of).set(cases.pending);
        quarantined.get_or_create(&of).set(cases.quarantined);
        effects.get_or_create(&of).set(cases.effects_pending);
        impossible.get_or_create(&of).set(cases.effects_impossible);
    }
    let mut text = String::new();
    encode(&mut text, &registry).map_err(|error| StoreError::Unknown(error.to_string()))?;
    Ok(text)
}
