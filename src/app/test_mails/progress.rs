//! How far a test mail has come.

use std::time::Duration;

use super::shown;
use crate::app::{Acting, Error};
use crate::clock::Timestamp;
use crate::fact::{Kept, Reason, Thing};
use crate::store::{QUARANTINE_PAGES, QuarantinedMail, Mailbox, MessageLine, StoreError, TestMail, words};

/// A test that has not arrived by then is late.
const LATE_AFTER: Duration = Duration::from_mins(5);
/// For so long the mailbox is polled sooner than usual while somebody waits.
const HURRIED_FOR: Duration = Duration::from_mins(10);
/// The mailbox is polled again no sooner than this after the last attempt.
const SOONEST: Duration = Duration::from_secs(10);
/// A poll that is due within this time is not moved.
const ALMOST_DUE: Duration = Duration::from_secs(1);

/// How far a test has come.
pub struct TestProgress {
    /// The test, as its reader may see it.
    pub test: TestMail,
    /// Whether Mailferry sent the mail itself, or tried to.
    pub is_sent_by_us: bool,
    /// When the mailbox was last polled since the test began.
    pub polled_at: Option<Timestamp>,
    /// The error of the last poll, as JSON.
    pub last_error: Option<String>,
    /// The mailbox is not polled.
    pub is_paused: bool,
    /// Its server told us to stay away until then.
    pub held_until: Option<Timestamp>,
    /// When the mailbox is polled next.
    pub next_poll_at: Option<Timestamp>,
    /// The mail, once it is in an inbox.
    pub message: Option<MessageLine>,
    /// The mail came by another mailbox of this organisation.
    pub is_elsewhere: bool,
    /// The mail was quarantined under this UID, for this reason.
    pub aside: Option<(u32, Option<Kept<Reason>>)>,
    /// The mail should have come by now.
    pub is_late: bool,
}

impl TestProgress {
    /// Whether there is nothing more to wait for.
    pub fn is_over(&self) -> bool {
        self.message.is_some() || self.aside.is_some()
    }
}

/// How far a test of this mailbox has come. The mailbox is polled sooner than usual while somebody asks.
///
/// # Errors
/// There is no such test.
pub async fn progress(acting: Acting<'_>, mailbox: &Mailbox, id: i64) -> Result<TestProgress, Error> {
    let Acting { store, now, .. } = acting;
    let test = store.test_of(mailbox.id, id).await?.ok_or(Error::Missing(Thing::TestMail))?;
    let message = store.test_arrived(&test, acting.scope()).await?;
    let aside = match message {
        Some(_) => None,
        None => quarantined_mail(acting, mailbox, &test).await?,
    };
    if message.is_none() && aside.is_none() && may_hurry(mailbox, &test, now) {
        store.poll_soon(mailbox.id, now).await?;
    }
    let status = &mailbox.status;
    Ok(TestProgress {
        is_sent_by_us: test.sent_at.is_some() || test.problem.is_some(),
        polled_at: status.last_success_at.map(Timestamp).filter(|at| *at > test.created_at),
        last_error: status.last_error.clone().filter(|_| status.failures > 0),
        is_paused: mailbox.paused,
        held_until: mailbox.held_until(now),
        next_poll_at: status.next_poll_at.map(Timestamp),
        is_elsewhere: message.as_ref().is_some_and(|message| message.mailbox != mailbox.address),
        is_late: now.since(test.created_at) > LATE_AFTER,
        test: shown(acting, test),
        message,
        aside,
    })
}

/// Whether the mailbox is polled sooner for a test. The scheduler polls it, with its own effects. Where a login failed, or the server
/// told us to stay away, the mailbox is left to wait: asking more often locks accounts.
fn may_hurry(mailbox: &Mailbox, test: &TestMail, now: Timestamp) -> bool {
    let status = &mailbox.status;
    let last = Timestamp(status.last_attempt_at.unwrap_or(0));
    now.since(test.created_at) < HURRIED_FOR
        && now.since(last) > SOONEST
        && status.next_poll_at.is_some_and(|at| Timestamp(at).since(now) > ALMOST_DUE)
}

/// The mail, where it was seen and not imported: too large, or refused by its server.
async fn quarantined_mail(
    acting: Acting<'_>,
    mailbox: &Mailbox,
    test: &TestMail,
) -> Result<Option<(u32, Option<Kept<Reason>>)>, StoreError> {
    let wanted = words(&test.code);
    let is_it = |line: &QuarantinedMail| {
        let subject = crate::mail::parse::header(&line.headers).subject.unwrap_or_default();
        words(&subject).iter().any(|word| wanted.contains(word))
    };
    for page in 0..QUARANTINE_PAGES {
        let lines = acting.store.quarantined_mail(acting.scope(), Some((mailbox.id, test.created_at)), page).await?;
        if lines.is_empty() {
            break;
        }
        if let Some(line) = lines.into_iter().find(is_it) {
            return Ok(Some((line.uid, line.reason)));
        }
    }
    Ok(None)
}
