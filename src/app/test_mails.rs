//! Test mails: a code is sent to a mailbox's address, and followed until it is in an inbox.

use std::time::Duration;

use super::mailboxes::target;
use super::{Acting, Error};
use crate::fact::{Conflict, Done};
use crate::store::{Mailbox, TestMail};

/// A mailbox is sent no more tests than this.
const ONE_EVERY: Duration = Duration::from_secs(20);

/// Begins a test of a mailbox.
///
/// # Errors
/// [`Conflict::TestPaused`], [`Conflict::TestTooSoon`].
pub async fn begin(acting: Acting<'_>, mailbox: &Mailbox) -> Result<TestMail, Error> {
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
    acting.finish(tx, &Done::TestBegun { code: code.clone() }, target(mailbox)).await?;
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
