//! Errors of page handlers, mapped to a status and a text in one place. Internal errors are logged here and not shown.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::app::mailboxes::Refused;
use crate::app::{Error, Forbidden};
use crate::fact::Conflict;
use crate::store::StoreError;

/// Why a page cannot be shown or an action was refused.
#[derive(Debug, Clone)]
pub enum PageError {
    /// The page or resource does not exist, or the visitor may not know that it exists.
    NotFound,
    /// The visitor's role does not allow the request.
    Forbidden,
    /// The visitor has to sign in first.
    SignIn,
    /// The request came from another site's page.
    CrossSite,
    /// The request is invalid or cannot be served now. Holds the id of the text that says why.
    BadRequest(&'static str),
    /// The change conflicts with the current state.
    Conflict(Conflict),
    /// The change conflicts with the current state, as explained in the visitor's language.
    ConflictText(String),
    /// Too many logins or passwords were tried. Holds the id of the text, and the number of minutes to wait.
    LoginWait(&'static str, i64),
    /// An internal error, which has been logged.
    Internal,
}

impl PageError {
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Forbidden | Self::CrossSite => StatusCode::FORBIDDEN,
            Self::SignIn => StatusCode::UNAUTHORIZED,
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::Conflict(_) | Self::ConflictText(_) | Self::LoginWait(..) => StatusCode::CONFLICT,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The id of the error's text.
    pub fn text(&self) -> &'static str {
        match self {
            Self::NotFound => "fault-not-found",
            Self::Forbidden => "fault-forbidden",
            Self::SignIn => "fault-sign-in",
            Self::CrossSite => "fault-cross-site",
            Self::BadRequest(name) => name,
            Self::Conflict(_) | Self::ConflictText(_) | Self::LoginWait(..) => "fault-conflict",
            Self::Internal => "fault-internal",
        }
    }
}

impl From<StoreError> for PageError {
    fn from(error: StoreError) -> Self {
        Error::from(error).into()
    }
}

impl From<Error> for PageError {
    fn from(error: Error) -> Self {
        match error {
            Error::Missing(_) => Self::NotFound,
            Error::Forbidden(Forbidden::Yourself) => Self::BadRequest("fault-yourself"),
            Error::Forbidden(_) => Self::Forbidden,
            Error::Conflict(conflict @ (Conflict::TestPaused | Conflict::TestTooSoon)) => {
                Self::BadRequest(if conflict == Conflict::TestPaused { "test-paused" } else { "test-too-soon" })
            }
            Error::Conflict(conflict) => Self::Conflict(conflict),
            Error::ServerChanged(_) | Error::Changed => Self::BadRequest("customer-server-changed"),
            Error::LinkInvalid => Self::BadRequest("link-invalid-text"),
            Error::PasswordRateLimited(minutes) => Self::LoginWait("passwords-wait", minutes),
            Error::LoginRateLimited(minutes) => Self::LoginWait("mailbox-wait", minutes),
            Error::Server(error) => {
                tracing::error!(%error, "the inspection of a customer's server failed");
                Self::Internal
            }
            Error::Refused(Refused::Port) => Self::BadRequest("port-not-allowed"),
            Error::Refused(_) => Self::BadRequest("server-unknown-to-provider"),
            Error::Invalid(wrong) => {
                tracing::warn!(field = wrong.part, "a form contained an invalid value");
                Self::BadRequest("fault-form")
            }
            Error::Consent(error) => {
                let cause = error.trouble.cause.id();
                tracing::warn!(cause, "a consent is being renewed and cannot be changed now");
                Self::BadRequest("consent-busy")
            }
            Error::Internal(error) if error.is_unstorable_text() => Self::BadRequest("fault-nul"),
            Error::Internal(error) => {
                tracing::error!(%error, "a page request failed");
                Self::Internal
            }
        }
    }
}

impl From<askama::Error> for PageError {
    fn from(error: askama::Error) -> Self {
        tracing::error!(%error, "a page could not be rendered");
        Self::Internal
    }
}

/// [`guard`](crate::http::page::guard::guard) turns the error into a page in the visitor's language.
impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}
