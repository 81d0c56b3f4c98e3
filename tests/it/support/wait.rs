//! The one way in which a test waits: for a condition, with a limit.

use std::{
    thread,
    time::{Duration, Instant},
};

/// Asks `look` again and again until it answers, and panics when `limit` has passed without an answer.
pub fn until<T>(what: &str, limit: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    within(limit, &mut look).unwrap_or_else(|| panic!("waited {limit:?} in vain for {what}"))
}

/// As `until`, for a caller that has something to show before it panics.
pub fn within<T>(limit: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return Some(found);
        }
        if start.elapsed() > limit {
            return None;
        }
        thread::sleep(Duration::from_millis(10));
    }
}
