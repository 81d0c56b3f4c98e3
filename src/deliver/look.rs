//! Searches the recipient's mailbox for a mail whose answer was lost, to find out whether the target has delivered it.

mod mailbox;
mod search;

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::timeout;

use super::deps::DeliverDeps;
use super::retry::FailedAttempt;
use super::trace;
use super::verdict::{self, Action, Scope, Verdict};
use crate::fact::{DeliveryProblem, StoredFact};
use crate::imap::Session;
use crate::store::{DeliveryTarget, LaneLease, OpenDelivery};
use crate::target::WhenUnknown;

/// Maximum time to open a mailbox and search it for one mail.
const TIME_LIMIT: Duration = Duration::from_mins(2);
/// The folder that is searched: mail servers deliver into it.
const FOLDER: &str = "INBOX";

/// The URL of a mail in a mailbox (RFC 5092).
pub type MailUrl = String;

/// The searches of one lane, one at a time: all its mails have the same recipient.
#[derive(Default)]
pub struct Lookup(Mutex<Mailbox>);

/// The recipient's mailbox: not opened yet, open, or not searchable.
#[derive(Default)]
enum Mailbox {
    #[default]
    Unopened,
    Open(Box<Session>),
    /// The mailbox could not be opened or searched. Later mails do not try again: repeated logins could lock the account.
    Failed(DeliveryProblem),
}

impl Lookup {
    /// Finds the mail if an earlier attempt, whose answer was lost, delivered it. `None` if it must be sent: no answer was lost, no
    /// mailbox is set, or the mail is not there.
    pub async fn find_earlier_delivery(
        &self,
        delivery: &OpenDelivery,
        lease: &LaneLease,
        deps: &DeliverDeps,
    ) -> Result<Option<MailUrl>, FailedAttempt> {
        let target = &lease.target;
        if !delivery.unsure {
            return Ok(None);
        }
        let undecided = undecided(delivery).filter(|_| target.when_unknown == WhenUnknown::Hold);
        let Some(url) = &target.look_in else {
            // The setting has changed since the answer was lost.
            return undecided.map_or(Ok(None), |problem| Err(failed(problem, Action::HoldUnsure)));
        };
        match self.search(delivery, target, deps).await {
            Ok(Some(uid)) => Ok(Some(format!("{url}/{FOLDER};UID={uid}"))),
            Ok(None) if undecided.is_some() => Err(failed(DeliveryProblem::NotInMailbox, Action::HoldUnsure)),
            Ok(None) => Ok(None),
            Err(problem) => Err(failed(problem, Action::SearchLater)),
        }
    }

    async fn search(
        &self,
        delivery: &OpenDelivery,
        target: &DeliveryTarget,
        deps: &DeliverDeps,
    ) -> Result<Option<u32>, DeliveryProblem> {
        let mut mailbox = self.0.lock().await;
        let message = trace::message_id(&deps.installation, delivery.message_id);
        let found = timeout(TIME_LIMIT, async {
            let mut session = match std::mem::take(&mut *mailbox) {
                Mailbox::Unopened => Box::new(mailbox::log_in(target, deps).await?),
                Mailbox::Open(session) => session,
                Mailbox::Failed(problem) => return Err(problem),
            };
            let found = search::find(&mut session, &message, delivery.imported_at).await?;
            Ok((found, session))
        });
        match found.await.unwrap_or_else(|_| Err(not_searchable("the search took too long"))) {
            Ok((found, session)) => {
                *mailbox = Mailbox::Open(session);
                Ok(found)
            }
            Err(problem) => {
                *mailbox = Mailbox::Failed(problem.clone());
                Err(problem)
            }
        }
    }

    /// Ends the session with LOGOUT.
    pub async fn close(self) {
        if let Mailbox::Open(session) = self.0.into_inner() {
            session.logout().await;
        }
    }
}

/// The problem of the last attempt if its answer was lost, and no person has decided to send the mail again, which resets the attempts.
fn undecided(delivery: &OpenDelivery) -> Option<DeliveryProblem> {
    match &delivery.problem {
        Some(StoredFact::Known(problem)) if delivery.attempts > 0 => {
            Some(problem.clone()).filter(|problem| verdict::verdict(problem).action == Action::MaybeDelivered)
        }
        _ => None,
    }
}

fn failed(problem: DeliveryProblem, action: Action) -> FailedAttempt {
    FailedAttempt { problem, verdict: Verdict { scope: Scope::Mail, action, first_wait: None }, retry_after: None }
}

fn not_searchable(why: impl ToString) -> DeliveryProblem {
    DeliveryProblem::MailboxClosed { words: why.to_string() }
}

/// Checks that the recipient's mailbox can be searched, if one is set.
pub async fn check(target: &DeliveryTarget, deps: &DeliverDeps) -> Result<(), DeliveryProblem> {
    if target.look_in.is_some() {
        let mut session = mailbox::log_in(target, deps).await?;
        session.select(FOLDER, true).await.map_err(not_searchable)?;
        session.logout().await;
    }
    Ok(())
}
