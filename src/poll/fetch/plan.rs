//! How the mails of a set are asked for: small ones together, others alone. Pure.

use std::collections::BTreeMap;

use crate::imap::{Meta, UidSet};
use crate::store::CHUNK;

/// Bytes asked for in one FETCH of several mails, by the sizes that the server tells.
const IN_ONE_FETCH: u64 = 32 << 20;

/// The next thing to ask for.
#[derive(Debug, PartialEq, Eq)]
pub enum Job {
    Small(Vec<Meta>),
    Large(Meta),
    TooLarge(Meta),
    Missing(u32),
}

/// Whether the server says that a mail is larger than allowed.
pub fn is_too_large(meta: &Meta, max_size: u64) -> bool {
    meta.size.is_some_and(|size| size > max_size)
}

/// The jobs for a set of UIDs with what the server told of them, in the order of the UIDs, so that the cursor can follow.
pub fn jobs(set: &UidSet, mut metas: BTreeMap<u32, Meta>, max_size: u64, tried: &BTreeMap<u32, i64>) -> Vec<Job> {
    let mut jobs = Vec::new();
    let (mut together, mut bytes) = (Vec::new(), 0);
    for uid in &set.uids {
        let job = match metas.remove(uid) {
            // Its line may have been one that nobody can read: the mail itself is asked for all the same.
            None => Job::Large(Meta { uid: *uid, internal_date: None, size: None }),
            Some(meta) => match meta.size.unwrap_or_default() {
                _ if is_too_large(&meta, max_size) => Job::TooLarge(meta),
                // What did not come before is asked for in small parts, whatever its size is said to be.
                size if size > CHUNK as u64 || tried.contains_key(uid) => Job::Large(meta),
                size => {
                    if bytes + size > IN_ONE_FETCH {
                        jobs.push(Job::Small(std::mem::take(&mut together)));
                        bytes = 0;
                    }
                    bytes += size;
                    together.push(meta);
                    continue;
                }
            },
        };
        if !together.is_empty() {
            jobs.push(Job::Small(std::mem::take(&mut together)));
            bytes = 0;
        }
        jobs.push(job);
    }
    if !together.is_empty() {
        jobs.push(Job::Small(together));
    }
    jobs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_mails_go_together_and_the_others_alone_in_their_order() {
        let meta = |uid, size| Meta { uid, internal_date: None, size };
        let told = [
            meta(1, Some(10)),
            meta(2, None),
            meta(3, Some(2 << 20)),
            meta(4, Some(99 << 20)),
            meta(5, Some(7)),
            meta(6, Some(7)),
        ];
        let set = UidSet::cut(&[1, 2, 3, 4, 5, 6, 7], 100).remove(0);
        let metas = told.iter().cloned().map(|meta| (meta.uid, meta)).collect();
        let planned = jobs(&set, metas, 50 << 20, &BTreeMap::from([(6, 1)]));
        let wanted = [
            Job::Small(vec![meta(1, Some(10)), meta(2, None)]),
            Job::Large(meta(3, Some(2 << 20))),
            Job::TooLarge(meta(4, Some(99 << 20))),
            Job::Small(vec![meta(5, Some(7))]),
            Job::Large(meta(6, Some(7))),
            Job::Large(meta(7, None)),
        ];
        assert_eq!(planned, wanted);
    }

    #[test]
    fn what_is_fetched_in_one_go_is_limited() {
        let metas: BTreeMap<u32, Meta> =
            (1..=40).map(|uid| (uid, Meta { uid, internal_date: None, size: Some(1 << 20) })).collect();
        let set = UidSet::cut(&(1..=40).collect::<Vec<u32>>(), 100).remove(0);
        let counts: Vec<usize> = jobs(&set, metas, 50 << 20, &BTreeMap::new())
            .iter()
            .map(|job| if let Job::Small(metas) = job { metas.len() } else { 0 })
            .collect();
        assert_eq!(counts, [32, 8]);
    }
}
