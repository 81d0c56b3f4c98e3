//! Opens a folder, and decides whether the UIDs in the ledger still identify the same mails.

use super::listing::RemovedUids;
use super::open_folder::OpenFolder;
use super::same_mails::FolderWithEpoch;
use super::visit::Visit;
use super::{Deps, PollError, Step, listing};
use crate::clock::Timestamp;
use crate::fact::Notice;
use crate::imap::{ImapError, Selected, Session};
use crate::mailbox::AfterImport;
use crate::store::{Epoch, Lease, Mailbox, NewEpoch, StoreError, WatchedFolder};

/// Interval at which a quarantined mail that was never received is fetched again: an outage can look like a bad mail,
/// and must not lose a mail.
const RETRY_MISSING_MS: i64 = 6 * 3600 * 1000;
/// Interval at which every UID is compared with the ledger: servers sometimes omit UIDs from SEARCH (reference row A9).
const COMPARE_INTERVAL_MS: i64 = 24 * 3600 * 1000;
/// In a folder with more mails than this, the parts of a search cannot grow without limit, so a search up to a UIDNEXT far
/// above the cursor would take too many commands. There, the search ends at the highest UID instead.
const LARGE_FOLDER: u32 = 80_000;

/// Returns the mailbox's folders in order. Missing mails that were quarantined long enough ago become pending again.
pub async fn watched_folders(lease: &Lease, deps: &Deps) -> Result<Vec<WatchedFolder>, PollError> {
    let now = deps.clock.now();
    let before = Timestamp(now.0.saturating_sub(RETRY_MISSING_MS));
    deps.store.reopen_missing(lease, before, now).await.map_err(store_error)?;
    deps.store.watched_folders(lease.mailbox.id).await.map_err(store_error)
}

/// The state of a folder on the server and in the database. Nothing has been written yet.
struct FolderState {
    selected: Selected,
    /// The last epoch; `None` on the first visit.
    before: Option<Epoch>,
    /// Whether the UIDs of that epoch are still valid.
    is_continued: bool,
    /// Whether every UID is compared with the ledger.
    compares_all: bool,
    /// The server's UIDNEXT, or the highest UID plus one.
    uidnext: u32,
}

impl FolderState {
    /// Returns the folder's UIDVALIDITY; 0 if the server sends none.
    fn uidvalidity(&self) -> u32 {
        self.selected.uidvalidity.unwrap_or(0)
    }

    /// Returns the notice about new UIDs, if the last epoch is no longer valid.
    fn renumbered_notice(&self, name: &str) -> Option<Notice> {
        let before = self.before.as_ref().filter(|_| !self.is_continued)?.uidvalidity;
        let (number, uidnext) = (self.uidvalidity(), self.uidnext);
        Some(Notice::Renumbered { folder: name.to_owned(), before, number, uidnext })
    }

    fn into_open_folder(self, folder: &WatchedFolder, epoch: Epoch) -> OpenFolder {
        OpenFolder {
            id: folder.id,
            name: folder.name.clone(),
            compared_to: if self.is_continued { u32::try_from(folder.compared_to).unwrap_or(0) } else { 0 },
            selected: self.selected,
            epoch,
            uidnext: self.uidnext,
            compares_all: self.compares_all,
            form: listing::preferred_form(folder),
            removed: RemovedUids::default(),
        }
    }
}

/// Opens a folder, read-only if the mailbox leaves its copies unchanged.
pub async fn open(visit: &mut Visit<'_>, folder: &WatchedFolder) -> Result<OpenFolder, PollError> {
    let Visit { session, lease, deps, tally, .. } = visit;
    tally.visited.push(folder.id);
    tally.imported_uids.clear();
    let read_only = lease.mailbox.after_import == AfterImport::Leave;
    let mut state = inspect(session, folder, &lease.mailbox, read_only, deps).await?;
    let (number, note) = (state.uidvalidity(), state.renumbered_notice(&folder.name));
    let before = state.before.as_ref().map(|before| before.uidvalidity);
    let epoch = match state.before.take() {
        Some(before) if state.is_continued => deps.store.continue_epoch(lease, folder, before, number).await,
        _ => {
            let epoch = deps
                .store
                .open_epoch(
                    lease,
                    NewEpoch { folder_id: folder.id, uidvalidity: number, boundary: state.uidnext },
                    deps.clock.now(),
                )
                .await;
            if let Some(note) = note {
                let (mailbox, folder) = (&lease.mailbox.address, &folder.name);
                tracing::warn!(mailbox, folder, before, now = number, "the server has renumbered the folder");
                tally.notes.push(note);
            }
            epoch
        }
    };
    Ok(state.into_open_folder(folder, epoch.map_err(store_error)?))
}

