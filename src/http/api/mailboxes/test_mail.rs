//! `/mailboxes/{address}/tests`: a mail with a code, followed until it is in an inbox.

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
use crate::fact::{Kept, Reason};
use crate::http::State;
use crate::http::api::BASE;
use crate::http::api::auth::Caller;
use crate::http::api::etag::path_segment;
use crate::http::api::extract::PathParams;
use crate::http::api::problem::ApiResult;
use crate::http::page::last_error::LastError;
use crate::locale::{self, Language};
use crate::store::{MessageLine, TestMail};

/// A test mail.
#[derive(Serialize, ToSchema)]
pub struct Test {
    /// Its number.
    id: i64,
    /// What the subject holds, or is to hold.
    #[schema(example = "TEST2A7KQXRM")]
    code: String,
    /// When it was begun.
    begun_at: Timestamp,
    /// When Mailferry sent it; null: somebody must, to the mailbox's address with the code in the subject.
    sent_at: Option<Timestamp>,
    /// Why Mailferry could not send it.
    problem: Option<String>,
}

/// How far a test mail has come.
#[derive(Serialize, ToSchema)]
pub struct TestProgress {
    /// The test.
    test: Test,
    /// There is nothing more to wait for.
    over: bool,
    /// It should have come by now.
    late: bool,
    /// When the mailbox was last looked at since the test began.
    looked_at: Option<Timestamp>,
    /// When it is looked at next.
    next_poll_at: Option<Timestamp>,
    /// The mailbox is paused, so that nothing comes.
    paused: bool,
    /// The customer's server told us to stay away until then.
    held_until: Option<Timestamp>,
    /// What the last look failed with.
    error: Option<Failure>,
    /// The mail, once it is in an inbox.
    message: Option<MessageLine>,
    /// It came by another mailbox than the one that is tested.
    elsewhere: bool,
    /// It was seen and put aside.
    put_aside: Option<QuarantinedTest>,
}

/// A test mail that was put aside.
#[derive(Serialize, ToSchema)]
pub struct QuarantinedTest {
    /// Its number in its folder.
    uid: u32,
    /// Why.
    reason: String,
}

fn reason_text(reason: Option<&Kept<Reason>>) -> String {
    reason.map(|reason| reason.words(Language::English)).unwrap_or_default()
}

impl Test {
    fn of(test: TestMail) -> Self {
        // To whom the operator's server's own words are not told.
        let problem = test.problem.map(|problem| match problem.is_empty() {
            true => locale::text(Language::English, "test-not-sent"),
            false => problem,
        });
        Self { id: test.id, code: test.code, begun_at: test.created_at, sent_at: test.sent_at, problem }
    }
}

/// Begins a test. Mailferry sends the mail itself where it has an SMTP server and has been in the mailbox before.
#[utoipa::path(post, path = "/mailboxes/{address}/tests", tag = "Setting up",
    params(("address" = String, Path, description = "The mailbox's address")),
    responses((status = 201, description = "It has begun", body = Test)))]
pub async fn begin(
    FromState(state): FromState<State>,
    caller: Caller,
    PathParams(address): PathParams<String>,
) -> ApiResult {
    let (address, mailbox) = find_mailbox(&address, &caller, &state).await?;
    let wanted = WantedTest { mailbox: &mailbox, mailer: state.settings.mailer.as_ref(), language: Language::English };
    let shown = Test::of(test_mails::begin(state.acting(&caller.actor), wanted).await?);
    let place = format!("{BASE}/mailboxes/{}/tests/{}", path_segment(address.as_str()), shown.id);
    Ok((StatusCode::CREATED, [(LOCATION, place)], Json(shown)).into_response())
}

/// How far a test has come. While somebody asks, the mailbox is looked at sooner than usual.
#[utoipa::path(get, path = "/mailboxes/{address}/tests/{id}", tag = "Setting up",
    params(("address" = String, Path, description = "The mailbox's address"), ("id" = i64, Path, description = "The test's number")),
    responses((status = 200, description = "How far it has come", body = TestProgress)))]
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
        held_until: progress.held_until,
        error: progress.last_error.as_deref().map(|json| Failure::of(&LastError::from_json(json), &caller)),
        message: progress.message,
        elsewhere: progress.is_elsewhere,
        put_aside: progress.aside.map(|(uid, reason)| QuarantinedTest { uid, reason: reason_text(reason.as_ref()) }),
        test: Test::of(progress.test),
    };
    Ok(Json(shown).into_response())
}
