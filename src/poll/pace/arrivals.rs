//! The addresses that are visited now: so many visits at once are one server's to bear.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ipnet::IpNet;

/// One host can have any of the addresses in such a network.
const HOSTS_NETWORK: u8 = 64;
/// Names whose address is remembered; more are those of mailboxes that are not polled here any more.
const MOST_NAMES: usize = 100_000;

/// The addresses that are visited now, and where each host name has led.
#[derive(Debug)]
pub struct Arrivals {
    most: usize,
    counted: Mutex<Counted>,
}

#[derive(Debug, Default)]
struct Counted {
    visits: HashMap<IpNet, usize>,
    known: HashMap<String, IpNet>,
}

/// A visit that is counted at its address until this is dropped.
#[derive(Debug)]
pub struct Arrival {
    pub network: IpNet,
    arrivals: Arc<Arrivals>,
}

impl Drop for Arrival {
    fn drop(&mut self) {
        let mut counted = locked(&self.arrivals.counted);
        if let Some(count) = counted.visits.get_mut(&self.network) {
            *count -= 1;
            if *count == 0 {
                counted.visits.remove(&self.network);
            }
        }
    }
}

impl Arrivals {
    /// With so many visits at once at one address.
    pub fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most, counted: Mutex::default() })
    }

    /// The address that a name has led to, or the name: many names can be one server's.
    pub fn place_of(&self, host: &str) -> String {
        let host = host.to_lowercase();
        let counted = locked(&self.counted);
        counted.known.get(&host).map_or_else(|| host.clone(), IpNet::to_string)
    }

    /// How many addresses are visited now.
    #[cfg(test)]
    pub fn visited(&self) -> usize {
        locked(&self.counted).visits.len()
    }

    /// Enters an address. `None`: it has no room, which matters where that is asked for.
    pub fn enter(self: &Arc<Self>, host: &str, address: IpAddr, if_room: bool) -> Option<Arrival> {
        let network = network(address);
        let mut counted = locked(&self.counted);
        if counted.known.len() >= MOST_NAMES {
            counted.known.clear();
        }
        counted.known.insert(host.to_lowercase(), network);
        let count = counted.visits.entry(network).or_default();
        if if_room && *count >= self.most {
            return None;
        }
        *count += 1;
        drop(counted);
        Some(Arrival { network, arrivals: self.clone() })
    }
}

/// What counts as one address.
pub fn network(address: IpAddr) -> IpNet {
    let address = address.to_canonical();
    let prefix = if address.is_ipv6() { HOSTS_NETWORK } else { 32 };
    IpNet::new(address, prefix).map_or_else(|_| IpNet::from(address), |network| network.trunc())
}

pub fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