/// Opens a folder read-only and writes nothing: where [`open`] would store a new epoch, the returned folder has an epoch
/// that is not in the database. Also returns the notice about new UIDs, if any.
pub async fn open_for_dry_run(
    session: &mut Session,
    folder: &WatchedFolder,
    mailbox: &Mailbox,
    deps: &Deps,
) -> Result<(OpenFolder, Option<Notice>), PollError> {
    let mut state = inspect(session, folder, mailbox, true, deps).await?;
    let note = state.renumbered_notice(&folder.name);
    let epoch = match state.before.take() {
        Some(before) if state.is_continued => before,
        _ => Epoch::not_stored(state.uidvalidity(), state.uidnext),
    };
    Ok((state.into_open_folder(folder, epoch), note))
}

/// Opens a folder, and decides whether its UIDs are still valid.
async fn inspect(
    session: &mut Session,
    folder: &WatchedFolder,
    mailbox: &Mailbox,
    read_only: bool,
    deps: &Deps,
) -> Result<FolderState, PollError> {
    let selected = session.select(&folder.name, read_only).await;
    let selected = selected.map_err(|error| PollError::folder(Step::Select, &folder.name, &error))?;
    let before = deps.store.newest_epoch(folder.id).await.map_err(store_error)?;
    let compares_all =
        folder.verified_at.is_none_or(|at| !(0..COMPARE_INTERVAL_MS).contains(&deps.clock.now().0.saturating_sub(at)));
    let is_continued = match &before {
        None => false,
        Some(before) => {
            let reopened = FolderWithEpoch { folder, selected: &selected, before, mailbox, deps };
            reopened.uids_are_continued(session, compares_all).await?
        }
    };
    let cursor = before.as_ref().filter(|_| is_continued).map(|before| before.cursor);
    let uidnext = next_uid(session, &folder.name, &selected, cursor).await?;
    Ok(FolderState { selected, before, is_continued, compares_all, uidnext })
}

/// Finds the next UID: the server's UIDNEXT, or the highest UID plus one. `cursor` is `None` on the first visit,
/// or if the old UIDs are no longer valid.
///
/// Winmail and 163.com do not send UIDNEXT (reference rows A2, A3), and Yahoo's UIDNEXT is far ahead (A8), so the
/// highest UID decides there.
async fn next_uid(
    session: &mut Session,
    name: &str,
    selected: &Selected,
    cursor: Option<u32>,
) -> Result<u32, PollError> {
    let failed = |error: ImapError| PollError::folder(Step::Select, name, &error);
    let is_near = |next: u32| {
        let distance = next.saturating_sub(cursor.unwrap_or(1)) / 10;
        cursor.is_some() && (selected.exists <= LARGE_FOLDER || distance <= LARGE_FOLDER)
    };
    let highest = match selected.uidnext {
        _ if selected.exists == 0 => Some(0),
        Some(next) if is_near(next) => None,
        Some(_) => listing::highest_uid(session, Step::Select, name).await?,
        None => session.highest_uid().await.map_err(failed)?, // there is no other source, so a refusal is an error
    };
    match (selected.uidnext, highest) {
        (Some(announced), Some(highest)) => Ok(announced.min(highest.saturating_add(1))),
        (Some(announced), None) => Ok(announced),
        (None, Some(highest)) => Ok(highest.saturating_add(1)),
        (None, None) => Err(failed(ImapError::Protocol("it sends neither UIDNEXT nor the highest UID".to_owned()))),
    }
}

fn store_error(error: StoreError) -> PollError {
    PollError::store(Step::Select, &error)
}
