//! How a poll fails: at which step, what is broken, and when it makes sense to try again.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Serialize, Serializer};

use crate::cause::{Cause, Trouble};
use crate::clock::Timestamp;
use crate::egress::EgressError;
use crate::imap::{ImapError, LoginError};
use crate::locale::Language;
use crate::shown::shown_within;
use crate::store::StoreError;

/// The step that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Lease,
    /// Finding a place among all visits, and keeping it.
    Place,
    /// Bringing enough while others wait.
    Pace,
    Dns,
    Tcp,
    Tls,
    StartTls,
    Greeting,
    Token,
    Login,
    Select,
    Search,
    Fetch,
    Import,
    Settle,
    Record,
}

impl Step {
    /// As it stands in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Lease => "lease",
            Self::Place => "place",
            Self::Pace => "pace",
            Self::Dns => "dns",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
            Self::StartTls => "starttls",
            Self::Greeting => "greeting",
            Self::Token => "token",
            Self::Login => "login",
            Self::Select => "select",
            Self::Search => "search",
            Self::Fetch => "fetch",
            Self::Import => "import",
            Self::Settle => "settle",
            Self::Record => "record",
        }
    }
}

impl Serialize for Step {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// What is broken, from least to most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Blame {
    /// One folder; others go on.
    Folder,
    /// One mailbox: its password, its settings.
    Mailbox,
    /// The server, for all its mailboxes.
    Host,
    /// Ourselves: the database, the key.
    Us,
}

impl Blame {
    /// As it stands in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Folder => "folder",
            Self::Mailbox => "mailbox",
            Self::Host => "host",
            Self::Us => "us",
        }
    }
}

/// When to try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// Soon, and less often the longer it fails.
    Soon,
    /// The server said to stay away so long.
    After(Duration),
    /// The account's limit at the server is used up; asking on makes it longer.
    Quota,
    /// Rarely: each try may count against the account.
    Credentials,
    /// At once, with a new access token; without one, soon.
    Renew,
    /// As soon as there is a place: nothing has failed.
    InTurn,
    /// When a person has changed something.
    Person,
}

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
}

/// The longest message.
const MOST_WORDS: usize = 4000;

/// The longest time that we let a server send us away for.
const LONGEST_HOLD: Duration = Duration::from_hours(24);

impl PollError {
    /// A failure in words.
    pub fn new(step: Step, blame: Blame, retry: Retry, message: impl Into<String>) -> Self {
        // A server's own words are in it; nobody reads it as more than a line.
        Self { step, blame, retry, message: shown_within(&message.into(), MOST_WORDS), trouble: None }
    }

    /// A failure with a known cause, which has its sentence.
    pub fn of(step: Step, blame: Blame, retry: Retry, trouble: Trouble) -> Self {
        let sentence = trouble.sentence(Language::English);
        Self { trouble: Some(trouble), ..Self::new(step, blame, retry, sentence) }
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

/// Exchange lets a login through and refuses what follows (reference row D1).
pub(super) fn is_not_connected(text: &str) -> bool {
    text.to_ascii_lowercase().contains("authenticated but not connected")
}

/// Microsoft takes no passwords since 2023 (Office 365) and 2024 (outlook.com); asking on only locks accounts (reference row
/// F5).
fn is_microsofts(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    ["outlook.office365.com", "outlook.office.com", "imap-mail.outlook.com"].contains(&host.as_str())
}

/// What that means.
const NOT_CONNECTED: &str = "the login went through and the mailbox did not open: the password is wrong after all, the account \
                             has no right to this mailbox, IMAP is switched off for it, or the server is not well; with access \
                             tokens, `mailferry mailbox check` finds out which";

/// Whether a refusal at login says nothing about the password (RFC 5530).
fn is_temporary(text: &str) -> bool {
    let text = text.to_ascii_uppercase();
    ["[UNAVAILABLE]", "[INUSE]", "[LIMIT]", "[SERVERBUG]", "[TEMPFAIL]", "TOO MANY", "TRY AGAIN"]
        .iter()
        .any(|sign| text.contains(sign))
}

/// How long a server's text sends us away for. Exchange: `Request is throttled. Suggested Backoff Time: 299961 milliseconds`.
fn after(text: &str) -> Retry {
    let lower = text.to_ascii_lowercase();
    if let Some((_, rest)) = lower.split_once("suggested backoff time:") {
        let digits: String = rest.trim_start().chars().take_while(char::is_ascii_digit).collect();
        if let Ok(millis) = digits.parse() {
            return Retry::After(Duration::from_millis(millis).min(LONGEST_HOLD));
        }
    }
    // Exchange ends a session with its token: `Session invalidated - AccessTokenExpired` (imapsync#250).
    if lower.contains("accesstokenexpired") {
        return Retry::Renew;
    }
    // Gmail: the daily limit is used up.
    if lower.contains("[overquota]") {
        return Retry::Quota;
    }
    Retry::Soon
}

#[cfg(test)]
mod tests {
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
