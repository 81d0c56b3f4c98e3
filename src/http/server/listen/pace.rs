//! How long a connection may keep us waiting. The deadlines hold for what the client does; work of ours has its own.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// For a connection on which nothing has come yet. Browsers open some ahead of their requests, keep them for ten seconds, and would
/// take our end in that moment for a broken answer. A full house lets go of them first.
pub const FIRST_BYTE_TIMEOUT: Duration = Duration::from_secs(30);
/// For the head of a request, from its first byte on.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// For the whole body of a request.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(30);
/// In this time a client takes [`LEAST`] of an answer.
pub const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// Between two requests: longer than proxies keep connections, so that they never send one into our end.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// A client that takes less than this of its answer is as good as one that takes nothing.
const MIN_PROGRESS: usize = 4 << 10;

/// Which of the client's doings is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WaitingFor {
    /// The first request.
    Opened,
    /// Another request.
    Idle,
    /// The rest of the head of another request.
    Head,
    /// The body of a request.
    Body,
    /// That some of the answer is taken, of which more is to come.
    Write,
    /// That the rest of the answer is taken.
    LastWrite,
    /// Nothing: we work.
    Nothing,
}

#[derive(Debug)]
struct PaceState {
    waiting_for: WaitingFor,
    since: Instant,
    /// When the body of this request was first waited for.
    body: Option<Instant>,
    /// Bytes that were taken since then.
    written: usize,
}

/// Where one connection stands.
#[derive(Debug)]
pub struct Pace(Mutex<PaceState>);

impl Pace {
    /// Of a connection that was just opened.
    pub fn new() -> Self {
        Self(Mutex::new(PaceState { waiting_for: WaitingFor::Opened, since: Instant::now(), body: None, written: 0 }))
    }

    fn with<T>(&self, change: impl FnOnce(&mut PaceState) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Bytes came in.
    pub fn received(&self) {
        self.with(|state| {
            if matches!(state.waiting_for, WaitingFor::Opened | WaitingFor::Idle) {
                state.wait_for(WaitingFor::Head);
            }
        });
    }

    /// The head of a request is whole.
    pub fn head_received(&self) {
        self.with(|state| {
            state.wait_for(WaitingFor::Nothing);
            state.body = None;
        });
    }

    /// The body of the request is waited for, or came on.
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

    /// The client does not take what is written.
    pub fn write_blocked(&self) {
        self.with(|state| {
            if state.waiting_for == WaitingFor::Nothing {
                state.wait_for(WaitingFor::Write);
            }
        });
    }

    /// The client took so many bytes.
    pub fn wrote(&self, bytes: usize) {
        self.with(|state| {
            state.written = state.written.saturating_add(bytes);
            if matches!(state.waiting_for, WaitingFor::Write | WaitingFor::LastWrite) && state.written >= MIN_PROGRESS {
                state.wait_for(state.waiting_for);
            }
        });
    }

    /// More of the answer is being made.
    pub fn producing(&self) {
        self.with(|state| {
            if state.waiting_for == WaitingFor::Write {
                state.wait_for(WaitingFor::Nothing);
            }
        });
    }

    /// The answer is made to its end; the rest of it is on its way.
    pub fn response_produced(&self) {
        self.with(|state| state.wait_for(WaitingFor::LastWrite));
    }

    /// All that was written is out of our hands.
    pub fn flushed(&self) {
        self.with(|state| {
            if state.waiting_for == WaitingFor::LastWrite {
                state.wait_for(WaitingFor::Idle);
            }
        });
    }

    /// Since when the client keeps us waiting; `None`: it does not.
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

    /// Comes back once the client has kept us waiting for too long.
    pub async fn overdue(&self) {
        loop {
            let now = Instant::now();
            match self.deadline() {
                Some(deadline) if deadline <= now => return,
                // Whatever is waited for later may take no less than this.
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
    async fn each_thing_is_waited_for_as_long_as_it_may_take() {
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
    async fn a_body_in_drops_has_one_deadline_and_an_answer_that_is_taken_none() {
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
        assert_eq!(pace.waiting_since(), None, "we work");
        assert!(tokio::time::timeout(10 * WRITE_TIMEOUT, pace.overdue()).await.is_err());
    }
}
