//! Whether the mails under the UIDs that we know are still the same: the mails are asked where the numbers do not tell.

use super::continuity::{self, Told, Verdict};
use super::listing::{self, Asked, Removed};
use super::open_folder::OpenFolder;
use super::visit::Visit;
use super::{Blame, Deps, PollError, Step};
use crate::clock::Timestamp;
use crate::imap::{ImapError, Sample, Selected, Session, UidSet};
use crate::store::{Anchor, Epoch, Mailbox, StoreError, UidState, WatchedFolder};

/// Mails that are looked at, at each poll, where the numbers of a folder do not tell.
pub const FEW: i64 = 20;
/// Mails that are looked at when all UIDs are compared.
const MANY: i64 = 500;
/// In one command.
const MANY_AT_ONCE: usize = 500;

/// A folder that was just opened, beside what we knew of it.
pub struct Reopened<'a> {
    pub folder: &'a WatchedFolder,
    /// As the server describes it now.
    pub selected: &'a Selected,
    /// What our UIDs belonged to.
    pub before: &'a Epoch,
    pub mailbox: &'a Mailbox,
    pub deps: &'a Deps,
}

impl Reopened<'_> {
    /// Whether our UIDs still mean the same there.
    pub async fn means_the_same(&self, session: &mut Session, compares_all: bool) -> Result<bool, PollError> {
        let Self { folder, selected, before, .. } = self;
        let told = Told { uidvalidity: selected.uidvalidity, uidnext: selected.uidnext };
        match continuity::judge(before, told, folder.uidvalidity_changes) {
            // A backup may have been restored between two polls, and so much mail have come since that no number tells.
            Verdict::Same if compares_all => Ok(self.ask_the_mails(session, MANY).await?.unwrap_or(true)),
            Verdict::Same => Ok(true),
            Verdict::Anew => Ok(false),
            Verdict::AskTheMails => match self.ask_the_mails(session, FEW).await? {
                Some(same) => Ok(same),
                None => self.nothing_contradicts(session).await,
            },
        }
    }

    async fn ask_the_mails(&self, session: &mut Session, most: i64) -> Result<Option<bool>, PollError> {
        let known = self.deps.store.anchors(self.before.id, most).await.map_err(stored)?;
        same_mails(session, &self.folder.name, &known).await
    }

    /// Where the newest mails that we know are gone, as after "delete": whether what the server lists below the last UID that
    /// was dealt with is what the ledger says that it is. Where that cannot be told, it is not the same, and all is read anew.
    async fn nothing_contradicts(&self, session: &mut Session) -> Result<bool, PollError> {
        let Self { folder, selected, before, .. } = self;
        if selected.exists == 0 || before.top == 0 {
            return Ok(true);
        }
        let asked = Asked {
            name: folder.name.clone(),
            selected: selected.exists,
            removed: Removed::default(),
            uidnext: selected.uidnext,
            last: selected.uidnext.unwrap_or(before.top.saturating_add(1)).saturating_sub(1),
            form: listing::form_of(folder),
        };
        let (all, _) = listing::everything(session, asked).await?;
        let mut listed: Vec<u32> = all.into_iter().take_while(|uid| *uid <= before.top).collect();
        let newest = listed.split_off(listed.len().saturating_sub(MANY_AT_ONCE));
        for set in UidSet::cut(&newest, session.at_once(MANY_AT_ONCE)) {
            let samples = session.sample(&set).await;
            let samples = samples.map_err(|error| PollError::folder(Step::Select, &folder.name, &error))?;
            for uid in set.uids {
                let sample = samples.iter().find(|sample| sample.uid == uid);
                if !self.agrees(uid, sample).await? {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// Whether a mail is what the ledger says of its UID; one of which nothing is said or known agrees.
    async fn agrees(&self, uid: u32, sample: Option<&Sample>) -> Result<bool, PollError> {
        let known = self.deps.store.known_mail(self.before.id, uid).await.map_err(stored)?;
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
                dates.is_none_or(|(known, told)| known == told)
            }
        })
    }
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

/// Fails, and has the next poll open a new epoch, if these mails are others now: a backup was restored between two polls, and
/// UIDNEXT has risen past it since.
pub async fn still_the_same(visit: &mut Visit<'_>, folder: &OpenFolder, known: &[Anchor]) -> Result<(), PollError> {
    if same_mails(&mut visit.session, &folder.name, known).await? != Some(false) {
        return Ok(());
    }
    let closed = visit.deps.store.close_epoch(visit.lease, folder.epoch.id).await;
    closed.map_err(|error| PollError::store(Step::Search, &error))?;
    let other = ImapError::Protocol("it gives UIDs a second time; the folder is read anew at the next poll".to_owned());
    Err(PollError { blame: Blame::Folder, ..PollError::folder(Step::Search, &folder.name, &other) })
}

fn stored(error: StoreError) -> PollError {
    PollError::store(Step::Select, &error)
}
