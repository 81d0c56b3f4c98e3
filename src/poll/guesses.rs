//! Guesses: logins that the server of an account has refused. An organisation has a few, and then each makes the next wait longer, so
//! that no password is found out and no account locked through us.
//!
//! An account is known by its server and its login name, however these are written: by the canonical name of the host, by each
//! address that was connected to or could have been, and by the folded login name. Refusals are counted per organisation, so that
//! nobody waits for what another organisation has tried. What a server has accepted before is no guess: a poll with it never waits.

mod account;

use super::{Blame, Deps, PollError, Retry, Step, credential};
use crate::cause::{Cause, Trouble};
use crate::imap::{ImapError, LoginError};
use crate::store::{Mailbox, OnSuccess, LoginLimit};
use account::{AGAIN, GUESS};

pub use account::Account;

/// Who has us log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginTrigger {
    /// The schedule.
    ByPoll,
    /// Somebody who waits for it.
    ByPerson,
}

/// One login, counted before it is known how it ends, so that many at once are many.
pub struct Try<'a> {
    subjects: Vec<(String, LoginLimit, OnSuccess)>,
    mailbox: &'a Mailbox,
    deps: &'a Deps,
    /// A look from the command line writes nothing down.
    is_written_down: bool,
}

impl<'a> Try<'a> {
    /// Before a login.
    ///
    /// # Errors
    /// It has to wait; or the database.
    pub async fn begin(
        account: &Account,
        asked: LoginTrigger,
        mailbox: &'a Mailbox,
        deps: &'a Deps,
    ) -> Result<Self, PollError> {
        let kind = match asked {
            LoginTrigger::ByPoll if mailbox.status.failures > 0 => AGAIN,
            _ => GUESS,
        };
        let is_no_guess = mailbox.login_proven && asked == LoginTrigger::ByPoll;
        let subjects = if is_no_guess || !deps.counts_guesses { Vec::new() } else { account.subjects(kind) };
        let counted: Vec<(String, LoginLimit)> =
            subjects.iter().map(|(subject, patience, _)| (subject.clone(), *patience)).collect();
        if !counted.is_empty() {
            let now = deps.clock.now();
            let counted = deps.store.count_login(&counted, now).await;
            counted
                .map_err(|error| PollError::store(Step::Login, &error))?
                .map_err(|wait| held(wait, mailbox, deps))?;
        }
        let is_written_down = deps.counts_guesses || asked == LoginTrigger::ByPoll;
        Ok(Self { subjects, mailbox, deps, is_written_down })
    }

    /// After it. A login that nobody waited for to its end stays counted: the server may have refused it.
    pub async fn end(self, ended: Result<&(), (&LoginError, Option<&PollError>)>) {
        if !self.is_written_down {
            return;
        }
        let (store, mailbox) = (&self.deps.store, self.mailbox);
        let ended = match ended {
            Ok(()) => Ended::In,
            Err((error, told)) => Ended::of(error, told),
        };
        let written = async {
            if matches!(ended, Ended::In | Ended::NotTried) && !self.subjects.is_empty() {
                store.login_ended(&self.subjects, ended == Ended::In).await?;
            }
            match ended {
                Ended::In if !mailbox.login_proven => store.prove_login(mailbox, true).await,
                Ended::Refused if mailbox.login_proven => store.prove_login(mailbox, false).await,
                _ => Ok(()),
            }
        };
        // The session is worth more than the count.
        if let Err(error) = written.await {
            tracing::warn!(%error, mailbox = mailbox.address, "how a login ended could not be written down");
        }
    }
}

/// How a login ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    /// Somebody was let in.
    In,
    /// The server has judged the password or the token.
    Refused,
    /// It has closed the connection, which some do in place of judging.
    ShownOut,
    /// Nothing was judged, which no account is locked by.
    NotTried,
}

impl Ended {
    fn of(error: &LoginError, told: Option<&PollError>) -> Self {
        // What the server calls a moment's trouble says nothing about the password.
        let is_judged = told.is_some_and(|told| matches!(told.retry, Retry::Credentials | Retry::Renew));
        match error {
            LoginError::Refused(_) | LoginError::TokenRefused { .. } if is_judged => Self::Refused,
            LoginError::Imap(ImapError::Bye(_)) if told.is_some_and(|told| !told.is_temporary()) => Self::ShownOut,
            _ => Self::NotTried,
        }
    }
}

fn held(wait_ms: i64, mailbox: &Mailbox, deps: &Deps) -> PollError {
    let minutes = (wait_ms + 59_999) / 60_000;
    let trouble = Trouble::new(Cause::TooManyRefusals).about("minutes", minutes.to_string());
    let trouble = trouble.about_all(&credential::about(mailbox, deps));
    PollError::of(Step::Login, Blame::Mailbox, Retry::Credentials, trouble)
}

/// How many minutes a login has to wait that was held back; `None`: it failed for another reason.
pub fn minutes_held(error: &PollError) -> Option<i64> {
    let trouble = error.trouble.as_ref().filter(|trouble| trouble.cause == Cause::TooManyRefusals)?;
    trouble.about.get("minutes")?.parse().ok()
}
