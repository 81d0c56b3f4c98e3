//! Why there is no such page: one list, one mapping. What went wrong inside is logged here, and not shown.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::app::mailboxes::Refused;
use crate::app::{Error, Forbidden};
use crate::fact::Conflict;
use crate::store::StoreError;

/// Why not.
#[derive(Debug, Clone)]
pub enum PageError {
    /// There is no such thing, or none that the reader may know of.
    NotFound,
    /// The reader may not.
    Forbidden,
    /// Nobody is signed in.
    SignIn,
    /// The request comes from a page of somebody else's.
    CrossSite,
    /// What was asked for makes no sense; the name of a text.
    BadRequest(&'static str),
    /// A change does not go with what is there.
    Conflict(Conflict),
    /// The same, in the reader's words.
    ConflictText(String),
    /// No login is tried for so many minutes; the name of a text.
    LoginWait(&'static str, i64),
    /// Something here.
    Internal,
}

impl PageError {
    /// The status of the answer.
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

    /// The name of its text.
    pub fn text(&self) -> &'static str {
        match self {
            Self::NotFound => "fault-not-found",
            Self::Forbidden => "fault-forbidden",
            Self::SignIn => "fault-sign-in",
            Self::CrossSite => "fault-foreign",
            Self::BadRequest(name) => name,
            Self::Conflict(_) | Self::ConflictText(_) | Self::LoginWait(..) => "fault-conflict",
            Self::Internal => "fault-inside",
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
            Error::Moved(_) | Error::Changed => Self::BadRequest("customer-server-changed"),
            Error::LinkOver => Self::BadRequest("link-over-text"),
            Error::PasswordsWait(minutes) => Self::LoginWait("passwords-wait", minutes),
            Error::LoginsWait(minutes) => Self::LoginWait("mailbox-wait", minutes),
            Error::AtServer(error) => {
                tracing::error!(%error, "a page does not tell how a look at a customer's server failed");
                Self::Internal
            }
            Error::Refused(Refused::Port) => Self::BadRequest("port-not-allowed"),
            Error::Refused(_) => Self::BadRequest("server-unknown-to-provider"),
            Error::Invalid(wrong) => {
                tracing::warn!(part = wrong.part, "a form gave what cannot be");
                Self::BadRequest("fault-form")
            }
            Error::Consent(error) => {
                let cause = error.trouble.cause.id();
                tracing::warn!(cause, "a consent is being renewed just now, and cannot be changed");
                Self::BadRequest("consent-busy")
            }
            Error::Inside(error) if error.is_unstorable_text() => Self::BadRequest("fault-nul"),
            Error::Inside(error) => {
                tracing::error!(%error, "a page could not be made");
                Self::Internal
            }
        }
    }
}

impl From<askama::Error> for PageError {
    fn from(error: askama::Error) -> Self {
        tracing::error!(%error, "a page could not be written");
        Self::Internal
    }
}

/// The guard turns it into a page in the reader's language.
impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}
