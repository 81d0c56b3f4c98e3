//! Plans the FETCH commands of a set: small mails together, every other mail by itself. Pure.

use std::collections::BTreeMap;

use crate::imap::{Meta, UidSet};
use crate::store::CHUNK;

/// Maximum sum of the announced sizes in one FETCH.
const BYTES_PER_FETCH: u64 = 32 << 20;

/// A step of the fetch: several small mails, one mail in chunks (large, of unknown size, or failed before), the header of
/// a mail that is too large, or a mail that the server did not send.
#[derive(Debug, PartialEq, Eq)]
pub enum Job {
    Small(Vec<Meta>),
    Large(Meta),
    TooLarge(Meta),
    Missing(u32),
}

/// Whether the announced size exceeds the limit.
pub fn is_too_large(meta: &Meta, max_size: u64) -> bool {
    meta.size.is_some_and(|size| size > max_size)
}

/// Returns the jobs for a set, in the order of its UIDs, so that the cursor can advance with them.
pub fn jobs(set: &UidSet, mut metas: BTreeMap<u32, Meta>, max_size: u64, attempts: &BTreeMap<u32, i64>) -> Vec<Job> {
    let mut jobs = Vec::new();
    let (mut small, mut bytes) = (Vec::new(), 0);
    for uid in &set.uids {
        let job = match metas.remove(uid) {
            // The response line about this mail may have been unreadable; the mail itself is fetched nevertheless.
            None => Job::Large(Meta { uid: *uid, internal_date: None, size: None }),
            Some(meta) => match meta.size.unwrap_or_default() {
                _ if is_too_large(&meta, max_size) => Job::TooLarge(meta),
                // A mail that has failed before is fetched in small parts, whatever its announced size.
                size if size > CHUNK as u64 || attempts.contains_key(uid) => Job::Large(meta),
                size => {
                    if bytes + size > BYTES_PER_FETCH {
                        jobs.push(Job::Small(std::mem::take(&mut small)));
                        bytes = 0;
                    }
                    bytes += size;
                    small.push(meta);
                    continue;
                }
            },
        };
        if !small.is_empty() {
            jobs.push(Job::Small(std::mem::take(&mut small)));
            bytes = 0;
        }
        jobs.push(job);
    }
    if !small.is_empty() {
        jobs.push(Job::Small(small));
    }
    jobs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_mails_are_fetched_together_and_large_mails_separately_in_uid_order() {
        let meta = |uid, size| Meta { uid, internal_date: None, size };
        let announced = [
            meta(1, Some(10)),
            meta(2, None),
            meta(3, Some(2 << 20)),
            meta(4, Some(99 << 20)),
            meta(5, Some(7)),
            meta(6, Some(7)),
        ];
        let set = UidSet::split(&[1, 2, 3, 4, 5, 6, 7], 100).remove(0);
        let metas = announced.iter().cloned().map(|meta| (meta.uid, meta)).collect();
        let planned = jobs(&set, metas, 50 << 20, &BTreeMap::from([(6, 1)]));
        let expected = [
            Job::Small(vec![meta(1, Some(10)), meta(2, None)]),
            Job::Large(meta(3, Some(2 << 20))),
            Job::TooLarge(meta(4, Some(99 << 20))),
            Job::Small(vec![meta(5, Some(7))]),
            Job::Large(meta(6, Some(7))),
            Job::Large(meta(7, None)),
        ];
        assert_eq!(planned, expected);
    }

    #[test]
    fn one_fetch_has_a_maximum_size() {
        let metas: BTreeMap<u32, Meta> =
            (1..=40).map(|uid| (uid, Meta { uid, internal_date: None, size: Some(1 << 20) })).collect();
        let set = UidSet::split(&(1..=40).collect::<Vec<u32>>(), 100).remove(0);
        let counts: Vec<usize> = jobs(&set, metas, 50 << 20, &BTreeMap::new())
            .iter()
            .map(|job| if let Job::Small(metas) = job { metas.len() } else { 0 })
            .collect();
        assert_eq!(counts, [32, 8]);
    }
}
