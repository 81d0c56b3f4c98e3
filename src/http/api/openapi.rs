//! The OpenAPI 3.1 document, generated from the handlers. Responses and headers that are common to many endpoints are
//! added from the endpoint table.

use std::sync::LazyLock;

use axum::Json;
use axum::http::Method;
use utoipa::OpenApi;
use utoipa::openapi::content::Content;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Components, Ref, RefOr, Required};

use super::problem::{FieldProblem, MEDIA_TYPE, Problem};
use super::{
    Endpoint, audit, deliveries, discovery, forwarded, inboxes, mailboxes, message_parts, messages, organisations,
    people, routes, search, targets, tokens,
};
use crate::http::api::auth::TokenAccess;

#[derive(OpenApi)]
#[openapi(
    info(title = "Mailferry", description = "Pull imported mail, and manage the mailboxes that it comes from. Create a token with `mailferry token create`."),
    servers((url = "/api/v1")),
    components(schemas(Problem, FieldProblem)),
    paths(
        document,
        messages::pull, messages::get, messages::acknowledge, message_parts::raw, message_parts::parsed,
        message_parts::attachment, search::search,
        inboxes::list, inboxes::create, inboxes::get, inboxes::change, inboxes::remove,
        routes::list, routes::create, routes::get, routes::remove,
        forwarded::report,
        targets::list, targets::create, targets::get, targets::change, targets::remove, targets::pause, targets::resume,
        targets::test, targets::retry_held, targets::drop_held,
        deliveries::list, deliveries::get, deliveries::retry, deliveries::drop,
        mailboxes::list, mailboxes::create, mailboxes::get, mailboxes::change, mailboxes::remove,
        mailboxes::pause, mailboxes::resume, mailboxes::poll,
        mailboxes::ledger::list, mailboxes::ledger::retry, mailboxes::ledger::skip,
        discovery::discover, mailboxes::inspect::folders, mailboxes::inspect::effects, mailboxes::dry_run::dry_run,
        mailboxes::check::check, mailboxes::connect_links::create, mailboxes::test_mail::begin, mailboxes::test_mail::follow,
        people::list, people::get, people::remove,
        tokens::list, tokens::create, tokens::get, tokens::revoke,
        audit::list, organisations::list, organisations::create,
    )
)]
struct Described;

/// The name of the security scheme.
const TOKEN: &str = "token";

static DOCUMENT: LazyLock<utoipa::openapi::OpenApi> = LazyLock::new(|| {
    let mut document = Described::openapi();
    let components = document.components.get_or_insert_with(Components::default);
    let scheme = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("A token (mf_…), created with `mailferry token create`"));
    components.add_security_scheme(TOKEN, SecurityScheme::Http(scheme.build()));
    for endpoint in super::endpoint_table() {
        let item = document.paths.paths.get_mut(endpoint.path);
        if let Some(operation) = item.and_then(|item| of_method(item, &endpoint.method)) {
            complete(operation, &endpoint);
        }
    }
    document
});

/// Get this document.
#[utoipa::path(get, path = "/openapi.json", tag = "Description",
    responses((status = 200, description = "The description", body = serde_json::Value)))]
pub async fn document() -> Json<&'static utoipa::openapi::OpenApi> {
    std::future::ready(Json(&*DOCUMENT)).await
}

fn of_method<'a>(item: &'a mut PathItem, method: &Method) -> Option<&'a mut Operation> {
    match method.as_str() {
        "GET" => item.get.as_mut(),
        "POST" => item.post.as_mut(),
        "PATCH" => item.patch.as_mut(),
        "DELETE" => item.delete.as_mut(),
        _ => None,
    }
}

/// Adds the responses and headers that are common to all endpoints of the same kind.
fn complete(operation: &mut Operation, endpoint: &Endpoint) {
    let is = |method: Method| endpoint.method == method;
    let has_path = endpoint.path.contains('{');
    let has_body = operation.request_body.is_some();
    let is_changing = !is(Method::GET);
    // Inspecting a customer's server changes nothing, but it does more than read stored data, so it can fail like a change.
    let does_something = matches!(endpoint.access, TokenAccess::Write | TokenAccess::WriteAll);
    let of_version = is(Method::PATCH) || is(Method::DELETE);
    let words = endpoint.path.split(['/', '{', '}']).filter(|word| !word.is_empty());
    let words: Vec<&str> = std::iter::once(endpoint.method.as_str()).chain(words).collect();
    operation.operation_id = Some(words.join("_").to_lowercase().replace('.', "_"));
    let needs_token = endpoint.access != TokenAccess::Public;
    operation.security = needs_token.then(|| vec![SecurityRequirement::new(TOKEN, [] as [&str; 0])]);
    for (holds, status, description) in [
        (true, "400", "The request is malformed"),
        (needs_token, "401", "The token is missing or unknown"),
        (needs_token, "403", "The token does not allow this"),
        (has_path || has_body, "404", "There is no such resource, or the token may not see it"),
        (does_something, "409", "The request conflicts with the current state, or the customer's server failed"),
        (
            needs_token && !does_something,
            "409",
            "Too many responses to your organisation are in progress; retry in a moment",
        ),
        (of_version, "412", "The resource has changed"),
        (is_changing, "413", "The body is larger than 64 KiB"),
        (has_body, "415", "The body is not application/json"),
        (
            has_body || is(Method::POST),
            "422",
            "The body is invalid, or the idempotency key was used for a different request",
        ),
        (of_version, "428", "If-Match is missing"),
        (true, "500", "Internal error"),
    ] {
        if holds {
            operation.responses.responses.insert(status.to_owned(), problem(description).into());
        }
    }
    let headers = operation.parameters.get_or_insert_default();
    if is(Method::POST) {
        headers.push(header(
            "Idempotency-Key",
            "Identifies the request, so that it is executed only once even if it is sent again",
            Required::False,
        ));
    }
    if of_version {
        headers.push(header("If-Match", "The ETag of the resource, or *", Required::True));
    }
}

fn problem(description: &str) -> Response {
    let content = Content::new(Some(Ref::from_schema_name("Problem")));
    ResponseBuilder::new().description(description).content(MEDIA_TYPE, content).build()
}

fn header(name: &str, description: &str, required: Required) -> RefOr<Parameter> {
    let text = ObjectBuilder::new().schema_type(Type::String).build();
    let parameter = ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(required)
        .description(Some(description))
        .schema(Some(text))
        .build();
    RefOr::T(parameter)
}
