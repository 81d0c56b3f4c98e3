//! API errors as problem details (RFC 9457). Internal errors are logged and not revealed.

use axum::http::header::{ALLOW, CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::mailboxes::Refused;
use crate::app::mailboxes::credential_policy::ServerSetting;
use crate::app::mailboxes::settings::InvalidField;
use crate::app::{Error, Forbidden};
use crate::fact::{Conflict, Fact, Resource, Text};
use crate::http::page::last_error::LastError;
use crate::locale::Language;
use crate::poll::{Blame, PollError, is_connection_step};
use crate::shown::shown_lines;
use crate::store::StoreError;

/// The media type of problem details.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// An error (RFC 9457 problem details).
#[derive(Debug, Serialize, ToSchema)]
pub struct Problem {
    /// The type of the problem, a URI.
    #[schema(example = "urn:mailferry:problem:not-found")]
    pub r#type: String,
    /// The type of the problem, in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// An explanation of this occurrence of the problem.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The invalid fields of the request body.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub errors: Vec<FieldProblem>,
}

/// An invalid field of the request body.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FieldProblem {
    /// The field (JSON Pointer, RFC 6901); empty for the whole body.
    #[schema(example = "/address")]
    pub pointer: String,
    /// The reason why the field is invalid.
    pub detail: String,
}

impl FieldProblem {
    fn shown(self) -> Self {
        Self { detail: shown_lines(&self.detail), ..self }
    }
}

/// Why a request was refused.
#[derive(Debug)]
pub enum Refusal {
    /// The request has no bearer token, or more than one Authorization header.
    NoToken,
    /// The token does not exist.
    UnknownToken,
    /// The token does not allow the request.
    Forbidden(&'static str),
    /// The resource does not exist, or the token may not see it.
    NotFound(String),
    /// The path does not support the method. Holds the methods that it supports.
    MethodNotAllowed(String),
    /// The request is malformed.
    BadRequest(String),
    /// The body has an unsupported media type.
    MediaType,
    /// The body is too large.
    TooLarge,
    /// The body is well-formed but invalid.
    Invalid(Vec<FieldProblem>),
    /// The request conflicts with the current state, a customer's server or a provider failed, or too many requests of the
    /// organisation are in progress. Holds the explanation.
    Conflict(String),
    /// A request with the same idempotency key is in progress.
    InProgress,
    /// The idempotency key was used for a different request.
    KeyReused,
    /// The resource has changed: If-Match does not match.
    Changed,
    /// If-Match is missing.
    NoCondition,
    /// The request is for another host.
    Misdirected,
    /// An internal error, which has been logged.
    Internal,
}

impl Refusal {
    /// Reports that a text in the request contains U+0000.
    pub fn nul() -> Self {
        Self::BadRequest("a text in the request contains the character U+0000, which is not allowed".to_owned())
    }

    /// Reports that one field of the body is invalid.
    pub fn field(pointer: &str, detail: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldProblem { pointer: pointer.to_owned(), detail: detail.into() }])
    }

    fn kind(&self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::NoToken => (StatusCode::UNAUTHORIZED, "no-token", "A token is required"),
            Self::UnknownToken => (StatusCode::UNAUTHORIZED, "unknown-token", "The token is unknown"),
            Self::Forbidden(_) => (StatusCode::FORBIDDEN, "forbidden", "The token does not allow this"),
            Self::NotFound(_) => (StatusCode::NOT_FOUND, "not-found", "Not found"),
            Self::MethodNotAllowed(_) => (StatusCode::METHOD_NOT_ALLOWED, "method", "Method not allowed"),
            Self::BadRequest(_) => (StatusCode::BAD_REQUEST, "bad-request", "The request is malformed"),
            Self::MediaType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "media-type", "The body must be application/json"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too-large", "The body is larger than 64 KiB"),
            Self::Invalid(_) => (StatusCode::UNPROCESSABLE_ENTITY, "invalid", "The request is invalid"),
            Self::Conflict(_) => (StatusCode::CONFLICT, "conflict", "The request conflicts with the current state"),
            Self::InProgress => {
                (StatusCode::CONFLICT, "under-way", "A request with this idempotency key is in progress")
            }
            Self::KeyReused => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "key-reused",
                "This idempotency key was used for a different request",
            ),
            Self::Changed => (StatusCode::PRECONDITION_FAILED, "changed", "The resource has changed"),
            Self::NoCondition => (StatusCode::PRECONDITION_REQUIRED, "no-condition", "If-Match is required"),
            Self::Misdirected => (StatusCode::MISDIRECTED_REQUEST, "other-host", "The request is for another host"),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "inside", "Internal error"),
        }
    }

    fn detail(&self) -> Option<String> {
        match self {
            Self::Forbidden(detail) => Some((*detail).to_owned()),
            Self::NotFound(detail) | Self::BadRequest(detail) | Self::Conflict(detail) => Some(detail.clone()),
            Self::MethodNotAllowed(methods) => Some(format!("the path supports {methods}")),
            Self::NoToken => Some("send Authorization: Bearer mf_…".to_owned()),
            Self::Misdirected => Some("the operator lists the accepted hosts in http.url and http.hosts".to_owned()),
            Self::Changed => Some("get the resource again: its ETag has changed".to_owned()),
            Self::NoCondition => Some("send the ETag of the resource, or *".to_owned()),
            _ => None,
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, name, title) = self.kind();
        let challenge = match &self {
            Self::NoToken => Some("Bearer realm=\"mailferry\""),
            Self::UnknownToken => Some("Bearer realm=\"mailferry\", error=\"invalid_token\""),
            Self::Forbidden(_) => Some("Bearer realm=\"mailferry\", error=\"insufficient_scope\""),
            _ => None,
        };
        let allow = match &self {
            Self::MethodNotAllowed(methods) => HeaderValue::from_str(methods).ok(),
            _ => None,
        };
        let problem = Problem {
            r#type: format!("urn:mailferry:problem:{name}"),
            title: title.to_owned(),
            status: status.as_u16(),
            // Details may quote the request or a server's answer, and people read them, so unsafe characters are escaped.
            detail: self.detail().map(|detail| shown_lines(&detail)),
            errors: match self {
                Self::Invalid(errors) => errors.into_iter().map(FieldProblem::shown).collect(),
                _ => Vec::new(),
            },
        };
        let text = serde_json::to_string(&problem).unwrap_or_default();
        let mut response = (status, [(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE))], text).into_response();
        if let Some(challenge) = challenge {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        if let Some(allow) = allow {
            response.headers_mut().insert(ALLOW, allow);
        }
        response
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Error::from(error).into()
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        match error {
            Error::Missing(thing) => Self::NotFound(missing_detail(&thing)),
            Error::Forbidden(Forbidden::ReadOnly) => Self::Forbidden("the token is read-only"),
            Error::Forbidden(Forbidden::OneOrganisation | Forbidden::Yourself) => {
                Self::Forbidden("this requires a token for all organisations")
            }
            Error::Invalid(wrong) => wrong.into(),
            Error::Refused(refused) => refused.into(),
            Error::Conflict(conflict) => Self::Conflict(conflict_detail(&conflict)),
            Error::Changed => Self::Changed,
            Error::ServerChanged(address) => Self::Conflict(StoreError::ServerChanged(address).to_string()),
            Error::LinkInvalid => Self::Conflict(StoreError::LinkInvalid.to_string()),
            Error::PasswordRateLimited(minutes) => {
                Self::Conflict(Text::new("passwords-wait").with("count", minutes).words(Language::English))
            }
            Error::LoginRateLimited(minutes) => {
                Self::Conflict(Text::new("mailbox-wait").with("count", minutes).words(Language::English))
            }
            Error::Server(error) if is_internal(&error) => internal(&error),
            Error::Server(error) => Self::Conflict(LastError::from_poll_error(&error).in_full(Language::English)),
            Error::Consent(error) => Self::Conflict(error.to_string()),
            Error::Internal(error) if error.is_unstorable_text() => Self::nul(),
            Error::Internal(error) => internal(&error),
        }
    }
}

