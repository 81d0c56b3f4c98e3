//! How much work a mail may cost. Every loop over what a stranger wrote asks here whether it may go on.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::Cut;

/// For one view of one mail.
pub const WITHIN: Duration = Duration::from_secs(2);
/// So many bytes are decoded for one view: each part of the largest mail once, its texts and pictures once more.
const MOST_DECODED: usize = 3 * super::MOST_INPUT;
/// The clock is looked at once in so many steps.
const STEPS: u32 = 256;

/// What is left for this view.
#[derive(Debug)]
pub struct Budget {
    until: Instant,
    bytes: Cell<usize>,
    steps: Cell<u32>,
    is_over: Cell<bool>,
}

impl Budget {
    /// For this long from now.
    pub fn new(within: Duration) -> Self {
        Self {
            until: Instant::now() + within,
            bytes: Cell::new(MOST_DECODED),
            steps: Cell::new(0),
            is_over: Cell::new(false),
        }
    }

    /// How many bytes were decoded so far.
    #[cfg(test)]
    pub fn decoded(&self) -> usize {
        MOST_DECODED - self.bytes.get()
    }

    /// Whether there is time for another piece of work, of at most some milliseconds.
    pub fn goes_on(&self) -> bool {
        if !self.is_over.get() && Instant::now() >= self.until {
            self.is_over.set(true);
        }
        !self.is_over.get()
    }

    /// The same for a step of a long way, of some microseconds.
    pub fn steps_on(&self) -> bool {
        let steps = self.steps.get();
        self.steps.set(steps.wrapping_add(1));
        if steps.is_multiple_of(STEPS) { self.goes_on() } else { !self.is_over.get() }
    }

    /// Whether so many bytes more may be decoded now.
    pub fn decodes(&self, bytes: usize) -> bool {
        match self.bytes.get().checked_sub(bytes) {
            Some(left) => self.bytes.set(left),
            None => self.is_over.set(true),
        }
        self.goes_on()
    }

    /// When half of the time is over that is left now.
    pub fn half(&self) -> Instant {
        let now = Instant::now();
        now + self.until.saturating_duration_since(now) / 2
    }

    /// There was no time for all of it.
    pub fn ends(&self) {
        self.is_over.set(true);
    }

    /// Says so, where something was left out.
    pub fn tell(&self, cut: &mut BTreeSet<Cut>) {
        if self.is_over.get() {
            cut.insert(Cut::Time);
        }
    }
}
