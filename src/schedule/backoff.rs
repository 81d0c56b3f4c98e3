//! When is a mailbox tried again after it failed? Pure.

use std::time::Duration;

use crate::poll::Retry;

/// The longest time between two tries: a mailbox never gives up on its own.
pub const LONGEST: Duration = Duration::from_hours(1);
/// So many refused logins in a row, then rarely, or the provider locks the account.
const LOGINS: i64 = 3;

/// How long to wait after `failures` failed polls in a row, this one included. `None`: until a person changes something.
pub fn wait(retry: Retry, failures: i64, interval: Duration) -> Option<Duration> {
    let doubled = |base: Duration| {
        let times = u32::try_from(failures.clamp(1, 20) - 1).unwrap_or(0);
        base.saturating_mul(2_u32.saturating_pow(times))
    };
    match retry {
        Retry::Soon | Retry::Renew => Some(doubled(interval.min(LONGEST)).min(LONGEST.max(interval))),
        // A server that sends us away for no time at all is not asked more often than one that says nothing.
        Retry::After(told) => Some(told.max(interval.min(LONGEST))),
        Retry::Quota if failures > 1 => Some(Duration::from_hours(24)),
        Retry::Quota => Some(Duration::from_hours(1)),
        Retry::Credentials if failures >= LOGINS => Some(LONGEST.max(interval)),
        Retry::Credentials => Some(doubled(interval.max(Duration::from_mins(1))).min(LONGEST.max(interval))),
        Retry::InTurn => Some(Duration::ZERO),
        Retry::Person => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_stop_growing() {
        let minute = Duration::from_mins(1);
        let cases = [
            (Retry::Soon, 1, minute, Some(minute)),
            (Retry::Soon, 2, minute, Some(2 * minute)),
            (Retry::Soon, 7, minute, Some(LONGEST)),
            (Retry::Soon, i64::MAX, minute, Some(LONGEST)),
            (Retry::Soon, 1, Duration::from_secs(5), Some(Duration::from_secs(5))),
            (Retry::Soon, 9, Duration::from_hours(6), Some(Duration::from_hours(6))),
            (Retry::After(Duration::from_secs(300)), 9, minute, Some(Duration::from_secs(300))),
            (Retry::After(Duration::ZERO), 1, minute, Some(minute)),
            (Retry::After(Duration::ZERO), 1, Duration::from_hours(6), Some(LONGEST)),
            (Retry::Quota, 1, minute, Some(Duration::from_hours(1))),
            (Retry::Quota, 2, minute, Some(Duration::from_hours(24))),
            (Retry::Credentials, 1, Duration::from_secs(5), Some(minute)),
            (Retry::Credentials, 2, minute, Some(2 * minute)),
            (Retry::Credentials, 3, minute, Some(LONGEST)),
            (Retry::Credentials, 300, minute, Some(LONGEST)),
            (Retry::InTurn, 9, minute, Some(Duration::ZERO)),
            (Retry::Person, 1, minute, None),
        ];
        for (retry, failures, interval, wanted) in cases {
            assert_eq!(wait(retry, failures, interval), wanted, "{retry:?} {failures} {interval:?}");
        }
    }
}
