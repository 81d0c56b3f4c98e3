//! Step 3: a folder is opened, and it is decided whether our UIDs still mean anything there.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use super::continuity::{self, Told, Verdict};
use super::listing::{self, Asked};
use super::{Deps, PollError, Step, Tally};
use crate::clock::Timestamp;
use crate::imap::{ImapError, ListForm, Selected, Session, UidSet};
use crate::mailbox::AfterImport;
use crate::store::{Anchor, Epoch, Lease, Mailbox, StoreError, UidState, WatchedFolder};

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

/// UIDs that we have removed from a folder.
#[derive(Debug, Default)]
pub struct Removed(Mutex<BTreeSet<u32>>);

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

impl OpenFolder {
    /// As it is asked for UIDs.
    pub fn asked(&self) -> Asked {
        Asked {
            name: self.name.clone(),
            exists: self.selected.exists.saturating_sub(self.removed.count()),
            uidnext: self.selected.uidnext,
            last: self.uidnext.saturating_sub(1),
            form: self.form,
        }
    }
}

/// So long after a mail that did not come was put aside, it is asked for once more, and again after as long: an outage can
/// look like a bad mail, and must not cost one.
const ASK_AGAIN_MS: i64 = 6 * 3600 * 1000;
/// So often every UID is compared with the ledger: servers leave UIDs out of SEARCH now and then (reference row A9).
const COMPARE_MS: i64 = 24 * 3600 * 1000;
/// Mails that are looked at, at each poll, where the numbers of a folder do not tell.
pub const FEW: i64 = 20;
/// Mails that are looked at when all UIDs are compared.
const MANY: i64 = 500;
/// In one command.
const MANY_AT_ONCE: usize = 500;
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
    fn anew(&self, name: &str) -> Option<String> {
        let before = self.before.as_ref().filter(|_| !self.same)?.uidvalidity;
        let (number, uidnext) = (self.number(), self.uidnext);
        Some(format!(
            "folder {name}: UIDVALIDITY was {before} and is {number}, UIDNEXT {uidnext}: the server has numbered its mail anew; \
             what is here already is recognised by its content"
        ))
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
            form: list_form(folder),
            removed: Removed::default(),
        }
    }
}

