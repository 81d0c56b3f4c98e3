//! What the folders themselves tell of copies: which are gone, and which have a copy in the target folder.

use std::collections::HashMap;

use super::IN_ONE_COMMAND;
use crate::imap::{ImapError, ListForm, Sample, Session, UidSet};
use crate::mail::parse;
use crate::poll::open_folder::OpenFolder;
use crate::poll::{PollError, Step, target};

/// UIDs of a target folder that are looked at where its UIDNEXT was not told.
const NEWEST: u32 = 5000;

/// Which of these mails have a copy in the target folder already, among what came in from a UID on.
pub async fn copied(
    session: &mut Session,
    folder: &OpenFolder,
    target: &str,
    from: u32,
    uids: &[u32],
) -> Result<Vec<u32>, PollError> {
    let wire = |error| PollError::folder(Step::Settle, &folder.name, &error);
    let mut originals = Vec::new();
    for set in UidSet::cut(uids, session.at_once(IN_ONE_COMMAND)) {
        originals.extend(session.sample(&set).await.map_err(wire)?);
    }
    let there = arrived_in(session, target, from).await.map_err(wire)?;
    target::reopen(session, folder).await?;
    // Each copy stands for one original, so that two equal mails need two.
    let mut copies = HashMap::<_, usize>::new();
    for copy in &there {
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

/// The mails of the target folder from a UID on; none where it is empty, or not there: then nothing was copied.
async fn arrived_in(session: &mut Session, target: &str, from: u32) -> Result<Vec<Sample>, ImapError> {
    let selected = match session.select(target, true).await {
        Ok(selected) if selected.exists > 0 => selected,
        Ok(_) | Err(ImapError::Refused { .. }) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    // A server that did not tell UIDNEXT is asked about the newest mails.
    let from = match (from, selected.uidnext) {
        (2.., _) => from,
        (_, Some(next)) => next.saturating_sub(NEWEST),
        (_, None) => session.highest_uid().await?.unwrap_or(1).saturating_sub(NEWEST),
    };
    let samples = session.sample_from(from.max(1)).await?;
    match session.was_partial() {
        true => Err(ImapError::Protocol("it tells of some mails of the target folder only".to_owned())),
        false => Ok(samples),
    }
}

/// Which of these are no longer there: for them, whatever was wanted is done.
pub async fn gone(session: &mut Session, folder: &OpenFolder, set: &UidSet) -> Result<Vec<u32>, PollError> {
    let (Some(first), Some(last)) = (set.uids.first(), set.uids.last()) else {
        return Ok(Vec::new());
    };
    let wire = |error| PollError::folder(Step::Settle, &folder.name, &error);
    let listed = session.search(*first, *last, "", folder.form).await.map_err(wire)?;
    let Some(mut there) = listed.uids.filter(|_| !session.was_partial()) else { return Ok(Vec::new()) };
    // Two answers must agree, since a SEARCH that was misread lists nothing.
    match session.search(*first, *last, "", ListForm::Fetch).await {
        Ok(_) if session.was_partial() => return Ok(Vec::new()),
        Ok(fetched) => there.extend(fetched.uids.unwrap_or_default()),
        Err(ImapError::Refused { .. }) => {}
        Err(error) => return Err(wire(error)),
    }
    Ok(set.uids.iter().copied().filter(|uid| !there.contains(uid)).collect())
}
