//! Why not: problem details (RFC 9457). What went wrong inside is logged, and not told.

use axum::http::header::{ALLOW, CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::mailboxes::Refused;
use crate::app::mailboxes::credential_policy::Moved;
use crate::app::mailboxes::settings::Wrong;
use crate::app::{Error, Forbidden};
use crate::fact::{Conflict, Fact, Text, Thing};
use crate::http::page::last_error::LastError;
use crate::locale::Language;
use crate::poll::Blame;
use crate::shown::shown_lines;
use crate::store::StoreError;

/// The media type of a problem.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// Why a request was refused (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
pub struct Problem {
    /// Which kind of problem.
    #[schema(example = "urn:mailferry:problem:not-found")]
    pub r#type: String,
    /// The same in words.
    pub title: String,
    /// The status of the answer.
    pub status: u16,
    /// What it is this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Each part of the request's body that cannot be.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub errors: Vec<PartProblem>,
}

/// What is wrong with a part of a body.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PartProblem {
    /// Which part (JSON Pointer, RFC 6901); empty: the whole.
    #[schema(example = "/address")]
    pub pointer: String,
    /// What is wrong.
    pub detail: String,
}

impl PartProblem {
    fn shown(self) -> Self {
        Self { detail: shown_lines(&self.detail), ..self }
    }
}

/// Why not.
#[derive(Debug)]
pub enum Refusal {
    /// No token was shown.
    NoToken,
    /// One that nobody knows.
    UnknownToken,
    /// The token may not.
    Forbidden(&'static str),
    /// It is not there, or is nobody's business here.
    NotFound(String),
    /// The path has no such method; these it has.
    MethodNotAllowed(String),
    /// It cannot be understood.
    BadRequest(String),
    /// It is in another media type than is read.
    MediaType,
    /// Its body is larger than is read.
    TooLarge,
    /// It is understood, and cannot be.
    Invalid(Vec<PartProblem>),
    /// It does not go with what is there.
    Conflict(String),
    /// A request with the same key is under way.
    InProgress,
    /// The key came with another request before.
    KeyReused,
    /// What is to be changed is not as it was thought to be.
    Changed,
    /// It does not say what is to be changed.
    NoCondition,
    /// It asks for another host.
    Misdirected,
    /// Something here.
    Internal,
}

impl Refusal {
    /// A text holds what none can hold.
    pub fn nul() -> Self {
        Self::BadRequest("a text in it holds the character U+0000, which no text here can hold".to_owned())
    }

    /// One part of the body cannot be.
    pub fn field(pointer: &str, detail: impl Into<String>) -> Self {
        Self::Invalid(vec![PartProblem { pointer: pointer.to_owned(), detail: detail.into() }])
    }

    fn kind(&self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::NoToken => (StatusCode::UNAUTHORIZED, "no-token", "A token is needed"),
            Self::UnknownToken => (StatusCode::UNAUTHORIZED, "unknown-token", "The token is not known"),
            Self::Forbidden(_) => (StatusCode::FORBIDDEN, "forbidden", "The token may not do this"),
            Self::NotFound(_) => (StatusCode::NOT_FOUND, "not-found", "There is no such thing"),
            Self::MethodNotAllowed(_) => {
                (StatusCode::METHOD_NOT_ALLOWED, "method", "The path does not have this method")
            }
            Self::BadRequest(_) => (StatusCode::BAD_REQUEST, "bad-request", "The request cannot be understood"),
            Self::MediaType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "media-type", "The body must be application/json"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too-large", "The body is larger than 64 KiB"),
            Self::Invalid(_) => (StatusCode::UNPROCESSABLE_ENTITY, "invalid", "Some of the request cannot be"),
            Self::Conflict(_) => (StatusCode::CONFLICT, "conflict", "This does not go with what is there"),
            Self::InProgress => (StatusCode::CONFLICT, "under-way", "A request with this key is under way"),
            Self::KeyReused => {
                (StatusCode::UNPROCESSABLE_ENTITY, "key-reused", "This key came with another request before")
            }
            Self::Changed => (StatusCode::PRECONDITION_FAILED, "changed", "It was changed meanwhile"),
            Self::NoCondition => (StatusCode::PRECONDITION_REQUIRED, "no-condition", "If-Match is needed"),
            Self::Misdirected => {
                (StatusCode::MISDIRECTED_REQUEST, "other-host", "This is not the host that was asked for")
            }
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "inside", "Something went wrong here"),
        }
    }

    fn detail(&self) -> Option<String> {
        match self {
            Self::Forbidden(detail) => Some((*detail).to_owned()),
            Self::NotFound(detail) | Self::BadRequest(detail) | Self::Conflict(detail) => Some(detail.clone()),
            Self::MethodNotAllowed(methods) => Some(format!("the path supports {methods}")),
            Self::NoToken => Some("send it as Authorization: Bearer mf_…".to_owned()),
            Self::Misdirected => Some("the operator names all hosts in http.url and http.hosts".to_owned()),
            Self::Changed => Some("get it again and look at it first; its ETag is another now".to_owned()),
            Self::NoCondition => Some("send the ETag of what is meant, or *".to_owned()),
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
            // Both are read by people; what was asked for, and what a server said, may stand in them.
            detail: self.detail().map(|detail| shown_lines(&detail)),
            errors: match self {
                Self::Invalid(errors) => errors.into_iter().map(PartProblem::shown).collect(),
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
            Error::Forbidden(Forbidden::ReadOnly) => Self::Forbidden("it may only look"),
            Error::Forbidden(Forbidden::OneOrganisation | Forbidden::Yourself) => {
                Self::Forbidden("it is one organisation's, and this is for tokens of all")
            }
            Error::Invalid(wrong) => wrong.into(),
            Error::Refused(refused) => refused.into(),
            Error::Conflict(conflict) => Self::Conflict(conflict_detail(&conflict)),
            Error::Changed => Self::Changed,
            Error::Moved(address) => Self::Conflict(StoreError::Moved(address).to_string()),
            Error::LinkOver => Self::Conflict(StoreError::LinkOver.to_string()),
            Error::PasswordsWait(minutes) => {
                Self::Conflict(Text::new("passwords-wait").with("count", minutes).words(Language::English))
            }
            Error::LoginsWait(minutes) => {
                Self::Conflict(Text::new("mailbox-wait").with("count", minutes).words(Language::English))
            }
            Error::AtServer(error) if error.blame == Blame::Us && error.trouble.is_none() => internal(&error),
            Error::AtServer(error) => Self::Conflict(LastError::from_poll_error(&error).in_full(Language::English)),
            Error::Consent(error) => Self::Conflict(error.to_string()),
            Error::Inside(error) if error.is_unstorable_text() => Self::nul(),
            Error::Inside(error) => internal(&error),
        }
    }
}

