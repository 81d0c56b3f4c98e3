//! Step 3: a folder is opened, and its UIDVALIDITY decides whether our UIDs still mean anything.

use super::{Blame, Deps, PollError, Retry, Step, Tally};
use crate::clock::Timestamp;
use crate::imap::{Selected, Session};
use crate::mailbox::AfterImport;
use crate::store::{Epoch, Lease, WatchedFolder};

/// An open folder with what we know of it.
pub struct OpenFolder {
    /// Its name as people write it.
    pub name: String,
    /// As the server described it.
    pub selected: Selected,
    /// The UIDVALIDITY in force, with our cursor.
    pub epoch: Epoch,
    /// The last UID that may exist now.
    pub last_uid: u32,
}

/// So long after a mail that did not come was put aside, it is asked for once more, and again after as long: an outage can
/// look like a bad mail, and must not cost one.
const ASK_AGAIN_MS: i64 = 6 * 3600 * 1000;

/// The folders of the mailbox, in their order, with what was put aside long enough among what is to be fetched.
pub async fn watched(lease: &Lease, deps: &Deps) -> Result<Vec<WatchedFolder>, PollError> {
    let now = deps.clock.now();
    let before = Timestamp(now.0.saturating_sub(ASK_AGAIN_MS));
    deps.store.reopen_missing(lease, before, now).await.map_err(|error| PollError::store(Step::Select, &error))?;
    deps.store.watched_folders(lease.mailbox.id).await.map_err(|error| PollError::store(Step::Select, &error))
}

/// Opens a folder, read-only where the customer's copy is to be left.
pub async fn open(
    session: &mut Session,
    folder: &WatchedFolder,
    lease: &Lease,
    deps: &Deps,
    tally: &mut Tally,
) -> Result<OpenFolder, PollError> {
    let name = &folder.name;
    let failed = |error| PollError::folder(Step::Select, name, &error);
    let read_only = lease.mailbox.after_import == AfterImport::Leave;
    let selected = session.select(name, read_only).await.map_err(failed)?;
    let Some(uidvalidity) = selected.uidvalidity else {
        let message =
            format!("folder {name}: the server gives no UIDVALIDITY, so its mail cannot be told apart safely");
        return Err(PollError::new(Step::Select, Blame::Folder, Retry::Soon, message));
    };
    // Winmail and 163.com do not say UIDNEXT (reference rows A2, A3): then the highest UID tells it.
    let uidnext = match selected.uidnext {
        Some(uidnext) => uidnext,
        None if selected.exists == 0 => 1,
        None => session.highest_uid().await.map_err(failed)?.map_or(1, |highest| highest.saturating_add(1)),
    };
    let epoch = deps
        .store
        .epoch(lease, folder.id, uidvalidity, uidnext, selected.uidnext.is_some(), deps.clock.now())
        .await
        .map_err(|error| PollError::store(Step::Select, &error))?;
    if let Some(before) = epoch.replaces {
        let note = format!(
            "folder {name}: UIDVALIDITY was {before} and is {uidvalidity}, UIDNEXT {uidnext}: the server has numbered its mail \
             anew; what is here already is recognised by its content"
        );
        tracing::warn!(
            mailbox = lease.mailbox.address,
            folder = name,
            before,
            now = uidvalidity,
            "UIDs were given anew"
        );
        tally.notes.push(note);
    }
    Ok(OpenFolder { name: name.clone(), selected, epoch, last_uid: uidnext.saturating_sub(1) })
}
