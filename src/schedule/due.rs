//! Which of the mailboxes that are due are started now? Pure.

use std::collections::HashMap;

use crate::store::Due;

/// The longest waiting first, as many as are free, and no more on one host than it may have: one slow host never takes every
/// place.
pub fn choose(due: Vec<Due>, free: usize, per_host: usize, on_host: &HashMap<String, usize>) -> Vec<Due> {
    let mut running = on_host.clone();
    due.into_iter()
        .filter(|due| {
            let count = running.entry(due.host.clone()).or_default();
            let fits = *count < per_host;
            *count += usize::from(fits);
            fits
        })
        .take(free)
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
            lease_owner: None,
            lease_token: None,
            lease_until: None,
        };
        let waiting = || vec![due("1", "a"), due("2", "a"), due("3", "a"), due("4", "b"), due("5", "c")];
        let names = |free, running: &[(&str, usize)]| -> Vec<String> {
            let on_host = running.iter().map(|(host, count)| ((*host).to_owned(), *count)).collect();
            choose(waiting(), free, 2, &on_host).into_iter().map(|due| due.address).collect()
        };
        assert_eq!(names(9, &[]), ["1", "2", "4", "5"]);
        assert_eq!(names(9, &[("a", 1)]), ["1", "4", "5"]);
        assert_eq!(names(1, &[("a", 2)]), ["4"]);
        assert_eq!(names(0, &[]), Vec::<String>::new());
    }
}
