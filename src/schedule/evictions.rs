//! Chooses which running polls are ended early to give their slots to waiting mailboxes. Pure.

use std::collections::HashMap;
use std::time::Duration;

use super::due::{Blocked, Shortage};

/// The numbers of a running poll by which the choice is made.
#[derive(Debug, Clone)]
pub struct Visit<I> {
    pub id: I,
    pub organisation: i64,
    /// The IP address of the server, or its host name while the address is unknown.
    pub endpoint: String,
    /// Whether the poll takes a slot for doubtful mailboxes.
    pub is_doubtful: bool,
    /// Failed polls of this mailbox in a row.
    pub failures: i64,
    /// How long the server has been too slow.
    pub slow_for: Duration,
    /// Time since the poll began.
    pub ran_for: Duration,
    /// Whether the poll was asked to end.
    pub is_ending: bool,
}

/// The time limits after which a poll is ended in favour of a waiting mailbox.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Maximum time for which the server may be too slow.
    pub patience: Duration,
    /// Maximum duration of the poll, however fast the server is.
    pub turn: Duration,
}

/// How a poll is ended early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Eviction {
    /// The poll ends at once, because its server is too slow.
    AtOnce,
    /// The poll ends after the current message, and resumes when its turn comes again.
    AfterMessage,
}

/// Maximum number of doublings of the patience. The patience doubles with each failed poll of the mailbox, since otherwise a
/// server that is always slow would never be polled to the end. The doubling applies only if the waiting mailbox
/// has failed too.
const MAX_DOUBLINGS: u32 = 4;

/// Chooses for each blocked mailbox at most one poll whose end gives the mailbox a slot.
pub fn evictions<I: Copy + PartialEq>(blocked: &[Blocked], visits: &[Visit<I>], limits: Limits) -> Vec<(I, Eviction)> {
    let mut count: HashMap<i64, usize> = HashMap::new();
    for visit in visits {
        *count.entry(visit.organisation).or_default() += 1;
    }
    let count = |organisation: i64| count.get(&organisation).copied().unwrap_or(0);
    let mut taken: Vec<I> = Vec::new();
    let mut evictions = Vec::new();
    for waiting in blocked {
        let makes_room = |visit: &&Visit<I>| !taken.contains(&visit.id) && waiting.is_helped_by(visit, visits);
        let already_ending = visits.iter().find(|visit| visit.is_ending && makes_room(visit));
        let slow = || {
            let slow = |visit: &&Visit<I>| visit.slow_for >= limits.patience_with(visit, waiting) && makes_room(visit);
            visits.iter().filter(slow).max_by_key(|visit| visit.slow_for).map(|visit| (visit, Some(Eviction::AtOnce)))
        };
        let over = || {
            // An organisation does not give up a slot to another organisation that has as many slots or more.
            let is_over = |visit: &&Visit<I>| {
                let keeps_slot = visit.organisation != waiting.organisation
                    && count(visit.organisation) <= count(waiting.organisation);
                visit.ran_for >= limits.turn && !keeps_slot && makes_room(visit)
            };
            let longest = visits.iter().filter(is_over).max_by_key(|visit| (count(visit.organisation), visit.ran_for));
            longest.map(|visit| (visit, Some(Eviction::AfterMessage)))
        };
        if let Some((visit, eviction)) = already_ending.map(|visit| (visit, None)).or_else(slow).or_else(over) {
            taken.push(visit.id);
            evictions.extend(eviction.map(|eviction| (visit.id, eviction)));
        }
    }
    evictions
}

impl Limits {
    fn patience_with<I>(self, visit: &Visit<I>, waiting: &Blocked) -> Duration {
        let failures = if waiting.failures > 0 { u32::try_from(visit.failures).unwrap_or(0) } else { 0 };
        self.patience.saturating_mul(2_u32.pow(failures.min(MAX_DOUBLINGS)))
    }
}

