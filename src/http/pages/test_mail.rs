//! The test mail: a code is sent to the mailbox's address, and the page follows it step by step.

use askama::Template;
use axum::extract::{Path, State as FromState};
use axum::http::HeaderMap;

use super::mailbox::seen;
use crate::http::State;
use crate::http::answer::{Answer, go, show};
use crate::http::fault::Fault;
use crate::http::frame::Frame;
use crate::http::paths::mailbox as path;
use crate::http::reader::Who;
use crate::http::trail::{self, Trail};
use crate::http::words::Words;
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
    trail: Steps,
}

/// How far it has come.
#[derive(Template)]
#[template(path = "test_trail.html")]
struct Steps {
    w: Words,
    path: String,
    t: Trail,
}

/// How to begin.
pub async fn page(FromState(state): FromState<State>, who: Who, Path(address): Path<String>) -> Answer {
    let mailbox = seen(&address, &state, &who).await?;
    let sends = trail::sends(&mailbox, &state);
    show(&Begin { f: Frame::new(&who.reader, "mailboxes"), mailbox, sends })
}

/// Begins a test, and sends the mail where Mailferry can.
pub async fn begin(FromState(state): FromState<State>, who: Who, Path(address): Path<String>) -> Answer {
    let mailbox = seen(&address, &state, &who).await?;
    let test = trail::begin(&mailbox, &who.actor, &who.reader.words, &state).await?;
    go(&format!("{}/test/{}", path(&mailbox.address), test.id))
}

/// How far a test has come; for htmx, that part of the page alone.
pub async fn follow(
    FromState(state): FromState<State>,
    who: Who,
    Path((address, id)): Path<(String, i64)>,
    headers: HeaderMap,
) -> Answer {
    let mailbox = seen(&address, &state, &who).await?;
    let test = state.deps.store.test_of(mailbox.id, id).await?.ok_or(Fault::NotFound)?;
    let t = Trail::of(&mailbox, test, who.scope(), &state).await?;
    let test = t.test.clone();
    let trail = Steps { w: who.reader.words.clone(), path: path(&mailbox.address), t };
    match headers.contains_key("hx-request") {
        true => show(&trail),
        false => show(&Follow { f: Frame::new(&who.reader, "mailboxes"), mailbox, test, trail }),
    }
}
