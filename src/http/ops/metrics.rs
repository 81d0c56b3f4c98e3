//! `/metrics` for Prometheus: the status of mailboxes, consents and deliveries, read from the database on each request,
//! so that every worker reports the same.

use std::sync::atomic::{AtomicI64, AtomicU64};

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header::CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Metric, Registry};

use crate::cause::Trouble;
use crate::clock::Timestamp;
use crate::http::api::{Caller, TokenAccess};
use crate::oauth::all_forecasts;
use crate::poll::Deps;
use crate::store::{MailboxState, StoreError};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct MailboxLabels {
    mailbox: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct MailboxStateLabels {
    mailbox: String,
    state: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct GrantStateLabels {
    provider: String,
    identity: String,
    state: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ExpiryLabels {
    provider: String,
    identity: String,
    what: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ProviderLabels {
    provider: String,
    cause: String,
}

type MailboxGauge = Family<MailboxLabels, Gauge<i64, AtomicI64>>;
type MailboxCounter = Family<MailboxLabels, Counter<u64, AtomicU64>>;

/// Returns all metrics in the OpenMetrics text format. They contain the addresses of all mailboxes, so reading them
/// requires a token for all organisations if the server can be reached from other machines.
pub async fn text(State(state): State<crate::http::State>, headers: HeaderMap) -> Response {
    if !state.settings.is_local
        && let Err(refusal) =
            Caller::authenticate(&state, &headers).await.and_then(|caller| caller.check_access(TokenAccess::ReadAll))
    {
        return refusal.into_response();
    }
    const OPEN_METRICS: HeaderValue =
        HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
    match gather(&state.deps, state.deps.clock.now()).await {
        Ok(text) => {
            let answer = state.shares.hold(None, ([(CONTENT_TYPE, OPEN_METRICS)], text).into_response()).await;
            answer.unwrap_or_else(|| {
                (StatusCode::SERVICE_UNAVAILABLE, "too many metrics requests are in progress\n").into_response()
            })
        }
        Err(error) => {
            tracing::error!(%error, "the metrics could not be read");
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not respond\n").into_response()
        }
    }
}

fn register<M: Metric + Clone + Default + EncodeMetric>(registry: &mut Registry, name: &str, help: &str) -> M {
    let metric = M::default();
    registry.register(name, help, metric.clone());
    metric
}

/// Adds the states of consents, and the dates when credentials expire. A failing application is reported once, no matter
/// how many mailboxes use it.
async fn oauth(deps: &Deps, now: Timestamp, registry: &mut Registry) -> Result<(), StoreError> {
    let state: Family<GrantStateLabels, Gauge> =
        register(registry, "oauth_grant_state", "1 for the current state of a consent");
    let ends: Family<ExpiryLabels, Gauge> = register(
        registry,
        "oauth_ends_timestamp_seconds",
        "When a client secret or a consent expires, if that is known",
    );
    let days: Family<ExpiryLabels, Gauge> = register(
        registry,
        "oauth_ends_days",
        "Whole days until the client secret or consent expires; warnings are logged at 30, 7 and 1",
    );
    let problem: Family<ProviderLabels, Gauge> =
        register(registry, "oauth_app_problem", "1 while an application gets no tokens, with the cause");
    let apps = deps.store.app_problems().await?;
    let grants = deps.store.grants().await?;
    for (provider, identity, ending) in all_forecasts(&deps.oauth, &grants, now) {
        let labels = ExpiryLabels { provider, identity, what: ending.credential.id() };
        ends.get_or_create(&labels).set(ending.ends_at.0 / 1000);
        days.get_or_create(&labels).set(ending.days_left);
    }
    for grant in grants {
        let app_fails = apps.iter().any(|app| app.provider == grant.key.provider);
        let labels = GrantStateLabels {
            state: grant.state(app_fails),
            provider: grant.key.provider,
            identity: grant.key.identity,
        };
        state.get_or_create(&labels).set(1);
    }
    for app in apps {
        let cause = Trouble::from_json(&app.problem).map(|trouble| trouble.cause.id().to_owned()).unwrap_or_default();
        problem.get_or_create(&ProviderLabels { provider: app.provider, cause }).set(1);
    }
    Ok(())
}

/// Adds the numbers of unfinished deliveries. They are summed over all targets, because there may be thousands of targets.
async fn deliveries(deps: &Deps, registry: &mut Registry) -> Result<(), StoreError> {
    let totals = deps.store.read().await?.delivery_totals().await?;
    let mut add = |name: &str, help: &str, value: i64| {
        let gauge: Gauge = register(registry, name, help);
        gauge.set(value);
    };
    add("deliveries_waiting", "Deliveries that wait for their turn or for a retry", totals.waiting);
    add("deliveries_held", "Deliveries that are held until a person decides", totals.held);
    add(
        "delivery_targets_failing",
        "Delivery targets whose last attempt failed by their own fault",
        totals.failing_targets,
    );
    Ok(())
}

async fn gather(deps: &Deps, now: Timestamp) -> Result<String, StoreError> {
    let store = &deps.store;
    let mut registry = Registry::with_prefix("mailferry");
    let registry = &mut registry;
    let state: Family<MailboxStateLabels, Gauge> =
        register(registry, "mailbox_state", "1 for the current state of a mailbox");
    let success: MailboxGauge = register(
        registry,
        "mailbox_last_success_timestamp_seconds",
        "When a poll last checked every folder successfully; 0 for never",
    );
    let failures: MailboxGauge = register(registry, "mailbox_failures", "Consecutive failed polls");
    let unaccounted: MailboxGauge = register(
        registry,
        "mailbox_unaccounted",
        "UIDs on the server that the ledger cannot explain, -1 if unknown; must be 0",
    );
    let found_late: MailboxCounter =
        register(registry, "mailbox_found_late", "UIDs that the server had omitted and a comparison has found");
    let pending: MailboxGauge = register(registry, "mailbox_pending", "UIDs that the server listed and did not return");
    let quarantined: MailboxGauge = register(registry, "mailbox_quarantined", "Quarantined UIDs");
    let effects: MailboxGauge =
        register(registry, "mailbox_effects_pending", "Copies that are still to be changed as configured");
    let impossible: MailboxGauge =
        register(registry, "mailbox_effects_impossible", "Copies that cannot be changed as configured");
    let messages: Gauge = register(registry, "messages", "Messages in the inboxes");

    messages.set(store.message_count().await?);
    let mut open = store.all_open_cases().await?;
    for mailbox in store.mailboxes().await? {
        let labels = MailboxLabels { mailbox: mailbox.address.clone() };
        state
            .get_or_create(&MailboxStateLabels {
                mailbox: mailbox.address.clone(),
                state: MailboxState::for_mailbox(&mailbox, now).short_id(),
            })
            .set(1);
        success.get_or_create(&labels).set(mailbox.status.last_success_at.unwrap_or(0) / 1000);
        failures.get_or_create(&labels).set(mailbox.status.failures);
        let cases = open.remove(&mailbox.id).unwrap_or_default();
        unaccounted.get_or_create(&labels).set(cases.unaccounted().unwrap_or(-1));
        found_late.get_or_create(&labels).inc_by(u64::try_from(cases.found_late()).unwrap_or(0));
        pending.get_or_create(&labels).set(cases.pending);
        quarantined.get_or_create(&labels).set(cases.quarantined);
        effects.get_or_create(&labels).set(cases.effects_pending);
        impossible.get_or_create(&labels).set(cases.effects_impossible);
    }
    oauth(deps, now, registry).await?;
    deliveries(deps, registry).await?;
    let mut text = String::new();
    encode(&mut text, registry).map_err(|error| StoreError::Unknown(error.to_string()))?;
    Ok(text)
}
