//! How long a connection may keep us waiting. The deadlines hold for what the client does; work of ours has its own.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// For a connection on which nothing has come yet. Browsers open some ahead of their requests, keep them for ten seconds, and would
/// take our end in that moment for a broken answer. A full house lets go of them first.
pub const OPENED: Duration = Duration::from_secs(30);
/// For the head of a request, from its first byte on.
pub const HEAD: Duration = Duration::from_secs(10);
/// For the whole body of a request.
pub const BODY: Duration = Duration::from_secs(30);
/// In this time a client takes [`LEAST`] of an answer.
pub const TAKING: Duration = Duration::from_secs(30);
/// Between two requests: longer than proxies keep connections, so that they never send one into our end.
const IDLE: Duration = Duration::from_secs(75);
/// A client that takes less than this of its answer is as good as one that takes nothing.
const LEAST: usize = 4 << 10;

/// Which of the client's doings is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Waits {
    /// The first request.
    Opened,
    /// Another request.
    Idle,
    /// The rest of the head of another request.
    Head,
    /// The body of a request.
    Body,
    /// That some of the answer is taken, of which more is to come.
    Taking,
    /// That the rest of the answer is taken.
    Rest,
    /// Nothing: we work.
    Nothing,
}

#[derive(Debug)]
struct Moment {
    waits: Waits,
    since: Instant,
    /// When the body of this request was first waited for.
    body: Option<Instant>,
    /// Bytes that were taken since then.
    taken: usize,
}

/// Where one connection stands.
#[derive(Debug)]
pub struct Pace(Mutex<Moment>);

impl Pace {
    /// Of a connection that was just opened.
    pub fn new() -> Self {
        Self(Mutex::new(Moment { waits: Waits::Opened, since: Instant::now(), body: None, taken: 0 }))
    }

    fn with<T>(&self, change: impl FnOnce(&mut Moment) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Bytes came in.
    pub fn received(&self) {
        self.with(|moment| {
            if matches!(moment.waits, Waits::Opened | Waits::Idle) {
                moment.now_waits(Waits::Head);
            }
        });
    }

    /// The head of a request is whole.
    pub fn asked(&self) {
        self.with(|moment| {
            moment.now_waits(Waits::Nothing);
            moment.body = None;
        });
    }

    /// The body of the request is waited for, or came on.
    pub fn body(&self, is_waited_for: bool) {
        self.with(|moment| match (moment.waits, is_waited_for) {
            (Waits::Nothing, true) => {
                moment.now_waits(Waits::Body);
                moment.since = *moment.body.get_or_insert(moment.since);
            }
            (Waits::Body, false) => moment.now_waits(Waits::Nothing),
            _ => {}
        });
    }

    /// The client does not take what is written.
    pub fn is_full(&self) {
        self.with(|moment| {
            if moment.waits == Waits::Nothing {
                moment.now_waits(Waits::Taking);
            }
        });
    }

    /// The client took so many bytes.
    pub fn took(&self, bytes: usize) {
        self.with(|moment| {
            moment.taken = moment.taken.saturating_add(bytes);
            if matches!(moment.waits, Waits::Taking | Waits::Rest) && moment.taken >= LEAST {
                moment.now_waits(moment.waits);
            }
        });
    }

    /// More of the answer is being made.
    pub fn goes_on(&self) {
        self.with(|moment| {
            if moment.waits == Waits::Taking {
                moment.now_waits(Waits::Nothing);
            }
        });
    }

    /// The answer is made to its end; the rest of it is on its way.
    pub fn is_answered(&self) {
        self.with(|moment| moment.now_waits(Waits::Rest));
    }

    /// All that was written is out of our hands.
    pub fn is_flushed(&self) {
        self.with(|moment| {
            if moment.waits == Waits::Rest {
                moment.now_waits(Waits::Idle);
            }
        });
    }

    /// Since when the client keeps us waiting; `None`: it does not.
    pub fn waits_since(&self) -> Option<Instant> {
        self.with(|moment| (moment.waits != Waits::Nothing).then_some(moment.since))
    }

    fn deadline(&self) -> Option<Instant> {
        self.with(|moment| {
            let within = match moment.waits {
                Waits::Opened => OPENED,
                Waits::Head => HEAD,
                Waits::Idle => IDLE,
                Waits::Body => BODY,
                Waits::Taking | Waits::Rest => TAKING,
                Waits::Nothing => return None,
            };
            Some(moment.since + within)
        })
    }

    /// Comes back once the client has kept us waiting for too long.
    pub async fn overdue(&self) {
        loop {
            let now = Instant::now();
            match self.deadline() {
                Some(deadline) if deadline <= now => return,
                // Whatever is waited for later may take no less than this.
                Some(deadline) => sleep_until(deadline.min(now + HEAD)).await,
                None => sleep_until(now + HEAD).await,
            }
        }
    }
}

impl Moment {
    fn now_waits(&mut self, waits: Waits) {
        (self.waits, self.since, self.taken) = (waits, Instant::now(), 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn let_go_after(pace: &Pace) -> Duration {
        let begun = Instant::now();
        pace.overdue().await;
        begun.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn each_thing_is_waited_for_as_long_as_it_may_take() {
        type Steps = &'static [fn(&Pace)];
        let rows: [(&str, Steps, Duration); 9] = [
            ("nothing comes", &[], OPENED),
            ("half of a request", &[Pace::received], HEAD),
            ("a head that does not end", &[Pace::received, Pace::received], HEAD),
            ("a body that does not come", &[Pace::asked, |pace| pace.body(true)], BODY),
            ("an answer that is not taken", &[Pace::asked, Pace::is_full], TAKING),
            ("of which too little is taken", &[Pace::asked, Pace::is_full, |pace| pace.took(1)], TAKING),
            ("whose rest is not taken", &[Pace::asked, Pace::is_answered], TAKING),
            ("no other request", &[Pace::asked, Pace::is_answered, Pace::is_flushed], IDLE),
            ("half of another", &[Pace::asked, Pace::is_answered, Pace::is_flushed, Pace::received], HEAD),
        ];
        for (what, steps, wanted) in rows {
            let pace = Pace::new();
            steps.iter().for_each(|step| step(&pace));
            assert_eq!(let_go_after(&pace).await, wanted, "{what}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_in_drops_has_one_deadline_and_an_answer_that_is_taken_none() {
        let pace = Pace::new();
        pace.asked();
        for _ in 0..9 {
            pace.body(true);
            tokio::time::advance(BODY / 10).await;
            pace.body(false);
        }
        pace.body(true);
        assert_eq!(let_go_after(&pace).await, BODY / 10);
        let pace = Pace::new();
        pace.asked();
        for _ in 0..10 {
            pace.is_full();
            tokio::time::advance(TAKING / 2).await;
            pace.took(LEAST);
            assert!(tokio::time::timeout(TAKING / 2, pace.overdue()).await.is_err());
        }
        pace.goes_on();
        assert_eq!(pace.waits_since(), None, "we work");
        assert!(tokio::time::timeout(10 * TAKING, pace.overdue()).await.is_err());
    }
}
