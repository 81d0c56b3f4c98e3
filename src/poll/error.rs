//! The error of a poll: the step that failed, the part that is broken, and when to retry.

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
use words::{is_microsoft, is_temporary, retry_after};

pub use kinds::{Blame, Retry, Step, is_connection_step};
pub use words::is_not_connected;

/// The error of a failed poll.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct PollError {
    /// The step that failed.
    pub step: Step,
    /// The part that the failure is attributed to.
    pub blame: Blame,
    /// When to try again.
    pub retry: Retry,
    /// Description in English, without secrets and without mail content.
    pub message: String,
    /// The known cause, if any.
    pub trouble: Option<Trouble>,
    /// The TLS problem, if the TLS handshake failed.
    pub tls: Option<Box<TlsProblem>>,
}

/// Maximum length of a message.
const MAX_MESSAGE: usize = 4000;

impl PollError {
    /// Creates the error of a failure without a known cause.
    pub fn new(step: Step, blame: Blame, retry: Retry, message: impl Into<String>) -> Self {
        // The message may quote the server, so its length is limited.
        Self { step, blame, retry, message: shown_within(&message.into(), MAX_MESSAGE), trouble: None, tls: None }
    }

    /// Creates the error of a failure with a known cause, described by the cause's sentence.
    pub fn from_trouble(step: Step, blame: Blame, retry: Retry, trouble: Trouble) -> Self {
        let sentence = trouble.sentence(Language::English);
        Self { trouble: Some(trouble), ..Self::new(step, blame, retry, sentence) }
    }

    /// Creates the error of a failed TLS handshake.
    pub fn tls(problem: TlsProblem) -> Self {
        let message = problem.words(Language::English);
        Self { tls: Some(Box::new(problem)), ..Self::new(Step::Tls, Blame::Host, Retry::Soon, message) }
    }

    /// Creates the error of a task that has exceeded its time limit.
    pub fn slow(task: &str) -> Self {
        Self::new(Step::Select, Blame::Host, Retry::Soon, format!("{task} timed out"))
    }

    /// Creates the error if all slots for interactive visits are taken.
    pub fn no_free_slot() -> Self {
        let message = "too many mailbox checks of this organisation are running; try again in a minute";
        Self::new(Step::Slot, Blame::Mailbox, Retry::Soon, message)
    }

    /// Creates the error if other polls use all connections that the server's address may have.
    pub fn server_busy() -> Self {
        let message = "the maximum number of mailboxes at this server is being polled; this one waits for its turn";
        Self::new(Step::Slot, Blame::Us, Retry::WhenSlotIsFree, message)
    }

    /// Creates the error if the server was too slow while other mailboxes waited.
    pub fn too_slow() -> Self {
        let message = "the server sent too little data in the time that we waited for it, so the poll made room for another \
                       mailbox that was waiting";
        Self::new(Step::Pace, Blame::Host, Retry::Soon, message)
    }

    /// Creates the error if the parser panicked on the server's data.
    pub fn panicked() -> Self {
        let message = "the server sent data that our IMAP parser could not handle";
        Self::new(Step::Fetch, Blame::Host, Retry::Soon, message)
    }

    /// Creates the error if the mailbox is on hold because the server asked us to wait.
    pub fn on_hold(until: Timestamp, now: Timestamp) -> Self {
        let message = format!("the server asked us to wait until {until}");
        Self::new(Step::Lease, Blame::Host, Retry::After(until.since(now)), message)
    }

