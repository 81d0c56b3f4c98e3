//! The check of a mailbox, step by step from DNS to its folders.

use std::time::Duration;

use super::{Inspector, refuse_while_on_hold};
use crate::app::mailboxes::login_limit::{RateLimited, run_limited};
use crate::app::{Actor, Error};
use crate::cause::Trouble;
use crate::fact::CheckFinding;
use crate::poll::check::{self, CheckFailure, CheckLine};
use crate::poll::login_attempts::minutes_to_wait;
use crate::poll::{Deps, PollError, is_connection_step};
use crate::store::Mailbox;

/// Time limit of a check for pages and the API.
const TIME_LIMIT: Duration = Duration::from_secs(90);

/// Options of a check.
pub struct CheckOptions<F> {
    /// Whether folders are opened as a poll opens them, instead of read-only, to learn which flags the folders keep.
    pub as_polled: bool,
    /// Called with the result of each step.
    pub on_step: F,
}

/// The result of a check.
pub struct Checked {
    /// The steps taken, in order.
    pub steps: Vec<CheckLine>,
    /// The diagnosed cause of a failure.
    pub trouble: Option<Trouble>,
    /// Whether the check finished within its time limit.
    pub complete: bool,
}

/// Checks a mailbox step by step and diagnoses a failure. The command line has no time limit, and may also check a server
/// that asked us to wait, since the problem may be fixed by now.
///
/// # Errors
/// [`Conflict::ServerAskedToWaitUntil`](crate::fact::Conflict::ServerAskedToWaitUntil), [`Error::LoginRateLimited`].
pub async fn check<F>(inspector: Inspector<'_>, mailbox: &Mailbox, request: CheckOptions<F>) -> Result<Checked, Error>
where
    F: FnMut(&CheckLine) + Send + 'static,
{
    let limit = match inspector.acting.actor {
        Actor::CommandLine => {
            inspector.acting.store.clear_token_backoff(mailbox.id).await?;
            None
        }
        _ => {
            refuse_while_on_hold(inspector.acting, mailbox)?;
            Some(TIME_LIMIT)
        }
    };
    let running = async {
        let visit = inspector
            .visits
            .visit(mailbox, move |mailbox, deps| async move { Ok(run_check(&mailbox, &deps, request, limit).await) });
        let run = visit.await.unwrap_or_else(CheckRun::failed_to_start);
        match run.failure {
            Some(failure) if minutes_to_wait(&failure.error).is_some() => Err(failure.error),
            failure => Ok(CheckRun { failure, ..run }),
        }
    };
    let run = match run_limited(mailbox, inspector.deps, running).await? {
        RateLimited::Done(run) => run,
        RateLimited::Wait(minutes) => return Err(Error::LoginRateLimited(minutes)),
    };
    let CheckRun { steps, failure, complete } = run.unwrap_or_else(CheckRun::failed_to_start);
    let steps = if inspector.sees_everything() { steps } else { hide_connection_details(steps) };
    Ok(Checked { steps, trouble: failure.and_then(|failure| failure.trouble), complete })
}

/// The steps taken by a check, its failure, and whether it finished within the time limit.
struct CheckRun {
    steps: Vec<CheckLine>,
    failure: Option<CheckFailure>,
    complete: bool,
}

impl CheckRun {
    fn failed_to_start(error: PollError) -> Self {
        let steps = vec![CheckLine::failure(&error)];
        Self { steps, failure: Some(CheckFailure { error, trouble: None }), complete: false }
    }
}

async fn run_check<F: FnMut(&CheckLine) + Send>(
    mailbox: &Mailbox,
    deps: &Deps,
    request: CheckOptions<F>,
    limit: Option<Duration>,
) -> CheckRun {
    let CheckOptions { as_polled, mut on_step } = request;
    let mut steps = Vec::new();
    let mut note = |line: CheckLine| {
        on_step(&line);
        steps.push(line);
    };
    let checking = check::check(mailbox, deps, as_polled, &mut note);
    let ended = match limit {
        Some(limit) => tokio::time::timeout(limit, checking).await,
        None => Ok(checking.await),
    };
    let complete = ended.is_ok();
    if !complete {
        tracing::warn!(mailbox = mailbox.address, "a check took too long");
    }
    CheckRun { steps, failure: ended.ok().and_then(Result::err), complete }
}

/// Merges the steps of DNS and TCP into one for actors of one organisation: only operators learn which hosts and ports answer.
fn hide_connection_details(steps: Vec<CheckLine>) -> Vec<CheckLine> {
    let (mut has_failed, mut kept) = (false, Vec::new());
    for line in steps {
        let is_connection = is_connection_step(line.step);
        let line = match (is_connection, line.ok) {
            (true, true) => CheckLine::new(line.step, true, CheckFinding::Reached),
            (true, false) => CheckLine::new("tcp", false, CheckFinding::NotReached),
            (false, _) => line,
        };
        // A successful lookup does not show yet that the server answers. A connection step that fails after another adds
        // nothing.
        let is_left_out = if line.ok { line.step == "dns" } else { is_connection && has_failed };
        has_failed |= !line.ok;
        if !is_left_out {
            kept.push(line);
        }
    }
    kept
}
