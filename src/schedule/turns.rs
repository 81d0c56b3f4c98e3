//! Which visit loses its place to one that waits? Pure.

use std::collections::HashMap;
use std::time::Duration;

use super::due::{Blocked, Lack};

/// A visit under way.
#[derive(Debug, Clone)]
pub struct Visit<I> {
    /// Which.
    pub id: I,
    /// Whose.
    pub organisation: i64,
    /// The address that it is at, or the host that it is on the way to.
    pub place: String,
    /// It counts among the doubtful ones.
    pub is_doubtful: bool,
    /// Failed polls of this mailbox in a row.
    pub failures: i64,
    /// How long its server was waited for since it last brought enough.
    pub slow_for: Duration,
    /// Since it began.
    pub ran_for: Duration,
    /// It was told to end.
    pub is_leaving: bool,
}

/// When a visit that others wait for is to end.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// After its server was waited for so long and brought too little.
    pub patience: Duration,
    /// After this time, however much it brings.
    pub turn: Duration,
}

/// How a visit loses its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// It ends at once: its server is too slow.
    Cut,
    /// It ends at the message in hand, and goes on when its turn comes again.
    TurnOver,
}

/// A mailbox that failed is waited for longer the more often it did, or a server that is always slow would never be seen to the
/// end. Only others that failed, too, wait for that.
const LONGEST_PATIENCE: u32 = 4;

/// For each that waits, at most one visit that makes room for it.
pub fn losers<I: Copy + PartialEq>(blocked: &[Blocked], visits: &[Visit<I>], rules: Rules) -> Vec<(I, Loss)> {
    let mut count: HashMap<i64, usize> = HashMap::new();
    for visit in visits {
        *count.entry(visit.organisation).or_default() += 1;
    }
    let count = |organisation: i64| count.get(&organisation).copied().unwrap_or(0);
    let mut taken: Vec<I> = Vec::new();
    let mut losers = Vec::new();
    for waiting in blocked {
        let makes_room = |visit: &&Visit<I>| !taken.contains(&visit.id) && waiting.is_helped_by(visit, visits);
        let on_the_way = visits.iter().find(|visit| visit.is_leaving && makes_room(visit));
        let slow = || {
            let slow = |visit: &&Visit<I>| visit.slow_for >= rules.patience_with(visit, waiting) && makes_room(visit);
            visits.iter().filter(slow).max_by_key(|visit| visit.slow_for).map(|visit| (visit, Some(Loss::Cut)))
        };
        let over = || {
            // An organisation with fewer places than the others gives none to them.
            let is_over = |visit: &&Visit<I>| {
                let fewer = visit.organisation != waiting.organisation
                    && count(visit.organisation) <= count(waiting.organisation);
                visit.ran_for >= rules.turn && !fewer && makes_room(visit)
            };
            let most = visits.iter().filter(is_over).max_by_key(|visit| (count(visit.organisation), visit.ran_for));
            most.map(|visit| (visit, Some(Loss::TurnOver)))
        };
        if let Some((visit, loss)) = on_the_way.map(|visit| (visit, None)).or_else(slow).or_else(over) {
            taken.push(visit.id);
            losers.extend(loss.map(|loss| (visit.id, loss)));
        }
    }
    losers
}

impl Rules {
    fn patience_with<I>(self, visit: &Visit<I>, waiting: &Blocked) -> Duration {
        let failures = if waiting.failures > 0 { u32::try_from(visit.failures).unwrap_or(0) } else { 0 };
        self.patience.saturating_mul(2_u32.pow(failures.min(LONGEST_PATIENCE)))
    }
}

