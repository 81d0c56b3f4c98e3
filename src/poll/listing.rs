//! Lists the UIDs of the open folder in parts, and compares the list with the server's other answers in the session.
//!
//! EXISTS, UIDNEXT, SEARCH, FETCH and STATUS all describe the same mails. If one shows that the list may be
//! incomplete, the UIDs are listed again in another form ([`ListForm`]). If no form agrees with the other
//! answers, the listing fails, since mail that is not listed would never be imported.

mod evidence;
mod passes;
mod request;
mod windows;

use std::collections::BTreeSet;

use super::{PollError, Step};
use crate::imap::{ImapError, ListForm, Session};
use crate::store::WatchedFolder;

pub use passes::{Listing, Pass};
pub use request::{ListRequest, RemovedUids};
pub use windows::Windows;

/// Returns the listing form that the server understood before, or else the default.
pub fn preferred_form(folder: &WatchedFolder) -> ListForm {
    folder.list_form.as_deref().map_or_else(ListForm::default, ListForm::from_name)
}

/// Returns every UID of the open folder, and the form whose list agrees with the server's other answers.
pub async fn list_all(session: &mut Session, request: ListRequest) -> Result<(BTreeSet<u32>, ListForm), PollError> {
    let mut listing = Listing::new(request, 1, None);
    // A part without a SEARCH response counts as empty, unless the later count contradicts it.
    while listing.next(session).await?.is_some() {}
    let form = listing.form();
    Ok((listing.into_listed().into_iter().collect(), form))
}

/// Returns the highest UID of the open folder by FETCH. A refusal counts as an empty folder, since some servers refuse
/// FETCH there.
pub async fn highest_uid(session: &mut Session, step: Step, folder: &str) -> Result<Option<u32>, PollError> {
    match session.highest_uid().await {
        Ok(highest) => Ok(highest),
        Err(ImapError::Refused { .. }) => Ok(None),
        Err(error) => Err(PollError::folder(step, folder, &error)),
    }
}
