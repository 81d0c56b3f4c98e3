//! How much one dry run may take. It counts for no day's limit, since nothing of it is written down, so its own are low.

use std::time::Duration;

use tokio::time::Instant;

/// As long as a person waits.
pub const WITHIN: Duration = Duration::from_secs(60);
/// Headers that are read altogether, the newest of each folder first.
const HEADERS: usize = 10_000;
/// Bytes that may come over the wire.
const BYTES: u64 = 128 << 20;

/// What is left of it.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// What is under way then is broken off.
    pub until: Instant,
    /// Nothing is begun later, so that there is time for a good end.
    begins_until: Instant,
    headers: usize,
}

impl Limits {
    /// From now on.
    pub fn within(time: Duration) -> Self {
        let now = Instant::now();
        Self { until: now + time, begins_until: now + time * 9 / 10, headers: HEADERS }
    }

    /// Whether nothing more is to be begun.
    pub fn time_is_up(&self) -> bool {
        Instant::now() >= self.begins_until
    }

    /// Takes so many headers from what may still be read, if they are left and so few bytes have come.
    pub fn take_headers(&mut self, count: usize, received: u64) -> bool {
        let left = self.headers.checked_sub(count).filter(|_| received < BYTES && !self.time_is_up());
        self.headers = left.unwrap_or(self.headers);
        left.is_some()
    }
}
