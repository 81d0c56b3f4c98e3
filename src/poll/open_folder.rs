//! An open folder, with its state in the ledger.

use super::listing::{ListRequest, RemovedUids};
use crate::imap::{ListForm, Selected};
use crate::store::Epoch;

pub struct OpenFolder {
    /// Row ID of the folder.
    pub id: i64,
    /// The folder's name, decoded from modified UTF-7.
    pub name: String,
    /// The server's response to SELECT or EXAMINE.
    pub selected: Selected,
    /// The epoch of the folder's UIDs, with the cursor.
    pub epoch: Epoch,
    /// The server's UIDNEXT, or the highest UID plus one.
    pub uidnext: u32,
    /// Whether every UID is compared with the ledger, not only those at or above the cursor.
    pub compares_all: bool,
    /// The UID that an interrupted comparison has reached.
    pub compared_to: u32,
    /// The listing form to try first.
    pub form: ListForm,
    /// UIDs that this session has removed: not every server reports their removal.
    pub removed: RemovedUids,
}

impl OpenFolder {
    /// Returns the request that lists the folder's UIDs.
    pub fn list_request(&self) -> ListRequest {
        ListRequest {
            name: self.name.clone(),
            exists_at_select: self.selected.exists,
            removed: self.removed.clone(),
            uidnext: self.selected.uidnext,
            last: self.uidnext.saturating_sub(1),
            form: self.form,
        }
    }
}
