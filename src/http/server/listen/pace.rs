//! The timeouts of one connection. They count only while we wait for the client; our own work has its own limits.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Timeout of a new connection on which no data has arrived. Browsers open connections in advance and keep them for ten
/// seconds; if we closed one while its first request is on the way, they would report a broken response. A full server
/// closes these connections first.
pub const FIRST_BYTE_TIMEOUT: Duration = Duration::from_secs(30);
/// Timeout for the head of a request, from its first byte on.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// Timeout for the whole body of a request.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(30);
/// The time in which a client has to read [`MIN_PROGRESS`] bytes of a response.
pub const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// Timeout between two requests. Proxies keep idle connections for a shorter time than this, so they never send a request
/// on a connection that is being closed.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// A client that reads fewer bytes than this within [`WRITE_TIMEOUT`] counts as one that reads nothing.
const MIN_PROGRESS: usize = 4 << 10;

/// The event that the connection waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WaitingFor {
    /// The first request.
    Opened,
    /// The next request.
    Idle,
    /// The rest of a request head.
    Head,
    /// The body of a request.
    Body,
    /// The client reads a part of the response, and more is to come.
    Write,
    /// The client reads the last part of the response.
    LastWrite,
    /// No event: Mailferry is working on the response.
    Nothing,
}

#[derive(Debug)]
struct PaceState {
    waiting_for: WaitingFor,
    since: Instant,
    /// When we began to wait for the body of this request.
    body: Option<Instant>,
    /// The number of bytes that were written after `since`.
    written: usize,
}

/// The current wait of one connection, from which its timeout follows.
#[derive(Debug)]
pub struct Pace(Mutex<PaceState>);

impl Pace {
    /// Creates the state of a connection that was just opened.
    pub fn new() -> Self {
        Self(Mutex::new(PaceState { waiting_for: WaitingFor::Opened, since: Instant::now(), body: None, written: 0 }))
    }

