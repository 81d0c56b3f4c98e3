//! Rate limit for logins that the server may refuse. When an organisation has had a few refused logins to an account, each
//! further refusal delays the next login, so that Mailferry cannot be used to guess passwords and does not lock accounts.
//!
//! An account is identified by its server (the canonical host name, each address it resolves to, and the address of the
//! connection) and by its folded login name, so other spellings are the same account. Refusals are counted per
//! organisation, so that no organisation waits because of another. A scheduled poll is not limited once the server has
//! accepted the credential.

mod account;

use super::{Blame, Deps, PollError, Retry, Step, credential};
use crate::cause::{Cause, Trouble};
use crate::imap::{ImapError, LoginError};
use crate::store::{LoginLimit, Mailbox, OnSuccess};
use account::{NEW_LOGIN, REPEATED_POLL};

pub use account::LoginAccount;

/// The origin of a login: a poll, or another visit, for which a person waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginTrigger {
    /// A poll started the login, also a poll on demand.
    Schedule,
    /// A check, a dry run or another visit for a waiting person started the login.
    Person,
}

/// One login attempt. It is counted before its result is known, so that concurrent attempts are all counted.
pub struct LoginAttempt<'a> {
    /// The counters in which the attempt is counted; none if it is exempt.
    subjects: Vec<(String, LoginLimit, OnSuccess)>,
    mailbox: &'a Mailbox,
    deps: &'a Deps,
    /// Whether the result is recorded. False for a check, dry run or folder list from the command line, which changes no
    /// login state in the database.
    is_recorded: bool,
}

impl<'a> LoginAttempt<'a> {
    /// Counts the attempt before the login.
    ///
    /// # Errors
    /// The login is rate limited, or the database fails.
    pub async fn begin(
        account: &LoginAccount,
        trigger: LoginTrigger,
        mailbox: &'a Mailbox,
        deps: &'a Deps,
    ) -> Result<Self, PollError> {
        let kind = match trigger {
            LoginTrigger::Schedule if mailbox.status.failures > 0 => REPEATED_POLL,
            _ => NEW_LOGIN,
        };
        let is_exempt = mailbox.login_proven && trigger == LoginTrigger::Schedule;
        let subjects = if is_exempt || !deps.counts_login_attempts { Vec::new() } else { account.subjects(kind) };
        let counted: Vec<(String, LoginLimit)> =
            subjects.iter().map(|(subject, limit, _)| (subject.clone(), *limit)).collect();
        if !counted.is_empty() {
            let now = deps.clock.now();
            let counted = deps.store.count_login(&counted, now).await;
            counted
                .map_err(|error| PollError::store(Step::Login, &error))?
                .map_err(|wait| rate_limited(wait, mailbox, deps))?;
        }
        let is_recorded = deps.counts_login_attempts || trigger == LoginTrigger::Schedule;
        Ok(Self { subjects, mailbox, deps, is_recorded })
    }

    /// Records the result. An attempt whose future is dropped stays counted, since the server may have refused it.
    pub async fn end(self, ended: Result<&(), (&LoginError, Option<&PollError>)>) {
        if !self.is_recorded {
            return;
        }
        let (store, mailbox) = (&self.deps.store, self.mailbox);
        let ended = match ended {
            Ok(()) => LoginResult::Success,
            Err((error, poll_error)) => LoginResult::from_error(error, poll_error),
        };
        let written = async {
            if matches!(ended, LoginResult::Success | LoginResult::NotChecked) && !self.subjects.is_empty() {
                store.record_login_result(&self.subjects, ended == LoginResult::Success).await?;
            }
            match ended {
                LoginResult::Success if !mailbox.login_proven => store.set_login_proven(mailbox, true).await,
                LoginResult::Refused if mailbox.login_proven => store.set_login_proven(mailbox, false).await,
                _ => Ok(()),
            }
        };
        // A failed update of the counter must not end a session that works.
        if let Err(error) = written.await {
            tracing::warn!(%error, mailbox = mailbox.address, "the result of a login could not be recorded");
        }
    }
}

/// The result of a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LoginResult {
    /// The login succeeded.
    Success,
    /// The server rejected the password or the token.
    Refused,
    /// The server closed the connection, as some servers do instead of refusing a login.
    Disconnected,
    /// The server did not check the credential, so the attempt cannot lock the account.
    NotChecked,
}

impl LoginResult {
    fn from_error(error: &LoginError, poll_error: Option<&PollError>) -> Self {
        // A temporary failure proves nothing about the password.
        let was_checked =
            poll_error.is_some_and(|poll_error| matches!(poll_error.retry, Retry::Credentials | Retry::Renew));
        match error {
            LoginError::Refused(_) | LoginError::TokenRefused { .. } if was_checked => Self::Refused,
            LoginError::Imap(ImapError::Bye(_)) if poll_error.is_some_and(|poll_error| !poll_error.is_temporary()) => {
                Self::Disconnected
            }
            _ => Self::NotChecked,
        }
    }
}

/// Converts a wait in milliseconds to whole minutes, rounded up.
pub fn minutes(wait_ms: i64) -> i64 {
    (wait_ms + 59_999) / 60_000
}

fn rate_limited(wait_ms: i64, mailbox: &Mailbox, deps: &Deps) -> PollError {
    let minutes = minutes(wait_ms);
    let trouble = Trouble::new(Cause::TooManyRefusals).with_arg("minutes", minutes.to_string());
    let trouble = trouble.with_args(&credential::text_args(mailbox, deps));
    PollError::from_trouble(Step::Login, Blame::Mailbox, Retry::Credentials, trouble)
}

/// Returns the remaining wait, in minutes, of a rate-limited login; `None` if the login failed for another reason.
pub fn minutes_to_wait(error: &PollError) -> Option<i64> {
    let trouble = error.trouble.as_ref().filter(|trouble| trouble.cause == Cause::TooManyRefusals)?;
    trouble.args.get("minutes")?.parse().ok()
}
