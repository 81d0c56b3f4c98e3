//! `/inboxes/{address}/targets` and `/targets`: the servers and webhooks that receive the mail of inboxes.

use axum::Json;
use axum::extract::State as FromState;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::problem::{ApiResult, Refusal};
use crate::address::Address;
use crate::app::targets::{self, TargetDeps, TargetRequest, TargetView};
use crate::app::{deliveries, inboxes};
use crate::fact::Fact;
use crate::http::State;
use crate::http::api::auth::Caller;
use crate::http::api::etag::{EntityTag, IfMatch};
use crate::http::api::extract::{JsonBody, PathParams, QueryParams, nullable};
use crate::http::api::validate::Checks;
use crate::locale::Language;
use crate::store::DeliveryTarget;
use crate::target::{MailboxUrl, TargetUrl, WebhookFormat, WhenUnknown};

/// The settings of a new target, or changes to a target. Omitted fields take their defaults in a new target and stay
/// unchanged in a change; null removes a value.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TargetBody {
    /// The URL: smtp://HOST[:PORT], smtps://HOST, mx: (the mail servers of the recipient's domain), lmtp://HOST[:PORT],
    /// lmtp:/SOCKET (operators only) or https://HOST/PATH.
    #[schema(example = "https://helpdesk.example/mail")]
    url: Option<String>,
    /// The envelope recipient [default: the inbox's own address].
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    recipient: Option<Option<String>>,
    /// The format of the body of a webhook's requests [default: json].
    format: Option<WebhookFormat>,
    /// The login name for SMTP or HTTP Basic.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    username: Option<Option<String>>,
    /// The password, the bearer token, or the signing secret (whsec_…) of a webhook. It is never returned. After a change,
    /// requests are also signed with the previous signing secret for 24 hours.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    secret: Option<Option<String>>,
    /// The certificate authorities (PEM) to trust, in place of the system's.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    ca_pem: Option<Option<String>>,
    /// The maximum number of connections at once [default: 1]. With more than one, mail may arrive out of order.
    concurrency: Option<i64>,
    /// The IMAP server of the recipient's mailbox, imaps://HOST[:PORT] or imap://HOST[:PORT]. If the target's answer to a
    /// mail is lost, Mailferry searches this mailbox before it sends the mail again. For SMTP and LMTP targets only.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>, example = "imaps://mail.kundo.example")]
    look_in: Option<Option<String>>,
    /// The login name at the IMAP server.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    look_username: Option<Option<String>>,
    /// The password at the IMAP server. It is never returned.
    look_password: Option<String>,
    /// Whether to repeat or hold a mail whose answer was lost, unless the mail is found in the recipient's mailbox
    /// [default: repeat].
    when_unknown: Option<WhenUnknown>,
    /// Whether to turn lone CR and LF into CRLF for a server without CHUNKING; otherwise such a mail is held [default:
    /// false].
    repair_line_ends: Option<bool>,
    /// Whether to delete the bytes of a mail from the built-in store some time after its delivery [default: false].
    only: Option<bool>,
    /// The maximum number of mails per minute [default: no limit].
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<i64>)]
    rate: Option<Option<i64>>,
}

impl TargetBody {
    fn request(self) -> Result<TargetRequest, Refusal> {
        let mut checks = Checks::default();
        let url = checks.optional("/url", self.url.as_ref(), str::parse::<TargetUrl>);
        let recipient =
            self.recipient.as_ref().map(|text| checks.optional("/recipient", text.as_ref(), str::parse::<Address>));
        let look_in =
            self.look_in.as_ref().map(|text| checks.optional("/look_in", text.as_ref(), str::parse::<MailboxUrl>));
        checks.finish()?;
        Ok(TargetRequest {
            url,
            recipient,
            format: self.format,
            username: self.username,
            secret: self.secret.map(|secret| secret.map(SecretString::from)),
            ca_pem: self.ca_pem,
            concurrency: self.concurrency,
            look_in,
            look_username: self.look_username,
            look_password: self.look_password.map(SecretString::from),
            when_unknown: self.when_unknown,
            repair_line_ends: self.repair_line_ends,
            only: self.only,
            rate: self.rate,
        })
    }
}

/// All targets of an inbox.
#[derive(Debug, Serialize, ToSchema)]
pub struct TargetList {
    items: Vec<TargetView>,
}

/// The options of a removal.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RemoveTargetQuery {
    /// Whether to drop deliveries that are waiting or held. Their messages stay in the inbox.
    #[serde(default)]
    #[param(required = false)]
    with_undelivered: bool,
}