    /// Returns the description and, if the cause is known, the remedy.
    pub fn with_remedy(&self) -> String {
        match &self.trouble {
            // The server's text, followed by its meaning and the remedy.
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

    /// Removes the description of a connection failure, for readers who must not learn why a host cannot be reached:
    /// forbidden, silent and refusing hosts look the same to them.
    #[must_use]
    pub fn without_connection_details(self) -> Self {
        match is_connection_step(self.step.name()) {
            true => Self { message: String::new(), blame: Blame::Host, ..self },
            false => self,
        }
    }

    /// Returns the error to report if the access token cannot be renewed.
    #[must_use]
    pub fn without_renewal(self) -> Self {
        match (self.retry, self.step) {
            (Retry::Renew, Step::Login) => Self { retry: Retry::Credentials, ..self },
            (Retry::Renew, _) => Self { retry: Retry::Soon, ..self },
            _ => self,
        }
    }

    /// Converts an IMAP error.
    pub fn imap(step: Step, error: &ImapError) -> Self {
        let (blame, retry) = match error {
            ImapError::Refused { text, .. } | ImapError::Bye(text) => (Blame::Host, retry_after(text)),
            ImapError::Unsendable(_) => (Blame::Mailbox, Retry::Person),
            _ => (Blame::Host, Retry::Soon),
        };
        Self::new(step, blame, retry, error.to_string())
    }

    /// Converts an IMAP error in a folder. A refusal concerns only this folder.
    pub fn folder(step: Step, folder: &str, error: &ImapError) -> Self {
        match error {
            ImapError::Refused { text, .. } if is_not_connected(text) => {
                Self::new(step, Blame::Mailbox, Retry::Credentials, format!("{error} ({NOT_CONNECTED})"))
            }
            // A request to wait concerns more than this folder.
            ImapError::Refused { text, .. } if retry_after(text) == Retry::Soon => {
                Self { blame: Blame::Folder, message: format!("folder {folder}: {error}"), ..Self::imap(step, error) }
            }
            _ => Self::imap(step, error),
        }
    }

    /// Whether the server's text describes a temporary failure, or the retry is any other than [`Retry::Soon`].
    pub fn is_temporary(&self) -> bool {
        self.retry != Retry::Soon || is_temporary(&self.message)
    }

    /// Converts the error of a failed login.
    pub fn login(error: &LoginError, host: &str, args: &BTreeMap<String, String>) -> Self {
        let classify = |text: &str, refused: Retry| match retry_after(text) {
            Retry::Soon if !is_temporary(text) => (Blame::Mailbox, refused),
            retry => (Blame::Host, retry),
        };
        let (blame, retry) = match error {
            LoginError::Imap(error) => return Self::imap(Step::Login, error),
            LoginError::PasswordsNotOffered(_) | LoginError::TokensNotOffered(_) => {
                (Blame::Mailbox, Retry::Credentials)
            }
            LoginError::Refused(text) => classify(text, Retry::Credentials),
            // Some servers send "not connected" already at the login; the token itself was accepted.
            LoginError::TokenRefused { text, .. } if is_not_connected(text) => (Blame::Mailbox, Retry::Credentials),
            LoginError::TokenRefused { text, .. } => classify(text, Retry::Renew),
        };
        let rejects_passwords = matches!(error, LoginError::Refused(_) | LoginError::PasswordsNotOffered(_))
            && is_microsoft(host)
            && blame == Blame::Mailbox;
        let trouble = match error {
            _ if rejects_passwords => Some(Trouble::new(Cause::PasswordLoginOff)),
            LoginError::TokensNotOffered(_) => Some(Trouble::new(Cause::NoOauthOffered)),
            LoginError::TokenRefused { .. } if retry == Retry::Renew => Some(Trouble::new(Cause::TokenRefused)),
            _ => None,
        };
        let trouble = trouble.map(|trouble| trouble.with_args(args));
        Self { trouble, ..Self::new(Step::Login, blame, retry, error.to_string()) }
    }

    /// Converts a connection failure.
    pub fn egress(error: &EgressError) -> Self {
        let (step, blame, retry) = match error {
            EgressError::Unresolved { .. } => (Step::Dns, Blame::Host, Retry::Soon),
            // Only the operator can permit the address. Step, retry and text are those of an unresolved name, so that
            // other people do not learn which internal names exist.
            EgressError::Refused { .. } => (Step::Dns, Blame::Us, Retry::Soon),
            EgressError::Unreachable { .. } => (Step::Tcp, Blame::Host, Retry::Soon),
        };
        Self::new(step, blame, retry, error.to_string())
    }

    /// Converts a database error, including a lost lease.
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

/// Explains the server's text "authenticated but not connected".
const NOT_CONNECTED: &str = "the login succeeded but the mailbox did not open: the password is wrong after all, the account has \
                             no permission for this mailbox, IMAP is switched off for it, or the server has a failure; with \
                             access tokens, `mailferry mailbox check` finds out which";

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::words::MAX_HOLD;
    use super::*;

    #[test]
    fn the_retry_delay_depends_on_the_servers_response() {
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
            ("Suggested Backoff Time: 99999999999 milliseconds", Blame::Host, Retry::After(MAX_HOLD)),
            ("[OVERQUOTA] Account exceeded command or bandwidth limits.", Blame::Host, Retry::Quota),
        ] {
            let error = refused(text);
            assert_eq!((error.blame, error.retry), (blame, retry), "{text}");
        }
        let args = BTreeMap::from([("mailbox".to_owned(), "a@b.se".to_owned())]);
        let outlook = PollError::login(&LoginError::Refused("LOGIN failed.".into()), "Outlook.Office365.com", &args);
        assert!(outlook.with_remedy().contains("mailferry mailbox set a@b.se --oauth microsoft"), "{outlook}");
        let text = "User is authenticated but not connected.".to_owned();
        let error = PollError::folder(Step::Select, "INBOX", &ImapError::Refused { command: "EXAMINE", text });
        assert_eq!((error.blame, error.retry), (Blame::Mailbox, Retry::Credentials));
    }
}
