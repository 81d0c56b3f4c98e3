//! Limits the number of connections. When all slots are taken, a new connection replaces one that is waiting for its
//! client: among those of the peer with the most connections, the one that has kept us waiting longest. Idle clients
//! therefore cannot shut others out. If every connection is busy with a request, a few slots remain for monitoring.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

use super::pace::Pace;

/// Maximum numbers of connections.
#[derive(Debug, Clone, Copy)]
pub struct ConnectionLimits {
    /// Maximum number of connections in total. With the common limit of 1,024 open files, this leaves enough for polls
    /// and the database.
    pub total: usize,
    /// Maximum number of connections of one peer that is not a proxy.
    pub per_peer: usize,
    /// Number of additional connections for monitoring.
    pub monitoring: usize,
}

/// The limits of [`super::run`].
pub const LIMITS: ConnectionLimits = ConnectionLimits { total: 800, per_peer: 400, monitoring: 32 };

#[derive(Debug)]
struct OpenConnection {
    /// The peer; `None` for a proxy, whose connections belong to all of its clients.
    peer: Option<IpAddr>,
    pace: Arc<Pace>,
    evict: CancellationToken,
    monitoring_only: bool,
}

#[derive(Debug, Default)]
struct OpenConnections {
    next: u64,
    connections: HashMap<u64, OpenConnection>,
    per_peer: HashMap<IpAddr, usize>,
    monitoring: usize,
}

/// All slots.
#[derive(Debug)]
pub struct ConnectionSlots {
    limits: ConnectionLimits,
    open: Mutex<OpenConnections>,
}

/// The slot of one connection, held until this value is dropped.
#[derive(Debug)]
pub struct ConnectionSlot {
    slots: Arc<ConnectionSlots>,
    number: u64,
    evict: CancellationToken,
    /// Whether the server was full, or the peer was at its limit, so that this connection may use the monitoring endpoints
    /// only.
    pub monitoring_only: bool,
}

impl ConnectionSlots {
    pub fn new(limits: ConnectionLimits) -> Arc<Self> {
        Arc::new(Self { limits, open: Mutex::default() })
    }

