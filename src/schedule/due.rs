//! Which of the mailboxes that are due are started now? Pure.

use std::collections::HashMap;

use crate::store::Due;

/// How many places there are.
#[derive(Debug, Clone, Copy)]
pub struct Places {
    /// That are free.
    pub free: usize,
    /// Of those, for mailboxes that failed the last time, or were never seen: the others always find a place.
    pub doubtful: usize,
    /// At one address, or on one host whose address is not known yet.
    pub per_host: usize,
}

/// A mailbox that is due, with the address that its host's name has led to, or the name.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// The mailbox.
    pub due: Due,
    /// Where its server is.
    pub place: String,
}

/// What a mailbox that is due lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lack {
    /// A place at this address.
    AtPlace(String),
    /// A place among the doubtful ones.
    Doubtful,
    /// A place.
    Any,
}

/// A mailbox that is due and finds no place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocked {
    /// Whose it is.
    pub organisation: i64,
    /// What it lacks.
    pub lack: Lack,
    /// Its failed polls in a row.
    pub failures: i64,
}

/// How many visits there are now.
#[derive(Debug, Default, Clone)]
pub struct Running {
    /// Of each organisation.
    pub of: HashMap<i64, usize>,
    /// At each address.
    pub at: HashMap<String, usize>,
}

/// Place by place, the organisation with the fewest visits has the next, and of its mailboxes the one that waits longest. No more
/// are at one address than may be, and no more doubtful ones: hosts that are slow or silent never take every place. Those that
/// find none come second, in the same order.
pub fn choose(mut waiting: Vec<Waiting>, mut places: Places, running: &Running) -> (Vec<Due>, Vec<Blocked>) {
    let Running { mut of, mut at } = running.clone();
    let (mut chosen, mut blocked) = (Vec::new(), Vec::new());
    loop {
        let next = waiting.iter().enumerate().min_by_key(|(_, waiting)| of.get(&waiting.due.organisation_id).copied());
        let Some((next, _)) = next else { return (chosen, blocked) };
        let Waiting { due, place } = waiting.remove(next);
        let here = at.entry(place.clone()).or_default();
        let lack = match () {
            () if *here >= places.per_host => Some(Lack::AtPlace(place)),
            () if due.is_doubtful && places.doubtful == 0 => Some(Lack::Doubtful),
            () if places.free == 0 => Some(Lack::Any),
            () => None,
        };
        if let Some(lack) = lack {
            blocked.push(Blocked { organisation: due.organisation_id, lack, failures: due.failures });
            continue;
        }
        *here += 1;
        *of.entry(due.organisation_id).or_default() += 1;
        places.free -= 1;
        places.doubtful -= usize::from(due.is_doubtful);
        chosen.push(due);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `?` before a name: it is doubtful.
    fn waiting(name: &str, place: &str, organisation_id: i64) -> Waiting {
        let due = Due {
            address: name.to_owned(),
            host: place.to_owned(),
            organisation_id,
            failures: 0,
            is_doubtful: name.starts_with('?'),
            lease_owner: None,
            lease_token: None,
            lease_until: None,
        };
        Waiting { due, place: place.to_owned() }
    }

    fn names(due: &[Due]) -> Vec<&str> {
        due.iter().map(|due| due.address.as_str()).collect()
    }

    #[test]
    fn a_busy_host_does_not_take_the_places_of_others() {
        let all =
            || [("1", "a"), ("2", "a"), ("3", "a"), ("4", "b"), ("5", "c")].map(|(n, p)| waiting(n, p, 1)).to_vec();
        let chosen = |free, running: &[(&str, usize)]| {
            let at = running.iter().map(|(host, count)| ((*host).to_owned(), *count)).collect();
            let places = Places { free, doubtful: 1, per_host: 2 };
            let (chosen, blocked) = choose(all(), places, &Running { at, of: HashMap::new() });
            (names(&chosen).join(" "), blocked.into_iter().map(|blocked| blocked.lack).collect::<Vec<_>>())
        };
        let at = |place: &str| Lack::AtPlace(place.to_owned());
        assert_eq!(chosen(9, &[]), ("1 2 4 5".to_owned(), vec![at("a")]));
        assert_eq!(chosen(9, &[("a", 1)]), ("1 4 5".to_owned(), vec![at("a"), at("a")]));
        assert_eq!(chosen(1, &[("a", 2)]), ("4".to_owned(), vec![at("a"), at("a"), at("a"), Lack::Any]));
        assert_eq!(chosen(0, &[]).0, "");
        let all =
            [("?1", "a"), ("?2", "b"), ("3", "c"), ("?4", "c"), ("5", "d")].map(|(n, p)| waiting(n, p, 1)).to_vec();
        let places = Places { free: 9, doubtful: 2, per_host: 2 };
        let (chosen, blocked) = choose(all, places, &Running::default());
        assert_eq!(names(&chosen), ["?1", "?2", "3", "5"]);
        assert_eq!(blocked[0].lack, Lack::Doubtful);
    }

    #[test]
    fn organisations_take_turns_however_many_mailboxes_one_has() {
        let all = || {
            let mut all: Vec<Waiting> = (0..8).map(|n| waiting(&n.to_string(), &n.to_string(), 1)).collect();
            all.extend([waiting("b1", "x", 2), waiting("b2", "y", 2), waiting("c1", "z", 3)]);
            all
        };
        let places = |free| Places { free, doubtful: 9, per_host: 8 };
        let (chosen, blocked) = choose(all(), places(5), &Running::default());
        assert_eq!(names(&chosen), ["0", "b1", "c1", "1", "b2"]);
        assert_eq!((blocked.len(), blocked[0].organisation), (6, 1));
        let running = Running { of: HashMap::from([(1, 3)]), at: HashMap::new() };
        assert_eq!(names(&choose(all(), places(3), &running).0), ["b1", "c1", "b2"], "those who have most come last");
        let (chosen, blocked) = choose(all(), places(0), &running);
        assert!(chosen.is_empty());
        assert_eq!(blocked[0], Blocked { organisation: 2, lack: Lack::Any, failures: 0 }, "the first to get a place");
    }
}
