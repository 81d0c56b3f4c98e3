//! The consequence of a failed attempt: when the mail or its target is tried again, and when a person must decide. Pure.

use std::time::Duration;

use super::verdict::{Action, Scope, Verdict};
use crate::clock::Timestamp;
use crate::fact::DeliveryProblem;
use crate::store::{AttemptResult, TargetResult};
use crate::target::WhenUnknown;

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// The wait before the first retry of a refused mail, unless the verdict sets another.
const FIRST_RETRY: Duration = Duration::from_mins(2);
/// Number of refusals after which later mails no longer wait for the refused mail.
const ATTEMPTS_IN_ORDER: i64 = 3;
/// Number of temporary refusals after which a mail is held. With waits that double up to 4 hours, this takes five days.
const MAX_ATTEMPTS: i64 = 34;
/// The waits before the retries of a mail that was refused for good. The cause is often a rate limit, a full mailbox or a blocked
/// sender, and nobody is waiting for a bounce.
const SLOW_RETRIES: [Duration; 4] = [HOUR, Duration::from_hours(6), DAY, DAY];
/// Number of attempts after which a mail is held if the answer to the last one was lost, or the search for the mail failed.
const MAX_UNSURE: i64 = 10;

/// A failed attempt.
#[derive(Debug, Clone)]
pub struct FailedAttempt {
    pub problem: DeliveryProblem,
    pub verdict: Verdict,
    /// The wait that the target asked for.
    pub retry_after: Option<Duration>,
}

/// The circumstances of an attempt.
#[derive(Debug, Clone, Copy)]
pub struct RetryContext {
    /// The number of earlier attempts that count against the mail.
    pub attempts: i64,
    /// The number of consecutive failures of the target before this attempt.
    pub target_failures: i64,
    pub rule: WhenUnknown,
    pub now: Timestamp,
    /// Between 0 and 1; lengthens a wait by up to 20 %.
    pub jitter: f64,
}

/// The consequences of a failed attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consequence {
    pub attempt: AttemptResult,
    pub target: TargetResult,
    /// When the lane continues; `None`: at once, with the next mail.
    pub pause_until: Option<Timestamp>,
}

/// Decides the consequence of a failed attempt.
pub fn consequence(failed: FailedAttempt, context: RetryContext) -> Consequence {
    let FailedAttempt { problem, verdict, retry_after } = failed;
    match (verdict.action, verdict.scope) {
        (Action::MaybeDelivered, _) => after_lost_answer(problem, context),
        (Action::SearchLater, _) => after_failed_search(problem, context),
        (Action::HoldUnsure, _) => held_unsure(problem),
        (Action::Stop, _) => Consequence {
            attempt: AttemptResult::Queued { problem: Some(problem.clone()), counts: false },
            target: TargetResult::Stopped { problem },
            pause_until: Some(context.now),
        },
        (Action::Hold, Scope::Mail) => without_pause(AttemptResult::Held { problem, unsure: false }),
        (action, Scope::Target) => {
            let wait = retry_after.unwrap_or_else(|| target_wait(action, context.target_failures));
            let retry_at = context.now.plus(with_jitter(wait, context.jitter));
            Consequence {
                attempt: AttemptResult::Queued { problem: Some(problem.clone()), counts: false },
                target: TargetResult::Failed { problem, retry_at },
                pause_until: Some(retry_at),
            }
        }
        (Action::RetryLater, Scope::Mail) => {
            match SLOW_RETRIES.get(usize::try_from(context.attempts).unwrap_or(usize::MAX)) {
                Some(wait) => {
                    let retry_at = context.now.plus(with_jitter(retry_after.unwrap_or(*wait), context.jitter));
                    without_pause(AttemptResult::Deferred { problem, retry_at })
                }
                None => without_pause(AttemptResult::Held { problem, unsure: false }),
            }
        }
        (Action::RetryInOrder, Scope::Mail) => refused_for_now(problem, retry_after, verdict.first_wait, context),
    }
}

fn without_pause(attempt: AttemptResult) -> Consequence {
    Consequence { attempt, target: TargetResult::Answered, pause_until: None }
}

