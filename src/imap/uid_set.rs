//! Formats UIDs as sets for commands: ascending, with ranges, and split so that command lines stay short. (QQ refuses
//! descending sets, Exchange refuses long lines: reference row A21.)

use std::fmt::Write;

/// Maximum length of a set in octets, which keeps the whole command below 1,000.
const MAX_OCTETS: usize = 900;

/// A part of a list of UIDs, formatted for a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UidSet {
    /// The UIDs, ascending.
    pub uids: Vec<u32>,
    /// The IMAP syntax, e.g. `1:3,7`.
    pub text: String,
}

impl UidSet {
    /// Splits ascending UIDs into sets of at most `most` UIDs.
    pub fn split(uids: &[u32], most: usize) -> Vec<Self> {
        let mut sets = Vec::new();
        let mut current = Self { uids: Vec::new(), text: String::new() };
        let mut runs = uids.chunk_by(|a, b| a.checked_add(1) == Some(*b)).flat_map(|run| run.chunks(most.max(1)));
        let mut next = runs.next();
        while let Some(run) = next {
            let mut text = String::new();
            if let (Some(first), Some(last)) = (run.first(), run.last()) {
                let _ = if first == last { write!(text, "{first}") } else { write!(text, "{first}:{last}") };
            }
            let full = current.uids.len() + run.len() > most || current.text.len() + 1 + text.len() > MAX_OCTETS;
            if full && !current.uids.is_empty() {
                sets.push(std::mem::replace(&mut current, Self { uids: Vec::new(), text: String::new() }));
                continue;
            }
            if !current.text.is_empty() {
                current.text.push(',');
            }
            current.text.push_str(&text);
            current.uids.extend_from_slice(run);
            next = runs.next();
        }
        if !current.uids.is_empty() {
            sets.push(current);
        }
        sets
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texts(uids: &[u32], most: usize) -> Vec<String> {
        UidSet::split(uids, most).into_iter().map(|set| set.text).collect()
    }

    #[test]
    fn dense_uids_become_ranges() {
        assert_eq!(texts(&[1, 2, 3, 7, 9, 10], 100), ["1:3,7,9:10"]);
        assert_eq!(texts(&[], 100), Vec::<String>::new());
        assert_eq!(texts(&[5], 100), ["5"]);
        assert_eq!(texts(&[1, 2, 3, 4, 5], 2), ["1:2", "3:4", "5"]);
        assert_eq!(texts(&[4_294_967_294, 4_294_967_295], 9), ["4294967294:4294967295"]);
    }

    proptest! {
        #[test]
        fn every_uid_is_asked_for_once_and_no_line_is_long(
            uids in proptest::collection::btree_set(1u32.., 0..2000), most in 1usize..600,
        ) {
            let uids: Vec<u32> = uids.into_iter().collect();
            let sets = UidSet::split(&uids, most);
            let all: Vec<u32> = sets.iter().flat_map(|set| set.uids.clone()).collect();
            prop_assert_eq!(all, uids);
            for set in sets {
                prop_assert!(set.text.len() <= MAX_OCTETS && !set.uids.is_empty() && set.uids.len() <= most);
                let read: Vec<u32> = set.text.split(',').flat_map(|part| match part.split_once(':') {
                    Some((first, last)) => first.parse::<u32>().unwrap()..=last.parse().unwrap(),
                    None => part.parse().unwrap()..=part.parse().unwrap(),
                }).collect();
                prop_assert_eq!(read, set.uids);
            }
        }
    }
}
