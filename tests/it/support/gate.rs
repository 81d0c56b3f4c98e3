//! Holds back the steps of a server until the test lets them pass, so that a slow server needs no sleeps.

use std::sync::{Condvar, Mutex};

#[derive(Debug, Default)]
pub struct Gate {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    permits: usize,
    waiting: usize,
    is_open: bool,
}

impl Gate {
    /// Waits for a permit, and uses it up.
    pub fn pass(&self) {
        let mut state = self.state.lock().unwrap();
        state.waiting += 1;
        let mut state = self.changed.wait_while(state, |state| state.permits == 0 && !state.is_open).unwrap();
        state.waiting -= 1;
        state.permits = state.permits.saturating_sub(1);
    }

    /// Lets this number of steps pass, now or later.
    pub fn release(&self, steps: usize) {
        self.state.lock().unwrap().permits += steps;
        self.changed.notify_all();
    }

    /// Lets everything pass from now on.
    pub fn open(&self) {
        self.state.lock().unwrap().is_open = true;
        self.changed.notify_all();
    }

    /// The number of steps that wait for a permit.
    pub fn waiting(&self) -> usize {
        self.state.lock().unwrap().waiting
    }
}
