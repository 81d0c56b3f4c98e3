//! The limits of one dry run. They are low, since a dry run does not count towards the daily limit.

use std::time::Duration;

use tokio::time::Instant;

/// Time limit of a dry run: a person is waiting.
pub const TIME_LIMIT: Duration = Duration::from_secs(60);
/// Maximum number of headers fetched. In each folder, the newest are fetched first.
const MAX_HEADERS: usize = 10_000;
/// Maximum number of bytes received from the server.
const MAX_BYTES: u64 = 128 << 20;

/// The limits of a dry run in progress.
#[derive(Debug, Clone, Copy)]
pub struct DryRunLimits {
    /// The dry run is cut off at this time.
    pub until: Instant,
    /// Nothing starts after this time, so that work in progress can finish before the dry run is cut off.
    start_until: Instant,
    headers: usize,
}

impl DryRunLimits {
    /// Returns the limits of a dry run that starts now and may take this time.
    pub fn within(time: Duration) -> Self {
        let now = Instant::now();
        Self { until: now + time, start_until: now + time * 9 / 10, headers: MAX_HEADERS }
    }

    /// Whether the dry run must not start anything new.
    pub fn time_is_up(&self) -> bool {
        Instant::now() >= self.start_until
    }

    /// Takes headers from the limit. Returns false if too few are left, the time is up or the server has sent too many
    /// bytes.
    pub fn take_headers(&mut self, count: usize, received: u64) -> bool {
        let left = self.headers.checked_sub(count).filter(|_| received < MAX_BYTES && !self.time_is_up());
        self.headers = left.unwrap_or(self.headers);
        left.is_some()
    }
}
