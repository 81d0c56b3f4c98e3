//! Executes the commands on UIDs of the open folder.

use super::{Conversation, OpenFolder};
use crate::test_server::account::{Account, Message};
use crate::test_server::faults::Faults;
use crate::test_server::wire::{name, untagged};
use crate::test_server::{fetch, search, uid_set};

/// The response code in the tagged answer.
type Code = Option<String>;

impl Conversation {
    /// Executes a command on UIDs. `words` are its arguments: the search keys of SEARCH, else a UID set and what follows it.
    pub(super) fn execute_on_uids(
        &mut self,
        verb: &str,
        words: &[&str],
        account: &mut Account,
        out: &mut Vec<u8>,
    ) -> Result<String, String> {
        let selected = self.selected.clone().ok_or("BAD no folder is open")?;
        let code = match verb {
            "SEARCH" => search_for(words, account, &selected, out)?,
            "FETCH" => self.fetch(words, account, &selected, out)?,
            "STORE" => self.store(words, account, &selected)?,
            "COPY" | "MOVE" => self.copy(verb == "MOVE", words, account, out)?,
            "EXPUNGE" if !account.faults.missing_capabilities.contains("UIDPLUS") => {
                let (uids, faults) = (existing(words, account, &selected)?, account.faults.clone());
                let is_taken = |message: &Message| uids.contains(&message.uid) && message.flags.contains("\\Deleted");
                self.open_for_changes(account)?.take(is_taken, &faults);
                None
            }
            _ => {
                existing(words, account, &selected)?;
                return Err("BAD this server does not know that command".to_owned());
            }
        };
        Ok(format!("OK{} UID {verb} completed", code.unwrap_or_default()))
    }

    fn fetch(
        &self,
        words: &[&str],
        account: &mut Account,
        selected: &OpenFolder,
        out: &mut Vec<u8>,
    ) -> Result<Code, String> {
        let (uids, code) = limited(existing(words, account, selected)?, &account.faults);
        let folder = account.folders.get(&selected.folder).ok_or("NO [NONEXISTENT] the folder is gone")?;
        let items = words.get(1..).unwrap_or_default().join(" ").to_ascii_uppercase();
        fetch::answer(folder, &uids, &items, &account.faults, out)?;
        if items.contains("BODY[") && !selected.read_only {
            for message in self.open_for_changes(account)?.messages.iter_mut().filter(|m| uids.contains(&m.uid)) {
                message.flags.insert("\\Seen".to_owned());
            }
        }
        Ok(code)
    }

    fn store(&self, words: &[&str], account: &mut Account, selected: &OpenFolder) -> Result<Code, String> {
        let uids = existing(words, account, selected)?;
        let removes = words.get(1).is_some_and(|how| how.starts_with('-'));
        let flags = words.get(2).copied().unwrap_or_default();
        let flags: Vec<&str> = flags.trim_matches(['(', ')']).split(' ').collect();
        for message in self.open_for_changes(account)?.messages.iter_mut().filter(|m| uids.contains(&m.uid)) {
            for flag in &flags {
                match removes {
                    true => message.flags.remove(*flag),
                    false => message.flags.insert((*flag).to_owned()),
                };
            }
        }
        Ok(None)
    }

    fn copy(&self, moves: bool, words: &[&str], account: &mut Account, out: &mut Vec<u8>) -> Result<Code, String> {
        let selected = self.selected.clone().ok_or("BAD no folder is open")?;
        let (uids, faults) = (existing(words, account, &selected)?, account.faults.clone());
        let folder = account.folders.get(&selected.folder).ok_or("NO [NONEXISTENT] the folder is gone")?;
        let copies: Vec<_> = folder.messages.iter().filter(|m| uids.contains(&m.uid)).cloned().collect();
        let target = account.own_name(&name(words.get(1).copied()));
        if moves {
            self.open_for_changes(account)?;
        }
        let into = account.folders.get_mut(&target).ok_or("NO [TRYCREATE] no such folder")?;
        let mut pairs = (Vec::new(), Vec::new());
        for copy in copies {
            let uid = into.append_at(copy.bytes, copy.date);
            pairs.0.push(copy.uid.to_string());
            pairs.1.push(uid.to_string());
            if let Some(new) = into.messages.iter_mut().find(|message| message.uid == uid) {
                new.flags = copy.flags;
            }
        }
        let has_code = !pairs.0.is_empty() && !faults.missing_capabilities.contains("UIDPLUS");
        let (from, to) = (pairs.0.join(","), pairs.1.join(","));
        let mut code = has_code.then(|| format!(" [COPYUID {} {from} {to}]", into.uidvalidity));
        if moves {
            if let Some(code) = code.take() {
                untagged(out, &format!("OK{code} moved"));
            }
            self.open_for_changes(account)?.take(|message| uids.contains(&message.uid), &faults);
        }
        Ok(code)
    }
}

fn search_for(words: &[&str], account: &Account, selected: &OpenFolder, out: &mut Vec<u8>) -> Result<Code, String> {
    let faults = &account.faults;
    let folder = account.folders.get(&selected.folder).ok_or("NO [NONEXISTENT] the folder is gone")?;
    let mut uids = search::matches(words, folder)?;
    if faults.search_misreads_star
        && words.iter().any(|key| key.eq_ignore_ascii_case("UID"))
        && words.iter().any(|key| key.ends_with(":*"))
    {
        uids.clear();
    }
    let asks_for_dates = words.iter().any(|key| matches!(*key, "SINCE" | "BEFORE"));
    uids.retain(|uid| !(asks_for_dates && faults.hidden_from_date_search.contains(uid)));
    let (uids, code) = limited(uids, faults);
    if !(faults.search_is_silent || faults.search_hides_none && uids.is_empty()) {
        untagged(out, search::line(uids, faults).trim_end());
    }
    Ok(code)
}

/// The UIDs of the open folder in the first word's set.
fn existing(words: &[&str], account: &Account, selected: &OpenFolder) -> Result<Vec<u32>, String> {
    let folder = account.folders.get(&selected.folder).ok_or("NO [NONEXISTENT] the folder is gone")?;
    let existing: Vec<u32> = folder.messages.iter().map(|message| message.uid).collect();
    Ok(uid_set::select(words.first().copied().unwrap_or_default(), &existing))
}

/// These UIDs; if they exceed the limit of messages per command, only the highest, with the code MESSAGELIMIT (RFC 9738).
fn limited(mut uids: Vec<u32>, faults: &Faults) -> (Vec<u32>, Code) {
    let Some(most) = faults.message_limit.filter(|most| uids.len() > *most) else { return (uids, None) };
    let lowest = uids.get(uids.len() - most).map(|lowest| format!(" [MESSAGELIMIT {most} {lowest}]"));
    uids.drain(..uids.len() - most);
    (uids, lowest)
}
