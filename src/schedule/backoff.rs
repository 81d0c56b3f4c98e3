//! Back-off: when a mailbox is polled again after a failure. Pure.

use std::time::Duration;

use crate::poll::Retry;

/// Maximum delay of a retry, unless the mailbox's interval is longer, its server demands a longer wait, or a quota is used
/// up. Mailferry never gives up a mailbox.
pub const MAX_DELAY: Duration = Duration::from_hours(1);
/// Number of consecutive refused logins after which retries are rare, so that the provider does not lock the account.
const MAX_QUICK_LOGINS: i64 = 3;

/// The delay after `failures` consecutive failed polls, including this one. `None` if a person has to change something
/// first.
pub fn retry_delay(retry: Retry, failures: i64, interval: Duration) -> Option<Duration> {
    let doubled = |base: Duration| {
        let times = u32::try_from(failures.clamp(1, 20) - 1).unwrap_or(0);
        base.saturating_mul(2_u32.saturating_pow(times))
    };
    match retry {
        Retry::Soon | Retry::Renew => Some(doubled(interval.min(MAX_DELAY)).min(MAX_DELAY.max(interval))),
        // A server that asks for a wait of zero is not retried more often than a server that states no wait.
        Retry::After(wait) => Some(wait.max(interval.min(MAX_DELAY))),
        Retry::Quota if failures > 1 => Some(Duration::from_hours(24)),
        Retry::Quota => Some(Duration::from_hours(1)),
        Retry::Credentials if failures >= MAX_QUICK_LOGINS => Some(MAX_DELAY.max(interval)),
        Retry::Credentials => Some(doubled(interval.max(Duration::from_mins(1))).min(MAX_DELAY.max(interval))),
        Retry::WhenSlotIsFree => Some(Duration::ZERO),
        Retry::Person => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_up_to_a_maximum() {
        let minute = Duration::from_mins(1);
        let cases = [
            (Retry::Soon, 1, minute, Some(minute)),
            (Retry::Soon, 2, minute, Some(2 * minute)),
            (Retry::Soon, 7, minute, Some(MAX_DELAY)),
            (Retry::Soon, i64::MAX, minute, Some(MAX_DELAY)),
            (Retry::Soon, 1, Duration::from_secs(5), Some(Duration::from_secs(5))),
            (Retry::Soon, 9, Duration::from_hours(6), Some(Duration::from_hours(6))),
            (Retry::After(Duration::from_secs(300)), 9, minute, Some(Duration::from_secs(300))),
            (Retry::After(Duration::ZERO), 1, minute, Some(minute)),
            (Retry::After(Duration::ZERO), 1, Duration::from_hours(6), Some(MAX_DELAY)),
            (Retry::Quota, 1, minute, Some(Duration::from_hours(1))),
            (Retry::Quota, 2, minute, Some(Duration::from_hours(24))),
            (Retry::Credentials, 1, Duration::from_secs(5), Some(minute)),
            (Retry::Credentials, 2, minute, Some(2 * minute)),
            (Retry::Credentials, 3, minute, Some(MAX_DELAY)),
            (Retry::Credentials, 300, minute, Some(MAX_DELAY)),
            (Retry::WhenSlotIsFree, 9, minute, Some(Duration::ZERO)),
            (Retry::Person, 1, minute, None),
        ];
        for (retry, failures, interval, expected) in cases {
            assert_eq!(retry_delay(retry, failures, interval), expected, "{retry:?} {failures} {interval:?}");
        }
    }
}
