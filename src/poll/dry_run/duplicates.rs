//! Finds mails that are already imported from another folder, another mailbox or an earlier epoch. An import compares the
//! content. A dry run has only headers, so it compares Message-ID and sender, and treats a mail without a Message-ID as new.

use std::collections::{BTreeSet, HashMap};

use super::tally::Importable;
use super::{Deps, PollError, Step};

/// Message-ID, sender and inbox. Mails with equal keys count as equal.
type Key = (String, Option<String>, i64);

/// The number of mails, by key, that a poll would import from the previous folders.
#[derive(Default)]
pub struct Duplicates(HashMap<Key, usize>);

impl Duplicates {
    /// Returns the UIDs of the mails that all of their inboxes already have. `mails` begins with the newest. As in an
    /// import, each stored message accounts for one mail, so two equal mails need two stored messages.
    pub async fn find_in(
        &mut self,
        mails: &[Importable],
        epoch_id: i64,
        deps: &Deps,
    ) -> Result<BTreeSet<u32>, PollError> {
        let ids: BTreeSet<&str> = mails.iter().filter_map(|mail| mail.message_id.as_deref()).collect();
        let inboxes: BTreeSet<i64> = mails.iter().flat_map(|mail| mail.inboxes.iter().copied()).collect();
        let stored = deps.store.copies_by_message_id(epoch_id, &ids, &inboxes).await;
        let mut stored_copies = self.0.clone();
        for copy in stored.map_err(|error| PollError::store(Step::Search, &error))? {
            *stored_copies.entry((copy.message_id, copy.from_address, copy.inbox_id)).or_default() +=
                usize::try_from(copy.count).unwrap_or(0);
        }
        let mut duplicates_found = BTreeSet::new();
        for mail in mails.iter().rev() {
            let Some(id) = &mail.message_id else { continue };
            let mut is_new = false;
            for inbox in &mail.inboxes {
                let key = (id.clone(), mail.from.clone(), *inbox);
                match stored_copies.get_mut(&key).filter(|count| **count > 0) {
                    Some(count) => *count -= 1,
                    None => {
                        is_new = true;
                        *self.0.entry(key).or_default() += 1; // counts for the next folders
                    }
                }
            }
            if !is_new {
                duplicates_found.insert(mail.uid);
            }
        }
        Ok(duplicates_found)
    }
}
