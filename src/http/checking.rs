//! The check of a mailbox for somebody who waits, and what of it he may see.

use std::time::Duration;

use crate::http::State;
use crate::http::patience;
use crate::http::words::{Words, is_the_way};
use crate::poll::check::{self, CheckLine};
use crate::poll::guesses::minutes_held;
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
    let (mut lines, mut complete) = (Vec::new(), true);
    let walk = async {
        let mut tell = |line| lines.push(line);
        let walk = check::check(mailbox, &state.deps, false, &mut tell);
        let failure = match tokio::time::timeout(WITHIN, walk).await {
            Ok(walked) => walked.err(),
            Err(_) => {
                tracing::warn!(mailbox = mailbox.address, "a check took too long");
                complete = false;
                None
            }
        };
        match failure {
            Some(failure) if minutes_held(&failure.error).is_some() => Err(failure.error),
            failure => Ok(failure.and_then(|failure| failure.trouble)),
        }
    };
    let trouble = match patience::within(mailbox, state, walk).await? {
        Ok(trouble) => trouble.ok().flatten(),
        Err(minutes) => return Ok(Err(minutes)),
    };
    lines.extend(trouble.map(|trouble| CheckLine::diagnosis(&trouble.on_page(), words.language)));
    Ok(Ok(Checked { lines: if scope.id().is_some() { blurred(lines, words) } else { lines }, complete }))
}

/// Which hosts and ports answer here is nobody's business but the operator's: to others name and port are one step, which goes well
/// or does not.
fn blurred(mut lines: Vec<CheckLine>, words: &Words) -> Vec<CheckLine> {
    for line in lines.iter_mut().filter(|line| is_the_way(line.step)) {
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
