//! The test mail: a code is sent to the mailbox's address, and the page follows it step by step.

use askama::Template;
use axum::extract::{Path, State as FromState};
use axum::http::HeaderMap;

use super::mailbox::seen;
use crate::app::test_mails::{self, TestProgress, WantedTest};
use crate::http::State;
use crate::http::page::answer::{Answer, go, show};
use crate::http::page::frame::Frame;
use crate::http::page::last_error::LastError;
use crate::http::page::paths::mailbox as path;
use crate::http::page::visitor::SignedIn;
use crate::http::page::words::Words;
use crate::store::{Mailbox, TestMail};

#[derive(Template)]
#[template(path = "test_begin.html")]
struct Begin {
    f: Frame,
    mailbox: Mailbox,
    sends: bool,
}

#[derive(Template)]
#[template(path = "test_follow.html")]
struct Follow {
    f: Frame,
    mailbox: Mailbox,
    test: TestMail,
    steps: Steps,
}

/// How far it has come.
#[derive(Template)]
#[template(path = "test_trail.html")]
struct Steps {
    w: Words,
    path: String,
    t: TestProgress,
    error: Option<LastError>,
}

/// How to begin.
pub async fn page(FromState(state): FromState<State>, who: SignedIn, Path(address): Path<String>) -> Answer {
    let mailbox = seen(&address, &state, &who).await?;
    let sends = wanted(&mailbox, &state, &who).is_sent_by_us();
    show(&Begin { f: Frame::new(&who.reader, "mailboxes"), mailbox, sends })
}

fn wanted<'a>(mailbox: &'a Mailbox, state: &'a State, who: &SignedIn) -> WantedTest<'a> {
    WantedTest { mailbox, mailer: state.page.mailer.as_ref(), language: who.reader.words.language }
}

/// Begins a test, and sends the mail where Mailferry can.
pub async fn begin(FromState(state): FromState<State>, who: SignedIn, Path(address): Path<String>) -> Answer {
    let mailbox = seen(&address, &state, &who).await?;
    let test = test_mails::begin(state.acting(&who.actor), wanted(&mailbox, &state, &who)).await?;
    go(&format!("{}/test/{}", path(&mailbox.address), test.id))
}

/// How far a test has come; for htmx, that part of the page alone.
pub async fn follow(
    FromState(state): FromState<State>,
    who: SignedIn,
    Path((address, id)): Path<(String, i64)>,
    headers: HeaderMap,
) -> Answer {
    let mailbox = seen(&address, &state, &who).await?;
    let t = test_mails::progress(state.acting(&who.actor), &mailbox, id).await?;
    let error = t.last_error.as_deref().map(|json| LastError::read(json).for_reader(who.scope()));
    let test = t.test.clone();
    let steps = Steps { w: who.reader.words.clone(), path: path(&mailbox.address), t, error };
    match headers.contains_key("hx-request") {
        true => show(&steps),
        false => show(&Follow { f: Frame::new(&who.reader, "mailboxes"), mailbox, test, steps }),
    }
}
