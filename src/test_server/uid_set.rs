//! Parses sets of UIDs and sequence numbers.

/// The existing numbers (ascending) in a set such as `1:3,7,9:*`. `n:*` always includes the last number, as RFC 3501
/// 6.4.8 requires.
pub fn select(set: &str, existing: &[u32]) -> Vec<u32> {
    let last = existing.last().copied().unwrap_or(0);
    let number = |text: &str| if text == "*" { last } else { text.parse().unwrap_or(0) };
    let ranges: Vec<(u32, u32)> = set
        .split(',')
        .map(|part| {
            let (first, end) = part.split_once(':').unwrap_or((part, part));
            let (first, end) = (number(first), number(end));
            (first.min(end), first.max(end))
        })
        .collect();
    existing
        .iter()
        .copied()
        .filter(|number| ranges.iter().any(|(first, end)| (first..=end).contains(&number)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uid_set_matches_existing_uids_and_a_star_is_the_last() {
        let existing = [2, 3, 7, 9];
        for (set, wanted) in [
            ("1:3", &[2, 3][..]),
            ("7", &[7]),
            ("8", &[]),
            ("*", &[9]),
            ("100:*", &[9]),
            ("9:2", &[2, 3, 7, 9]),
            ("2,9", &[2, 9]),
            ("x", &[]),
        ] {
            assert_eq!(select(set, &existing), wanted, "{set}");
        }
        assert_eq!(select("1:*", &[]), [0_u32; 0]);
    }
}
