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
    /// On one host.
    pub per_host: usize,
}

/// The longest waiting first, no more on one host than it may have, and no more doubtful ones than may be: hosts that are slow
/// or silent never take every place.
pub fn choose(due: Vec<Due>, places: Places, on_host: &HashMap<String, usize>) -> Vec<Due> {
    let mut running = on_host.clone();
    let mut doubtful = places.doubtful;
    due.into_iter()
        .filter(|due| {
            let count = running.entry(due.host.clone()).or_default();
            let fits = *count < places.per_host && (!due.is_doubtful || doubtful > 0);
            *count += usize::from(fits);
            doubtful -= usize::from(fits && due.is_doubtful);
            fits
        })
        .take(places.free)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_host_does_not_take_the_places_of_others() {
        let due = |name: &str, host: &str| Due {
            address: name.to_owned(),
            host: host.to_owned(),
            is_doubtful: name.starts_with('?'),
            lease_owner: None,
            lease_token: None,
            lease_until: None,
        };
        let waiting = || vec![due("1", "a"), due("2", "a"), due("3", "a"), due("4", "b"), due("5", "c")];
        let names = |free, running: &[(&str, usize)]| -> Vec<String> {
            let on_host = running.iter().map(|(host, count)| ((*host).to_owned(), *count)).collect();
            let places = Places { free, doubtful: 1, per_host: 2 };
            choose(waiting(), places, &on_host).into_iter().map(|due| due.address).collect()
        };
        assert_eq!(names(9, &[]), ["1", "2", "4", "5"]);
        assert_eq!(names(9, &[("a", 1)]), ["1", "4", "5"]);
        assert_eq!(names(1, &[("a", 2)]), ["4"]);
        assert_eq!(names(0, &[]), Vec::<String>::new());
        let waiting = vec![due("?1", "a"), due("?2", "b"), due("3", "c"), due("?4", "c"), due("5", "d")];
        let places = Places { free: 9, doubtful: 2, per_host: 2 };
        let chosen: Vec<String> = choose(waiting, places, &HashMap::new()).into_iter().map(|due| due.address).collect();
        assert_eq!(chosen, ["?1", "?2", "3", "5"]);
    }
}
