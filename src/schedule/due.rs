//! Chooses which of the due mailboxes are polled now. Pure.

use std::collections::HashMap;

use crate::store::Due;

/// The slots for polls.
#[derive(Debug, Clone, Copy)]
pub struct Slots {
    /// Number of free slots.
    pub free: usize,
    /// How many of the free slots, at most, doubtful mailboxes may take (those whose last poll failed, or that never had a
    /// complete poll). The others are reserved for all other mailboxes.
    pub doubtful: usize,
    /// Maximum number of polls at one endpoint.
    pub per_host: usize,
}

/// A due mailbox, with its endpoint: the IP address that its host's name resolved to, or the name if that is unknown.
#[derive(Debug, Clone)]
pub struct Candidate {
    pub due: Due,
    pub endpoint: String,
}

/// The kind of slot that a due mailbox could not get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shortage {
    /// A slot at this endpoint.
    AtEndpoint(String),
    /// A slot for doubtful mailboxes.
    Doubtful,
    /// Any slot.
    Any,
}

/// A due mailbox that got no slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocked {
    pub organisation: i64,
    pub shortage: Shortage,
    /// Failed polls in a row.
    pub failures: i64,
}

/// Number of running polls.
#[derive(Debug, Default, Clone)]
pub struct RunningCounts {
    pub by_organisation: HashMap<i64, usize>,
    pub by_endpoint: HashMap<String, usize>,
}

/// Assigns the slots one by one: the organisation with the fewest polls gets the next slot, for its mailbox that has
/// waited longest. The limits per endpoint and for doubtful mailboxes ensure that slow or silent hosts never take all
/// slots. Returns the chosen mailboxes and those that got no slot, both in the order of this choice.
pub fn choose(mut candidates: Vec<Candidate>, mut slots: Slots, running: &RunningCounts) -> (Vec<Due>, Vec<Blocked>) {
    let RunningCounts { mut by_organisation, mut by_endpoint } = running.clone();
    let (mut chosen, mut blocked) = (Vec::new(), Vec::new());
    loop {
        let polls_of = |candidate: &Candidate| by_organisation.get(&candidate.due.organisation_id).copied();
        let next = candidates.iter().enumerate().min_by_key(|(_, candidate)| polls_of(candidate));
        let Some((next, _)) = next else { return (chosen, blocked) };
        let Candidate { due, endpoint } = candidates.remove(next);
        let here = by_endpoint.entry(endpoint.clone()).or_default();
        let shortage = match () {
            () if *here >= slots.per_host => Some(Shortage::AtEndpoint(endpoint)),
            () if due.is_doubtful && slots.doubtful == 0 => Some(Shortage::Doubtful),
            () if slots.free == 0 => Some(Shortage::Any),
            () => None,
        };
        if let Some(shortage) = shortage {
            blocked.push(Blocked { organisation: due.organisation_id, shortage, failures: due.failures });
            continue;
        }
        *here += 1;
        *by_organisation.entry(due.organisation_id).or_default() += 1;
        slots.free -= 1;
        slots.doubtful -= usize::from(due.is_doubtful);
        chosen.push(due);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A due mailbox at this endpoint; it is doubtful if its name starts with `?`.
    fn candidate(name: &str, endpoint: &str, organisation_id: i64) -> Candidate {
        let due = Due {
            address: name.to_owned(),
            host: endpoint.to_owned(),
            organisation_id,
            failures: 0,
            is_doubtful: name.starts_with('?'),
            lease_owner: None,
            lease_token: None,
            lease_until: None,
        };
        Candidate { due, endpoint: endpoint.to_owned() }
    }

    fn names(due: &[Due]) -> Vec<&str> {
        due.iter().map(|due| due.address.as_str()).collect()
    }

    #[test]
    fn a_busy_host_does_not_take_the_slots_of_others() {
        let all =
            || [("1", "a"), ("2", "a"), ("3", "a"), ("4", "b"), ("5", "c")].map(|(n, p)| candidate(n, p, 1)).to_vec();
        let chosen = |free, running: &[(&str, usize)]| {
            let by_endpoint = running.iter().map(|(host, count)| ((*host).to_owned(), *count)).collect();
            let slots = Slots { free, doubtful: 1, per_host: 2 };
            let (chosen, blocked) =
                choose(all(), slots, &RunningCounts { by_endpoint, by_organisation: HashMap::new() });
            (names(&chosen).join(" "), blocked.into_iter().map(|blocked| blocked.shortage).collect::<Vec<_>>())
        };
        let at = |endpoint: &str| Shortage::AtEndpoint(endpoint.to_owned());
        assert_eq!(chosen(9, &[]), ("1 2 4 5".to_owned(), vec![at("a")]));
        assert_eq!(chosen(9, &[("a", 1)]), ("1 4 5".to_owned(), vec![at("a"), at("a")]));
        assert_eq!(chosen(1, &[("a", 2)]), ("4".to_owned(), vec![at("a"), at("a"), at("a"), Shortage::Any]));
        assert_eq!(chosen(0, &[]).0, "");
        let all =
            [("?1", "a"), ("?2", "b"), ("3", "c"), ("?4", "c"), ("5", "d")].map(|(n, p)| candidate(n, p, 1)).to_vec();
        let slots = Slots { free: 9, doubtful: 2, per_host: 2 };
        let (chosen, blocked) = choose(all, slots, &RunningCounts::default());
        assert_eq!(names(&chosen), ["?1", "?2", "3", "5"]);
        assert_eq!(blocked[0].shortage, Shortage::Doubtful);
    }

    #[test]
    fn organisations_take_turns_however_many_mailboxes_one_has() {
        let all = || {
            let mut all: Vec<Candidate> = (0..8).map(|n| candidate(&n.to_string(), &n.to_string(), 1)).collect();
            all.extend([candidate("b1", "x", 2), candidate("b2", "y", 2), candidate("c1", "z", 3)]);
            all
        };
        let slots = |free| Slots { free, doubtful: 9, per_host: 8 };
        let (chosen, blocked) = choose(all(), slots(5), &RunningCounts::default());
        assert_eq!(names(&chosen), ["0", "b1", "c1", "1", "b2"]);
        assert_eq!((blocked.len(), blocked[0].organisation), (6, 1));
        let running = RunningCounts { by_organisation: HashMap::from([(1, 3)]), by_endpoint: HashMap::new() };
        assert_eq!(
            names(&choose(all(), slots(3), &running).0),
            ["b1", "c1", "b2"],
            "the organisation with the most polls comes last"
        );
        let (chosen, blocked) = choose(all(), slots(0), &running);
        assert!(chosen.is_empty());
        assert_eq!(
            blocked[0],
            Blocked { organisation: 2, shortage: Shortage::Any, failures: 0 },
            "the first to get a slot"
        );
    }
}
