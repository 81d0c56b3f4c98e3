//! A folder is opened, and it is decided whether our UIDs still mean anything there.

use super::listing::Removed;
use super::open_folder::OpenFolder;
use super::same_mails::Reopened;
use super::visit::Visit;
use super::{Deps, PollError, Step, listing};
use crate::clock::Timestamp;
use crate::fact::Notice;
use crate::imap::{ImapError, Selected, Session};
use crate::mailbox::AfterImport;
use crate::store::{Epoch, Lease, Mailbox, NewEpoch, StoreError, WatchedFolder};

/// So long after a mail that did not come was put aside, it is asked for once more, and again after as long: an outage can
/// look like a bad mail, and must not cost one.
const ASK_AGAIN_MS: i64 = 6 * 3600 * 1000;
/// So often every UID is compared with the ledger: servers leave UIDs out of SEARCH now and then (reference row A9).
const COMPARE_MS: i64 = 24 * 3600 * 1000;
/// A folder with more mails is searched in parts, up to the highest UID there is and not to a UIDNEXT that may be far ahead.
const LARGE: u32 = 80_000;

/// The folders of the mailbox, in their order, with what was put aside long enough among what is to be fetched.
pub async fn watched(lease: &Lease, deps: &Deps) -> Result<Vec<WatchedFolder>, PollError> {
    let now = deps.clock.now();
    let before = Timestamp(now.0.saturating_sub(ASK_AGAIN_MS));
    deps.store.reopen_missing(lease, before, now).await.map_err(stored)?;
    deps.store.watched_folders(lease.mailbox.id).await.map_err(stored)
}

/// What was found out about a folder, with nothing of it written down yet.
struct Looked {
    /// As the server described it.
    selected: Selected,
    /// What our UIDs belonged to, if it was looked at before.
    before: Option<Epoch>,
    /// Whether they still do.
    same: bool,
    /// Whether every UID is to be compared with the ledger.
    compares_all: bool,
    /// What the server says that the next UID is, or what follows from the highest one.
    uidnext: u32,
}

impl Looked {
    /// UIDVALIDITY; 0: none.
    fn number(&self) -> u32 {
        self.selected.uidvalidity.unwrap_or(0)
    }

    /// The note about another numbering than before, where it is one.
    fn anew(&self, name: &str) -> Option<Notice> {
        let before = self.before.as_ref().filter(|_| !self.same)?.uidvalidity;
        let (number, uidnext) = (self.number(), self.uidnext);
        Some(Notice::Renumbered { folder: name.to_owned(), before, number, uidnext })
    }

    fn opened(self, folder: &WatchedFolder, epoch: Epoch) -> OpenFolder {
        OpenFolder {
            id: folder.id,
            name: folder.name.clone(),
            compared_to: if self.same { u32::try_from(folder.compared_to).unwrap_or(0) } else { 0 },
            selected: self.selected,
            epoch,
            uidnext: self.uidnext,
            compares_all: self.compares_all,
            form: listing::form_of(folder),
            removed: Removed::default(),
        }
    }
}

/// Opens a folder, read-only where the customer's copy is to be left.
pub async fn open(visit: &mut Visit<'_>, folder: &WatchedFolder) -> Result<OpenFolder, PollError> {
    let Visit { session, lease, deps, tally, .. } = visit;
    tally.visited.push(folder.id);
    tally.imported_uids.clear();
    let read_only = lease.mailbox.after_import == AfterImport::Leave;
    let mut looked = look(session, folder, &lease.mailbox, read_only, deps).await?;
    let (number, note) = (looked.number(), looked.anew(&folder.name));
    let before = looked.before.as_ref().map(|before| before.uidvalidity);
    let epoch = match looked.before.take() {
        Some(before) if looked.same => deps.store.keep_epoch(lease, folder, before, number).await,
        _ => {
            let epoch = deps
                .store
                .open_epoch(
                    lease,
                    NewEpoch { folder_id: folder.id, uidvalidity: number, boundary: looked.uidnext },
                    deps.clock.now(),
                )
                .await;
            if let Some(note) = note {
                let (mailbox, folder) = (&lease.mailbox.address, &folder.name);
                tracing::warn!(mailbox, folder, before, now = number, "UIDs were given anew");
                tally.notes.push(note);
            }
            epoch
        }
    };
    Ok(looked.opened(folder, epoch.map_err(stored)?))
}

/// Opens a folder read-only and writes nothing down: where [`open`] would begin an epoch, it is one that the database does not
/// have. With it comes what there is to say of its numbers.
pub async fn open_unwritten(
    session: &mut Session,
    folder: &WatchedFolder,
    mailbox: &Mailbox,
    deps: &Deps,
) -> Result<(OpenFolder, Option<Notice>), PollError> {
    let mut looked = look(session, folder, mailbox, true, deps).await?;
    let note = looked.anew(&folder.name);
    let epoch = match looked.before.take() {
        Some(before) if looked.same => before,
        _ => Epoch::not_stored(looked.number(), looked.uidnext),
    };
    Ok((looked.opened(folder, epoch), note))
}

/// Opens a folder and finds out what its numbers mean.
async fn look(
    session: &mut Session,
    folder: &WatchedFolder,
    mailbox: &Mailbox,
    read_only: bool,
    deps: &Deps,
) -> Result<Looked, PollError> {
    let selected = session.select(&folder.name, read_only).await;
    let selected = selected.map_err(|error| PollError::folder(Step::Select, &folder.name, &error))?;
    let before = deps.store.newest_epoch(folder.id).await.map_err(stored)?;
    let compares_all =
        folder.verified_at.is_none_or(|at| !(0..COMPARE_MS).contains(&deps.clock.now().0.saturating_sub(at)));
    let same = match &before {
        None => false,
        Some(before) => {
            let reopened = Reopened { folder, selected: &selected, before, mailbox, deps };
            reopened.means_the_same(session, compares_all).await?
        }
    };
    let cursor = before.as_ref().filter(|_| same).map(|before| before.cursor);
    let uidnext = next_uid(session, &folder.name, &selected, cursor).await?;
    Ok(Looked { selected, before, same, compares_all, uidnext })
}

/// What the server says that the next UID is, or what follows from the highest one. `cursor`: where UIDs still mean the same.
///
/// Winmail and 163.com do not say UIDNEXT (reference rows A2, A3), and Yahoo's is far ahead (A8): the highest UID tells more.
async fn next_uid(
    session: &mut Session,
    name: &str,
    selected: &Selected,
    cursor: Option<u32>,
) -> Result<u32, PollError> {
    let failed = |error: ImapError| PollError::folder(Step::Select, name, &error);
    let is_near = |next: u32| {
        let distance = next.saturating_sub(cursor.unwrap_or(1)) / 10;
        cursor.is_some() && (selected.exists <= LARGE || distance <= LARGE)
    };
    let highest = match selected.uidnext {
        _ if selected.exists == 0 => Some(0),
        Some(next) if is_near(next) => None,
        Some(_) => listing::highest_uid(session, Step::Select, name).await?,
        None => session.highest_uid().await.map_err(failed)?, // nothing else tells it, so a refusal is one
    };
    match (selected.uidnext, highest) {
        (Some(told), Some(highest)) => Ok(told.min(highest.saturating_add(1))),
        (Some(told), None) => Ok(told),
        (None, Some(highest)) => Ok(highest.saturating_add(1)),
        (None, None) => Err(failed(ImapError::Protocol("it tells neither UIDNEXT nor the highest UID".to_owned()))),
    }
}

fn stored(error: StoreError) -> PollError {
    PollError::store(Step::Select, &error)
}
