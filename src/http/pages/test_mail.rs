//! The test mail: a code is sent to the mailbox's address, and the page follows it step by step.

use std::time::Duration;

use askama::Template;
use axum::extract::{Path, State as FromState};
use axum::http::HeaderMap;

use super::mailbox::{path, seen};
use crate::clock::Timestamp;
use crate::http::State;
use crate::http::fault::{Answer, Fault, go, show};
use crate::http::last_error::LastError;
use crate::http::reader::{Frame, Who};
use crate::http::words::Words;
use crate::store::{Mailbox, MessageLine, TestMail, words};

/// A mailbox is sent no more tests than this.
const ONE_EVERY: Duration = Duration::from_secs(20);
/// Then the page says what to look at.
const PATIENCE_MS: i64 = 5 * 60 * 1000;

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
    trail: Trail,
}

/// How far it has come.
#[derive(Template)]
#[template(path = "test_trail.html")]
struct Trail {
    w: Words,
    path: String,
    test: TestMail,
    sends: bool,
    /// When the mailbox was last looked at since the test began.
    looked: Option<Timestamp>,
    /// The last look failed.
    error: Option<LastError>,
    is_paused: bool,
    held_until: Option<Timestamp>,
    next_poll_at: Option<Timestamp>,
    /// It is here.
    message: Option<MessageLine>,
    /// By another mailbox of this organisation.
    is_elsewhere: bool,
    /// It was seen and put aside, for this reason.
    aside: Option<(u32, String)>,
    is_late: bool,
}

impl Trail {
    /// Whether there is nothing more to wait for.
    fn is_over(&self) -> bool {
        self.message.is_some() || self.aside.is_some()
    }
}

/// How to begin.
pub async fn page(FromState(state): FromState<State>, who: Who, Path(address): Path<String>) -> Answer {
    let mailbox = seen(&address, &state, &who).await?;
    let sends = sends(&mailbox, &state);
    show(&Begin { f: Frame::new(&who.reader, "mailboxes"), mailbox, sends })
}

/// Begins a test, and sends the mail where Mailferry can.
pub async fn begin(FromState(state): FromState<State>, who: Who, Path(address): Path<String>) -> Answer {
    let mailbox = seen(&address, &state, &who).await?;
    let (store, now) = (&state.deps.store, state.deps.clock.now());
    if mailbox.paused {
        return Err(Fault::Wrong("test-paused"));
    }
    if store.last_test_at(mailbox.id).await?.is_some_and(|last| now.since(last) < ONE_EVERY && last <= now) {
        return Err(Fault::Wrong("test-too-soon"));
    }
    let code = code();
    let id = store.begin_test(mailbox.id, &code, now).await?;
    store.audit(who.change(Some(mailbox.organisation_id), "test-begun", &mailbox.address, &code), now).await?;
    if let Some(post) = state.page.post.as_ref().filter(|_| sends(&mailbox, &state)) {
        let w = &who.reader.words;
        let sent = post.send(&mailbox.address, &w.t1("test-subject", "code", &code), &w.t("test-body")).await;
        match &sent {
            Ok(()) => store.test_sent(id, Ok(state.deps.clock.now())).await?,
            Err(error) => {
                tracing::warn!(%error, mailbox = mailbox.address, "the test mail could not be sent");
                store.test_sent(id, Err(error)).await?;
            }
        }
    }
    go(&format!("{}/test/{id}", path(&mailbox.address)))
}

/// Whether Mailferry sends the mail itself: where it can, and to nobody whose mailbox it has never seen.
fn sends(mailbox: &Mailbox, state: &State) -> bool {
    state.page.post.is_some() && mailbox.status.last_success_at.is_some()
}

/// A word that no other mail has: letters and digits that nobody mistakes for others.
fn code() -> String {
    const LETTERS: &[u8; 31] = b"ABCDEFGHJKMNPQRSTUVWXYZ23456789";
    let bits: u64 = rand::random();
    let letter = |n: u32| LETTERS.get(usize::try_from((bits >> (5 * n)) % 31).unwrap_or(0)).copied().unwrap_or(b'X');
    format!("TEST{}", (0..8).map(|n| char::from(letter(n))).collect::<String>())
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
    let trail = trail(&mailbox, &test, &state, &who).await?;
    match headers.contains_key("hx-request") {
        true => show(&trail),
        false => show(&Follow { f: Frame::new(&who.reader, "mailboxes"), mailbox, test, trail }),
    }
}

async fn trail(mailbox: &Mailbox, test: &TestMail, state: &State, who: &Who) -> Result<Trail, Fault> {
    let (store, now) = (&state.deps.store, state.deps.clock.now());
    let message = store.test_arrived(test, who.scope()).await?;
    let aside = match message {
        Some(_) => None,
        None => put_aside(mailbox, test, state, who).await?,
    };
    let is_over = message.is_some() || aside.is_some();
    let fresh = now.0 - test.created_at.0 < 2 * PATIENCE_MS;
    // A look sooner than usual, while somebody waits; the scheduler makes it, with this mailbox's own effects. Where a login
    // failed, or the server told us to stay away, it is left to wait: asking more often locks accounts.
    let last = mailbox.status.last_attempt_at.map_or(0, |at| now.0 - at);
    if !is_over && fresh && last > SOONEST_MS && mailbox.status.next_poll_at.is_some_and(|at| at > now.0 + 1000) {
        store.poll_soon(mailbox.id, now).await?;
    }
    let status = &mailbox.status;
    Ok(Trail {
        w: who.reader.words.clone(),
        path: path(&mailbox.address),
        sends: test.sent_at.is_some() || test.problem.is_some(),
        looked: status.last_success_at.map(Timestamp).filter(|at| *at > test.created_at),
        error: status
            .last_error
            .as_deref()
            .filter(|_| status.failures > 0)
            .map(|json| LastError::read(json).for_reader(who)),
        is_paused: mailbox.paused,
        held_until: status.hold_until.map(Timestamp).filter(|until| *until > now),
        next_poll_at: status.next_poll_at.map(Timestamp),
        is_elsewhere: message.as_ref().is_some_and(|message| message.mailbox != mailbox.address),
        is_late: now.0 - test.created_at.0 > PATIENCE_MS,
        // What the operator's own server says is the operator's business.
        test: TestMail { problem: test.problem.clone().map(|what| what_for(who, what)), ..test.clone() },
        message,
        aside,
    })
}

fn what_for(who: &Who, problem: String) -> String {
    if who.scope().id().is_none() { problem } else { String::new() }
}

/// No sooner than this after the last look.
const SOONEST_MS: i64 = 10_000;

/// Seen, and not imported: too large, or refused by its server.
async fn put_aside(
    mailbox: &Mailbox,
    test: &TestMail,
    state: &State,
    who: &Who,
) -> Result<Option<(u32, String)>, Fault> {
    let lines = state.deps.store.put_aside(who.scope(), Some((mailbox.id, test.created_at))).await?;
    let wanted = words(&test.code);
    let found = lines.into_iter().find(|line| {
        let subject = crate::poll::parse::header(&line.headers).subject.unwrap_or_default();
        words(&subject).iter().any(|word| wanted.contains(word))
    });
    Ok(found.map(|line| (line.uid, line.reason.unwrap_or_default())))
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_code_is_one_word_that_can_be_read_aloud() {
        for _ in 0..1000 {
            let code = super::code();
            assert_eq!((code.len(), crate::store::words(&code).len()), (12, 1), "{code}");
            assert!(!code.trim_start_matches("TEST").contains(['I', 'L', 'O', '0', '1']), "{code}");
        }
    }
}