    fn with<T>(&self, change: impl FnOnce(&mut PaceState) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Records that bytes arrived.
    pub fn received(&self) {
        self.with(|state| {
            if matches!(state.waiting_for, WaitingFor::Opened | WaitingFor::Idle) {
                state.wait_for(WaitingFor::Head);
            }
        });
    }

    /// Records that the head of a request is complete.
    pub fn head_received(&self) {
        self.with(|state| {
            state.wait_for(WaitingFor::Nothing);
            state.body = None;
        });
    }

    /// Records that we wait for the body of the request, or that more of the body has arrived.
    pub fn body(&self, is_pending: bool) {
        self.with(|state| match (state.waiting_for, is_pending) {
            (WaitingFor::Nothing, true) => {
                state.wait_for(WaitingFor::Body);
                state.since = *state.body.get_or_insert(state.since);
            }
            (WaitingFor::Body, false) => state.wait_for(WaitingFor::Nothing),
            _ => {}
        });
    }

    /// Records that a write has to wait until the client reads earlier bytes.
    pub fn write_blocked(&self) {
        self.with(|state| {
            if state.waiting_for == WaitingFor::Nothing {
                state.wait_for(WaitingFor::Write);
            }
        });
    }

    /// Records that the operating system accepted this many bytes. Once its buffer is full, it accepts only as many as
    /// the client reads.
    pub fn wrote(&self, bytes: usize) {
        self.with(|state| {
            state.written = state.written.saturating_add(bytes);
            if matches!(state.waiting_for, WaitingFor::Write | WaitingFor::LastWrite) && state.written >= MIN_PROGRESS {
                state.wait_for(state.waiting_for);
            }
        });
    }

    /// Records that more of the response is being produced.
    pub fn producing(&self) {
        self.with(|state| {
            if state.waiting_for == WaitingFor::Write {
                state.wait_for(WaitingFor::Nothing);
            }
        });
    }

    /// Records that the response is complete and its last bytes are being sent.
    pub fn response_produced(&self) {
        self.with(|state| state.wait_for(WaitingFor::LastWrite));
    }

    /// Records that everything written has been handed to the operating system.
    pub fn flushed(&self) {
        self.with(|state| {
            if state.waiting_for == WaitingFor::LastWrite {
                state.wait_for(WaitingFor::Idle);
            }
        });
    }

    /// The time since which we have been waiting for the client; `None` if we are not waiting.
    pub fn waiting_since(&self) -> Option<Instant> {
        self.with(|state| (state.waiting_for != WaitingFor::Nothing).then_some(state.since))
    }

    fn deadline(&self) -> Option<Instant> {
        self.with(|state| {
            let within = match state.waiting_for {
                WaitingFor::Opened => FIRST_BYTE_TIMEOUT,
                WaitingFor::Head => HEAD_TIMEOUT,
                WaitingFor::Idle => KEEP_ALIVE,
                WaitingFor::Body => BODY_TIMEOUT,
                WaitingFor::Write | WaitingFor::LastWrite => WRITE_TIMEOUT,
                WaitingFor::Nothing => return None,
            };
            Some(state.since + within)
        })
    }

    /// Waits until the client has exceeded its timeout.
    pub async fn overdue(&self) {
        loop {
            let now = Instant::now();
            match self.deadline() {
                Some(deadline) if deadline <= now => return,
                // Sleep for HEAD_TIMEOUT at most, because the state may change meanwhile. No state has a shorter timeout.
                Some(deadline) => sleep_until(deadline.min(now + HEAD_TIMEOUT)).await,
                None => sleep_until(now + HEAD_TIMEOUT).await,
            }
        }
    }
}

impl PaceState {
    fn wait_for(&mut self, waiting_for: WaitingFor) {
        (self.waiting_for, self.since, self.written) = (waiting_for, Instant::now(), 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn timeout_of(pace: &Pace) -> Duration {
        let begun = Instant::now();
        pace.overdue().await;
        begun.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn each_phase_has_its_own_timeout() {
        type Steps = &'static [fn(&Pace)];
        let rows: [(&str, Steps, Duration); 9] = [
            ("nothing comes", &[], FIRST_BYTE_TIMEOUT),
            ("half of a request", &[Pace::received], HEAD_TIMEOUT),
            ("a head that does not end", &[Pace::received, Pace::received], HEAD_TIMEOUT),
            ("a body that does not come", &[Pace::head_received, |pace| pace.body(true)], BODY_TIMEOUT),
            ("an answer that is not taken", &[Pace::head_received, Pace::write_blocked], WRITE_TIMEOUT),
            (
                "of which too little is taken",
                &[Pace::head_received, Pace::write_blocked, |pace| pace.wrote(1)],
                WRITE_TIMEOUT,
            ),
            ("whose rest is not taken", &[Pace::head_received, Pace::response_produced], WRITE_TIMEOUT),
            ("no other request", &[Pace::head_received, Pace::response_produced, Pace::flushed], KEEP_ALIVE),
            (
                "half of another",
                &[Pace::head_received, Pace::response_produced, Pace::flushed, Pace::received],
                HEAD_TIMEOUT,
            ),
        ];
        for (what, steps, expected) in rows {
            let pace = Pace::new();
            steps.iter().for_each(|step| step(&pace));
            assert_eq!(timeout_of(&pace).await, expected, "{what}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_body_has_one_deadline_and_a_response_being_read_has_none() {
        let pace = Pace::new();
        pace.head_received();
        for _ in 0..9 {
            pace.body(true);
            tokio::time::advance(BODY_TIMEOUT / 10).await;
            pace.body(false);
        }
        pace.body(true);
        assert_eq!(timeout_of(&pace).await, BODY_TIMEOUT / 10);
        let pace = Pace::new();
        pace.head_received();
        for _ in 0..10 {
            pace.write_blocked();
            tokio::time::advance(WRITE_TIMEOUT / 2).await;
            pace.wrote(MIN_PROGRESS);
            assert!(tokio::time::timeout(WRITE_TIMEOUT / 2, pace.overdue()).await.is_err());
        }
        pace.producing();
        assert_eq!(pace.waiting_since(), None, "the server is working");
        assert!(tokio::time::timeout(10 * WRITE_TIMEOUT, pace.overdue()).await.is_err());
    }
}
