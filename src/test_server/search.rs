//! SEARCH with a few keys, enough for clients that search for new mail.

use jiff::civil::Date;

use super::account::{Folder, Message};
use super::faults::Faults;
use super::uid_set;

/// The UIDs that match all keys. An unknown key is an error, so that it does not match every mail.
pub fn matches(keys: &[&str], folder: &Folder) -> Result<Vec<u32>, String> {
    let existing: Vec<u32> = folder.messages.iter().map(|message| message.uid).collect();
    let mut matching = folder.messages.iter().collect::<Vec<&Message>>();
    let mut keys = keys.iter().copied();
    while let Some(key) = keys.next() {
        let mut value = || keys.next().ok_or_else(|| format!("BAD {key} needs a value"));
        match key.to_ascii_uppercase().as_str() {
            "ALL" => {}
            "UID" => {
                let named = uid_set::select(value()?, &existing);
                matching.retain(|message| named.binary_search(&message.uid).is_ok());
            }
            "SEEN" => matching.retain(|message| message.flags.contains("\\Seen")),
            "UNSEEN" => matching.retain(|message| !message.flags.contains("\\Seen")),
            "DELETED" => matching.retain(|message| message.flags.contains("\\Deleted")),
            "UNDELETED" => matching.retain(|message| !message.flags.contains("\\Deleted")),
            "SINCE" => {
                let day = day(value()?)?;
                matching.retain(|message| message.date.date() >= day);
            }
            "BEFORE" => {
                let day = day(value()?)?;
                matching.retain(|message| message.date.date() < day);
            }
            set if set.starts_with(|c: char| c.is_ascii_digit()) => {
                let numbers: Vec<u32> = (1..).take(existing.len()).collect();
                let named: Vec<u32> = uid_set::select(set, &numbers);
                let uids: Vec<u32> = numbers
                    .iter()
                    .zip(&existing)
                    .filter(|(number, _)| named.contains(number))
                    .map(|(_, uid)| *uid)
                    .collect();
                matching.retain(|message| uids.contains(&message.uid));
            }
            _ => return Err(format!("BAD this server does not know the key {key}")),
        }
    }
    Ok(matching.into_iter().map(|message| message.uid).collect())
}

fn day(text: &str) -> Result<Date, String> {
    Date::strptime("%d-%b-%Y", text).map_err(|_| format!("BAD {text} is not a date"))
}

/// The SEARCH response, modified by the faults.
pub fn line(mut uids: Vec<u32>, faults: &Faults) -> String {
    uids.retain(|uid| !faults.hidden_from_search.contains(uid));
    if faults.search_is_unsorted {
        uids.reverse();
        uids.extend(uids.first().copied());
    }
    let uids: String = uids.iter().map(|uid| format!(" {uid}")).collect();
    format!("SEARCH{uids}")
}
