//! The pace of a visit: the bytes received, the time spent waiting, and the server's address. `schedule` ends a visit
//! that is too slow while other mailboxes wait for its slot.

mod metered;
mod visit_counts;

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use visit_counts::{CountedVisit, locked, network};

pub use metered::Metered;
pub use visit_counts::VisitCounts;

/// The pace of one visit.
#[derive(Debug, Default)]
pub struct Pace {
    measured: Mutex<Measured>,
    counted_visit: Mutex<Option<CountedVisit>>,
    visit_counts: Option<Arc<VisitCounts>>,
    /// Cancelled to end the visit after the current message.
    turn_over: CancellationToken,
    /// Cancelled to end the visit at once.
    abort: CancellationToken,
}

#[derive(Debug, Default)]
struct Measured {
    bytes: u64,
    waited: Duration,
    waiting_since: Option<Instant>,
    /// Bytes and waiting time when the server had last sent enough.
    last_enough: (u64, Duration),
}

impl Measured {
    fn waited(&self) -> Duration {
        self.waited + self.waiting_since.map_or(Duration::ZERO, |since| since.elapsed())
    }
}

impl Pace {
    /// Returns the pace of a visit that is counted per server address.
    pub fn counted_by(visit_counts: Arc<VisitCounts>) -> Self {
        Self { visit_counts: Some(visit_counts), ..Self::default() }
    }

    /// Starts to measure the time spent waiting for the server.
    pub fn start_waiting(&self) {
        locked(&self.measured).waiting_since.get_or_insert_with(Instant::now);
    }

    /// Records received bytes, and ends the wait.
    pub fn record_bytes(&self, bytes: usize) {
        let mut measured = locked(&self.measured);
        measured.waited = measured.waited();
        measured.waiting_since = None;
        measured.bytes += bytes as u64;
    }

    /// Returns the time spent waiting since the server last sent `enough` bytes. Time spent on our side does not count.
    pub fn slow_for(&self, enough: u64) -> Duration {
        let mut measured = locked(&self.measured);
        let waited = measured.waited();
        if measured.bytes - measured.last_enough.0 >= enough {
            measured.last_enough = (measured.bytes, waited);
        }
        waited - measured.last_enough.1
    }

    /// Returns the key of the server, as in [`VisitCounts::server_key`]; `None` while the visit is not counted.
    pub fn server_key(&self) -> Option<String> {
        locked(&self.counted_visit).as_ref().map(|counted_visit| counted_visit.network.to_string())
    }

    /// Ends the visit after the current message.
    pub fn end_turn(&self) {
        self.turn_over.cancel();
    }

    /// Ends the visit at once.
    pub fn abort(&self) {
        self.abort.cancel();
    }

    /// Returns the token that ends the visit after the current message.
    pub fn turn_over(&self) -> CancellationToken {
        self.turn_over.clone()
    }

    /// Waits until the visit must end at once.
    pub async fn aborted(&self) {
        self.abort.cancelled().await;
    }

    /// Counts the visit at the first address that has room. Returns all addresses, beginning with that one, or `None`
    /// if no address has room.
    pub fn enter(&self, host: &str, addresses: Vec<SocketAddr>) -> Option<Vec<SocketAddr>> {
        let Some(visit_counts) = &self.visit_counts else { return Some(addresses) };
        let mut counted_visit = locked(&self.counted_visit);
        *counted_visit = None;
        let entered = addresses.iter().find_map(|address| visit_counts.enter(host, address.ip(), true));
        *counted_visit = Some(entered?);
        drop(counted_visit);
        let first = self.server_key();
        let (mut sorted, rest): (Vec<_>, Vec<_>) =
            addresses.into_iter().partition(|address| Some(network(address.ip()).to_string()) == first);
        sorted.extend(rest);
        Some(sorted)
    }

    /// Counts the visit at the address that has answered, which may differ from the address that was counted first.
    pub fn record_peer(&self, host: &str, address: IpAddr) {
        let Some(visit_counts) = &self.visit_counts else { return };
        let mut counted_visit = locked(&self.counted_visit);
        if counted_visit.as_ref().is_none_or(|counted_visit| counted_visit.network != network(address)) {
            *counted_visit = visit_counts.enter(host, address, false);
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
    async fn only_time_spent_waiting_for_the_server_counts_as_slow() {
        let second = Duration::from_secs(1);
        let pace = Pace::default();
        pace.start_waiting();
        tokio::time::advance(4 * second).await;
        pace.record_bytes(50);
        assert_eq!(pace.slow_for(100), 4 * second, "50 bytes are too few");
        tokio::time::advance(60 * second).await;
        assert_eq!(pace.slow_for(100), 4 * second, "time spent on our side does not count");
        pace.start_waiting();
        tokio::time::advance(second).await;
        pace.start_waiting();
        tokio::time::advance(second).await;
        assert_eq!(pace.slow_for(100), 6 * second, "the wait continues");
        pace.record_bytes(50);
        assert_eq!(pace.slow_for(100), Duration::ZERO);
    }

    #[test]
    fn host_names_with_the_same_address_share_connection_slots() {
        let visit_counts = VisitCounts::new(2);
        let visit = |host: &str, addresses: &[&str]| {
            let pace = Pace::counted_by(visit_counts.clone());
            let entered = pace.enter(host, addresses.iter().map(|address| at(address)).collect());
            entered.map(|addresses| (pace, addresses))
        };
        assert_eq!(visit_counts.server_key("A.example"), "a.example");
        let first = visit("a.example", &["192.0.2.1:993"]).unwrap();
        assert_eq!(visit_counts.server_key("A.example"), "192.0.2.1/32");
        let second = visit("b.example", &["[::ffff:192.0.2.1]:993"]).unwrap();
        assert!(visit("c.example", &["192.0.2.1:143"]).is_none(), "another port is the same server");
        assert_eq!(
            visit_counts.server_key("c.example"),
            visit_counts.server_key("b.example"),
            "a refused visit also stores the address"
        );
        let (pace, order) = visit("d.example", &["192.0.2.1:993", "192.0.2.2:993"]).unwrap();
        assert_eq!(order[0], at("192.0.2.2:993"), "an address with a free slot");
        pace.record_peer("d.example", "192.0.2.1".parse().unwrap());
        assert_eq!(pace.server_key(), Some("192.0.2.1/32".to_owned()));
        drop((first, second, pace));
        assert!(visit("c.example", &["192.0.2.1:143"]).is_some());
        let _one = visit("e.example", &["[2001:db8::1]:993"]).unwrap();
        let _two = visit("f.example", &["[2001:db8::2]:993"]).unwrap();
        assert!(visit("g.example", &["[2001:db8::3]:993"]).is_none(), "one host has a whole network of addresses");
        assert!(visit_counts.visited() <= 2, "ended visits are removed");
    }
}
