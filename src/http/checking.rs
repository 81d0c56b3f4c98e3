//! The check of a mailbox for somebody who waits, and what of it he may see.

use std::time::Duration;

use crate::app::mailboxes::guesses::{Limited, within};
use crate::http::State;
use crate::http::words::{Words, is_the_way};
use crate::poll::check::{self, CheckFailure, CheckLine};
use crate::poll::guesses::minutes_held;
use crate::poll::{Deps, PollError};
use crate::store::{Mailbox, Scope, StoreError};

/// Somebody waits.
const WITHIN: Duration = Duration::from_secs(90);

/// A check, as far as it came.
pub struct Checked {
    /// Its steps, in their order.
    pub lines: Vec<CheckLine>,
    /// Whether it came to its end; else the time was up.
    pub complete: bool,
}

/// Walks the way to a mailbox, step by step, and finds the cause of what fails, in the language of these words.
///
/// # Errors
/// The database. The inner `Err`: logins have failed too often; how many minutes to wait.
pub async fn check(
    mailbox: &Mailbox,
    state: &State,
    scope: Scope,
    words: &Words,
) -> Result<Result<Checked, i64>, StoreError> {
    let walk = async {
        let walk = state.visits.visit(mailbox, |mailbox, deps| async move { Ok(walked(&mailbox, &deps).await) }).await;
        let walk = walk.unwrap_or_else(Walk::not_begun);
        match walk.failure {
            Some(failure) if minutes_held(&failure.error).is_some() => Err(failure.error),
            failure => Ok(Walk { failure, ..walk }),
        }
    };
    let walked = match within(mailbox, &state.deps, walk).await? {
        Limited::Done(walked) => walked,
        Limited::Wait(minutes) => return Ok(Err(minutes)),
    };
    let Walk { mut lines, failure, complete } = walked.unwrap_or_else(Walk::not_begun);
    let trouble = failure.and_then(|failure| failure.trouble);
    lines.extend(trouble.map(|trouble| CheckLine::diagnosis(&trouble.on_page(), words.language)));
    Ok(Ok(Checked { lines: if scope.id().is_some() { blurred(lines, words) } else { lines }, complete }))
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

async fn walked(mailbox: &Mailbox, deps: &Deps) -> Walk {
    let mut lines = Vec::new();
    let mut tell = |line| lines.push(line);
    let walked = tokio::time::timeout(WITHIN, check::check(mailbox, deps, false, &mut tell)).await;
    let complete = walked.is_ok();
    if !complete {
        tracing::warn!(mailbox = mailbox.address, "a check took too long");
    }
    Walk { lines, failure: walked.ok().and_then(Result::err), complete }
}

/// Which hosts and ports answer here is nobody's business but the operator's: to others name and port are one step, which goes well
/// or does not.
fn blurred(mut lines: Vec<CheckLine>, words: &Words) -> Vec<CheckLine> {
    for line in lines.iter_mut().filter(|line| is_the_way(line.step)) {
        line.found = None;
        line.detail = words.t(if line.ok { "check-reached" } else { "error-reach" });
        if !line.ok {
            line.step = "tcp";
            line.remedy = None;
        }
    }
    let (mut has_failed, mut kept) = (false, Vec::new());
    for line in lines {
        let is_way = is_the_way(line.step);
        if !(is_way && !line.ok && has_failed) {
            kept.push(line);
        }
        has_failed |= kept.last().is_some_and(|line: &CheckLine| !line.ok);
    }
    kept.into_iter().filter(|line| !(line.step == "dns" && line.ok)).collect()
}
