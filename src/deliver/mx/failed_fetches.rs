//! Remembers failed fetches of MTA-STS policies, so that mail does not wait again for a policy host that has just failed.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::clock::Timestamp;

/// The wait after a failed fetch (RFC 8461 3.3).
const AFTER_FAILURE: Duration = Duration::from_mins(5);
/// Maximum number of remembered failures.
const MAX_FAILURES: usize = 1000;

/// Domains whose policy could not be fetched, each with the time of the next attempt.
#[derive(Default)]
pub struct FailedFetches(Mutex<HashMap<String, Timestamp>>);

impl FailedFetches {
    /// Whether the policy of a domain may be fetched now.
    pub fn may_fetch(&self, domain: &str, now: Timestamp) -> bool {
        let failed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        failed.get(domain).is_none_or(|until| *until <= now)
    }

    /// Remembers a failure.
    pub fn remember(&self, domain: &str, now: Timestamp) {
        let mut failed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        failed.retain(|_, until| *until > now);
        if failed.len() < MAX_FAILURES {
            failed.insert(domain.to_owned(), now.plus(AFTER_FAILURE));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_fetch_is_not_repeated_at_once() {
        let (failed, now) = (FailedFetches::default(), Timestamp(1_800_000_000_000));
        assert!(failed.may_fetch("kundo.se", now));
        failed.remember("kundo.se", now);
        assert!(!failed.may_fetch("kundo.se", now) && failed.may_fetch("other.se", now));
        assert!(failed.may_fetch("kundo.se", now.plus(AFTER_FAILURE)));
    }
}
