//! Which UIDs the open folder has: asked in parts, and each answer held against the others of the session.
//!
//! EXISTS, UIDNEXT, SEARCH, FETCH and STATUS all speak of the same mails. Where one of them contradicts another, "nothing new" is
//! not believed: the folder is asked for its UIDs in another form ([`ListForm`]), and where no form agrees with the other answers,
//! that is an error, since mail that cannot be listed would never come.

mod asked;
mod evidence;
mod passes;
mod windows;

use std::collections::BTreeSet;

use super::{PollError, Step};
use crate::imap::{ImapError, ListForm, Session};
use crate::store::WatchedFolder;

pub use asked::{Asked, Removed};
pub use passes::{Listing, Pass};
pub use windows::Windows;

/// The form in which the server answered rightly before.
pub fn form_of(folder: &WatchedFolder) -> ListForm {
    folder.list_form.as_deref().map_or_else(ListForm::default, ListForm::named)
}

/// Every UID of the open folder, in whichever form agrees with what else the server says; with the form.
pub async fn everything(session: &mut Session, asked: Asked) -> Result<(BTreeSet<u32>, ListForm), PollError> {
    let mut listing = Listing::new(asked, 1, None);
    // A part of which the server said nothing has none, unless what is counted later says otherwise.
    while listing.next(session).await?.is_some() {}
    let form = listing.form();
    Ok((listing.into_listed().into_iter().collect(), form))
}

/// The highest UID of the open folder, as FETCH names it; a refusal is as good as none, since some refuse it for an empty folder.
pub async fn highest_uid(session: &mut Session, step: Step, folder: &str) -> Result<Option<u32>, PollError> {
    match session.highest_uid().await {
        Ok(highest) => Ok(highest),
        Err(ImapError::Refused { .. }) => Ok(None),
        Err(error) => Err(PollError::folder(step, folder, &error)),
    }
}
