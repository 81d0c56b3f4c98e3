//! Compares mails on the server with those in the ledger, since the folder's numbers may be inconclusive or wrong.

use super::continuity::{self, Continuity, ServerNumbers};
use super::listing::{self, ListRequest, RemovedUids};
use super::open_folder::OpenFolder;
use super::visit::Visit;
use super::{Blame, Deps, PollError, Step};
use crate::clock::Timestamp;
use crate::imap::{ImapError, Sample, Selected, Session, UidSet};
use crate::store::{Anchor, Epoch, Mailbox, StoreError, UidState, WatchedFolder};

/// Number of known mails that a poll compares if the folder's numbers are inconclusive or new mail is found.
pub const SAMPLE_SIZE: i64 = 20;
/// Number of known mails that a poll compares if it compares every UID with the ledger.
const FULL_SAMPLE_SIZE: i64 = 500;
/// Maximum number of mails per command.
const UIDS_PER_COMMAND: usize = 500;

/// An open folder, with its last epoch.
pub struct FolderWithEpoch<'a> {
    pub folder: &'a WatchedFolder,
    pub selected: &'a Selected,
    /// The last epoch.
    pub before: &'a Epoch,
    pub mailbox: &'a Mailbox,
    pub deps: &'a Deps,
}

impl FolderWithEpoch<'_> {
    /// Whether the UIDs of the last epoch are still valid.
    pub async fn uids_are_continued(&self, session: &mut Session, compares_all: bool) -> Result<bool, PollError> {
        let Self { folder, selected, before, .. } = self;
        let server = ServerNumbers { uidvalidity: selected.uidvalidity, uidnext: selected.uidnext };
        match continuity::compare_numbers(before, server, folder.uidvalidity_changes) {
            // A restored backup may have received so much mail since it was restored that its numbers look right.
            Continuity::Same if compares_all => {
                Ok(self.compare_mails(session, FULL_SAMPLE_SIZE).await?.unwrap_or(true))
            }
            Continuity::Same => Ok(true),
            Continuity::Renumbered => Ok(false),
            Continuity::CompareMails => match self.compare_mails(session, SAMPLE_SIZE).await? {
                Some(same) => Ok(same),
                None => self.ledger_matches(session).await,
            },
        }
    }

    async fn compare_mails(&self, session: &mut Session, size: i64) -> Result<Option<bool>, PollError> {
        let known = self.deps.store.anchors(self.before.id, size).await.map_err(store_error)?;
        same_mails(session, &self.folder.name, &known).await
    }

    /// Compares the ledger with the server's list if the newest known mails are gone, as after the effect "delete". If
    /// an imported mail cannot be recognised, the UIDs count as renumbered, and the folder is read again.
    async fn ledger_matches(&self, session: &mut Session) -> Result<bool, PollError> {
        let Self { folder, selected, before, .. } = self;
        if selected.exists == 0 || before.top == 0 {
            return Ok(true);
        }
        let request = ListRequest {
            name: folder.name.clone(),
            exists_at_select: selected.exists,
            removed: RemovedUids::default(),
            uidnext: selected.uidnext,
            last: selected.uidnext.unwrap_or(before.top.saturating_add(1)).saturating_sub(1),
            form: listing::preferred_form(folder),
        };
        let (all, _) = listing::list_all(session, request).await?;
        let mut listed: Vec<u32> = all.into_iter().take_while(|uid| *uid <= before.top).collect();
        let newest = listed.split_off(listed.len().saturating_sub(UIDS_PER_COMMAND));
        for set in UidSet::split(&newest, session.command_limit(UIDS_PER_COMMAND)) {
            let samples = session.sample(&set).await;
            let samples = samples.map_err(|error| PollError::folder(Step::Select, &folder.name, &error))?;
            for uid in set.uids {
                let sample = samples.iter().find(|sample| sample.uid == uid);
                if !self.matches_ledger(uid, sample).await? {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// Whether a mail matches the ledger's entry for its UID. If either is missing, the mail counts as matching.
    async fn matches_ledger(&self, uid: u32, sample: Option<&Sample>) -> Result<bool, PollError> {
        let known = self.deps.store.known_mail(self.before.id, uid).await.map_err(store_error)?;
        let (Some(sample), Some(known)) = (sample, known) else { return Ok(true) };
        let start = self.mailbox.start.earliest(self.mailbox.added_at);
        Ok(match known.state {
            UidState::Imported | UidState::Duplicate => {
                continuity::same_mails(&[known.anchor], std::slice::from_ref(sample)) == Some(true)
            }
            UidState::Skipped if known.is_before_start => {
                start.zip(sample.internal_date).is_none_or(|(start, date)| date < start)
            }
            UidState::Skipped | UidState::Pending | UidState::Quarantined | UidState::Gone => {
                let dates = known.anchor.internal_date.map(Timestamp).zip(sample.internal_date);
                dates.is_none_or(|(known, server)| known == server)
            }
        })
    }
}

/// Whether the server still has the known mails under their UIDs; `None` if none of them can be compared, for example
/// because the server refuses.
pub async fn same_mails(session: &mut Session, name: &str, known: &[Anchor]) -> Result<Option<bool>, PollError> {
    let mut uids: Vec<u32> = known.iter().map(|anchor| anchor.uid).collect();
    uids.sort_unstable();
    uids.dedup();
    let mut on_server = Vec::new();
    for set in UidSet::split(&uids, session.command_limit(UIDS_PER_COMMAND)) {
        match session.sample(&set).await {
            Ok(samples) => on_server.extend(samples),
            Err(ImapError::Refused { .. }) => {}
            Err(error) => return Err(PollError::folder(Step::Select, name, &error)),
        }
    }
    Ok(continuity::same_mails(known, &on_server))
}

/// Fails if the mails under these UIDs have changed, and makes the next poll open a new epoch. They change when a
/// restored backup has received enough mail for UIDNEXT to pass the old one.
pub async fn require_same_mails(visit: &mut Visit<'_>, folder: &OpenFolder, known: &[Anchor]) -> Result<(), PollError> {
    if same_mails(&mut visit.session, &folder.name, known).await? != Some(false) {
        return Ok(());
    }
    let closed = visit.deps.store.close_epoch(visit.lease, folder.epoch.id).await;
    closed.map_err(|error| PollError::store(Step::Search, &error))?;
    let other = ImapError::Protocol("it has reused UIDs; the next poll reads the folder again".to_owned());
    Err(PollError { blame: Blame::Folder, ..PollError::folder(Step::Search, &folder.name, &other) })
}

fn store_error(error: StoreError) -> PollError {
    PollError::store(Step::Select, &error)
}
