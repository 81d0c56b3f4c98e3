//! The progress of a test mail.

use std::time::Duration;

use super::without_hidden_details;
use crate::app::{Acting, Error};
use crate::clock::Timestamp;
use crate::fact::{Reason, Resource, StoredFact};
use crate::store::{MAX_QUARANTINE_PAGES, Mailbox, MessageLine, QuarantinedMail, StoreError, TestMail, search_words};

/// A test mail that has not arrived after this time is late.
const LATE_AFTER: Duration = Duration::from_mins(5);
/// While a test is younger than this, each request for its progress may schedule an early poll.
const EARLY_POLLS_FOR: Duration = Duration::from_mins(10);
/// Minimum time between the last attempt to poll and an early poll.
const MIN_POLL_DISTANCE: Duration = Duration::from_secs(10);
/// A poll due within this time is not rescheduled.
const ALMOST_DUE: Duration = Duration::from_secs(1);

/// The progress of a test.
pub struct TestProgress {
    /// The test, without details that the actor may not see.
    pub test: TestMail,
    /// Whether Mailferry sent the mail itself, or tried to.
    pub is_sent_by_us: bool,
    /// When the mailbox was last polled successfully; `None` if no poll has succeeded since the test began.
    pub polled_at: Option<Timestamp>,
    /// The error of the last poll, as JSON; `None` if the last poll succeeded.
    pub last_error: Option<String>,
    /// Whether the mailbox is paused.
    pub is_paused: bool,
    /// The time until which the mail server asked us to wait.
    pub hold_until: Option<Timestamp>,
    /// When the mailbox is polled next.
    pub next_poll_at: Option<Timestamp>,
    /// The imported message; `None` until the mail is in an inbox.
    pub message: Option<MessageLine>,
    /// Whether the mail was imported from another mailbox of this organisation.
    pub is_elsewhere: bool,
    /// UID and reason, if the mail was quarantined.
    pub quarantined: Option<(u32, Option<StoredFact<Reason>>)>,
    /// Whether the test began so long ago that the mail should have arrived by now; true even if it has arrived.
    pub is_late: bool,
}

impl TestProgress {
    /// Whether the test has ended, so that the page can stop asking.
    pub fn is_over(&self) -> bool {
        self.message.is_some() || self.quarantined.is_some()
    }
}

/// Reads the progress of a test. Each call may schedule an earlier poll of the mailbox.
///
/// # Errors
/// The test does not exist.
pub async fn progress(acting: Acting<'_>, mailbox: &Mailbox, id: i64) -> Result<TestProgress, Error> {
    let Acting { store, now, .. } = acting;
    let test = store.test_mail(mailbox.id, id).await?.ok_or(Error::Missing(Resource::TestMail))?;
    let message = store.test_arrived(&test, acting.scope()).await?;
    let quarantined = match message {
        Some(_) => None,
        None => find_quarantined(acting, mailbox, &test).await?,
    };
    if message.is_none() && quarantined.is_none() && may_poll_early(mailbox, &test, now) {
        store.poll_soon(mailbox.id, now).await?;
    }
    let status = &mailbox.status;
    Ok(TestProgress {
        is_sent_by_us: test.sent_at.is_some() || test.problem.is_some(),
        polled_at: status.last_success_at.map(Timestamp).filter(|at| *at > test.created_at),
        last_error: status.last_error.clone().filter(|_| status.failures > 0),
        is_paused: mailbox.paused,
        hold_until: mailbox.active_hold(now),
        next_poll_at: status.next_poll_at.map(Timestamp),
        is_elsewhere: message.as_ref().is_some_and(|message| message.mailbox != mailbox.address),
        is_late: now.since(test.created_at) > LATE_AFTER,
        test: without_hidden_details(acting, test),
        message,
        quarantined,
    })
}

/// Whether the test is young enough, and the last and the next poll are far enough away, for an early poll. Whether the
/// mailbox is paused, failed last or must wait is checked by [`Store::poll_soon`](crate::store::Store::poll_soon). The
/// scheduler makes the poll, so effects are applied as usual.
fn may_poll_early(mailbox: &Mailbox, test: &TestMail, now: Timestamp) -> bool {
    let status = &mailbox.status;
    let last = Timestamp(status.last_attempt_at.unwrap_or(0));
    now.since(test.created_at) < EARLY_POLLS_FOR
        && now.since(last) > MIN_POLL_DISTANCE
        && status.next_poll_at.is_some_and(|at| Timestamp(at).since(now) > ALMOST_DUE)
}

/// Finds the test mail among quarantined mail.
async fn find_quarantined(
    acting: Acting<'_>,
    mailbox: &Mailbox,
    test: &TestMail,
) -> Result<Option<(u32, Option<StoredFact<Reason>>)>, StoreError> {
    let wanted = search_words(&test.code);
    let is_it = |line: &QuarantinedMail| {
        let subject = crate::mail::parse::header(&line.headers).subject.unwrap_or_default();
        search_words(&subject).iter().any(|word| wanted.contains(word))
    };
    for page in 0..MAX_QUARANTINE_PAGES {
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