/// The result of a test.
#[derive(Debug, Serialize, ToSchema)]
pub struct TargetTest {
    /// Whether a mail could be delivered now.
    ok: bool,
    /// The target's answer.
    answer: Option<String>,
    /// Why a mail could not be delivered.
    problem: Option<String>,
}

/// The number of deliveries that were changed.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeliveryCount {
    count: u64,
}

fn version(target: &DeliveryTarget) -> EntityTag {
    EntityTag::new(&(
        (target.id, &target.url, &target.recipient, &target.format, &target.username, &target.ca_pem),
        (target.concurrency, target.when_unknown, target.repair_line_ends, target.paused, &target.secret_sealed),
        (target.only_target, target.rate),
        (&target.look_in, &target.look_username, &target.look_password_sealed),
    ))
}

fn deps(state: &State) -> TargetDeps<'_> {
    TargetDeps {
        vault: &state.deps.vault,
        ports: &state.deliver.settings.ports,
        mailbox_ports: &state.settings.mail_ports,
        egress: &state.deps.egress,
    }
}

/// Parses the target number in a path.
fn number(text: &str) -> Result<i64, Refusal> {
    text.parse().map_err(|_| Refusal::NotFound(format!("there is no delivery target {}", crate::shown::shown(text))))
}

/// List the delivery targets of an inbox.
#[utoipa::path(get, path = "/inboxes/{address}/targets", tag = "Delivery", params(("address" = String, Path, description = "The inbox's address")),
    responses((status = 200, description = "The targets", body = TargetList)))]
pub async fn list(
    FromState(state): FromState<State>,
    caller: Caller,
    PathParams(address): PathParams<String>,
) -> ApiResult {
    let acting = state.acting(&caller.actor);
    let inbox = inboxes::find(acting, &address).await?;
    let mut items = Vec::new();
    for target in targets::list(acting, Some(&inbox.address.parse().map_err(|_| Refusal::Internal)?)).await? {
        items.push(targets::with_counts(acting, target).await?);
    }
    Ok(Json(TargetList { items }).into_response())
}

/// Add a delivery target to an inbox.
///
/// Mail that is imported from now on is delivered to the new target, too.
#[utoipa::path(post, path = "/inboxes/{address}/targets", tag = "Delivery", params(("address" = String, Path, description = "The inbox's address")),
    request_body = TargetBody, responses((status = 201, description = "Added", body = TargetView)))]
pub async fn create(
    FromState(state): FromState<State>,
    caller: Caller,
    PathParams(address): PathParams<String>,
    body: JsonBody,
) -> ApiResult {
    let acting = state.acting(&caller.actor);
    let inbox = inboxes::find(acting, &address).await?;
    let request = body.parse::<TargetBody>()?.request()?;
    if request.url.is_none() {
        return Err(Refusal::field("/url", "is required"));
    }
    let inbox = inbox.address.parse().map_err(|_| Refusal::Internal)?;
    let target = targets::add(acting, &inbox, request, deps(&state)).await?;
    let (version, path) = (version(&target), format!("/targets/{}", target.id));
    Ok(version.respond_created(&path, &targets::with_counts(acting, target).await?))
}

/// Get a delivery target.
#[utoipa::path(get, path = "/targets/{id}", tag = "Delivery", params(("id" = i64, Path, description = "The target's number")),
    responses((status = 200, description = "The target", body = TargetView)))]
pub async fn get(FromState(state): FromState<State>, caller: Caller, PathParams(id): PathParams<String>) -> ApiResult {
    let acting = state.acting(&caller.actor);
    let target = targets::find(acting, number(&id)?).await?;
    let version = version(&target);
    Ok(version.respond(&targets::with_counts(acting, target).await?))
}

/// Change a delivery target.
///
/// Omitted fields stay unchanged. A failing target is tried again at once.
#[utoipa::path(patch, path = "/targets/{id}", tag = "Delivery", params(("id" = i64, Path, description = "The target's number")),
    request_body = TargetBody, responses((status = 200, description = "Changed", body = TargetView)))]
pub async fn change(
    FromState(state): FromState<State>,
    caller: Caller,
    PathParams(id): PathParams<String>,
    headers: HeaderMap,
    body: JsonBody,
) -> ApiResult {
    let acting = state.acting(&caller.actor);
    let id = targets::find(acting, number(&id)?).await?.id;
    let request = body.parse::<TargetBody>()?.request()?;
    let condition = IfMatch::from_headers(&headers)?;
    let is_meant = |target: &DeliveryTarget| condition.matches(&version(target));
    let target = targets::change(acting, id, request, deps(&state), is_meant).await?;
    let version = version(&target);
    Ok(version.respond(&targets::with_counts(acting, target).await?))
}

