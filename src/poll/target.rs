//! Checks whether the target folder of a move is polled itself, possibly under another name: in that case, each mail
//! would be imported again and again.
//!
//! Names are compared without regard to case, Unicode form and the prefix `INBOX`, since servers differ in all three.
//! Two names of one folder (Dovecot's `alias_for`, Cyrus' alternative namespace) are recognised by equal numbers and
//! equal mails.

use super::open_folder::OpenFolder;
use super::{PollError, Step};
use crate::imap::{FolderStatus, ImapError, Sample, Session};
use crate::mailbox::may_be_same_folder;

/// Number of mails whose UIDs, dates and Message-IDs are compared.
const COMPARED_MAILS: u32 = 20;
/// Maximum number of polled folders to compare.
const MAX_FOLDERS: usize = 50;

/// Returns the polled folder that is also the target, if any. May open other folders read-only; a caller that still needs
/// its own open folder then calls [`reopen`].
pub async fn polled_as(session: &mut Session, target: &str, polled: &[String]) -> Result<Option<String>, PollError> {
    if let Some(name) = polled.iter().find(|name| may_be_same_folder(name, target)) {
        return Ok(Some(name.clone()));
    }
    let failed = |error| PollError::imap(Step::Settle, &error);
    let target_numbers = session.folder_numbers(target).await.map_err(failed)?;
    for name in polled.iter().take(MAX_FOLDERS) {
        let folder_numbers = session.folder_numbers(name).await.map_err(failed)?;
        if has_same_numbers(folder_numbers, target_numbers)
            && same_mails(session, name, target, target_numbers).await.map_err(failed)?
        {
            return Ok(Some(name.clone()));
        }
    }
    Ok(None)
}

/// Whether the folders have equal numbers. Equality is only a sign: some servers give every folder the same
/// UIDVALIDITY. An empty target has no mails to compare, and none that a poll could import again yet.
fn has_same_numbers(folder_numbers: FolderStatus, target_numbers: FolderStatus) -> bool {
    target_numbers.messages.is_some_and(|count| count > 0)
        && target_numbers.uidvalidity.is_some()
        && folder_numbers == target_numbers
}

async fn same_mails(
    session: &mut Session,
    first_name: &str,
    second_name: &str,
    numbers: FolderStatus,
) -> Result<bool, ImapError> {
    let first = numbers.uidnext.unwrap_or(1).saturating_sub(COMPARED_MAILS).max(1);
    let first_mails = newest(session, first_name, first).await?;
    let second_mails = newest(session, second_name, first).await?;
    Ok(first_mails.is_some() && first_mails == second_mails)
}

/// Returns the mails from the UID `first` on; `None` if there are none or the folder does not open.
async fn newest(session: &mut Session, folder: &str, first: u32) -> Result<Option<Vec<Sample>>, ImapError> {
    match session.select(folder, true).await {
        Ok(selected) if selected.exists > 0 => {
            Ok(Some(session.sample_from(first).await?).filter(|mails| !mails.is_empty()))
        }
        Ok(_) | Err(ImapError::Refused { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Opens the polled folder again, for changes, after another folder was open.
pub async fn reopen(session: &mut Session, folder: &OpenFolder) -> Result<(), PollError> {
    let imap_error = |error| PollError::folder(Step::Settle, &folder.name, &error);
    let back = session.select(&folder.name, false).await.map_err(imap_error)?;
    match back.uidvalidity == folder.selected.uidvalidity {
        true => Ok(()),
        false => Err(imap_error(ImapError::Protocol("it rebuilt the folder during this poll".to_owned()))),
    }
}
