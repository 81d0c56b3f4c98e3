//! The check of a mailbox: the way to it, walked step by step.

use std::time::Duration;

use super::{Inspector, not_held};
use crate::app::Error;
use crate::app::mailboxes::guesses::{Limited, within};
use crate::cause::Trouble;
use crate::fact::Found;
use crate::poll::check::{self, CheckFailure, CheckLine};
use crate::poll::login_attempts::minutes_to_wait;
use crate::poll::{Deps, PollError, is_connection_step};
use crate::store::Mailbox;

/// Somebody waits.
const WITHIN: Duration = Duration::from_secs(90);

/// How a check is made.
pub struct CheckOptions<F> {
    /// Folders are opened as a poll does, and not read-only, to learn which flags they keep.
    pub as_polled: bool,
    /// Is handed each step as it is taken.
    pub tell: F,
}

/// A check, as far as it came.
pub struct Checked {
    /// Its steps, in their order.
    pub lines: Vec<CheckLine>,
    /// The cause of what failed, where it could be found out.
    pub trouble: Option<Trouble>,
    /// Whether it came to its end; else the time was up.
    pub complete: bool,
}

/// Walks the way to a mailbox, step by step, and finds the cause of what fails. The command line may take its time, and goes also
/// where the server told us to stay away: a person may have mended it.
///
/// # Errors
/// [`Conflict::HeldUntil`](crate::fact::Conflict::HeldUntil), [`Error::LoginsWait`].
pub async fn check<F>(inspector: Inspector<'_>, mailbox: &Mailbox, request: CheckOptions<F>) -> Result<Checked, Error>
where
    F: FnMut(&CheckLine) + Send + 'static,
{
    let limit = match inspector.acting.actor.is_judged() {
        true => {
            not_held(inspector.acting, mailbox)?;
            Some(WITHIN)
        }
        false => {
            inspector.acting.store.ask_again(mailbox.id).await?;
            None
        }
    };
    let walk = async {
        let walking = inspector
            .visits
            .visit(mailbox, move |mailbox, deps| async move { Ok(walked(&mailbox, &deps, request, limit).await) });
        let walk = walking.await.unwrap_or_else(Walk::not_begun);
        match walk.failure {
            Some(failure) if minutes_to_wait(&failure.error).is_some() => Err(failure.error),
            failure => Ok(Walk { failure, ..walk }),
        }
    };
    let walked = match within(mailbox, inspector.deps, walk).await? {
        Limited::Done(walked) => walked,
        Limited::Wait(minutes) => return Err(Error::LoginsWait(minutes)),
    };
    let Walk { lines, failure, complete } = walked.unwrap_or_else(Walk::not_begun);
    let lines = if inspector.is_shown_all() { lines } else { blurred(lines) };
    Ok(Checked { lines, trouble: failure.and_then(|failure| failure.trouble), complete })
}

/// The way to a mailbox, as far as it was walked.
struct Walk {
    lines: Vec<CheckLine>,
    failure: Option<CheckFailure>,
    complete: bool,
}

impl Walk {
    fn not_begun(error: PollError) -> Self {
        let lines = vec![CheckLine::failure(&error)];
        Self { lines, failure: Some(CheckFailure { error, trouble: None }), complete: false }
    }
}

async fn walked<F: FnMut(&CheckLine) + Send>(
    mailbox: &Mailbox,
    deps: &Deps,
    request: CheckOptions<F>,
    limit: Option<Duration>,
) -> Walk {
    let CheckOptions { as_polled, mut tell } = request;
    let mut lines = Vec::new();
    let mut note = |line: CheckLine| {
        tell(&line);
        lines.push(line);
    };
    let walking = check::check(mailbox, deps, as_polled, &mut note);
    let walked = match limit {
        Some(limit) => tokio::time::timeout(limit, walking).await,
        None => Ok(walking.await),
    };
    let complete = walked.is_ok();
    if !complete {
        tracing::warn!(mailbox = mailbox.address, "a check took too long");
    }
    Walk { lines, failure: walked.ok().and_then(Result::err), complete }
}

/// The steps as one organisation may see them: which hosts and ports answer here is the operator's business only, so that name and
/// port are one step, which goes well or does not.
fn blurred(lines: Vec<CheckLine>) -> Vec<CheckLine> {
    let (mut has_failed, mut kept) = (false, Vec::new());
    for line in lines {
        let is_way = is_connection_step(line.step);
        let line = match (is_way, line.ok) {
            (true, true) => CheckLine::new(line.step, true, Found::Reached),
            (true, false) => CheckLine::new("tcp", false, Found::NotReached),
            (false, _) => line,
        };
        // That the name was found says nothing yet, and two failures of the way are one.
        let is_left_out = if line.ok { line.step == "dns" } else { is_way && has_failed };
        has_failed |= !line.ok;
        if !is_left_out {
            kept.push(line);
        }
    }
    kept
}
