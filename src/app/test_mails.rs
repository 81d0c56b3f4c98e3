//! Test mails: a code is sent to a mailbox's address, and followed until it is in an inbox.

mod progress;

use std::time::Duration;

use super::mailboxes::target;
use super::{Acting, Error};
use crate::fact::{AuditEvent, Conflict, Text};
use crate::locale::Language;
use crate::mailer::Mailer;
use crate::store::{Mailbox, TestMail};

pub use progress::{TestProgress, progress};

/// A mailbox is sent no more tests than this.
const ONE_EVERY: Duration = Duration::from_secs(20);

/// A test that somebody asks for.
pub struct WantedTest<'a> {
    /// Of this mailbox.
    pub mailbox: &'a Mailbox,
    /// Sends the mail, where one is configured.
    pub mailer: Option<&'a Mailer>,
    /// The language of the mail.
    pub language: Language,
}

impl<'a> WantedTest<'a> {
    /// The mailer, where Mailferry sends the mail itself: to no mailbox that it has never looked at.
    fn sender(&self) -> Option<&'a Mailer> {
        self.mailer.filter(|_| self.mailbox.status.last_success_at.is_some())
    }

    /// Whether Mailferry sends the mail itself.
    pub fn is_sent_by_us(&self) -> bool {
        self.sender().is_some()
    }
}

/// Begins a test of a mailbox, and sends the mail where Mailferry can.
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
                acting.store.test_sent(test.id, Ok(acting.now)).await?;
                test.sent_at = Some(acting.now);
            }
            Err(error) => {
                tracing::warn!(%error, mailbox = address, "the test mail could not be sent");
                acting.store.test_sent(test.id, Err(&error)).await?;
                test.problem = Some(error);
            }
        }
    }
    Ok(shown(acting, test))
}

/// A test as the actor may see it: the words of the operator's own server are the operator's business, and others are told only that
/// something is wrong.
fn shown(acting: Acting<'_>, test: TestMail) -> TestMail {
    let is_shown_all = acting.scope().id().is_none();
    let problem = test.problem.map(|problem| if is_shown_all { problem } else { String::new() });
    TestMail { problem, ..test }
}

async fn start(acting: Acting<'_>, mailbox: &Mailbox) -> Result<TestMail, Error> {
    if mailbox.paused {
        return Err(Conflict::TestPaused.into());
    }
    let mut tx = acting.begin().await?;
    let last = tx.last_test_at(mailbox.id).await?;
    if last.is_some_and(|last| acting.now.since(last) < ONE_EVERY && last <= acting.now) {
        return Err(Conflict::TestTooSoon.into());
    }
    let code = code();
    let id = tx.begin_test(mailbox.id, &code, acting.now).await?;
    acting.finish(tx, &AuditEvent::TestBegun { code: code.clone() }, target(mailbox)).await?;
    Ok(TestMail { id, created_at: acting.now, sent_at: None, problem: None, code })
}

/// A word that no other mail has: letters and digits that nobody mistakes for others.
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
            assert_eq!((code.len(), crate::store::words(&code).len()), (12, 1), "{code}");
            assert!(!code.trim_start_matches("TEST").contains(['I', 'L', 'O', '0', '1']), "{code}");
        }
    }
}