/// A path that names nothing of its kind: what it names is not repeated.
fn missing_detail(thing: &Thing) -> String {
    match thing {
        Thing::Mailbox(_) => "there is no such mailbox".to_owned(),
        Thing::Inbox(_) => "there is no such inbox".to_owned(),
        Thing::Route(_) => "there is no such route".to_owned(),
        Thing::Person(_) => "there is no such user".to_owned(),
        Thing::Token(_) => "there is no such token".to_owned(),
        Thing::Organisation(_) => "there is no such organisation".to_owned(),
        thing => thing.words(Language::English),
    }
}

/// A conflict in the words of a request.
fn conflict_detail(conflict: &Conflict) -> String {
    match conflict {
        Conflict::InboxHoldsMail { .. } => {
            "it holds messages; with with_messages=true they go too, for good".to_owned()
        }
        conflict => conflict.words(Language::English),
    }
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::LoginToo(moved) => Self::field(
                pointer(moved),
                "detail the mailbox is opened with was given for its server, and the trust in it, before; give password or oauth anew \
                 with it",
            ),
            Refused::OwnTrust(moved) => Self::field(
                pointer(moved),
                "a certificate or authorities of its own are for tokens of all organisations where a provider's tokens open the \
                 mailbox",
            ),
            Refused::Port => {
                Self::field("/port", "is for tokens of all organisations; name one of egress.ports, such as 993")
            }
            Refused::AppOnly => Self::field(
                "/username",
                "of a mailbox that an application opens, as its server, is for tokens of all organisations",
            ),
            Refused::Home(home) => Self::field("/host", format!("the tokens of this provider are told to {home} only")),
            Refused::InClear => Self::field(
                "/tls",
                "none, to another machine than this one, is for tokens of all organisations: the password could be read on its way",
            ),
            Refused::NoHome => Self::field(
                "/oauth/provider",
                "whose server is not known here is for tokens of all organisations; the operator names it in imap_host",
            ),
        }
    }
}

/// The part of a body.
fn pointer(moved: Moved) -> &'static str {
    match moved {
        Moved::Host => "/host",
        Moved::Port => "/port",
        Moved::Tls => "/tls",
        Moved::CaPem => "/ca_pem",
        Moved::PinSha256 => "/pin_sha256",
    }
}

impl From<Wrong> for Refusal {
    fn from(wrong: Wrong) -> Self {
        Self::field(&format!("/{}", wrong.part), wrong.why.to_string())
    }
}

/// Something here, which is logged.
pub fn internal(error: &dyn std::fmt::Display) -> Refusal {
    tracing::error!(%error, "a request to the API failed");
    Refusal::Internal
}

/// What a handler gives.
pub type ApiResult = Result<Response, Refusal>;
