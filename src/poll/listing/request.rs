//! A request for the UIDs of a folder, and the checks of a list against the server's other answers.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use super::evidence::{Contradiction, Evidence};
use super::windows::{self, Windows};
use crate::cause::{Cause, Trouble};
use crate::imap::{ImapError, ListForm, Session};
use crate::poll::{Blame, PollError, Retry, Step};

/// The folder to list, with the numbers that the server has sent for it.
#[derive(Debug, Clone)]
pub struct ListRequest {
    pub name: String,
    /// EXISTS at SELECT.
    pub exists_at_select: u32,
    /// The UIDs that this session has removed since the SELECT.
    pub removed: RemovedUids,
    /// UIDNEXT at SELECT.
    pub uidnext: Option<u32>,
    /// The last UID, according to the server's numbers.
    pub last: u32,
    /// The form to try first: the one that worked last time.
    pub form: ListForm,
}

/// UIDs that this session has removed from the open folder.
#[derive(Debug, Clone, Default)]
pub struct RemovedUids(Arc<Mutex<BTreeSet<u32>>>);

impl RemovedUids {
    /// Records that the session has removed these UIDs.
    pub fn add(&self, uids: &[u32]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(uids);
    }

    fn count(&self) -> u32 {
        u32::try_from(self.0.lock().unwrap_or_else(PoisonError::into_inner).len()).unwrap_or(u32::MAX)
    }

    /// Returns how many of these UIDs the session has not removed.
    pub fn count_present(&self, uids: &[u32]) -> u64 {
        let removed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        uids.iter().filter(|uid| !removed.contains(uid)).count() as u64
    }
}

impl ListRequest {
    /// Returns the number of mails that the folder should have.
    pub fn exists(&self) -> u32 {
        self.exists_at_select.saturating_sub(self.removed.count())
    }

    /// Returns the forms to try for a folder of this size, the preferred one first. For an empty folder, that form
    /// is returned twice: its first try sends no command, and the second, after a contradiction, does. Forms that list
    /// every mail are left out for a large folder, where they would exceed the line limit.
    pub fn forms(&self) -> VecDeque<ListForm> {
        let fits = |form: &ListForm| !form.lists_all() || self.exists() <= windows::MAX_RESULTS;
        let others = ListForm::ALL.into_iter().filter(|form| *form != self.form);
        let skipped_form = (self.exists() == 0).then_some(self.form);
        skipped_form.into_iter().chain([self.form]).chain(others).filter(fits).collect()
    }

    /// Returns the windows from this UID to the end of the folder.
    pub fn windows_from(&self, first: u32) -> Windows {
        // UIDNEXT may be missing or too low, so the last window has no end.
        Windows::open_ended(first, self.last, self.exists())
    }

    /// Returns the contradiction between EXISTS and a list of all mails, if any.
    pub async fn check_count(&self, session: &mut Session, listed: u64) -> Result<Option<Contradiction>, PollError> {
        let is_enough = |session: &Session| listed >= u64::from(self.exists().min(session.exists()));
        if is_enough(session) {
            return Ok(None);
        }
        // Another client may have removed mails, which a server need not report during SEARCH (RFC 3501 7.4.1).
        session.noop().await.map_err(|error| PollError::folder(Step::Search, &self.name, &error))?;
        let exists = self.exists().min(session.exists());
        Ok((!is_enough(session)).then_some(Contradiction::Exists { exists, listed }))
    }

    /// Returns the contradiction between the list from `first` to the end and EXISTS, FETCH or STATUS, if any.
    pub async fn check_end(
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
        let contradiction = evidence.against_fetch(highest);
        if contradiction.is_some() || highest.is_some() || exists > 0 {
            return Ok(contradiction);
        }
        let failed = |error: ImapError| PollError::folder(Step::Search, &self.name, &error);
        let status = session.folder_numbers(&self.name).await.map_err(failed)?;
        Ok(status.messages.filter(|count| *count > 0).map(|messages| Contradiction::Status { messages }))
    }

    /// Returns the error for a folder in which no form agrees with the server's other answers.
    pub fn error(&self, contradiction: Contradiction) -> PollError {
        let trouble = contradiction.add_to(Trouble::new(Cause::AnswersContradict)).with_arg("folder", &self.name);
        PollError::from_trouble(Step::Search, Blame::Folder, Retry::Soon, trouble)
    }
}
