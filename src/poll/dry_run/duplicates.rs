//! Which mails are here already, brought by another folder, another mailbox or an earlier numbering. An import compares the
//! content; here there are headers only, so Message-ID and sender must do, and a mail without a Message-ID is taken for new.

use std::collections::{BTreeSet, HashMap};

use super::tally::Importable;
use super::{Deps, PollError, Step};

/// Message-ID, sender, inbox.
type Key = (String, Option<String>, i64);

/// What the folders so far would have brought.
#[derive(Default)]
pub struct Duplicates(HashMap<Key, usize>);

impl Duplicates {
    /// Those of a folder's mails, the newest first, that every one of their inboxes has. As in an import, each message that is
    /// there stands for one mail of the folder, so that two equal mails need two.
    pub async fn among(
        &mut self,
        mails: &[Importable],
        epoch_id: i64,
        deps: &Deps,
    ) -> Result<BTreeSet<u32>, PollError> {
        let ids: BTreeSet<&str> = mails.iter().filter_map(|mail| mail.message_id.as_deref()).collect();
        let inboxes: BTreeSet<i64> = mails.iter().flat_map(|mail| mail.inboxes.iter().copied()).collect();
        let stored = deps.store.copies_by_message_id(epoch_id, &ids, &inboxes).await;
        let mut there = self.0.clone();
        for copy in stored.map_err(|error| PollError::store(Step::Search, &error))? {
            *there.entry((copy.message_id, copy.from_address, copy.inbox_id)).or_default() +=
                usize::try_from(copy.count).unwrap_or(0);
        }
        let mut here = BTreeSet::new();
        for mail in mails.iter().rev() {
            let Some(id) = &mail.message_id else { continue };
            let mut is_new = false;
            for inbox in &mail.inboxes {
                let key = (id.clone(), mail.from.clone(), *inbox);
                match there.get_mut(&key).filter(|count| **count > 0) {
                    Some(count) => *count -= 1,
                    None => {
                        is_new = true;
                        *self.0.entry(key).or_default() += 1; // for the folders that follow
                    }
                }
            }
            if !is_new {
                here.insert(mail.uid);
            }
        }
        Ok(here)
    }
}