    fn with<T>(&self, change: impl FnOnce(&mut OpenConnections) -> T) -> T {
        change(&mut self.open.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes a slot for a new connection; returns `None` if no slot is free and none can be freed.
    pub fn acquire(self: &Arc<Self>, peer: Option<IpAddr>, pace: &Arc<Pace>) -> Option<ConnectionSlot> {
        let limits = self.limits;
        self.with(|open| {
            let per_peer = peer.and_then(|peer| open.per_peer.get(&peer)).copied().unwrap_or(0);
            let has_room = match peer {
                Some(_) if per_peer >= limits.per_peer => {
                    open.evict_one(|connection| connection.peer == peer && !connection.monitoring_only)
                }
                _ if open.connections.len() - open.monitoring >= limits.total => {
                    open.evict_one(|connection| !connection.monitoring_only)
                }
                _ => true,
            };
            let monitoring_only = !has_room;
            if monitoring_only
                && open.monitoring >= limits.monitoring
                && !open.evict_one(|connection| connection.monitoring_only)
            {
                return None;
            }
            let (number, evict) = (open.next, CancellationToken::new());
            open.next += 1;
            open.insert(number, OpenConnection { peer, pace: pace.clone(), evict: evict.clone(), monitoring_only });
            Some(ConnectionSlot { slots: self.clone(), number, evict, monitoring_only })
        })
    }

    /// Closes a connection when the system is out of resources. Returns false if no connection is waiting for its
    /// client.
    pub fn evict_any(&self) -> bool {
        self.with(|open| open.evict_one(|_| true))
    }
}

impl OpenConnections {
    fn insert(&mut self, number: u64, connection: OpenConnection) {
        match connection.peer {
            _ if connection.monitoring_only => self.monitoring += 1,
            Some(peer) => *self.per_peer.entry(peer).or_default() += 1,
            None => {}
        }
        self.connections.insert(number, connection);
    }

    fn remove(&mut self, number: u64) {
        let Some(connection) = self.connections.remove(&number) else { return };
        match connection.peer {
            _ if connection.monitoring_only => self.monitoring = self.monitoring.saturating_sub(1),
            Some(peer) => {
                if let Some(count) = self.per_peer.get_mut(&peer) {
                    *count -= 1;
                    if *count == 0 {
                        self.per_peer.remove(&peer);
                    }
                }
            }
            None => {}
        }
    }

    /// Closes one of the connections that `among` selects: among those of the peer with the most connections, the one that
    /// has kept us waiting longest. Returns false if none of the selected connections is waiting for its client.
    fn evict_one(&mut self, among: impl Fn(&OpenConnection) -> bool) -> bool {
        let waiting =
            self.connections.iter().filter(|(_, connection)| among(connection)).filter_map(|(number, connection)| {
                let per_peer = connection.peer.map_or(0, |peer| self.per_peer.get(&peer).copied().unwrap_or(0));
                connection.pace.waiting_since().map(|since| (per_peer, std::cmp::Reverse(since), *number))
            });
        let Some((_, _, number)) = waiting.max() else { return false };
        if let Some(connection) = self.connections.get(&number) {
            connection.evict.cancel();
        }
        self.remove(number);
        true
    }
}

impl ConnectionSlot {
    /// Waits until the slot is needed for another connection.
    pub async fn evicted(&self) {
        self.evict.cancelled().await;
    }
}

impl Drop for ConnectionSlot {
    fn drop(&mut self) {
        self.slots.with(|open| open.remove(self.number));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const A: Option<IpAddr> = Some(IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1)));
    const B: Option<IpAddr> = Some(IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2)));

    /// Opens connections. Each has been waiting for one second longer than the next.
    async fn acquire(
        slots: &Arc<ConnectionSlots>,
        peers: &[Option<IpAddr>],
        are_answered: bool,
    ) -> Vec<ConnectionSlot> {
        let mut all = Vec::new();
        for peer in peers {
            let pace = Arc::new(Pace::new());
            if are_answered {
                pace.head_received();
            }
            all.push(slots.acquire(*peer, &pace).unwrap());
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        all
    }

    fn evicted_of(slots: &[ConnectionSlot]) -> Vec<bool> {
        slots.iter().map(|slot| slot.evict.is_cancelled()).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_above_its_limit_loses_its_oldest_connection() {
        let slots = ConnectionSlots::new(ConnectionLimits { total: 10, per_peer: 3, monitoring: 1 });
        let mut all = acquire(&slots, &[A, B, A, A, A], false).await;
        assert_eq!(evicted_of(&all), [true, false, false, false, false]);
        // The connections of a proxy belong to all of its clients and are not counted for one peer.
        all.extend(acquire(&slots, &[None; 4], false).await);
        assert_eq!(evicted_of(&all), [true, false, false, false, false, false, false, false, false]);
        assert!(all.iter().all(|slot| !slot.monitoring_only));
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_server_evicts_the_peer_with_the_most_connections() {
        let slots = ConnectionSlots::new(ConnectionLimits { total: 5, per_peer: 4, monitoring: 1 });
        let all = acquire(&slots, &[None, B, A, A, A, B], false).await;
        assert_eq!(evicted_of(&all), [false, false, true, false, false, false]);
    }

    #[tokio::test(start_paused = true)]
    async fn busy_connections_stay_and_monitoring_has_its_own_slots() {
        let slots = ConnectionSlots::new(ConnectionLimits { total: 4, per_peer: 2, monitoring: 1 });
        let busy = acquire(&slots, &[A, A, B, B], true).await;
        let monitoring = acquire(&slots, &[A], true).await;
        assert!(monitoring[0].monitoring_only && busy.iter().all(|slot| !slot.monitoring_only));
        assert!(slots.acquire(B, &Arc::new(Pace::new())).is_none(), "no waiting connection whose slot could be taken");
        drop(monitoring);
        let silent = acquire(&slots, &[A], false).await;
        assert!(silent[0].monitoring_only);
        let next = slots.acquire(B, &Arc::new(Pace::new())).unwrap();
        assert!(next.monitoring_only && silent[0].evict.is_cancelled());
        assert_eq!(evicted_of(&busy), [false; 4]);
        drop((busy, next, silent));
        let open = slots.open.lock().unwrap();
        assert!(open.connections.is_empty() && open.per_peer.is_empty() && open.monitoring == 0, "{open:?}");
    }
}
