//! A folder listed in one pass or two, each in the forms that there are until one agrees with the server's other answers.

use std::collections::VecDeque;

use super::asked::Asked;
use super::evidence::Contradiction;
use super::windows::Windows;
use crate::imap::{ListForm, Session};
use crate::poll::{Blame, PollError};

/// One part of a list.
pub struct Part {
    /// Its first and last UID.
    pub range: (u32, u32),
    /// What the server has in it; `None`: it said nothing.
    pub uids: Option<Vec<u32>>,
    /// The listing began anew with it, in another form: earlier parts are void.
    pub anew: bool,
}

/// The listing of one folder: first from the cursor on, then below it, where all is to be compared.
pub struct Listing {
    asked: Asked,
    /// The forms that were not asked for yet.
    forms: VecDeque<ListForm>,
    pass: Pass,
    windows: Windows,
    /// The first UID of the first pass.
    cursor: u32,
    /// The first UID of the comparison, if all are to be compared.
    compares_from: Option<u32>,
    /// UIDs listed so far, in whichever form, where all of the folder are asked for: each form may leave out others.
    listed: Vec<u32>,
    /// Why the list in another form is not believed.
    contradiction: Option<Contradiction>,
    /// The form that is preferred is misread: it lists nothing.
    misread: bool,
    /// No part has come since the listing began anew.
    anew: bool,
    /// The form that the folder is to be asked for first from now on.
    learned: Option<ListForm>,
    /// The first UID of a part of which the server said nothing.
    undecided: Option<u32>,
}

/// Which UIDs are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    /// Those from the cursor on.
    New,
    /// Those below it.
    Below,
    /// None any more.
    Ended,
}

impl Listing {
    /// From the cursor to the last UID, and from `compares_from` to the cursor.
    pub fn new(asked: Asked, cursor: u32, compares_from: Option<u32>) -> Self {
        let mut forms = asked.forms();
        let form = forms.pop_front().unwrap_or_default();
        Self {
            windows: asked.from(cursor).asked_as(form),
            asked,
            forms,
            pass: Pass::New,
            cursor,
            compares_from,
            listed: Vec::new(),
            contradiction: None,
            misread: false,
            anew: false,
            learned: None,
            undecided: None,
        }
    }

    /// The next part; `None` at the end.
    pub async fn next(&mut self, session: &mut Session) -> Result<Option<Part>, PollError> {
        while self.pass != Pass::Ended {
            let first = self.windows.position();
            match self.windows.next(session, "", &self.asked.name).await {
                Ok(Some((last, uids))) => {
                    match &uids {
                        Some(uids) if self.lists_all() => self.listed.extend(uids),
                        Some(_) => {}
                        // Nothing was said, so nothing is decided: later parts are looked at, and the cursor stays before this one.
                        None => {
                            self.undecided.get_or_insert(first);
                        }
                    }
                    return Ok(Some(Part { range: (first, last), uids, anew: std::mem::take(&mut self.anew) }));
                }
                Ok(None) => self.pass_ended(session).await?,
                // A form that was only tried because answers contradict each other need not be known to the server.
                Err(error) if self.contradiction.is_some() && error.blame == Blame::Folder => self.ask_otherwise()?,
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// Holds what was listed against what else the server says: goes on to the next pass, or asks in another form.
    async fn pass_ended(&mut self, session: &mut Session) -> Result<(), PollError> {
        let has_listed_all = self.lists_all() && (self.pass != Pass::New || self.cursor <= 1);
        self.listed.sort_unstable();
        self.listed.dedup();
        let mut against = match has_listed_all {
            true => self.asked.too_few(session, self.asked.removed.left_of(&self.listed)).await?,
            false => None,
        };
        if against.is_none() && self.pass == Pass::New {
            against = self.asked.left_out(session, self.cursor, &self.windows).await?;
        }
        if against.is_some() {
            let lists_none = self.windows.highest().is_none() && self.asked.exists() > 0;
            self.misread |= self.contradiction.is_none() && lists_none;
            self.contradiction = self.contradiction.or(against);
            return self.ask_otherwise();
        }
        // Where all that there is was listed, or FETCH names no later mail, there is nothing where nothing was said.
        if has_listed_all || (self.pass == Pass::New && self.windows.highest().is_none()) {
            self.undecided = None;
        }
        // One mail that is left out of one answer (reference row A9) is no reason to ask otherwise for ever.
        self.learned = Some(self.windows.form()).filter(|form| self.misread && *form != self.asked.form);
        self.pass = match (self.pass, self.compares_from) {
            (Pass::New, Some(first)) if self.cursor > 1 => {
                let below = Windows::between(first, self.cursor - 1, self.asked.exists());
                self.windows = below.asked_as(self.windows.form());
                Pass::Below
            }
            _ => Pass::Ended,
        };
        Ok(())
    }

    /// Begins anew in the next form.
    fn ask_otherwise(&mut self) -> Result<(), PollError> {
        let unlisted = Contradiction::Exists { exists: self.asked.exists(), listed: 0 };
        let contradiction = self.contradiction.unwrap_or(unlisted);
        let form = self.forms.pop_front().ok_or_else(|| self.asked.error(contradiction))?;
        self.windows = self.asked.from(self.cursor).asked_as(form).in_any_case();
        (self.pass, self.anew) = (Pass::New, true);
        self.undecided = None;
        Ok(())
    }

    /// Whether all UIDs of the folder are asked for, in one pass or in two.
    fn lists_all(&self) -> bool {
        self.cursor <= 1 || self.compares_from.is_some_and(|first| first <= 1)
    }

    /// Where it is.
    pub fn pass(&self) -> Pass {
        self.pass
    }

    /// The first UID of the next part.
    pub fn position(&self) -> u32 {
        self.windows.position()
    }

    /// The first UID of a part of which the server said nothing.
    pub fn undecided(&self) -> Option<u32> {
        self.undecided
    }

    /// The form in which it asks.
    pub fn form(&self) -> ListForm {
        self.windows.form()
    }

    /// The form that the folder is to be asked for first from now on, if that is another than now.
    pub fn take_learned(&mut self) -> Option<ListForm> {
        self.learned.take()
    }

    /// The UIDs listed, ascending, where all of the folder were asked for.
    pub fn into_listed(self) -> Vec<u32> {
        self.listed
    }
}