/// Opens a folder, read-only where the customer's copy is to be left.
pub async fn open(
    session: &mut Session,
    folder: &WatchedFolder,
    lease: &Lease,
    deps: &Deps,
    tally: &mut Tally,
) -> Result<OpenFolder, PollError> {
    tally.visited.push(folder.id);
    tally.imported_uids.clear();
    let read_only = lease.mailbox.after_import == AfterImport::Leave;
    let mut looked = look(session, folder, &lease.mailbox, read_only, deps).await?;
    let (number, note) = (looked.number(), looked.anew(&folder.name));
    let before = looked.before.as_ref().map(|before| before.uidvalidity);
    let epoch = match looked.before.take() {
        Some(before) if looked.same => deps.store.keep_epoch(lease, folder, before, number).await,
        _ => {
            let epoch = deps.store.open_epoch(lease, folder.id, number, looked.uidnext, deps.clock.now()).await;
            if let Some(note) = note {
                let name = &folder.name;
                tracing::warn!(
                    mailbox = lease.mailbox.address,
                    folder = name,
                    before,
                    now = number,
                    "UIDs were given anew"
                );
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
) -> Result<(OpenFolder, Option<String>), PollError> {
    let mut looked = look(session, folder, mailbox, true, deps).await?;
    let note = looked.anew(&folder.name);
    let epoch = match looked.before.take() {
        Some(before) if looked.same => before,
        _ => Epoch::unwritten(looked.number(), looked.uidnext),
    };
    Ok((looked.opened(folder, epoch), note))
}

/// The form in which the server answered rightly before.
fn list_form(folder: &WatchedFolder) -> ListForm {
    folder.list_form.as_deref().map_or_else(ListForm::default, ListForm::named)
}

/// Opens a folder and finds out what its numbers mean.
async fn look(
    session: &mut Session,
    folder: &WatchedFolder,
    mailbox: &Mailbox,
    read_only: bool,
    deps: &Deps,
) -> Result<Looked, PollError> {
    let name = &folder.name;
    let failed = |error| PollError::folder(Step::Select, name, &error);
    let selected = session.select(name, read_only).await.map_err(failed)?;
    let told = Told { uidvalidity: selected.uidvalidity, uidnext: selected.uidnext };
    let before = deps.store.newest_epoch(folder.id).await.map_err(stored)?;
    let compares_all =
        folder.verified_at.is_none_or(|at| !(0..COMPARE_MS).contains(&deps.clock.now().0.saturating_sub(at)));
    let same = match &before {
        None => false,
        Some(before) => match continuity::judge(before, told, folder.uidvalidity_changes) {
            // A backup may have been restored between two polls, and so much mail have come since that no number tells.
            Verdict::Same if compares_all => {
                let known = deps.store.anchors(before.id, MANY).await.map_err(stored)?;
                same_mails(session, name, &known).await?.unwrap_or(true)
            }
            Verdict::Same => true,
            Verdict::Anew => false,
            Verdict::AskTheMails => {
                let known = deps.store.anchors(before.id, FEW).await.map_err(stored)?;
                match same_mails(session, name, &known).await? {
                    Some(same) => same,
                    None => nothing_contradicts(session, folder, &selected, before, mailbox, deps).await?,
                }
            }
        },
    };
    let lies_far_ahead = |cursor: u32| {
        selected.exists > LARGE && selected.uidnext.is_some_and(|next| next.saturating_sub(cursor) / 10 > LARGE)
    };
    // Winmail and 163.com do not say UIDNEXT (reference rows A2, A3), and Yahoo's is far ahead (A8): the highest UID tells more.
    let cursor = before.as_ref().filter(|_| same).map_or(1, |before| before.cursor);
    let highest = match selected.exists {
        0 => Some(0),
        _ if same && selected.uidnext.is_some() && !lies_far_ahead(cursor) => None,
        _ => match session.highest_uid().await {
            Ok(highest) => highest,
            Err(ImapError::Refused { .. }) if selected.uidnext.is_some() => None,
            Err(error) => return Err(failed(error)),
        },
    };
    let uidnext = match (selected.uidnext, highest) {
        (Some(told), Some(highest)) => told.min(highest.saturating_add(1)),
        (Some(told), None) => told,
        (None, Some(highest)) => highest.saturating_add(1),
        (None, None) => {
            let silent = ImapError::Protocol("it tells neither UIDNEXT nor the highest UID".to_owned());
            return Err(failed(silent));
        }
    };
    Ok(Looked { selected, before, same, compares_all, uidnext })
}

/// Compares mails that we know with what the server has under their UIDs. That it refuses to tell is no evidence.
pub async fn same_mails(session: &mut Session, name: &str, known: &[Anchor]) -> Result<Option<bool>, PollError> {
    let mut uids: Vec<u32> = known.iter().map(|anchor| anchor.uid).collect();
    uids.sort_unstable();
    uids.dedup();
    let mut there = Vec::new();
    for set in UidSet::cut(&uids, session.at_once(MANY_AT_ONCE)) {
        match session.sample(&set).await {
            Ok(samples) => there.extend(samples),
            Err(ImapError::Refused { .. }) => {}
            Err(error) => return Err(PollError::folder(Step::Select, name, &error)),
        }
    }
    Ok(continuity::same_mails(known, &there))
}

/// Where the newest mails that we know are gone, as after "delete": whether what the server lists below the last UID that was
/// dealt with is what the ledger says that it is. Where that cannot be told, it is not the same, and all is read anew.
async fn nothing_contradicts(
    session: &mut Session,
    folder: &WatchedFolder,
    selected: &Selected,
    before: &Epoch,
    mailbox: &Mailbox,
    deps: &Deps,
) -> Result<bool, PollError> {
    if selected.exists == 0 || before.top == 0 {
        return Ok(true);
    }
    let (name, last) =
        (folder.name.as_str(), selected.uidnext.unwrap_or(before.top.saturating_add(1)).saturating_sub(1));
    let (exists, uidnext) = (selected.exists, selected.uidnext);
    let asked = Asked { name: name.to_owned(), exists, uidnext, last, form: list_form(folder) };
    let (all, _) = listing::everything(session, &asked).await?;
    let mut listed: Vec<u32> = all.into_iter().take_while(|uid| *uid <= before.top).collect();
    let newest = listed.split_off(listed.len().saturating_sub(MANY_AT_ONCE));
    let start = mailbox.start.moment(mailbox.added_at);
    for set in UidSet::cut(&newest, session.at_once(MANY_AT_ONCE)) {
        let samples = session.sample(&set).await.map_err(|error| PollError::folder(Step::Select, name, &error))?;
        for uid in set.uids {
            let sample = samples.iter().find(|sample| sample.uid == uid);
            let known = deps.store.known_mail(before.id, uid).await.map_err(stored)?;
            let (Some(sample), Some(known)) = (sample, known) else { continue }; // a UID of which nothing is said or known
            let agrees = match known.state {
                UidState::Imported | UidState::Duplicate => {
                    continuity::same_mails(&[known.anchor], std::slice::from_ref(sample)) == Some(true)
                }
                UidState::Skipped if known.is_before_start => {
                    start.zip(sample.internal_date).is_none_or(|(start, date)| date < start)
                }
                UidState::Skipped | UidState::Pending | UidState::Quarantined | UidState::Gone => {
                    let dates = known.anchor.internal_date.map(Timestamp).zip(sample.internal_date);
                    dates.is_none_or(|(known, told)| known == told)
                }
            };
            if !agrees {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

fn stored(error: StoreError) -> PollError {
    PollError::store(Step::Select, &error)
}
