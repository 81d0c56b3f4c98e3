//! How a poll fails: at which step, what is broken, and when it makes sense to try again.

mod kinds;
mod words;

use std::collections::BTreeMap;

use crate::cause::{Cause, Trouble};
use crate::clock::Timestamp;
use crate::egress::EgressError;
use crate::fact::{Fact, TlsProblem};
use crate::imap::{ImapError, LoginError};
use crate::locale::Language;
use crate::shown::shown_within;
use crate::store::StoreError;
use words::{after, is_microsofts, is_temporary};

pub use kinds::{Blame, Retry, Step, is_the_way};
pub use words::is_not_connected;

/// A failed poll.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct PollError {
    /// Where.
    pub step: Step,
    /// What is broken.
    pub blame: Blame,
    /// When to try again.
    pub retry: Retry,
    /// In words; holds no secret and no mail.
    pub message: String,
    /// What is wrong, where that is one of the known causes.
    pub trouble: Option<Trouble>,
    /// Why there is no TLS, where that is what failed.
    pub tls: Option<Box<TlsProblem>>,
}

/// The longest message.
const MOST_WORDS: usize = 4000;

impl PollError {
    /// A failure in words.
    pub fn new(step: Step, blame: Blame, retry: Retry, message: impl Into<String>) -> Self {
        // A server's own words are in it; nobody reads it as more than a line.
        Self { step, blame, retry, message: shown_within(&message.into(), MOST_WORDS), trouble: None, tls: None }
    }

    /// A failure with a known cause, which has its sentence.
    pub fn of(step: Step, blame: Blame, retry: Retry, trouble: Trouble) -> Self {
        let sentence = trouble.sentence(Language::English);
        Self { trouble: Some(trouble), ..Self::new(step, blame, retry, sentence) }
    }

    /// No TLS.
    pub fn tls(problem: TlsProblem) -> Self {
        let message = problem.words(Language::English);
        Self { tls: Some(Box::new(problem)), ..Self::new(Step::Tls, Blame::Host, Retry::Soon, message) }
    }

    /// Something that we had a time for, and that did not come in it.
    pub fn slow(what: &str) -> Self {
        Self::new(Step::Select, Blame::Host, Retry::Soon, format!("{what} did not come in time"))
    }

    /// Too many visits that somebody waits for are under way.
    pub fn no_place() -> Self {
        let message = "too many mailboxes of this organisation are being looked at just now; try again in a minute";
        Self::new(Step::Place, Blame::Mailbox, Retry::Soon, message)
    }

    /// Other polls have taken all places at this address.
    pub fn crowded() -> Self {
        let message =
            "as many mailboxes at this address are polled as may be at once; it is this one's turn after them";
        Self::new(Step::Place, Blame::Us, Retry::InTurn, message)
    }

    /// Others waited for its place.
    pub fn outpaced() -> Self {
        let message = "the server brought too little in the time that it was waited for, so the poll gave its place to another \
                       mailbox that waited";
        Self::new(Step::Pace, Blame::Host, Retry::Soon, message)
    }

    /// A parser broke over what a server sent.
    pub fn panicked() -> Self {
        let message = "the server sent something that our IMAP parser broke over";
        Self::new(Step::Fetch, Blame::Host, Retry::Soon, message)
    }

    /// The server told us to stay away until then, and is not asked before.
    pub fn held(until: Timestamp, now: Timestamp) -> Self {
        let message = format!("the server told us to stay away until {until}");
        Self::new(Step::Lease, Blame::Host, Retry::After(until.since(now)), message)
    }

    /// What happened and, where the cause is known, what mends it.
    pub fn in_words(&self) -> String {
        match &self.trouble {
            // What the server said, and what it means.
            Some(trouble) if self.step != Step::Token && self.message != trouble.sentence(Language::English) => {
                format!(
                    "{}. {} {}",
                    self.message,
                    trouble.sentence(Language::English),
                    trouble.remedy(Language::English)
                )
            }
            Some(trouble) => format!("{} {}", self.message, trouble.remedy(Language::English)),
            None => self.message.clone(),
        }
    }

    /// The same for a reader who is not told how the way to the host failed: a host that may not be reached, one that is silent and
    /// one that refuses are the same to them.
    #[must_use]
    pub fn without_the_way(self) -> Self {
        if is_the_way(self.step.name()) { Self { message: String::new(), ..self } } else { self }
    }

    /// The same where no new access token can help.
    #[must_use]
    pub fn without_renewal(self) -> Self {
        match (self.retry, self.step) {
            (Retry::Renew, Step::Login) => Self { retry: Retry::Credentials, ..self },
            (Retry::Renew, _) => Self { retry: Retry::Soon, ..self },
            _ => self,
        }
    }

    /// A failure on the wire.
    pub fn imap(step: Step, error: &ImapError) -> Self {
        let (blame, retry) = match error {
            ImapError::Refused { text, .. } | ImapError::Bye(text) => (Blame::Host, after(text)),
            ImapError::Unsendable(_) => (Blame::Mailbox, Retry::Person),
            _ => (Blame::Host, Retry::Soon),
        };
        Self::new(step, blame, retry, error.to_string())
    }