/// The consequence of a lost answer: the mail may have arrived.
fn after_lost_answer(problem: DeliveryProblem, context: RetryContext) -> Consequence {
    if context.rule == WhenUnknown::Hold || context.attempts + 1 >= MAX_UNSURE {
        return without_pause(AttemptResult::Held { problem, unsure: true });
    }
    let wait = doubled(5 * MINUTE, context.attempts, 4 * HOUR);
    let pause_until = Some(context.now.plus(with_jitter(wait, context.jitter)));
    Consequence { attempt: AttemptResult::Unsure { problem }, target: TargetResult::Untried, pause_until }
}

/// The consequence of a failed search for a mail that may have arrived. A mail that a person has retried, which resets its
/// attempts, is held at once.
fn after_failed_search(problem: DeliveryProblem, context: RetryContext) -> Consequence {
    if context.attempts == 0 || context.attempts + 1 >= MAX_UNSURE {
        return held_unsure(problem);
    }
    let wait = doubled(5 * MINUTE, context.attempts, 4 * HOUR);
    let retry_at = context.now.plus(with_jitter(wait, context.jitter));
    let attempt = AttemptResult::Deferred { problem, retry_at };
    Consequence { attempt, target: TargetResult::Untried, pause_until: None }
}

fn held_unsure(problem: DeliveryProblem) -> Consequence {
    let attempt = AttemptResult::Held { problem, unsure: true };
    Consequence { attempt, target: TargetResult::Untried, pause_until: None }
}

/// The consequence of a temporary refusal: the mail keeps its place for the first attempts, then later mails may pass it.
fn refused_for_now(
    problem: DeliveryProblem,
    retry_after: Option<Duration>,
    first_wait: Option<Duration>,
    context: RetryContext,
) -> Consequence {
    let first = first_wait.unwrap_or(FIRST_RETRY);
    let wait = retry_after.unwrap_or_else(|| doubled(first, context.attempts, 4 * HOUR));
    let retry_at = context.now.plus(with_jitter(wait, context.jitter));
    if context.attempts + 1 >= MAX_ATTEMPTS {
        without_pause(AttemptResult::Held { problem, unsure: false })
    } else if context.attempts + 1 >= ATTEMPTS_IN_ORDER {
        without_pause(AttemptResult::Deferred { problem, retry_at })
    } else {
        let attempt = AttemptResult::Queued { problem: Some(problem), counts: true };
        Consequence { attempt, target: TargetResult::Answered, pause_until: Some(retry_at) }
    }
}

/// The wait after a failure of the target itself: from seconds up to an hour, or from 15 minutes up to a day if a person
/// must fix the cause.
fn target_wait(action: Action, failures: i64) -> Duration {
    match action {
        Action::RetryInOrder | Action::MaybeDelivered | Action::SearchLater => {
            doubled(Duration::from_secs(5), failures, HOUR)
        }
        Action::RetryLater | Action::Hold | Action::HoldUnsure | Action::Stop => doubled(15 * MINUTE, failures, DAY),
    }
}

fn doubled(base: Duration, times: i64, most: Duration) -> Duration {
    let times = u32::try_from(times.clamp(0, 20)).unwrap_or(0);
    base.saturating_mul(2_u32.saturating_pow(times)).min(most)
}

