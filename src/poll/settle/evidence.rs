//! Checks on the server which mails are gone, and which have already been copied to the target folder.

use std::collections::HashMap;

use super::UIDS_PER_COMMAND;
use crate::imap::{ImapError, ListForm, Sample, Session, UidSet};
use crate::mail::parse;
use crate::poll::open_folder::OpenFolder;
use crate::poll::{PollError, Step, target};

/// Number of UIDs to compare in a target folder whose UIDNEXT before the COPY is unknown.
const NEWEST_UIDS: u32 = 5000;

/// Returns the UIDs that already have a copy in the target folder, among its mails with the UID `from` or a higher one.
pub async fn find_copied(
    session: &mut Session,
    folder: &OpenFolder,
    target: &str,
    from: u32,
    uids: &[u32],
) -> Result<Vec<u32>, PollError> {
    let imap_error = |error| PollError::folder(Step::Settle, &folder.name, &error);
    let mut originals = Vec::new();
    for set in UidSet::split(uids, session.command_limit(UIDS_PER_COMMAND)) {
        originals.extend(session.sample(&set).await.map_err(imap_error)?);
    }
    let in_target = mails_in_target(session, target, from).await.map_err(imap_error)?;
    target::reopen(session, folder).await?;
    // Each copy accounts for one original, so two equal mails need two copies.
    let mut copies = HashMap::<_, usize>::new();
    for copy in &in_target {
        *copies.entry((parse::header(&copy.header).message_id, copy.internal_date)).or_default() += 1;
    }
    let mut copied = Vec::new();
    for original in originals {
        let key = (parse::header(&original.header).message_id, original.internal_date);
        if let Some(count) = copies.get_mut(&key).filter(|count| **count > 0) {
            *count -= 1;
            copied.push(original.uid);
        }
    }
    copied.sort_unstable();
    Ok(copied)
}

/// Returns the mails of the target folder with this UID or a higher one. An empty or missing folder has none, since
/// nothing was copied.
async fn mails_in_target(session: &mut Session, target: &str, from: u32) -> Result<Vec<Sample>, ImapError> {
    let selected = match session.select(target, true).await {
        Ok(selected) if selected.exists > 0 => selected,
        Ok(_) | Err(ImapError::Refused { .. }) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    // If UIDNEXT before the COPY is unknown, the newest mails are compared.
    let from = match (from, selected.uidnext) {
        (2.., _) => from,
        (_, Some(next)) => next.saturating_sub(NEWEST_UIDS),
        (_, None) => session.highest_uid().await?.unwrap_or(1).saturating_sub(NEWEST_UIDS),
    };
    let samples = session.sample_from(from.max(1)).await?;
    match session.was_partial() {
        true => Err(ImapError::Protocol("it lists only some mails of the target folder".to_owned())),
        false => Ok(samples),
    }
}

/// Returns the UIDs that are no longer in the folder. Their effects count as done.
pub async fn find_removed(session: &mut Session, folder: &OpenFolder, set: &UidSet) -> Result<Vec<u32>, PollError> {
    let (Some(first), Some(last)) = (set.uids.first(), set.uids.last()) else {
        return Ok(Vec::new());
    };
    let imap_error = |error| PollError::folder(Step::Settle, &folder.name, &error);
    let listed = session.search(*first, *last, "", folder.form).await.map_err(imap_error)?;
    let Some(mut present) = listed.uids.filter(|_| !session.was_partial()) else { return Ok(Vec::new()) };
    // SEARCH and FETCH must agree, since a server that misreads SEARCH lists nothing.
    match session.search(*first, *last, "", ListForm::Fetch).await {
        Ok(_) if session.was_partial() => return Ok(Vec::new()),
        Ok(fetched) => present.extend(fetched.uids.unwrap_or_default()),
        Err(ImapError::Refused { .. }) => {}
        Err(error) => return Err(imap_error(error)),
    }
    Ok(set.uids.iter().copied().filter(|uid| !present.contains(uid)).collect())
}
