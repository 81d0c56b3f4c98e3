//! Waiting for a condition, with a timeout.

use std::{
    thread,
    time::{Duration, Instant},
};

/// Calls `look` until it returns a value, and panics when `limit` has passed without one.
pub fn until<T>(what: &str, limit: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    within(limit, &mut look).unwrap_or_else(|| panic!("not within {limit:?}: {what}"))
}

/// Like `until`, but returns `None` when `limit` has passed, so that the caller can decide what to do.
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
