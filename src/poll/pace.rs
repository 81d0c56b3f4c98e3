//! How a visit goes: what its server has brought, how long it was waited for, and which address it is at. `schedule` takes the
//! place of a visit that brings too little and gives it to one that waits.

mod arrivals;
mod metered;

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use arrivals::{Arrival, locked, network};

pub use arrivals::Arrivals;
pub use metered::Metered;

/// The pace of one visit.
#[derive(Debug, Default)]
pub struct Pace {
    measured: Mutex<Measured>,
    arrival: Mutex<Option<Arrival>>,
    arrivals: Option<Arc<Arrivals>>,
    /// The visit is to end at the message in hand.
    turn_over: CancellationToken,
    /// It is to end at once.
    cut: CancellationToken,
}

#[derive(Debug, Default)]
struct Measured {
    bytes: u64,
    waited: Duration,
    waiting_since: Option<Instant>,
    /// Bytes and waiting time when enough had come for the last time.
    enough_at: (u64, Duration),
}

impl Measured {
    fn waited(&self) -> Duration {
        self.waited + self.waiting_since.map_or(Duration::ZERO, |since| since.elapsed())
    }
}

impl Pace {
    /// The pace of a visit that shares addresses with these.
    pub fn among(arrivals: Arc<Arrivals>) -> Self {
        Self { arrivals: Some(arrivals), ..Self::default() }
    }

    /// The server is waited for from now on.
    pub fn waits(&self) {
        locked(&self.measured).waiting_since.get_or_insert_with(Instant::now);
    }

    /// It has brought this.
    pub fn came(&self, bytes: usize) {
        let mut measured = locked(&self.measured);
        measured.waited = measured.waited();
        measured.waiting_since = None;
        measured.bytes += bytes as u64;
    }

    /// How long the server was waited for since it last brought so many bytes. Time that we take ourselves does not count.
    pub fn slow_for(&self, enough: u64) -> Duration {
        let mut measured = locked(&self.measured);
        let waited = measured.waited();
        if measured.bytes - measured.enough_at.0 >= enough {
            measured.enough_at = (measured.bytes, waited);
        }
        waited - measured.enough_at.1
    }

    /// Where it is, as [`Arrivals::place_of`] names it.
    pub fn place(&self) -> Option<String> {
        locked(&self.arrival).as_ref().map(|arrival| arrival.network.to_string())
    }

    /// Lets it end at the message in hand.
    pub fn end_turn(&self) {
        self.turn_over.cancel();
    }

    /// Ends it at once.
    pub fn cut(&self) {
        self.cut.cancel();
    }

    /// Is set when it is to end at the message in hand.
    pub fn turn_over(&self) -> CancellationToken {
        self.turn_over.clone()
    }

    /// Returns when it is to end at once.
    pub async fn is_cut(&self) {
        self.cut.cancelled().await;
    }

    /// Enters the first address of a host that has room, and returns all of them, that one first. `None`: none has.
    pub fn enter(&self, host: &str, addresses: Vec<SocketAddr>) -> Option<Vec<SocketAddr>> {
        let Some(arrivals) = &self.arrivals else { return Some(addresses) };
        let mut arrival = locked(&self.arrival);
        *arrival = None;
        let entered = addresses.iter().find_map(|address| arrivals.enter(host, address.ip(), true));
        *arrival = Some(entered?);
        drop(arrival);
        let first = self.place();
        let (mut sorted, rest): (Vec<_>, Vec<_>) =
            addresses.into_iter().partition(|address| Some(network(address.ip()).to_string()) == first);
        sorted.extend(rest);
        Some(sorted)
    }

    /// This address has answered, which may be another than the one that was entered.
    pub fn answered(&self, host: &str, address: IpAddr) {
        let Some(arrivals) = &self.arrivals else { return };
        let mut arrival = locked(&self.arrival);
        if arrival.as_ref().is_none_or(|arrival| arrival.network != network(address)) {
            *arrival = arrivals.enter(host, address, false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn only_waiting_for_too_little_is_slow() {
        let second = Duration::from_secs(1);
        let pace = Pace::default();
        pace.waits();
        tokio::time::advance(4 * second).await;
        pace.came(50);
        assert_eq!(pace.slow_for(100), 4 * second, "50 bytes are too few");
        tokio::time::advance(60 * second).await;
        assert_eq!(pace.slow_for(100), 4 * second, "this minute was ours");
        pace.waits();
        tokio::time::advance(second).await;
        pace.waits();
        tokio::time::advance(second).await;
        assert_eq!(pace.slow_for(100), 6 * second, "it is waited for still");
        pace.came(50);
        assert_eq!(pace.slow_for(100), Duration::ZERO);
    }

    #[test]
    fn names_of_one_address_share_its_places() {
        let arrivals = Arrivals::new(2);
        let visit = |host: &str, addresses: &[&str]| {
            let pace = Pace::among(arrivals.clone());
            let entered = pace.enter(host, addresses.iter().map(|address| at(address)).collect());
            entered.map(|addresses| (pace, addresses))
        };
        assert_eq!(arrivals.place_of("A.example"), "a.example");
        let first = visit("a.example", &["192.0.2.1:993"]).unwrap();
        assert_eq!(arrivals.place_of("A.example"), "192.0.2.1/32");
        let second = visit("b.example", &["[::ffff:192.0.2.1]:993"]).unwrap();
        assert!(visit("c.example", &["192.0.2.1:143"]).is_none(), "another port is no other server");
        assert_eq!(arrivals.place_of("c.example"), arrivals.place_of("b.example"), "a refusal is learnt from");
        let (pace, order) = visit("d.example", &["192.0.2.1:993", "192.0.2.2:993"]).unwrap();
        assert_eq!(order[0], at("192.0.2.2:993"), "where there is room");
        pace.answered("d.example", "192.0.2.1".parse().unwrap());
        assert_eq!(pace.place(), Some("192.0.2.1/32".to_owned()));
        drop((first, second, pace));
        assert!(visit("c.example", &["192.0.2.1:143"]).is_some());
        let _one = visit("e.example", &["[2001:db8::1]:993"]).unwrap();
        let _two = visit("f.example", &["[2001:db8::2]:993"]).unwrap();
        assert!(visit("g.example", &["[2001:db8::3]:993"]).is_none(), "one host has a whole network of them");
        assert!(arrivals.visited() <= 2, "nothing is kept of those who left");
    }
}
