//! The test message: a code is sent to the mailbox's address, and the page shows step by step where the message is.

use askama::Template;
use axum::extract::{Path, State as FromState};
use axum::http::HeaderMap;

use super::mailbox::find_mailbox;
use crate::app::test_mails::{self, TestProgress, WantedTest};
use crate::http::State;
use crate::http::page::answer::{PageResult, redirect, show};
use crate::http::page::frame::Frame;
use crate::http::page::last_error::LastError;
use crate::http::page::paths::mailbox as path;
use crate::http::page::visitor::SignedIn;
use crate::http::page::words::Words;
use crate::store::{Mailbox, TestMail};

#[derive(Template)]
#[template(path = "test_begin.html")]
struct BeginPage {
    f: Frame,
    mailbox: Mailbox,
    /// Whether Mailferry sends the test message itself.
    sends: bool,
}

#[derive(Template)]
#[template(path = "test_follow.html")]
struct FollowPage {
    f: Frame,
    mailbox: Mailbox,
    test: TestMail,
    progress: ProgressFragment,
}

/// The progress of the test.
#[derive(Template)]
#[template(path = "test_progress.html")]
struct ProgressFragment {
    w: Words,
    path: String,
    t: TestProgress,
    error: Option<LastError>,
}

/// Shows how to begin a test.
pub async fn page(FromState(state): FromState<State>, user: SignedIn, Path(address): Path<String>) -> PageResult {
    let mailbox = find_mailbox(&address, &state, &user).await?;
    let sends = new_test(&mailbox, &state, &user).is_sent_by_us();
    show(&BeginPage { f: Frame::new(&user.visitor, "mailboxes"), mailbox, sends })
}

fn new_test<'a>(mailbox: &'a Mailbox, state: &'a State, user: &SignedIn) -> WantedTest<'a> {
    WantedTest {
        mailbox,
        mailer: state.settings.mailer.as_ref(),
        language: user.visitor.words.language,
        clock: &*state.deps.clock,
    }
}

/// Begins a test, and sends the message if Mailferry can.
pub async fn begin(FromState(state): FromState<State>, user: SignedIn, Path(address): Path<String>) -> PageResult {
    let mailbox = find_mailbox(&address, &state, &user).await?;
    let test = test_mails::begin(state.acting(&user.actor), new_test(&mailbox, &state, &user)).await?;
    redirect(&format!("{}/test/{}", path(&mailbox.address), test.id))
}

/// Shows the progress of a test; for htmx, only that part of the page.
pub async fn follow(
    FromState(state): FromState<State>,
    user: SignedIn,
    Path((address, id)): Path<(String, i64)>,
    headers: HeaderMap,
) -> PageResult {
    let mailbox = find_mailbox(&address, &state, &user).await?;
    let t = test_mails::progress(state.acting(&user.actor), &mailbox, id).await?;
    let error = t.last_error.as_deref().map(|json| LastError::from_json(json).for_scope(user.scope()));
    let test = t.test.clone();
    let progress = ProgressFragment { w: user.visitor.words.clone(), path: path(&mailbox.address), t, error };
    match headers.contains_key("hx-request") {
        true => show(&progress),
        false => show(&FollowPage { f: Frame::new(&user.visitor, "mailboxes"), mailbox, test, progress }),
    }
}