impl Blocked {
    /// Whether the end of this poll would free a slot for the blocked mailbox.
    fn is_helped_by<I>(&self, visit: &Visit<I>, visits: &[Visit<I>]) -> bool {
        match &self.shortage {
            Shortage::AtEndpoint(endpoint) => visit.endpoint == *endpoint,
            Shortage::Doubtful => visit.is_doubtful,
            // Doubtful mailboxes keep their slots, unless all running polls are of doubtful mailboxes.
            Shortage::Any => !visit.is_doubtful || visits.iter().all(|visit| visit.is_doubtful),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const LIMITS: Limits = Limits { patience: Duration::from_secs(5), turn: Duration::from_secs(15) };

    fn visit(id: u32) -> Visit<u32> {
        Visit {
            id,
            organisation: 1,
            endpoint: "a".to_owned(),
            is_doubtful: false,
            failures: 0,
            slow_for: Duration::ZERO,
            ran_for: 4 * SECOND,
            is_ending: false,
        }
    }

    fn slow(id: u32, seconds: u32) -> Visit<u32> {
        Visit { slow_for: seconds * SECOND, ran_for: seconds * SECOND, ..visit(id) }
    }

    fn waiting(organisation: i64, shortage: Shortage) -> Blocked {
        Blocked { organisation, shortage, failures: 0 }
    }

    #[test]
    fn a_slow_server_loses_its_slot_to_a_waiting_mailbox() {
        let any = || waiting(1, Shortage::Any);
        let visits = [visit(1), slow(2, 4), slow(3, 6), slow(4, 9)];
        assert_eq!(evictions(&[], &visits, LIMITS), [], "nobody waits: a slow server takes its time");
        assert_eq!(evictions(&[any()], &visits, LIMITS), [(4, Eviction::AtOnce)], "the slowest first");
        assert_eq!(evictions(&[any(), any(), any()], &visits, LIMITS), [(4, Eviction::AtOnce), (3, Eviction::AtOnce)]);
        let leaving = Visit { is_ending: true, ..slow(4, 9) };
        assert_eq!(evictions(&[any()], &[slow(3, 6), leaving.clone()], LIMITS), [], "a slot will be free soon");
        assert_eq!(evictions(&[any(), any()], &[slow(3, 6), leaving], LIMITS), [(3, Eviction::AtOnce)]);
    }

    #[test]
    fn only_polls_whose_slot_is_needed_are_ended() {
        let elsewhere = Visit { endpoint: "b".to_owned(), ..slow(2, 9) };
        let doubtful = Visit { is_doubtful: true, failures: 1, ..slow(3, 9) };
        let visits = [slow(1, 6), elsewhere, doubtful];
        let evicted = |shortage| evictions(&[waiting(1, shortage)], &visits, LIMITS).first().map(|(id, _)| *id);
        assert_eq!(evicted(Shortage::AtEndpoint("a".to_owned())), Some(3));
        assert_eq!(evicted(Shortage::AtEndpoint("b".to_owned())), Some(2));
        assert_eq!(evicted(Shortage::AtEndpoint("c".to_owned())), None);
        assert_eq!(evicted(Shortage::Doubtful), Some(3));
        assert_eq!(evicted(Shortage::Any), Some(2), "the doubtful ones stay among themselves");
        let alone = [Visit { is_doubtful: true, ..slow(3, 9) }];
        assert_eq!(
            evictions(&[waiting(1, Shortage::Any)], &alone, LIMITS),
            [(3, Eviction::AtOnce)],
            "unless there are no others"
        );
    }

    #[test]
    fn a_mailbox_that_failed_gets_more_time_unless_a_new_one_waits() {
        let visits = [Visit { is_doubtful: true, failures: 2, ..slow(1, 12) }];
        let failed = Blocked { failures: 1, ..waiting(1, Shortage::Doubtful) };
        assert_eq!(evictions(std::slice::from_ref(&failed), &visits, LIMITS), []);
        assert_eq!(
            evictions(std::slice::from_ref(&failed), &[Visit { slow_for: 20 * SECOND, ..visits[0].clone() }], LIMITS)
                .len(),
            1
        );
        assert_eq!(evictions(&[waiting(1, Shortage::Doubtful)], &visits, LIMITS), [(1, Eviction::AtOnce)]);
        let always = [Visit { failures: i64::MAX, slow_for: 80 * SECOND, ..visits[0].clone() }];
        assert_eq!(evictions(&[failed], &always, LIMITS), [(1, Eviction::AtOnce)]);
    }

    #[test]
    fn a_poll_ends_after_its_turn_unless_its_organisation_has_the_smaller_share() {
        let long = |id, organisation, seconds: u32| Visit { organisation, ran_for: seconds * SECOND, ..visit(id) };
        let visits = [long(1, 1, 14), long(2, 1, 20), long(3, 1, 30), long(4, 2, 90)];
        assert_eq!(
            evictions(&[waiting(3, Shortage::Any)], &visits, LIMITS),
            [(3, Eviction::AfterMessage)],
            "of the largest share"
        );
        assert_eq!(
            evictions(&[waiting(1, Shortage::Any)], &visits, LIMITS),
            [(3, Eviction::AfterMessage)],
            "among its own"
        );
        assert_eq!(evictions(&[waiting(2, Shortage::Any)], &visits, LIMITS), [(3, Eviction::AfterMessage)]);
        let one_each = [long(2, 1, 20), long(4, 2, 90)];
        assert_eq!(
            evictions(&[waiting(1, Shortage::Any)], &one_each, LIMITS),
            [(2, Eviction::AfterMessage)],
            "not the other's only one"
        );
        assert_eq!(evictions(&[waiting(3, Shortage::Any)], &[long(1, 1, 14)], LIMITS), [], "its turn has just begun");
    }
}
