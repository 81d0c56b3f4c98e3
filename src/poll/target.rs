//! Whether the folder that copies are moved to is polled itself, under whatever name: then each mail would come in again and again.
//!
//! Names are compared without regard to case, Unicode form and the prefix `INBOX`, since servers differ in all three. What names do
//! not show, the server can: Dovecot's `alias_for` and Cyrus' alternative namespace list one folder under two names, which then have
//! the same numbers and the same mails.

use super::open_folder::OpenFolder;
use super::{PollError, Step};
use crate::imap::{FolderStatus, ImapError, Sample, Session};
use crate::mailbox::may_be_same_folder;

/// Mails whose UIDs, dates and Message-IDs are compared.
const COMPARED: u32 = 20;
/// Folders that are compared.
const MOST: usize = 50;

/// Which of the polled folders the target is, if any. Opens folders read-only; [`reopen`] takes back one that was open.
pub async fn polled_as(session: &mut Session, target: &str, polled: &[String]) -> Result<Option<String>, PollError> {
    if let Some(name) = polled.iter().find(|name| may_be_same_folder(name, target)) {
        return Ok(Some(name.clone()));
    }
    let failed = |error| PollError::imap(Step::Settle, &error);
    let there = session.numbers_of(target).await.map_err(failed)?;
    for name in polled.iter().take(MOST) {
        let here = session.numbers_of(name).await.map_err(failed)?;
        if has_the_numbers(here, there) && same_mails(session, name, target, there).await.map_err(failed)? {
            return Ok(Some(name.clone()));
        }
    }
    Ok(None)
}

/// Equal numbers are a sign, and no proof: there are servers that give every folder the same UIDVALIDITY. An empty folder has no
/// mails to compare, and none to move yet.
fn has_the_numbers(here: FolderStatus, there: FolderStatus) -> bool {
    there.messages.is_some_and(|count| count > 0) && there.uidvalidity.is_some() && here == there
}

async fn same_mails(session: &mut Session, one: &str, other: &str, numbers: FolderStatus) -> Result<bool, ImapError> {
    let first = numbers.uidnext.unwrap_or(1).saturating_sub(COMPARED).max(1);
    let one = newest(session, one, first).await?;
    let other = newest(session, other, first).await?;
    Ok(one.is_some() && one == other)
}

/// The newest mails of a folder; `None` where there are none, or it cannot be opened.
async fn newest(session: &mut Session, folder: &str, first: u32) -> Result<Option<Vec<Sample>>, ImapError> {
    match session.select(folder, true).await {
        Ok(selected) if selected.exists > 0 => {
            Ok(Some(session.sample_from(first).await?).filter(|mails| !mails.is_empty()))
        }
        Ok(_) | Err(ImapError::Refused { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Opens the folder in hand again, for changes, after another was looked at.
pub async fn reopen(session: &mut Session, folder: &OpenFolder) -> Result<(), PollError> {
    let wire = |error| PollError::folder(Step::Settle, &folder.name, &error);
    let back = session.select(&folder.name, false).await.map_err(wire)?;
    match back.uidvalidity == folder.selected.uidvalidity {
        true => Ok(()),
        false => Err(wire(ImapError::Protocol("the folder was rebuilt during this poll".to_owned()))),
    }
}
