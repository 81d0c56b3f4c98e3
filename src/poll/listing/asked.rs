//! The folder that is asked for its UIDs, and what of its other answers speaks against a list.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use super::evidence::{Contradiction, Evidence};
use super::windows::{self, Windows};
use crate::cause::{Cause, Trouble};
use crate::imap::{ImapError, ListForm, Session};
use crate::poll::{Blame, PollError, Retry, Step};

/// The folder that is asked, with what the session has said of it.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Its name.
    pub name: String,
    /// How many mails it had, as SELECT said.
    pub selected: u32,
    /// What we have removed from it since.
    pub removed: Removed,
    /// UIDNEXT, as SELECT said.
    pub uidnext: Option<u32>,
    /// The last UID that there is, by what the server says.
    pub last: u32,
    /// The form in which it is asked first: the one that worked the last time.
    pub form: ListForm,
}

/// UIDs that we have removed from the open folder.
#[derive(Debug, Clone, Default)]
pub struct Removed(Arc<Mutex<BTreeSet<u32>>>);

impl Removed {
    /// These are gone now.
    pub fn add(&self, uids: &[u32]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(uids);
    }

    fn count(&self) -> u32 {
        u32::try_from(self.0.lock().unwrap_or_else(PoisonError::into_inner).len()).unwrap_or(u32::MAX)
    }

    /// How many of these are there still.
    pub fn left_of(&self, uids: &[u32]) -> u64 {
        let removed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        uids.iter().filter(|uid| !removed.contains(uid)).count() as u64
    }
}

impl Asked {
    /// How many mails it should have.
    pub fn exists(&self) -> u32 {
        self.selected.saturating_sub(self.removed.count())
    }

    /// The forms that can be asked for in a folder of this size, the preferred one first, and once more where the folder is said to
    /// be empty and is not asked at first. An answer that names every mail of a large folder would pass the limit of a line.
    pub fn forms(&self) -> VecDeque<ListForm> {
        let fits = |form: &ListForm| !form.names_all() || self.exists() <= windows::LIMIT;
        let others = ListForm::ALL.into_iter().filter(|form| *form != self.form);
        let unasked = (self.exists() == 0).then_some(self.form);
        unasked.into_iter().chain([self.form]).chain(others).filter(fits).collect()
    }

    /// From this UID to the end of the folder.
    pub fn from(&self, first: u32) -> Windows {
        // Without a UIDNEXT the parts grow until the end.
        Windows::to_the_end(first, self.last, self.exists())
    }

    /// The contradiction between EXISTS and a list that should be of every mail, if there is one.
    pub async fn too_few(&self, session: &mut Session, listed: u64) -> Result<Option<Contradiction>, PollError> {
        let is_enough = |session: &Session| listed >= u64::from(self.exists().min(session.exists()));
        if is_enough(session) {
            return Ok(None);
        }
        // Another client may have removed mails, of which a server need not tell during SEARCH (RFC 3501 7.4.1).
        session.noop().await.map_err(|error| PollError::folder(Step::Search, &self.name, &error))?;
        let exists = self.exists().min(session.exists());
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
        let exists = self.exists().min(session.exists());
        let evidence = Evidence { first, exists, uidnext: self.uidnext, listed: pass.highest(), form: pass.form() };
        if !evidence.is_doubtful() {
            return Ok(None);
        }
        let highest = super::highest_uid(session, Step::Search, &self.name).await?;
        let against = evidence.against_fetch(highest);
        if against.is_some() || highest.is_some() || exists > 0 {
            return Ok(against);
        }
        let failed = |error: ImapError| PollError::folder(Step::Search, &self.name, &error);
        let status = session.numbers_of(&self.name).await.map_err(failed)?;
        Ok(status.messages.filter(|count| *count > 0).map(|messages| Contradiction::Status { messages }))
    }

    /// The error where no form agrees with the other answers.
    pub fn error(&self, contradiction: Contradiction) -> PollError {
        let trouble = contradiction.told(Trouble::new(Cause::AnswersContradict)).about("folder", &self.name);
        PollError::of(Step::Search, Blame::Folder, Retry::Soon, trouble)
    }
}
