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
    Foreign,
    /// What was asked for makes no sense; the name of a text.
    Wrong(&'static str),
    /// A change does not go with what is there.
    Conflict(Conflict),
    /// The same, in the reader's words.
    Said(String),
    /// No login is tried for so many minutes; the name of a text.
    Wait(&'static str, i64),
    /// Something here.
    Inside,
}

impl PageError {
    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Forbidden | Self::Foreign => StatusCode::FORBIDDEN,
            Self::SignIn => StatusCode::UNAUTHORIZED,
            Self::Wrong(_) => StatusCode::BAD_REQUEST,
            Self::Conflict(_) | Self::Said(_) | Self::Wait(..) => StatusCode::CONFLICT,
            Self::Inside => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The name of its text.
    pub fn text(&self) -> &'static str {
        match self {
            Self::NotFound => "fault-not-found",
            Self::Forbidden => "fault-forbidden",
            Self::SignIn => "fault-sign-in",
            Self::Foreign => "fault-foreign",
            Self::Wrong(name) => name,
            Self::Conflict(_) | Self::Said(_) | Self::Wait(..) => "fault-conflict",
            Self::Inside => "fault-inside",
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
            Error::Forbidden(Forbidden::Yourself) => Self::Wrong("fault-yourself"),
            Error::Forbidden(_) => Self::Forbidden,
            Error::Conflict(conflict @ (Conflict::TestPaused | Conflict::TestTooSoon)) => {
                Self::Wrong(if conflict == Conflict::TestPaused { "test-paused" } else { "test-too-soon" })
            }
            Error::Conflict(conflict) => Self::Conflict(conflict),
            Error::Moved(_) | Error::Changed => Self::Wrong("customer-server-changed"),
            Error::LinkOver => Self::Wrong("link-over-text"),
            Error::PasswordsWait(minutes) => Self::Wait("passwords-wait", minutes),
            Error::LoginsWait(minutes) => Self::Wait("mailbox-wait", minutes),
            Error::AtServer(error) => {
                tracing::error!(%error, "a page does not tell how a look at a customer's server failed");
                Self::Inside
            }
            Error::Refused(Refused::Port) => Self::Wrong("port-not-allowed"),
            Error::Refused(_) => Self::Wrong("server-unknown-to-provider"),
            Error::Invalid(wrong) => {
                tracing::warn!(part = wrong.part, "a form gave what cannot be");
                Self::Wrong("fault-form")
            }
            Error::Consent(error) => {
                let cause = error.trouble.cause.id();
                tracing::warn!(cause, "a consent is being renewed just now, and cannot be changed");
                Self::Wrong("consent-busy")
            }
            Error::Inside(error) if error.is_unstorable_text() => Self::Wrong("fault-nul"),
            Error::Inside(error) => {
                tracing::error!(%error, "a page could not be made");
                Self::Inside
            }
        }
    }
}

impl From<askama::Error> for PageError {
    fn from(error: askama::Error) -> Self {
        tracing::error!(%error, "a page could not be written");
        Self::Inside
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
