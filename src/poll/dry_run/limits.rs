//! Limits of one dry run. It does not count towards the daily limit, so its own limits are low.

use std::time::Duration;

use tokio::time::Instant;

/// Time limit of a dry run: a person is waiting.
pub const TIME_LIMIT: Duration = Duration::from_secs(60);
/// Maximum number of headers, newest of each folder first.
const MAX_HEADERS: usize = 10_000;
/// Maximum number of bytes received from the server.
const MAX_BYTES: u64 = 128 << 20;

/// The remaining limits.
#[derive(Debug, Clone, Copy)]
pub struct DryRunLimits {
    /// Work in progress ends at this time.
    pub until: Instant,
    /// Nothing starts after this time, so that the dry run can finish in order.
    start_until: Instant,
    headers: usize,
}

impl DryRunLimits {
    /// Limits that start now.
    pub fn within(time: Duration) -> Self {
        let now = Instant::now();
        Self { until: now + time, start_until: now + time * 9 / 10, headers: MAX_HEADERS }
    }

    /// Whether the dry run must not start anything new.
    pub fn time_is_up(&self) -> bool {
        Instant::now() >= self.start_until
    }

    /// Deducts headers from the limit, if enough are left and the server has not sent too many bytes.
    pub fn take_headers(&mut self, count: usize, received: u64) -> bool {
        let left = self.headers.checked_sub(count).filter(|_| received < MAX_BYTES && !self.time_is_up());
        self.headers = left.unwrap_or(self.headers);
        left.is_some()
    }
}