/// Whether Mailferry itself failed. An address that `egress.allow` does not permit counts as a failed connection.
fn is_internal(error: &PollError) -> bool {
    error.blame == Blame::Us && error.trouble.is_none() && !is_connection_step(error.step.name())
}

/// The detail for a missing resource. It does not repeat a name in the path, but may repeat a number.
fn missing_detail(thing: &Resource) -> String {
    match thing {
        Resource::Mailbox(_) => "there is no such mailbox".to_owned(),
        Resource::Inbox(_) => "there is no such inbox".to_owned(),
        Resource::Route(_) => "there is no such route".to_owned(),
        Resource::Person(_) => "there is no such user".to_owned(),
        Resource::Token(_) => "there is no such token".to_owned(),
        Resource::Organisation(_) => "there is no such organisation".to_owned(),
        thing => thing.words(Language::English),
    }
}

/// The detail of a conflict, in the API's terms.
fn conflict_detail(conflict: &Conflict) -> String {
    match conflict {
        Conflict::InboxHoldsMail { .. } => {
            "the inbox contains messages; with with_messages=true they are deleted permanently".to_owned()
        }
        conflict => conflict.words(Language::English),
    }
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::LoginRequired(setting) => Self::field(
                pointer(setting),
                "the current credentials are only for the current server and its certificates; send password or oauth in the same \
                 request",
            ),
            Refused::CustomTrust(setting) => Self::field(
                pointer(setting),
                "for a mailbox that a provider's tokens open, its own certificate or authorities require a token for all \
                 organisations",
            ),
            Refused::Port => Self::field(
                "/port",
                "requires a token for all organisations; without one, choose one of egress.ports, such as 993",
            ),
            Refused::AppOnly => Self::field(
                "/username",
                "changing the server or the username of a mailbox that an application opens requires a token for all organisations",
            ),
            Refused::OtherServer(home) => {
                Self::field("/host", format!("the tokens of this provider are sent to {home} only"))
            }
            Refused::PlaintextPassword => Self::field(
                "/tls",
                "\"none\" requires a token for all organisations, unless the server is on this machine, because the password could be read on the network",
            ),
            Refused::NoConfiguredServer => Self::field(
                "/oauth/provider",
                "requires a token for all organisations, because the provider's server is not configured; the operator sets it in imap_host",
            ),
        }
    }
}

/// The JSON Pointer of a setting.
fn pointer(setting: ServerSetting) -> &'static str {
    match setting {
        ServerSetting::Host => "/host",
        ServerSetting::Port => "/port",
        ServerSetting::Tls => "/tls",
        ServerSetting::CaPem => "/ca_pem",
        ServerSetting::PinSha256 => "/pin_sha256",
    }
}

impl From<InvalidField> for Refusal {
    fn from(wrong: InvalidField) -> Self {
        Self::field(&format!("/{}", wrong.part), wrong.why.to_string())
    }
}

/// Logs an internal error.
pub fn internal(error: &dyn std::fmt::Display) -> Refusal {
    tracing::error!(%error, "a request to the API failed");
    Refusal::Internal
}

/// The result of a handler.
pub type ApiResult = Result<Response, Refusal>;
