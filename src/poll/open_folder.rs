//! A folder that is open, with what we know of it.

use super::listing::{Asked, Removed};
use crate::imap::{ListForm, Selected};
use crate::store::Epoch;

/// An open folder with what we know of it.
pub struct OpenFolder {
    /// Its row.
    pub id: i64,
    /// Its name as people write it.
    pub name: String,
    /// As the server described it.
    pub selected: Selected,
    /// What our UIDs belong to, with our cursor.
    pub epoch: Epoch,
    /// What the server says that the next UID is, or what follows from the highest one.
    pub uidnext: u32,
    /// Whether every UID is to be compared with the ledger, and not only those from the cursor on.
    pub compares_all: bool,
    /// How far an earlier comparison has come.
    pub compared_to: u32,
    /// The form in which it is asked for UIDs first.
    pub form: ListForm,
    /// The UIDs that we have removed since it was opened: not every server tells.
    pub removed: Removed,
}

impl OpenFolder {
    /// As it is asked for UIDs.
    pub fn asked(&self) -> Asked {
        Asked {
            name: self.name.clone(),
            selected: self.selected.exists,
            removed: self.removed.clone(),
            uidnext: self.selected.uidnext,
            last: self.uidnext.saturating_sub(1),
            form: self.form,
        }
    }
}
