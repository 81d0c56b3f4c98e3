//! `/metrics` for Prometheus: how each mailbox fares, read from the database when asked for, so that every worker tells the same.

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
use crate::http::api::{Caller, Needs};
use crate::oauth::endings;
use crate::poll::Deps;
use crate::store::{MailboxState, StoreError};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Of {
    mailbox: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct InState {
    mailbox: String,
    state: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct GrantInState {
    provider: String,
    identity: String,
    state: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Ending {
    provider: String,
    identity: String,
    what: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct App {
    provider: String,
    cause: String,
}

type Number = Family<Of, Gauge<i64, AtomicI64>>;
type Total = Family<Of, Counter<u64, AtomicU64>>;

/// All of it, in the text format of OpenMetrics. It names everybody's mailboxes: where others than this machine reach us, for a token
/// of all organisations only.
pub async fn text(State(state): State<crate::http::State>, headers: HeaderMap) -> Response {
    if !state.page.is_local
        && let Err(refusal) = Caller::of(&state, &headers).await.and_then(|caller| caller.may(Needs::ReadAll))
    {
        return refusal.into_response();
    }
    const OPEN_METRICS: HeaderValue =
        HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
    match gather(&state.deps, state.deps.clock.now()).await {
        Ok(text) => {
            let answer = state.shares.keep(None, ([(CONTENT_TYPE, OPEN_METRICS)], text).into_response()).await;
            answer.unwrap_or_else(|| {
                (StatusCode::SERVICE_UNAVAILABLE, "others are being told just now\n").into_response()
            })
        }
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

/// How consents fare, and what will end. An application's trouble is one number, however many mailboxes it has.
async fn oauth(deps: &Deps, now: Timestamp, r: &mut Registry) -> Result<(), StoreError> {
    let state: Family<GrantInState, Gauge> = named(r, "oauth_grant_state", "1 for the state that a consent is in");
    let ends: Family<Ending, Gauge> =
        named(r, "oauth_ends_timestamp_seconds", "When a client secret or a consent ends, as far as that is known");
    let days: Family<Ending, Gauge> = named(r, "oauth_ends_days", "Whole days until then; warned of at 30, 7 and 1");
    let problem: Family<App, Gauge> =
        named(r, "oauth_app_problem", "1 while an application gets no tokens, with the cause");
    let apps = deps.store.app_problems().await?;
    let grants = deps.store.grants().await?;
    for (provider, identity, ending) in endings(&deps.oauth, &grants, now) {
        let of = Ending { provider, identity, what: ending.what.id() };
        ends.get_or_create(&of).set(ending.ends_at.0 / 1000);
        days.get_or_create(&of).set(ending.days_left);
    }
    for grant in grants {
        let app_fails = apps.iter().any(|app| app.provider == grant.key.provider);
        let of =
            GrantInState { state: grant.state(app_fails), provider: grant.key.provider, identity: grant.key.identity };
        state.get_or_create(&of).set(1);
    }
    for app in apps {
        let cause = Trouble::from_json(&app.problem).map(|trouble| trouble.cause.id().to_owned()).unwrap_or_default();
        problem.get_or_create(&App { provider: app.provider, cause }).set(1);
    }
    Ok(())
}

async fn gather(deps: &Deps, now: Timestamp) -> Result<String, StoreError> {
    let store = &deps.store;
    let mut registry = Registry::with_prefix("mailferry");
    let r = &mut registry;
    let state: Family<InState, Gauge> = named(r, "mailbox_state", "1 for the state that a mailbox is in");
    let success: Number =
        named(r, "mailbox_last_success_timestamp_seconds", "When every folder was last seen to its end; 0 for never");
    let failures: Number = named(r, "mailbox_failures", "Failed polls in a row");
    let unaccounted: Number = named(
        r,
        "mailbox_unaccounted",
        "UIDs that the server has and the ledger cannot explain, -1 for not known; must be 0",
    );
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
        state
            .get_or_create(&InState {
                mailbox: mailbox.address.clone(),
                state: MailboxState::of(&mailbox, now).short_id(),
            })
            .set(1);
        success.get_or_create(&of).set(mailbox.status.last_success_at.unwrap_or(0) / 1000);
        failures.get_or_create(&of).set(mailbox.status.failures);
        let cases = open.remove(&mailbox.id).unwrap_or_default();
        unaccounted.get_or_create(&of).set(cases.unaccounted().unwrap_or(-1));
        found_late.get_or_create(&of).inc_by(u64::try_from(cases.found_late()).unwrap_or(0));
        pending.get_or_create(&of).set(cases.pending);
        quarantined.get_or_create(&of).set(cases.quarantined);
        effects.get_or_create(&of).set(cases.effects_pending);
        impossible.get_or_create(&of).set(cases.effects_impossible);
    }
    oauth(deps, now, &mut registry).await?;
    let mut text = String::new();
    encode(&mut text, &registry).map_err(|error| StoreError::Unknown(error.to_string()))?;
    Ok(text)
}
