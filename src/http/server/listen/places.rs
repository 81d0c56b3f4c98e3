//! Room for so many connections at once. A full house lets go of the connection that has kept us waiting longest, first of the
//! peer that has most of them, so that nobody shuts others out by saying nothing. Where all are being answered, a few places are left
//! for whoever watches the process.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

use super::pace::Pace;

/// How many connections at once.
#[derive(Debug, Clone, Copy)]
pub struct Most {
    /// In all. With the common limit of 1,024 open files, polls and the database keep theirs.
    pub all: usize,
    /// Of one peer that is no proxy.
    pub of_peer: usize,
    /// Beyond that, for whoever watches the process.
    pub watching: usize,
}

/// What [`super::answer`] lets in.
pub const MOST: Most = Most { all: 800, of_peer: 400, watching: 32 };

#[derive(Debug)]
struct Guest {
    /// `None`: a proxy, whose connections are everybody's.
    peer: Option<IpAddr>,
    pace: Arc<Pace>,
    go: CancellationToken,
    only_watches: bool,
}

#[derive(Debug, Default)]
struct House {
    next: u64,
    guests: HashMap<u64, Guest>,
    of_peer: HashMap<IpAddr, usize>,
    watching: usize,
}

/// All connections.
#[derive(Debug)]
pub struct Places {
    most: Most,
    house: Mutex<House>,
}

/// The place of one connection.
#[derive(Debug)]
pub struct Place {
    places: Arc<Places>,
    number: u64,
    go: CancellationToken,
    /// The house is full: only those who watch the process are answered here.
    pub only_watches: bool,
}

impl Places {
    pub fn new(most: Most) -> Arc<Self> {
        Arc::new(Self { most, house: Mutex::default() })
    }

    fn with<T>(&self, change: impl FnOnce(&mut House) -> T) -> T {
        change(&mut self.house.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A place for another connection; `None`: there is none at all.
    pub fn enter(self: &Arc<Self>, peer: Option<IpAddr>, pace: &Arc<Pace>) -> Option<Place> {
        let most = self.most;
        self.with(|house| {
            let of_peer = peer.and_then(|peer| house.of_peer.get(&peer)).copied().unwrap_or(0);
            let has_room = match peer {
                Some(_) if of_peer >= most.of_peer => {
                    house.send_away(|guest| guest.peer == peer && !guest.only_watches)
                }
                _ if house.guests.len() - house.watching >= most.all => house.send_away(|guest| !guest.only_watches),
                _ => true,
            };
            let only_watches = !has_room;
            if only_watches && house.watching >= most.watching && !house.send_away(|guest| guest.only_watches) {
                return None;
            }
            let (number, go) = (house.next, CancellationToken::new());
            house.next += 1;
            house.let_in(number, Guest { peer, pace: pace.clone(), go: go.clone(), only_watches });
            Some(Place { places: self.clone(), number, go, only_watches })
        })
    }

    /// Lets go of one, where the system has no room for another.
    pub fn make_room(&self) -> bool {
        self.with(|house| house.send_away(|_| true))
    }
}

impl House {
    fn let_in(&mut self, number: u64, guest: Guest) {
        match guest.peer {
            _ if guest.only_watches => self.watching += 1,
            Some(peer) => *self.of_peer.entry(peer).or_default() += 1,
            None => {}
        }
        self.guests.insert(number, guest);
    }

    fn leave(&mut self, number: u64) {
        let Some(guest) = self.guests.remove(&number) else { return };
        match guest.peer {
            _ if guest.only_watches => self.watching = self.watching.saturating_sub(1),
            Some(peer) => {
                if let Some(count) = self.of_peer.get_mut(&peer) {
                    *count -= 1;
                    if *count == 0 {
                        self.of_peer.remove(&peer);
                    }
                }
            }
            None => {}
        }
    }

    /// Ends the connection that has kept us waiting longest, of the peer that has most. False: none of these does.
    fn send_away(&mut self, among: impl Fn(&Guest) -> bool) -> bool {
        let waiting = self.guests.iter().filter(|(_, guest)| among(guest)).filter_map(|(number, guest)| {
            let of_peer = guest.peer.map_or(0, |peer| self.of_peer.get(&peer).copied().unwrap_or(0));
            guest.pace.waits_since().map(|since| (of_peer, std::cmp::Reverse(since), *number))
        });
        let Some((_, _, number)) = waiting.max() else { return false };
        if let Some(guest) = self.guests.get(&number) {
            guest.go.cancel();
        }
        self.leave(number);
        true
    }
}

impl Place {
    /// Comes back if the place is needed for others.
    pub async fn is_needed(&self) {
        self.go.cancelled().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.with(|house| house.leave(self.number));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const A: Option<IpAddr> = Some(IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1)));
    const B: Option<IpAddr> = Some(IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2)));

    /// A few connections, each of which waits a second longer than the next.
    async fn enter(places: &Arc<Places>, peers: &[Option<IpAddr>], are_answered: bool) -> Vec<Place> {
        let mut all = Vec::new();
        for peer in peers {
            let pace = Arc::new(Pace::new());
            if are_answered {
                pace.asked();
            }
            all.push(places.enter(*peer, &pace).unwrap());
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        all
    }

    fn gone(places: &[Place]) -> Vec<bool> {
        places.iter().map(|place| place.go.is_cancelled()).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_is_too_many_loses_its_oldest() {
        let places = Places::new(Most { all: 10, of_peer: 3, watching: 1 });
        let mut all = enter(&places, &[A, B, A, A, A], false).await;
        assert_eq!(gone(&all), [true, false, false, false, false]);
        // A proxy's connections are everybody's, and are not counted so.
        all.extend(enter(&places, &[None; 4], false).await);
        assert_eq!(gone(&all), [true, false, false, false, false, false, false, false, false]);
        assert!(all.iter().all(|place| !place.only_watches));
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_house_lets_go_of_those_who_have_most() {
        let places = Places::new(Most { all: 5, of_peer: 4, watching: 1 });
        let all = enter(&places, &[None, B, A, A, A, B], false).await;
        assert_eq!(gone(&all), [false, false, true, false, false, false]);
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_being_answered_stays_and_watchers_have_places_of_their_own() {
        let places = Places::new(Most { all: 4, of_peer: 2, watching: 1 });
        let busy = enter(&places, &[A, A, B, B], true).await;
        let watching = enter(&places, &[A], true).await;
        assert!(watching[0].only_watches && busy.iter().all(|place| !place.only_watches));
        assert!(places.enter(B, &Arc::new(Pace::new())).is_none(), "nobody waits whose place there could be");
        drop(watching);
        let silent = enter(&places, &[A], false).await;
        assert!(silent[0].only_watches);
        let next = places.enter(B, &Arc::new(Pace::new())).unwrap();
        assert!(next.only_watches && silent[0].go.is_cancelled());
        assert_eq!(gone(&busy), [false; 4]);
        drop((busy, next, silent));
        let house = places.house.lock().unwrap();
        assert!(house.guests.is_empty() && house.of_peer.is_empty() && house.watching == 0, "{house:?}");
    }
}