    /// A failure that concerns one folder only, if it was the server's refusal.
    pub fn folder(step: Step, folder: &str, error: &ImapError) -> Self {
        match error {
            ImapError::Refused { text, .. } if is_not_connected(text) => {
                Self::new(step, Blame::Mailbox, Retry::Credentials, format!("{error} ({NOT_CONNECTED})"))
            }
            // What sends us away for a while concerns more than this folder.
            ImapError::Refused { text, .. } if after(text) == Retry::Soon => {
                Self { blame: Blame::Folder, message: format!("folder {folder}: {error}"), ..Self::imap(step, error) }
            }
            _ => Self::imap(step, error),
        }
    }

    /// Whether the server's words are about the moment and not about what was asked for.
    pub fn is_temporary(&self) -> bool {
        self.retry != Retry::Soon || is_temporary(&self.message)
    }

    /// A failed login.
    pub fn login(error: &LoginError, host: &str, about: &BTreeMap<String, String>) -> Self {
        let judge = |text: &str, refused: Retry| match after(text) {
            Retry::Soon if !is_temporary(text) => (Blame::Mailbox, refused),
            retry => (Blame::Host, retry),
        };
        let (blame, retry) = match error {
            LoginError::Imap(error) => return Self::imap(Step::Login, error),
            LoginError::NotOffered(_) | LoginError::NoTokensTaken(_) => (Blame::Mailbox, Retry::Credentials),
            LoginError::Refused(text) => judge(text, Retry::Credentials),
            // Some say so already here; the token itself was taken.
            LoginError::TokenRefused { text, .. } if is_not_connected(text) => (Blame::Mailbox, Retry::Credentials),
            LoginError::TokenRefused { text, .. } => judge(text, Retry::Renew),
        };
        let takes_no_passwords = matches!(error, LoginError::Refused(_) | LoginError::NotOffered(_))
            && is_microsofts(host)
            && blame == Blame::Mailbox;
        let trouble = match error {
            _ if takes_no_passwords => Some(Trouble::new(Cause::PasswordLoginOff)),
            LoginError::NoTokensTaken(_) => Some(Trouble::new(Cause::NoOauthOffered)),
            LoginError::TokenRefused { .. } if retry == Retry::Renew => Some(Trouble::new(Cause::TokenRefused)),
            _ => None,
        };
        let trouble = trouble.map(|trouble| trouble.about_all(about));
        Self { trouble, ..Self::new(Step::Login, blame, retry, error.to_string()) }
    }

    /// No connection.
    pub fn egress(error: &EgressError) -> Self {
        let (step, blame, retry) = match error {
            EgressError::Unresolved { .. } => (Step::Dns, Blame::Host, Retry::Soon),
            // As the others, so that nobody learns from how it is treated which names are ours: the operator is told why.
            EgressError::Refused { .. } => (Step::Dns, Blame::Host, Retry::Soon),
            EgressError::Unreachable { .. } => (Step::Tcp, Blame::Host, Retry::Soon),
        };
        Self::new(step, blame, retry, error.to_string())
    }

    /// The database failed us, or the mailbox is no longer ours to poll.
    pub fn store(step: Step, error: &StoreError) -> Self {
        let blame = if matches!(error, StoreError::LeaseLost) { Blame::Mailbox } else { Blame::Us };
        let message = match error {
            StoreError::LeaseLost => {
                "the mailbox was changed, or taken over by another worker, during this poll".to_owned()
            }
            other => other.to_string(),
        };
        Self::new(step, blame, Retry::Soon, message)
    }
}

/// What that means.
const NOT_CONNECTED: &str = "the login went through and the mailbox did not open: the password is wrong after all, the account \
                             has no right to this mailbox, IMAP is switched off for it, or the server is not well; with access \
                             tokens, `mailferry mailbox check` finds out which";

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::words::LONGEST_HOLD;
    use super::*;

    #[test]
    fn a_servers_words_decide_when_to_come_back() {
        let refused =
            |text: &str| PollError::login(&LoginError::Refused(text.to_owned()), "imap.example.se", &BTreeMap::new());
        for (text, blame, retry) in [
            ("[AUTHENTICATIONFAILED] no", Blame::Mailbox, Retry::Credentials),
            ("LOGIN failed.", Blame::Mailbox, Retry::Credentials),
            ("[UNAVAILABLE] later", Blame::Host, Retry::Soon),
            ("[INUSE] busy", Blame::Host, Retry::Soon),
            ("Too many simultaneous connections", Blame::Host, Retry::Soon),
            (
                "Request is throttled. Suggested Backoff Time: 299961 milliseconds",
                Blame::Host,
                Retry::After(Duration::from_millis(299_961)),
            ),
            ("Suggested Backoff Time: 99999999999 milliseconds", Blame::Host, Retry::After(LONGEST_HOLD)),
            ("[OVERQUOTA] Account exceeded command or bandwidth limits.", Blame::Host, Retry::Quota),
        ] {
            let error = refused(text);
            assert_eq!((error.blame, error.retry), (blame, retry), "{text}");
        }
        let about = BTreeMap::from([("mailbox".to_owned(), "a@b.se".to_owned())]);
        let outlook = PollError::login(&LoginError::Refused("LOGIN failed.".into()), "Outlook.Office365.com", &about);
        assert!(outlook.in_words().contains("mailferry mailbox set a@b.se --oauth microsoft"), "{outlook}");
        let text = "User is authenticated but not connected.".to_owned();
        let error = PollError::folder(Step::Select, "INBOX", &ImapError::Refused { command: "EXAMINE", text });
        assert_eq!((error.blame, error.retry), (Blame::Mailbox, Retry::Credentials));
    }
}