fn with_jitter(wait: Duration, jitter: f64) -> Duration {
    wait.min(DAY) + wait.min(DAY).mul_f64(0.2 * jitter.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_800_000_000_000);

    fn failed(action: Action, scope: Scope) -> FailedAttempt {
        FailedAttempt {
            problem: DeliveryProblem::NoStartTls,
            verdict: Verdict { scope, action, first_wait: None },
            retry_after: None,
        }
    }

    fn context(attempts: i64) -> RetryContext {
        RetryContext { attempts, target_failures: attempts, rule: WhenUnknown::Repeat, now: NOW, jitter: 0.0 }
    }

    #[test]
    fn a_mail_refused_for_now_keeps_its_place_then_lets_others_pass_and_is_held_after_days() {
        let problem = DeliveryProblem::NoStartTls;
        let of = |attempts| consequence(failed(Action::RetryInOrder, Scope::Mail), context(attempts));
        assert_eq!(of(0).attempt, AttemptResult::Queued { problem: Some(problem.clone()), counts: true });
        assert_eq!(of(0).pause_until, Some(NOW.plus(FIRST_RETRY)));
        assert_eq!(of(1).pause_until, Some(NOW.plus(2 * FIRST_RETRY)));
        let third = AttemptResult::Deferred { problem: problem.clone(), retry_at: NOW.plus(4 * FIRST_RETRY) };
        assert_eq!((of(2).attempt, of(2).pause_until), (third, None));
        assert_eq!(of(MAX_ATTEMPTS - 1).attempt, AttemptResult::Held { problem, unsure: false });
        let waits = (0..MAX_ATTEMPTS - 1).map(|attempts| doubled(FIRST_RETRY, attempts, 4 * HOUR));
        let days = waits.sum::<Duration>().as_secs_f64() / DAY.as_secs_f64();
        assert!((4.0..6.0).contains(&days), "{days}");
    }

    #[test]
    fn a_mail_refused_for_good_is_retried_slowly_and_then_held() {
        let of = |attempts| consequence(failed(Action::RetryLater, Scope::Mail), context(attempts));
        for (attempts, wait) in (0..).zip(SLOW_RETRIES) {
            let problem = DeliveryProblem::NoStartTls;
            assert_eq!(of(attempts).attempt, AttemptResult::Deferred { problem, retry_at: NOW.plus(wait) });
            assert_eq!(of(attempts).target, TargetResult::Answered);
        }
        assert_eq!(of(4).attempt, AttemptResult::Held { problem: DeliveryProblem::NoStartTls, unsure: false });
        let at_once = consequence(failed(Action::Hold, Scope::Mail), context(0));
        assert_eq!(at_once.attempt, AttemptResult::Held { problem: DeliveryProblem::NoStartTls, unsure: false });
    }

    #[test]
    fn a_failure_of_the_target_does_not_count_against_the_mail() {
        let cases = [
            (Action::RetryInOrder, 0, Duration::from_secs(5)),
            (Action::RetryInOrder, 3, Duration::from_secs(40)),
            (Action::RetryInOrder, 99, HOUR),
            (Action::RetryLater, 0, 15 * MINUTE),
            (Action::Hold, 99, DAY),
        ];
        for (action, failures, wait) in cases {
            let found = consequence(failed(action, Scope::Target), context(failures));
            let problem = DeliveryProblem::NoStartTls;
            assert_eq!(found.attempt, AttemptResult::Queued { problem: Some(problem.clone()), counts: false });
            assert_eq!(
                found.target,
                TargetResult::Failed { problem, retry_at: NOW.plus(wait) },
                "{action:?} {failures}"
            );
        }
        let asked = FailedAttempt { retry_after: Some(3 * DAY), ..failed(Action::RetryInOrder, Scope::Target) };
        assert_eq!(consequence(asked, context(0)).pause_until, Some(NOW.plus(DAY)), "a day at most");
        let jitter = RetryContext { jitter: 1.0, ..context(0) };
        let spread = consequence(failed(Action::RetryInOrder, Scope::Target), jitter);
        assert_eq!(spread.pause_until, Some(NOW.plus(Duration::from_secs(6))));
    }

    #[test]
    fn a_lost_answer_follows_the_rule_of_the_target() {
        let of = |rule, attempts| {
            consequence(failed(Action::MaybeDelivered, Scope::Mail), RetryContext { rule, ..context(attempts) }).attempt
        };
        let problem = DeliveryProblem::NoStartTls;
        assert_eq!(of(WhenUnknown::Repeat, 0), AttemptResult::Unsure { problem: problem.clone() });
        assert_eq!(of(WhenUnknown::Hold, 0), AttemptResult::Held { problem: problem.clone(), unsure: true });
        assert_eq!(of(WhenUnknown::Repeat, MAX_UNSURE - 1), AttemptResult::Held { problem, unsure: true });
        let search = |attempts| consequence(failed(Action::SearchLater, Scope::Mail), context(attempts));
        let problem = DeliveryProblem::NoStartTls;
        let waiting = AttemptResult::Deferred { problem: problem.clone(), retry_at: NOW.plus(10 * MINUTE) };
        let later = Consequence { attempt: waiting, target: TargetResult::Untried, pause_until: None };
        assert_eq!(search(1), later, "later mails do not wait");
        for attempts in [0, MAX_UNSURE - 1] {
            let held = AttemptResult::Held { problem: problem.clone(), unsure: true };
            assert_eq!(
                (search(attempts).attempt, search(attempts).target),
                (held, TargetResult::Untried),
                "{attempts}"
            );
        }
        let stop = consequence(failed(Action::Stop, Scope::Target), context(0));
        assert_eq!(stop.target, TargetResult::Stopped { problem: DeliveryProblem::NoStartTls });
    }
}
