//! Lists a folder in one or two passes. A pass tries each form until a list agrees with the server's other answers.

use std::collections::VecDeque;

use super::evidence::Contradiction;
use super::request::ListRequest;
use super::windows::Windows;
use crate::imap::{ImapError, ListForm, Session};
use crate::poll::{Blame, PollError, Step};

/// One part of a list.
pub struct ListedPart {
    /// First and last UID of the part.
    pub range: (u32, u32),
    /// The UIDs in the part; `None` if the server sent no SEARCH response.
    pub uids: Option<Vec<u32>>,
    /// Whether the listing restarted in another form with this part, so that earlier parts are void.
    pub restarted: bool,
}

/// The listing of one folder: first the UIDs at or above the cursor, then, if everything is compared, those below it.
pub struct Listing {
    request: ListRequest,
    /// Forms not tried yet.
    forms: VecDeque<ListForm>,
    pass: Pass,
    windows: Windows,
    /// First UID of the first pass.
    cursor: u32,
    /// First UID of the second pass, if everything is compared.
    compares_from: Option<u32>,
    /// UIDs listed so far in any form, if the whole folder is listed: each form may omit different UIDs.
    listed: Vec<u32>,
    /// The contradiction that made the listing restart.
    contradiction: Option<Contradiction>,
    /// Whether the server misreads the preferred form and lists nothing.
    is_misread: bool,
    /// Whether the listing has restarted and no part has followed yet.
    restarted: bool,
    /// The form to prefer for this mailbox from now on.
    new_preference: Option<ListForm>,
    /// First UID of the first part without a SEARCH response.
    undecided: Option<u32>,
}

/// The pass that a listing is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    /// UIDs at or above the cursor.
    New,
    /// UIDs below the cursor.
    Below,
    /// The listing is complete.
    Ended,
}

impl Listing {
    /// Lists from the cursor to the last UID, and then from `compares_from` to the cursor.
    pub fn new(request: ListRequest, cursor: u32, compares_from: Option<u32>) -> Self {
        let mut forms = request.forms();
        let form = forms.pop_front().unwrap_or_default();
        Self {
            windows: request.windows_from(cursor).with_form(form),
            request,
            forms,
            pass: Pass::New,
            cursor,
            compares_from,
            listed: Vec::new(),
            contradiction: None,
            is_misread: false,
            restarted: false,
            new_preference: None,
            undecided: None,
        }
    }

    /// Returns the next part; `None` at the end.
    pub async fn next(&mut self, session: &mut Session) -> Result<Option<ListedPart>, PollError> {
        while self.pass != Pass::Ended {
            let first = self.windows.position();
            match self.windows.next(session, "", &self.request.name).await {
                Ok(Some((last, uids))) => {
                    match &uids {
                        Some(uids) if self.lists_all() => self.listed.extend(uids),
                        Some(_) => {}
                        // Without a SEARCH response, the UIDs of this part are undecided: later parts are searched, but
                        // the cursor stays before this part.
                        None => {
                            self.undecided.get_or_insert(first);
                        }
                    }
                    return Ok(Some(ListedPart {
                        range: (first, last),
                        uids,
                        restarted: std::mem::take(&mut self.restarted),
                    }));
                }
                Ok(None) => self.pass_ended(session).await?,
                // The server need not support a form that is tried only because of a contradiction.
                Err(error) if self.contradiction.is_some() && error.blame == Blame::Folder => {
                    self.restart_in_next_form()?
                }
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// Ends a pass: compares the list with the server's other answers. Then starts the next pass, or restarts in
    /// another form.
    async fn pass_ended(&mut self, session: &mut Session) -> Result<(), PollError> {
        let has_listed_all = self.lists_all() && (self.pass != Pass::New || self.cursor <= 1);
        self.listed.sort_unstable();
        self.listed.dedup();
        let mut contradiction = match has_listed_all {
            true => self.request.check_count(session, self.request.removed.count_present(&self.listed)).await?,
            false => None,
        };
        if contradiction.is_none() && self.pass == Pass::New {
            contradiction = self.request.check_end(session, self.cursor, &self.windows).await?;
        }
        if contradiction.is_some() {
            let lists_none = self.windows.highest().is_none() && self.request.exists() > 0;
            self.is_misread |= self.contradiction.is_none() && lists_none;
            self.contradiction = self.contradiction.or(contradiction);
            return self.restart_in_next_form();
        }
        // If all mails are listed, or the other answers show no mail at or above the cursor, the parts without a SEARCH
        // response are empty.
        if has_listed_all || (self.pass == Pass::New && self.windows.highest().is_none()) {
            self.undecided = None;
        }
        // A single mail omitted from a single answer (reference row A9) is not a reason to prefer another form permanently.
        self.new_preference = Some(self.windows.form()).filter(|form| self.is_misread && *form != self.request.form);
        self.pass = match (self.pass, self.compares_from) {
            (Pass::New, Some(first)) if self.cursor > 1 => {
                let below = Windows::between(first, self.cursor - 1, self.request.exists());
                self.windows = below.with_form(self.windows.form());
                Pass::Below
            }
            _ => Pass::Ended,
        };
        Ok(())
    }

    /// Restarts the listing in the next form. Fails if all forms have been tried.
    fn restart_in_next_form(&mut self) -> Result<(), PollError> {
        let unlisted = Contradiction::Exists { exists: self.request.exists(), listed: 0 };
        let contradiction = self.contradiction.unwrap_or(unlisted);
        let form = self.forms.pop_front().ok_or_else(|| self.request.error(contradiction))?;
        self.windows = self.request.windows_from(self.cursor).with_form(form).even_if_empty();
        (self.pass, self.restarted) = (Pass::New, true);
        self.undecided = None;
        Ok(())
    }

    /// Returns the number of new mails above a listed UID, which later parts will list; 0 if the server does not reveal it.
    pub async fn count_above(&self, session: &mut Session, uid: u32) -> Result<u32, PollError> {
        if self.pass != Pass::New || self.windows.has_ended() {
            return Ok(0);
        }
        let number = match session.sequence_number(uid).await {
            Err(ImapError::Refused { .. }) => None,
            number => number.map_err(|error| PollError::folder(Step::Search, &self.request.name, &error))?,
        };
        let exists = self.request.exists().min(session.exists());
        Ok(number.map_or(0, |number| exists.saturating_sub(number)))
    }

    /// Whether the passes cover the whole folder.
    fn lists_all(&self) -> bool {
        self.cursor <= 1 || self.compares_from.is_some_and(|first| first <= 1)
    }

    pub fn pass(&self) -> Pass {
        self.pass
    }

    /// First UID of the next part.
    pub fn position(&self) -> u32 {
        self.windows.position()
    }

    /// First UID of the first part without a SEARCH response.
    pub fn undecided(&self) -> Option<u32> {
        self.undecided
    }

    /// The form in use.
    pub fn form(&self) -> ListForm {
        self.windows.form()
    }

    /// The form to prefer for this mailbox from now on, if it has changed.
    pub fn take_new_preference(&mut self) -> Option<ListForm> {
        self.new_preference.take()
    }

    /// The listed UIDs, ascending, if the whole folder was listed.
    pub fn into_listed(self) -> Vec<u32> {
        self.listed
    }
}
