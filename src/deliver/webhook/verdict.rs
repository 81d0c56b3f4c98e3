//! The verdict on the answer to a request. Pure.

use std::time::Duration;

use super::{Answer, SendError};
use crate::fact::{DeliveryPhase, DeliveryProblem};

/// The longest accepted `Retry-After`.
const LONGEST_WAIT: Duration = Duration::from_hours(24);

/// The result of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    Delivered,
    Failed(Failure),
}

/// A failed attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub problem: DeliveryProblem,
    pub next: Next,
    /// Whether the target as a whole failed, not only this mail: then the target waits, and the failure counts against it.
    pub is_target_failure: bool,
}

/// The next step after a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Try again, but not before this time has passed.
    Retry { after: Option<Duration> },
    /// The target may have accepted the mail: `when_unknown` decides whether to send it again with the same id or to hold it.
    MaybeDelivered,
    /// Hold the mail until a person acts. If the target as a whole failed, it is retried slowly instead.
    Hold,
    /// Pause the target: it wants no more mail. The mail stays queued.
    Stop,
}

/// Judges an attempt.
pub fn judge(result: Result<Answer, SendError>) -> Verdict {
    match result {
        Ok(answer) if (200..300).contains(&answer.status) => Verdict::Delivered,
        Ok(answer) => Verdict::Failed(failure_from_answer(answer)),
        Err(error) => Verdict::Failed(failure_from_error(error)),
    }
}

fn failure_from_answer(Answer { status, retry_after, words }: Answer) -> Failure {
    let after = retry_after.map(|wait| wait.min(LONGEST_WAIT));
    let (next, is_target_failure) = match status {
        300..=399 => (Next::Hold, false),
        408 | 425 => (Next::Retry { after }, false),
        410 => (Next::Stop, true),
        429 | 502..=504 => (Next::Retry { after }, true),
        500.. => (Next::Retry { after }, false),
        _ => (Next::Hold, false),
    };
    let problem = match status {
        300..=399 => DeliveryProblem::Redirected { status },
        410 => DeliveryProblem::Gone,
        _ => DeliveryProblem::Status { status, words },
    };
    Failure { problem, next, is_target_failure }
}

fn failure_from_error(SendError { problem, was_sent }: SendError) -> Failure {
    match &problem {
        _ if was_sent => Failure { problem, next: Next::MaybeDelivered, is_target_failure: false },
        DeliveryProblem::Forbidden { .. } => Failure { problem, next: Next::Hold, is_target_failure: true },
        // The mail may be too large for the target or its connection.
        DeliveryProblem::TimedOut { phase: DeliveryPhase::Body }
        | DeliveryProblem::Closed { phase: DeliveryPhase::Body } => {
            Failure { problem, next: Next::Retry { after: None }, is_target_failure: false }
        }
        _ => Failure { problem, next: Next::Retry { after: None }, is_target_failure: true },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_status_has_its_verdict() {
        let retry = Next::Retry { after: None };
        for (statuses, wanted) in [
            (&[200, 201, 202, 204, 207, 299][..], None),
            (&[300, 301, 302, 303, 304, 307, 308, 399], Some((Next::Hold, false))),
            (&[101, 400, 401, 402, 403, 404, 405, 406, 409, 411, 413, 415, 422, 451, 499], Some((Next::Hold, false))),
            (&[408, 425], Some((retry, false))),
            (&[500, 501, 505, 507, 520, 599, 999], Some((retry, false))),
            (&[429, 502, 503, 504], Some((retry, true))),
            (&[410], Some((Next::Stop, true))),
        ] {
            for status in statuses {
                let found = judge(Ok(Answer { status: *status, retry_after: None, words: "no".into() }));
                let found = match found {
                    Verdict::Delivered => None,
                    Verdict::Failed(failure) => Some((failure.next, failure.is_target_failure)),
                };
                assert_eq!(found, wanted, "{status}");
            }
        }
    }

    #[test]
    fn retry_after_is_obeyed_up_to_a_day_if_the_mail_is_retried() {
        let wait = |status, seconds| {
            let retry_after = Some(Duration::from_secs(seconds));
            match judge(Ok(Answer { status, retry_after, words: String::new() })) {
                Verdict::Failed(Failure { next: Next::Retry { after }, .. }) => after.map(|wait| wait.as_secs()),
                _ => None,
            }
        };
        assert_eq!((wait(429, 120), wait(503, 0), wait(500, 7)), (Some(120), Some(0), Some(7)));
        assert_eq!(wait(408, u64::MAX), Some(86_400));
        assert_eq!((wait(400, 120), wait(302, 120), wait(410, 120), wait(200, 120)), (None, None, None, None));
    }

    #[test]
    fn the_problem_names_the_answer() {
        let problem = |status| match judge(Ok(Answer { status, retry_after: None, words: "no".into() })) {
            Verdict::Failed(failure) => failure.problem,
            Verdict::Delivered => panic!("{status}"),
        };
        assert_eq!(problem(302), DeliveryProblem::Redirected { status: 302 });
        assert_eq!(problem(410), DeliveryProblem::Gone);
        assert_eq!(problem(422), DeliveryProblem::Status { status: 422, words: "no".into() });
    }

    #[test]
    fn without_an_answer_it_matters_whether_the_mail_was_sent() {
        let retry = Next::Retry { after: None };
        for (problem, next, is_target_failure) in [
            (DeliveryProblem::Forbidden { host: "x".into() }, Next::Hold, true),
            (DeliveryProblem::Unreachable { words: "x".into() }, retry, true),
            (DeliveryProblem::Tls { why: crate::fact::TlsProblem::Closed }, retry, true),
            (DeliveryProblem::TimedOut { phase: DeliveryPhase::Connect }, retry, true),
            (DeliveryProblem::TimedOut { phase: DeliveryPhase::Tls }, retry, true),
            (DeliveryProblem::TimedOut { phase: DeliveryPhase::Body }, retry, false),
            (DeliveryProblem::Closed { phase: DeliveryPhase::Body }, retry, false),
            (DeliveryProblem::NotHttp, retry, true),
        ] {
            let found = judge(Err(SendError { problem: problem.clone(), was_sent: false }));
            assert_eq!(found, Verdict::Failed(Failure { problem, next, is_target_failure }));
        }
        for problem in [DeliveryProblem::NotHttp, DeliveryProblem::TimedOut { phase: DeliveryPhase::Answer }] {
            let found = judge(Err(SendError { problem: problem.clone(), was_sent: true }));
            let wanted = Failure { problem, next: Next::MaybeDelivered, is_target_failure: false };
            assert_eq!(found, Verdict::Failed(wanted));
        }
    }
}
