//! Which UIDs the open folder has: asked in parts, and each answer held against the others of the session.
//!
//! EXISTS, UIDNEXT, SEARCH, FETCH and STATUS all speak of the same mails. Where one of them contradicts another, "nothing new" is
//! not believed: the folder is asked for its UIDs in another form ([`ListForm`]), and where no form agrees with the other answers,
//! that is an error, since mail that cannot be listed would never come.

mod evidence;
mod windows;

use std::collections::{BTreeSet, VecDeque};

use super::{Blame, PollError, Retry, Step};
use crate::cause::{Cause, Trouble};
use crate::imap::{ImapError, ListForm, Session};

pub use evidence::Contradiction;
use evidence::Evidence;
pub use windows::Windows;

/// The folder that is asked, with what the session has said of it.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Its name.
    pub name: String,
    /// How many mails it has, as SELECT said.
    pub exists: u32,
    /// UIDNEXT, as SELECT said.
    pub uidnext: Option<u32>,
    /// The last UID that there is, by what the server says.
    pub last: u32,
    /// The form in which it is asked first: the one that worked the last time.
    pub form: ListForm,
}

impl Asked {
    /// The forms that can be asked for in a folder of this size, the preferred one first, and once more where the folder is said to
    /// be empty and is not asked at first. An answer that names every mail of a large folder would pass the limit of a line.
    pub fn forms(&self) -> VecDeque<ListForm> {
        let fits = |form: &ListForm| !form.names_all() || self.exists <= windows::LIMIT;
        let others = ListForm::ALL.into_iter().filter(|form| *form != self.form);
        let unasked = (self.exists == 0).then_some(self.form);
        unasked.into_iter().chain([self.form]).chain(others).filter(fits).collect()
    }

    /// From this UID to the end of the folder.
    pub fn from(&self, first: u32) -> Windows {
        // Without a UIDNEXT the parts grow until the end.
        Windows::to_the_end(first, self.last, self.exists)
    }

    /// The contradiction between EXISTS and a list that should be of every mail, if there is one.
    pub async fn too_few(&self, session: &mut Session, listed: u64) -> Result<Option<Contradiction>, PollError> {
        let is_enough = |session: &Session| listed >= u64::from(self.exists.min(session.exists()));
        if is_enough(session) {
            return Ok(None);
        }
        // Another client may have removed mails, of which a server need not tell during SEARCH (RFC 3501 7.4.1).
        session.noop().await.map_err(|error| PollError::folder(Step::Search, &self.name, &error))?;
        let exists = self.exists.min(session.exists());
        Ok((!is_enough(session)).then_some(Contradiction::Exists { exists, listed }))
    }

    /// The contradiction between what was listed from `first` to the end and what UIDNEXT, FETCH and STATUS say of the end, if
    /// there is one.
    pub async fn left_out(
        &self,
        session: &mut Session,
        first: u32,
        pass: &Windows,
    ) -> Result<Option<Contradiction>, PollError> {
        let failed = |error: ImapError| PollError::folder(Step::Search, &self.name, &error);
        let exists = self.exists.min(session.exists());
        let evidence = Evidence { first, exists, uidnext: self.uidnext, listed: pass.highest(), form: pass.form() };
        if !evidence.is_doubtful() {
            return Ok(None);
        }
        let highest = match session.highest_uid().await {
            Ok(highest) => highest,
            Err(ImapError::Refused { .. }) => None, // as for an empty folder
            Err(error) => return Err(failed(error)),
        };
        let against = evidence.against_fetch(highest);
        if against.is_some() || highest.is_some() || exists > 0 {
            return Ok(against);
        }
        let status = session.numbers_of(&self.name).await.map_err(failed)?;
        Ok(status.messages.filter(|count| *count > 0).map(|messages| Contradiction::Status { messages }))
    }

    /// The error where no form agrees with the other answers.
    pub fn error(&self, contradiction: Contradiction) -> PollError {
        let trouble = contradiction.told(Trouble::new(Cause::AnswersContradict)).about("folder", &self.name);
        PollError::of(Step::Search, Blame::Folder, Retry::Soon, trouble)
    }
}

/// Every UID of the open folder, in whichever form agrees with what else the server says; with the form.
pub async fn everything(session: &mut Session, asked: &Asked) -> Result<(BTreeSet<u32>, ListForm), PollError> {
    let mut contradiction = None;
    let mut uids = BTreeSet::new(); // each form may leave out others
    for form in asked.forms() {
        let mut windows = asked.from(1).asked_as(form);
        if contradiction.is_some() {
            windows = windows.in_any_case();
        }
        match all_of(session, &mut windows, asked).await {
            Err(error) if contradiction.is_some() && error.blame == Blame::Folder => continue, // it does not know this form
            listed => uids.extend(listed?),
        }
        let against = match asked.too_few(session, uids.len() as u64).await? {
            None => asked.left_out(session, 1, &windows).await?,
            too_few => too_few,
        };
        match against {
            None => return Ok((uids, form)),
            against => contradiction = contradiction.or(against),
        }
    }
    let contradiction = contradiction.unwrap_or(Contradiction::Exists { exists: asked.exists, listed: 0 });
    Err(asked.error(contradiction))
}

/// The UIDs of all parts. A part of which the server said nothing has none, unless what is counted later says otherwise.
async fn all_of(session: &mut Session, windows: &mut Windows, asked: &Asked) -> Result<BTreeSet<u32>, PollError> {
    let mut all = BTreeSet::new();
    while let Some((_, uids)) = windows.next(session, "", &asked.name).await? {
        all.extend(uids.unwrap_or_default());
    }
    Ok(all)
}
