//! The budget of one view of a mail: its time and the bytes it may decode. Every loop over untrusted input checks the
//! budget.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::Cut;

/// Time limit of one view.
pub const TIME_LIMIT: Duration = Duration::from_secs(2);
/// Maximum number of bytes decoded for one view: the largest mail three times, since an attachment may be decoded for its
/// size, for its hash and as a picture.
const MAX_DECODED: usize = 3 * super::MAX_INPUT;
/// Number of steps between two readings of the clock.
const STEPS_PER_CHECK: u32 = 256;

/// The remaining budget of a view.
#[derive(Debug)]
pub struct Budget {
    until: Instant,
    /// Number of bytes that may still be decoded.
    bytes: Cell<usize>,
    steps: Cell<u32>,
    is_exhausted: Cell<bool>,
}

impl Budget {
    /// A budget that ends after this time.
    pub fn new(limit: Duration) -> Self {
        Self {
            until: Instant::now() + limit,
            bytes: Cell::new(MAX_DECODED),
            steps: Cell::new(0),
            is_exhausted: Cell::new(false),
        }
    }

    /// Number of bytes decoded so far.
    #[cfg(test)]
    pub fn decoded(&self) -> usize {
        MAX_DECODED - self.bytes.get()
    }

    /// Whether there is time for another piece of work of at most a few milliseconds.
    pub fn has_time(&self) -> bool {
        if !self.is_exhausted.get() && Instant::now() >= self.until {
            self.is_exhausted.set(true);
        }
        !self.is_exhausted.get()
    }

    /// Whether there is time for a step of a few microseconds. Does not read the clock at every call.
    pub fn has_time_for_step(&self) -> bool {
        let steps = self.steps.get();
        self.steps.set(steps.wrapping_add(1));
        if steps.is_multiple_of(STEPS_PER_CHECK) { self.has_time() } else { !self.is_exhausted.get() }
    }

    /// Charges bytes that are about to be decoded to the budget. Returns whether the budget allows decoding them.
    pub fn take_bytes(&self, bytes: usize) -> bool {
        match self.bytes.get().checked_sub(bytes) {
            Some(left) => self.bytes.set(left),
            None => self.is_exhausted.set(true),
        }
        self.has_time()
    }

    /// The time at which half of the remaining time will have passed.
    pub fn half_time(&self) -> Instant {
        let now = Instant::now();
        now + self.until.saturating_duration_since(now) / 2
    }

    /// Marks the budget as exhausted.
    pub fn exhaust(&self) {
        self.is_exhausted.set(true);
    }

    /// Adds [`Cut::Time`] if the budget was exhausted.
    pub fn report(&self, cut: &mut BTreeSet<Cut>) {
        if self.is_exhausted.get() {
            cut.insert(Cut::Time);
        }
    }
}