impl Blocked {
    /// Whether the end of this visit would be a place for it.
    fn is_helped_by<I>(&self, visit: &Visit<I>, visits: &[Visit<I>]) -> bool {
        match &self.lack {
            Lack::AtPlace(place) => visit.place == *place,
            Lack::Doubtful => visit.is_doubtful,
            // The doubtful ones have places of their own, which they are not pushed out of.
            Lack::Any => !visit.is_doubtful || visits.iter().all(|visit| visit.is_doubtful),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const RULES: Rules = Rules { patience: Duration::from_secs(5), turn: Duration::from_secs(15) };

    fn visit(id: u32) -> Visit<u32> {
        Visit {
            id,
            organisation: 1,
            place: "a".to_owned(),
            is_doubtful: false,
            failures: 0,
            slow_for: Duration::ZERO,
            ran_for: 4 * SECOND,
            is_leaving: false,
        }
    }

    fn slow(id: u32, seconds: u32) -> Visit<u32> {
        Visit { slow_for: seconds * SECOND, ran_for: seconds * SECOND, ..visit(id) }
    }

    fn waiting(organisation: i64, lack: Lack) -> Blocked {
        Blocked { organisation, lack, failures: 0 }
    }

    #[test]
    fn a_slow_server_loses_its_place_to_whoever_waits() {
        let any = || waiting(1, Lack::Any);
        let visits = [visit(1), slow(2, 4), slow(3, 6), slow(4, 9)];
        assert_eq!(losers(&[], &visits, RULES), [], "nobody waits: a slow server takes its time");
        assert_eq!(losers(&[any()], &visits, RULES), [(4, Loss::Cut)], "the slowest first");
        assert_eq!(losers(&[any(), any(), any()], &visits, RULES), [(4, Loss::Cut), (3, Loss::Cut)]);
        let leaving = Visit { is_leaving: true, ..slow(4, 9) };
        assert_eq!(losers(&[any()], &[slow(3, 6), leaving.clone()], RULES), [], "a place is on its way");
        assert_eq!(losers(&[any(), any()], &[slow(3, 6), leaving], RULES), [(3, Loss::Cut)]);
    }

    #[test]
    fn only_what_makes_room_is_ended() {
        let elsewhere = Visit { place: "b".to_owned(), ..slow(2, 9) };
        let doubtful = Visit { is_doubtful: true, failures: 1, ..slow(3, 9) };
        let visits = [slow(1, 6), elsewhere, doubtful];
        let of = |lack| losers(&[waiting(1, lack)], &visits, RULES).first().map(|(id, _)| *id);
        assert_eq!(of(Lack::AtPlace("a".to_owned())), Some(3));
        assert_eq!(of(Lack::AtPlace("b".to_owned())), Some(2));
        assert_eq!(of(Lack::AtPlace("c".to_owned())), None);
        assert_eq!(of(Lack::Doubtful), Some(3));
        assert_eq!(of(Lack::Any), Some(2), "the doubtful ones stay among themselves");
        let alone = [Visit { is_doubtful: true, ..slow(3, 9) }];
        assert_eq!(losers(&[waiting(1, Lack::Any)], &alone, RULES), [(3, Loss::Cut)], "unless there are no others");
    }

    #[test]
    fn what_has_failed_before_is_waited_for_longer_unless_a_new_one_waits() {
        let visits = [Visit { is_doubtful: true, failures: 2, ..slow(1, 12) }];
        let failed = Blocked { failures: 1, ..waiting(1, Lack::Doubtful) };
        assert_eq!(losers(std::slice::from_ref(&failed), &visits, RULES), []);
        assert_eq!(
            losers(std::slice::from_ref(&failed), &[Visit { slow_for: 20 * SECOND, ..visits[0].clone() }], RULES).len(),
            1
        );
        assert_eq!(losers(&[waiting(1, Lack::Doubtful)], &visits, RULES), [(1, Loss::Cut)]);
        let always = [Visit { failures: i64::MAX, slow_for: 80 * SECOND, ..visits[0].clone() }];
        assert_eq!(losers(&[failed], &always, RULES), [(1, Loss::Cut)]);
    }

    #[test]
    fn who_has_had_his_turn_gives_way_and_the_smaller_share_does_not() {
        let long = |id, organisation, seconds: u32| Visit { organisation, ran_for: seconds * SECOND, ..visit(id) };
        let visits = [long(1, 1, 14), long(2, 1, 20), long(3, 1, 30), long(4, 2, 90)];
        assert_eq!(losers(&[waiting(3, Lack::Any)], &visits, RULES), [(3, Loss::TurnOver)], "of the largest share");
        assert_eq!(losers(&[waiting(1, Lack::Any)], &visits, RULES), [(3, Loss::TurnOver)], "among its own");
        assert_eq!(losers(&[waiting(2, Lack::Any)], &visits, RULES), [(3, Loss::TurnOver)]);
        let one_each = [long(2, 1, 20), long(4, 2, 90)];
        assert_eq!(
            losers(&[waiting(1, Lack::Any)], &one_each, RULES),
            [(2, Loss::TurnOver)],
            "not the other's only one"
        );
        assert_eq!(losers(&[waiting(3, Lack::Any)], &[long(1, 1, 14)], RULES), [], "its turn has just begun");
    }
}