/// Remove a delivery target.
///
/// The messages stay in the inbox. A target with undelivered mail can be removed only with `with_undelivered`.
#[utoipa::path(delete, path = "/targets/{id}", tag = "Delivery",
    params(("id" = i64, Path, description = "The target's number"), RemoveTargetQuery),
    responses((status = 204, description = "Removed")))]
pub async fn remove(
    FromState(state): FromState<State>,
    caller: Caller,
    PathParams(id): PathParams<String>,
    QueryParams(query): QueryParams<RemoveTargetQuery>,
    headers: HeaderMap,
) -> ApiResult {
    let acting = state.acting(&caller.actor);
    let id = targets::find(acting, number(&id)?).await?.id;
    let condition = IfMatch::from_headers(&headers)?;
    let is_meant = |target: &DeliveryTarget| condition.matches(&version(target));
    targets::remove(acting, id, query.with_undelivered, is_meant).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn set_paused(state: &State, caller: &Caller, id: &str, paused: bool) -> ApiResult {
    let acting = state.acting(&caller.actor);
    let target = targets::pause(acting, number(id)?, paused).await?;
    let version = version(&target);
    Ok(version.respond(&targets::with_counts(acting, target).await?))
}

/// Pause a delivery target.
///
/// Mail for a paused target is queued. Pausing a paused target changes nothing.
#[utoipa::path(post, path = "/targets/{id}/pause", tag = "Delivery", params(("id" = i64, Path, description = "The target's number")),
    responses((status = 200, description = "The target", body = TargetView)))]
pub async fn pause(
    FromState(state): FromState<State>,
    caller: Caller,
    PathParams(id): PathParams<String>,
) -> ApiResult {
    set_paused(&state, &caller, &id, true).await
}

/// Resume a delivery target.
///
/// Resuming a target that is not paused changes nothing.
#[utoipa::path(post, path = "/targets/{id}/resume", tag = "Delivery", params(("id" = i64, Path, description = "The target's number")),
    responses((status = 200, description = "The target", body = TargetView)))]
pub async fn resume(
    FromState(state): FromState<State>,
    caller: Caller,
    PathParams(id): PathParams<String>,
) -> ApiResult {
    set_paused(&state, &caller, &id, false).await
}

/// Test a delivery target.
///
/// Mailferry connects, logs in, and asks a mail server whether it accepts mail for the recipient, without sending any. It
/// also opens the recipient's mailbox at the server in `look_in`. For `mx:`, the answer names the server, its encryption
/// and the MTA-STS policy. A webhook receives an event of the type `mailferry.test`.
#[utoipa::path(post, path = "/targets/{id}/test", tag = "Delivery", params(("id" = i64, Path, description = "The target's number")),
    responses((status = 200, description = "The result", body = TargetTest)))]
pub async fn test(FromState(state): FromState<State>, caller: Caller, PathParams(id): PathParams<String>) -> ApiResult {
    let tested = targets::test(state.acting(&caller.actor), number(&id)?, &state.deliver).await?;
    let problem = tested.as_ref().err().map(|problem| problem.words(Language::English));
    Ok(Json(TargetTest { ok: tested.is_ok(), answer: tested.ok(), problem }).into_response())
}

/// Send all held deliveries of a target again.
#[utoipa::path(post, path = "/targets/{id}/retry-held", tag = "Delivery", params(("id" = i64, Path, description = "The target's number")),
    responses((status = 200, description = "The number of deliveries", body = DeliveryCount)))]
pub async fn retry_held(
    FromState(state): FromState<State>,
    caller: Caller,
    PathParams(id): PathParams<String>,
) -> ApiResult {
    let count = deliveries::retry_held(state.acting(&caller.actor), number(&id)?).await?;
    Ok(Json(DeliveryCount { count }).into_response())
}

/// Drop all held deliveries of a target.
///
/// Their messages stay in the inbox.
#[utoipa::path(post, path = "/targets/{id}/drop-held", tag = "Delivery", params(("id" = i64, Path, description = "The target's number")),
    responses((status = 200, description = "The number of deliveries", body = DeliveryCount)))]
pub async fn drop_held(
    FromState(state): FromState<State>,
    caller: Caller,
    PathParams(id): PathParams<String>,
) -> ApiResult {
    let count = deliveries::drop_held(state.acting(&caller.actor), number(&id)?).await?;
    Ok(Json(DeliveryCount { count }).into_response())
}
