//! Test mails: a mail with a code is sent to a mailbox's address and traced until it is in an inbox.

mod progress;

use std::time::Duration;

use super::mailboxes::target;
use super::{Acting, Error};
use crate::clock::Clock;
use crate::fact::{AuditEvent, Conflict, Text};
use crate::locale::Language;
use crate::mailer::Mailer;
use crate::store::{Mailbox, TestMail};

pub use progress::{TestProgress, progress};

/// Minimum time between two tests of one mailbox.
const MIN_INTERVAL: Duration = Duration::from_secs(20);

/// A test to begin.
pub struct WantedTest<'a> {
    pub mailbox: &'a Mailbox,
    /// The mailer, if one is configured.
    pub mailer: Option<&'a Mailer>,
    /// The language of the mail.
    pub language: Language,
    /// Gives the time at which the mail was sent: sending may take seconds, so the time of the call would be too early.
    pub clock: &'a dyn Clock,
}

impl<'a> WantedTest<'a> {
    /// The mailer, if Mailferry sends the mail itself. Mailferry does not send a test mail to a mailbox that was never
    /// polled successfully.
    fn sender(&self) -> Option<&'a Mailer> {
        self.mailer.filter(|_| self.mailbox.status.last_success_at.is_some())
    }

    /// Whether Mailferry sends the mail itself.
    pub fn is_sent_by_us(&self) -> bool {
        self.sender().is_some()
    }
}

/// Begins a test of a mailbox and sends the mail if a mailer is available.
///
/// # Errors
/// [`Conflict::TestPaused`], [`Conflict::TestTooSoon`].
pub async fn begin(acting: Acting<'_>, wanted: WantedTest<'_>) -> Result<TestMail, Error> {
    let mut test = start(acting, wanted.mailbox).await?;
    if let Some(mailer) = wanted.sender() {
        let (address, language) = (&wanted.mailbox.address, wanted.language);
        let subject = Text::new("test-subject").with("code", &test.code).words(language);
        let sent = mailer.send(address, &subject, &Text::new("test-body").words(language)).await;
        match sent {
            Ok(()) => {
                let at = wanted.clock.now();
                acting.store.test_sent(test.id, Ok(at)).await?;
                test.sent_at = Some(at);
            }
            Err(error) => {
                tracing::warn!(%error, mailbox = address, "the test mail could not be sent");
                acting.store.test_sent(test.id, Err(&error)).await?;
                test.problem = Some(error);
            }
        }
    }
    Ok(without_hidden_details(acting, test))
}

/// Hides the answer of the operator's mail server from actors of one organisation.
fn without_hidden_details(acting: Acting<'_>, test: TestMail) -> TestMail {
    let sees_everything = acting.scope().id().is_none();
    let problem = test.problem.map(|problem| if sees_everything { problem } else { String::new() });
    TestMail { problem, ..test }
}

async fn start(acting: Acting<'_>, mailbox: &Mailbox) -> Result<TestMail, Error> {
    if mailbox.paused {
        return Err(Conflict::TestPaused.into());
    }
    let mut tx = acting.begin().await?;
    let last = tx.last_test_at(mailbox.id).await?;
    if last.is_some_and(|last| acting.now.since(last) < MIN_INTERVAL && last <= acting.now) {
        return Err(Conflict::TestTooSoon.into());
    }
    let code = code();
    let id = tx.begin_test(mailbox.id, &code, acting.now).await?;
    acting.finish(tx, &AuditEvent::TestBegun { code: code.clone() }, target(mailbox)).await?;
    Ok(TestMail { id, created_at: acting.now, sent_at: None, problem: None, code })
}

/// A random code of letters and digits that cannot be confused with each other when read aloud.
fn code() -> String {
    const LETTERS: &[u8; 31] = b"ABCDEFGHJKMNPQRSTUVWXYZ23456789";
    let bits: u64 = rand::random();
    let letter = |n: u32| LETTERS.get(usize::try_from((bits >> (5 * n)) % 31).unwrap_or(0)).copied().unwrap_or(b'X');
    format!("TEST{}", (0..8).map(|n| char::from(letter(n))).collect::<String>())
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_code_is_one_word_that_can_be_read_aloud() {
        for _ in 0..1000 {
            let code = super::code();
            assert_eq!((code.len(), crate::store::search_words(&code).len()), (12, 1), "{code}");
            assert!(!code.trim_start_matches("TEST").contains(['I', 'L', 'O', '0', '1']), "{code}");
        }
    }
}
