//! Counts the current visits per server address, and limits them.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ipnet::IpNet;

/// The prefix length of an IPv6 network that counts as one address, since one host can use all its addresses.
const IPV6_PREFIX: u8 = 64;
/// Maximum number of host names whose address is remembered. Beyond it, all are forgotten: most then belong to
/// mailboxes that are no longer polled.
const MAX_NAMES: usize = 100_000;

/// The current visits by address, and the last address of each host name.
#[derive(Debug)]
pub struct VisitCounts {
    max_per_address: usize,
    counts: Mutex<CurrentVisits>,
}

#[derive(Debug, Default)]
struct CurrentVisits {
    visits: HashMap<IpNet, usize>,
    known: HashMap<String, IpNet>,
}

/// A visit that counts at its address until this value is dropped.
#[derive(Debug)]
pub struct CountedVisit {
    pub network: IpNet,
    visit_counts: Arc<VisitCounts>,
}

impl Drop for CountedVisit {
    fn drop(&mut self) {
        let mut counts = locked(&self.visit_counts.counts);
        if let Some(count) = counts.visits.get_mut(&self.network) {
            *count -= 1;
            if *count == 0 {
                counts.visits.remove(&self.network);
            }
        }
    }
}

impl VisitCounts {
    /// Creates counts that permit `max_per_address` concurrent visits per address.
    pub fn new(max_per_address: usize) -> Arc<Self> {
        Arc::new(Self { max_per_address, counts: Mutex::default() })
    }

    /// Returns the last known address of a host name, or else the name itself: many names can belong to one server.
    pub fn server_key(&self, host: &str) -> String {
        let host = host.to_lowercase();
        let counts = locked(&self.counts);
        counts.known.get(&host).map_or_else(|| host.clone(), IpNet::to_string)
    }

    /// Number of addresses with visits.
    #[cfg(test)]
    pub fn visited(&self) -> usize {
        locked(&self.counts).visits.len()
    }

    /// Counts a visit at an address. Returns `None` if the address has no room. Without `only_if_room`, the limit does
    /// not apply.
    pub fn enter(self: &Arc<Self>, host: &str, address: IpAddr, only_if_room: bool) -> Option<CountedVisit> {
        let network = network(address);
        let mut counts = locked(&self.counts);
        if counts.known.len() >= MAX_NAMES {
            counts.known.clear();
        }
        counts.known.insert(host.to_lowercase(), network);
        let count = counts.visits.entry(network).or_default();
        if only_if_room && *count >= self.max_per_address {
            return None;
        }
        *count += 1;
        drop(counts);
        Some(CountedVisit { network, visit_counts: self.clone() })
    }
}

/// Returns the network of an address, which counts as one address.
pub fn network(address: IpAddr) -> IpNet {
    let address = address.to_canonical();
    let prefix = if address.is_ipv6() { IPV6_PREFIX } else { 32 };
    IpNet::new(address, prefix).map_or_else(|_| IpNet::from(address), |network| network.trunc())
}

pub fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
