//! `/mailboxes/{address}/tests`: sends a message with a code, and tracks it until it is in an inbox.

use axum::Json;
use axum::extract::State as FromState;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::IntoResponse;
use serde::Serialize;
use utoipa::ToSchema;

use super::find_mailbox;
use super::view::Failure;
use crate::app::test_mails::{self, WantedTest};
use crate::clock::Timestamp;
use crate::fact::{Reason, StoredFact};
use crate::http::State;
use crate::http::api::BASE;
use crate::http::api::auth::Caller;
use crate::http::api::etag::path_segment;
use crate::http::api::extract::PathParams;
use crate::http::api::problem::ApiResult;
use crate::http::page::last_error::LastError;
use crate::locale::{self, Language};
use crate::store::{MessageLine, TestMail};

/// A test message.
#[derive(Serialize, ToSchema)]
pub struct Test {
    /// The test's number.
    id: i64,
    /// The code in the message's subject.
    #[schema(example = "TEST2A7KQXRM")]
    code: String,
    /// When the test began.
    begun_at: Timestamp,
    /// When Mailferry sent the message; null: send a message yourself, to the mailbox's address and with the code in the
    /// subject.
    sent_at: Option<Timestamp>,
    /// Why Mailferry could not send the message.
    problem: Option<String>,
}

/// The progress of a test message.
#[derive(Serialize, ToSchema)]
pub struct TestProgress {
    /// The test.
    test: Test,
    /// Whether the test is over.
    over: bool,
    /// Whether the message should have arrived by now.
    late: bool,
    /// When the mailbox was last polled after the test began.
    looked_at: Option<Timestamp>,
    /// When the mailbox is polled next.
    next_poll_at: Option<Timestamp>,
    /// Whether the mailbox is paused, so that no message is fetched.
    paused: bool,
    /// The time until which the customer's server has asked Mailferry to wait.
    held_until: Option<Timestamp>,
    /// The error of the last poll.
    error: Option<Failure>,
    /// The message, once it is in an inbox.
    message: Option<MessageLine>,
    /// Whether the message arrived through a mailbox other than the tested one.
    elsewhere: bool,
    /// The quarantined message, if the test message was quarantined.
    put_aside: Option<QuarantinedTest>,
}

/// A test message that was quarantined.
#[derive(Serialize, ToSchema)]
pub struct QuarantinedTest {
    /// The message's UID in its folder.
    uid: u32,
    /// Why the message was quarantined.
    reason: String,
}

fn reason_text(reason: Option<&StoredFact<Reason>>) -> String {
    reason.map(|reason| reason.words(Language::English)).unwrap_or_default()
}

impl Test {
    fn from_stored(test: TestMail) -> Self {
        // The problem is empty if only operators may see the text of the SMTP server.
        let problem = test.problem.map(|problem| match problem.is_empty() {
            true => locale::text(Language::English, "test-not-sent"),
            false => problem,
        });
        Self { id: test.id, code: test.code, begun_at: test.created_at, sent_at: test.sent_at, problem }
    }
}

/// Begin a test.
///
/// Mailferry sends the test message itself if an SMTP server is configured and the mailbox has been polled successfully
/// before.
#[utoipa::path(post, path = "/mailboxes/{address}/tests", tag = "Setting up",
    params(("address" = String, Path, description = "The mailbox's address")),
    responses((status = 201, description = "The test", body = Test)))]
pub async fn begin(
    FromState(state): FromState<State>,
    caller: Caller,
    PathParams(address): PathParams<String>,
) -> ApiResult {
    let (address, mailbox) = find_mailbox(&address, &caller, &state).await?;
    let wanted = WantedTest {
        mailbox: &mailbox,
        mailer: state.settings.mailer.as_ref(),
        language: Language::English,
        clock: &*state.deps.clock,
    };
    let shown = Test::from_stored(test_mails::begin(state.acting(&caller.actor), wanted).await?);
    let place = format!("{BASE}/mailboxes/{}/tests/{}", path_segment(address.as_str()), shown.id);
    Ok((StatusCode::CREATED, [(LOCATION, place)], Json(shown)).into_response())
}

/// Get the progress of a test.
///
/// While you keep requesting the progress, the mailbox is polled more often than usual.
#[utoipa::path(get, path = "/mailboxes/{address}/tests/{id}", tag = "Setting up",
    params(("address" = String, Path, description = "The mailbox's address"), ("id" = i64, Path, description = "The test's number")),
    responses((status = 200, description = "The progress", body = TestProgress)))]
pub async fn follow(
    FromState(state): FromState<State>,
    caller: Caller,
    PathParams((address, id)): PathParams<(String, i64)>,
) -> ApiResult {
    let (_, mailbox) = find_mailbox(&address, &caller, &state).await?;
    let progress = test_mails::progress(state.acting(&caller.actor), &mailbox, id).await?;
    let shown = TestProgress {
        over: progress.is_over(),
        late: progress.is_late && !progress.is_over(),
        looked_at: progress.polled_at,
        next_poll_at: progress.next_poll_at,
        paused: progress.is_paused,
        held_until: progress.hold_until,
        error: progress.last_error.as_deref().map(|json| Failure::from_error(&LastError::from_json(json), &caller)),
        message: progress.message,
        elsewhere: progress.is_elsewhere,
        put_aside: progress
            .quarantined
            .map(|(uid, reason)| QuarantinedTest { uid, reason: reason_text(reason.as_ref()) }),
        test: Test::from_stored(progress.test),
    };
    Ok(Json(shown).into_response())
}
