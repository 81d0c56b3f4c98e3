//! The test mail: a code is sent to a mailbox's address, and followed until it is in an inbox.

use crate::app::{Actor, Error, test_mails};
use crate::clock::Timestamp;
use crate::fact::{Kept, Reason};
use crate::http::State;
use crate::http::last_error::LastError;
use crate::http::words::Words;
use crate::store::{ASIDE_PAGES, AsideLine, Mailbox, MessageLine, Scope, StoreError, TestMail, words};

/// Then one is told what to look at.
const PATIENCE_MS: i64 = 5 * 60 * 1000;
/// No sooner than this after the last look.
const SOONEST_MS: i64 = 10_000;

/// How far a test has come.
pub struct Trail {
    /// The test, as its reader may see it.
    pub test: TestMail,
    /// Whether Mailferry sent the mail itself, or tried to.
    pub sends: bool,
    /// When the mailbox was last looked at since the test began.
    pub looked: Option<Timestamp>,
    /// The last look failed.
    pub error: Option<LastError>,
    /// The mailbox is not looked at.
    pub is_paused: bool,
    /// Its server told us to stay away until then.
    pub held_until: Option<Timestamp>,
    /// When it is looked at next.
    pub next_poll_at: Option<Timestamp>,
    /// It is here.
    pub message: Option<MessageLine>,
    /// By another mailbox of this organisation.
    pub is_elsewhere: bool,
    /// It was seen under this UID and put aside, for this reason.
    pub aside: Option<(u32, Option<Kept<Reason>>)>,
    /// It should have come by now.
    pub is_late: bool,
}

/// Begins a test for somebody, and sends the mail in the language of these words, where Mailferry can.
///
/// # Errors
/// None can begin now.
pub async fn begin(mailbox: &Mailbox, by: &Actor, w: &Words, state: &State) -> Result<TestMail, Error> {
    let mut test = test_mails::begin(state.acting(by), mailbox).await?;
    let (store, id) = (&state.deps.store, test.id);
    if let Some(post) = state.page.post.as_ref().filter(|_| sends(mailbox, state)) {
        let subject = w.t1("test-subject", "code", &test.code);
        match post.send(&mailbox.address, &subject, &w.t("test-body")).await {
            Ok(()) => {
                let at = state.deps.clock.now();
                store.test_sent(id, Ok(at)).await?;
                test.sent_at = Some(at);
            }
            Err(error) => {
                tracing::warn!(%error, mailbox = mailbox.address, "the test mail could not be sent");
                store.test_sent(id, Err(&error)).await?;
                test.problem = Some(error);
            }
        }
    }
    Ok(test)
}

/// Whether Mailferry sends the mail itself: where it can, and to nobody whose mailbox it has never seen.
pub fn sends(mailbox: &Mailbox, state: &State) -> bool {
    state.page.post.is_some() && mailbox.status.last_success_at.is_some()
}

/// What the operator's own server says is the operator's business; others are told only that something is wrong.
pub fn test_for(scope: Scope, test: TestMail) -> TestMail {
    let problem = test.problem.map(|problem| if scope.id().is_none() { problem } else { String::new() });
    TestMail { problem, ..test }
}

impl Trail {
    /// How far a test of this mailbox has come, for somebody who sees this. Has the mailbox looked at sooner while somebody waits.
    ///
    /// # Errors
    /// The database.
    pub async fn of(mailbox: &Mailbox, test: TestMail, scope: Scope, state: &State) -> Result<Self, StoreError> {
        let (store, now) = (&state.deps.store, state.deps.clock.now());
        let message = store.test_arrived(&test, scope).await?;
        let aside = match message {
            Some(_) => None,
            None => put_aside(mailbox, &test, scope, state).await?,
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
        let error = status.last_error.as_deref().filter(|_| status.failures > 0);
        Ok(Self {
            sends: test.sent_at.is_some() || test.problem.is_some(),
            looked: status.last_success_at.map(Timestamp).filter(|at| *at > test.created_at),
            error: error.map(|json| LastError::read(json).for_reader(scope)),
            is_paused: mailbox.paused,
            held_until: mailbox.held_until(now),
            next_poll_at: status.next_poll_at.map(Timestamp),
            is_elsewhere: message.as_ref().is_some_and(|message| message.mailbox != mailbox.address),
            is_late: now.0 - test.created_at.0 > PATIENCE_MS,
            test: test_for(scope, test),
            message,
            aside,
        })
    }

    /// Whether there is nothing more to wait for.
    pub fn is_over(&self) -> bool {
        self.message.is_some() || self.aside.is_some()
    }
}

/// Seen, and not imported: too large, or refused by its server.
async fn put_aside(
    mailbox: &Mailbox,
    test: &TestMail,
    scope: Scope,
    state: &State,
) -> Result<Option<(u32, Option<Kept<Reason>>)>, StoreError> {
    let wanted = words(&test.code);
    let is_it = |line: &AsideLine| {
        let subject = crate::mail::parse::header(&line.headers).subject.unwrap_or_default();
        words(&subject).iter().any(|word| wanted.contains(word))
    };
    for page in 0..ASIDE_PAGES {
        let lines = state.deps.store.put_aside(scope, Some((mailbox.id, test.created_at)), page).await?;
        if lines.is_empty() {
            break;
        }
        if let Some(line) = lines.into_iter().find(is_it) {
            return Ok(Some((line.uid, line.reason)));
        }
    }
    Ok(None)
}
