//! The import: one short transaction in which raw bytes, message, ledger, pending effect and cursor become true together.

mod claim;
mod rows;

use std::collections::{HashMap, HashSet};

use super::batch::{Batch, Finding, Mail, Raw};
use super::departure::Return;
use super::ledger::UidState;
use super::{Lease, Store, StoreError, Tx};
use crate::clock::Timestamp;
use crate::fact::Reason;

use rows::{Arrival, EffectRow, LedgerRow, MessageRow, Origin, Rows, signed};

/// What an import changed.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Imported {
    /// Mails that are new in at least one inbox.
    pub imported: u64,
    /// Mails that were there already, or left out.
    pub skipped: u64,
    /// Mails put aside.
    pub quarantined: u64,
    /// Bytes of the new mails.
    pub bytes: u64,
}

impl Store {
    /// Commits a batch. On any error nothing of it is stored. It is durable after [`Store::make_durable`].
    pub async fn import(&self, lease: &Lease, batch: Batch, now: Timestamp) -> Result<Imported, StoreError> {
        // Departures are written before a command is sent, so that all there can be of these mails are there by now.
        let returns = self.returns(lease, &batch, now).await?;
        let mut tx = self.begin().await?;
        tx.guard(lease).await?;
        let next_id = tx.reserve_ids(most_messages(&batch.findings)).await?;
        let present = tx.identities_present(&batch.findings).await?;
        let Batch { epoch_id, folder, uidvalidity, findings, cursor, top } = batch;
        let mut importing =
            Importing { tx, epoch_id, next_id, present, returns, rows: Rows::default(), done: Imported::default() };
        for (uid, finding) in findings {
            importing.add(uid, finding).await?;
        }
        let Importing { mut tx, rows, done, .. } = importing;
        let origin = Origin { epoch_id, mailbox: &lease.mailbox.address, folder: &folder, uidvalidity };
        tx.insert(rows, &origin, now).await?;
        tx.raise_top(epoch_id, top).await?;
        tx.move_cursor(epoch_id, cursor).await?;
        tx.commit_in_memory().await?;
        Ok(done)
    }
}

/// A batch on its way into rows.
struct Importing<'s> {
    tx: Tx<'s>,
    epoch_id: i64,
    /// The number of the next new message.
    next_id: i64,
    /// Identities that are in some inbox.
    present: HashSet<[u8; 32]>,
    /// What our own effects have put where it was found.
    returns: HashMap<u32, Return>,
    /// What is to be inserted.
    rows: Rows,
    done: Imported,
}

impl Importing<'_> {
    /// Decides what becomes of one UID.
    async fn add(&mut self, uid: u32, finding: Finding) -> Result<(), StoreError> {
        match finding {
            Finding::Pending { reason } => self.rows.ledger.push(LedgerRow::new(uid, UidState::Pending, Some(reason))),
            Finding::Quarantined { reason, size, internal_date, headers } => {
                self.done.quarantined += 1;
                self.rows.ledger.push(LedgerRow {
                    size: Some(signed(size)),
                    internal_date,
                    headers: Some(headers),
                    ..LedgerRow::new(uid, UidState::Quarantined, Some(reason))
                });
            }
            Finding::Mail(mail) => match self.returns.get(&uid).copied() {
                Some(Return::Ours(message)) => self.add_returned(uid, &mail, message),
                Some(Return::TooOften) => self.add_mail(uid, *mail, true).await?,
                None => self.add_mail(uid, *mail, false).await?,
            },
        }
        Ok(())
    }

    /// A mail that our own effect has put where it was found.
    fn add_returned(&mut self, uid: u32, mail: &Mail, message: Option<i64>) {
        self.done.skipped += 1;
        self.rows.effects.push(EffectRow::held_back(uid, mail));
        self.rows.arrivals.extend(message.map(|message| Arrival { uid, message }));
        let reason = Some(Reason::Returned);
        self.rows.ledger.push(LedgerRow::of_mail(uid, UidState::Duplicate, reason, mail, message));
    }

    /// Any other mail; `is_held_back`: its copy is left alone, since things like it have returned too often.
    async fn add_mail(&mut self, uid: u32, mut mail: Mail, is_held_back: bool) -> Result<(), StoreError> {
        let (known, new) = self.add_to_inboxes(uid, &mail).await?;
        let state = if new.is_some() { UidState::Imported } else { UidState::Duplicate };
        let reason = self.count(state, &mail);
        if state == UidState::Imported {
            match std::mem::replace(&mut mail.raw, Raw::Downloaded) {
                Raw::Whole(bytes) => self.rows.add_chunks(mail.sha256, bytes),
                Raw::Downloaded => self.tx.keep_download(self.epoch_id, uid, &mail.sha256).await?,
            }
        }
        // A copy that an older numbering knows keeps what was open for it, and gets no newer wish.
        let is_old = match known.filter(|_| new.is_none()) {
            Some(message) => self.tx.carry_effect_over(self.epoch_id, uid, message).await?,
            None => false,
        };
        match &mail.effect {
            Some(_) if is_old => {}
            Some(_) if is_held_back => self.rows.effects.push(EffectRow::held_back(uid, &mail)),
            Some(action) => self.rows.effects.push(EffectRow::new(uid, action, "pending", &mail)),
            None => {}
        }
        self.rows.ledger.push(LedgerRow::of_mail(uid, state, reason, &mail, new.or(known)));
        Ok(())
    }

    /// Claims the messages that are there already, and makes new ones of the others. Returns the first of each.
    async fn add_to_inboxes(&mut self, uid: u32, mail: &Mail) -> Result<(Option<i64>, Option<i64>), StoreError> {
        let (mut first_known, mut first_new) = (None, None);
        for (inbox, why) in &mail.targets {
            let known = if self.present.contains(&mail.identity) {
                self.tx.claim(self.epoch_id, uid, mail.identity, *inbox).await?
            } else {
                None
            };
            if let Some(message) = known {
                first_known.get_or_insert(message);
                continue;
            }
            let id = self.next_id;
            self.next_id += 1;
            first_new.get_or_insert(id);
            self.rows.arrivals.push(Arrival { uid, message: id });
            self.rows.messages.push(MessageRow::new(id, uid, (*inbox, why), mail));
        }
        Ok((first_known, first_new))
    }

    /// Counts a mail, and says why it is none of the new ones.
    fn count(&mut self, state: UidState, mail: &Mail) -> Option<Reason> {
        if state == UidState::Duplicate {
            self.done.skipped += 1;
            return Some(Reason::SameMail);
        }
        self.done.imported += 1;
        self.done.bytes += mail.size;
        None
    }
}

/// How many messages a batch can become.
fn most_messages(findings: &[(u32, Finding)]) -> usize {
    findings.iter().map(|(_, found)| if let Finding::Mail(mail) = found { mail.targets.len() } else { 0 }).sum()
}

impl Tx<'_> {
    /// Takes so many numbers of messages, and returns the first. That comes before everything else and makes importers wait for
    /// each other here, so that two mailboxes which bring the same mail at once cannot both find it missing.
    async fn reserve_ids(&mut self, count: usize) -> Result<i64, StoreError> {
        let statement = self.sql(
            r"-- reserve message numbers
            UPDATE counter SET next = next + $1 WHERE name = 'message' RETURNING next - $1",
        );
        Ok(statement.bind(i64::try_from(count).unwrap_or(i64::MAX)).value().await?)
    }

    /// Makes the chunks of a download the raw mail.
    async fn keep_download(&mut self, epoch_id: i64, uid: u32, sha256: &[u8]) -> Result<(), StoreError> {
        let statement = self.sql(
            r"-- keep a download as raw mail
            INSERT INTO raw_chunk (sha256, seq, data)
            SELECT $1, seq, data FROM download_chunk WHERE epoch_id = $2 AND uid = $3
            ON CONFLICT DO NOTHING",
        );
        statement.bind(sha256).bind(epoch_id).bind(i64::from(uid)).run().await?;
        Ok(())
    }

    /// Raises the highest UID that was dealt with.
    async fn raise_top(&mut self, epoch_id: i64, top: u32) -> Result<(), StoreError> {
        let statement = self.sql(
            r"-- raise the highest UID dealt with
            UPDATE epoch SET top = $2 WHERE id = $1 AND top < $2",
        );
        statement.bind(epoch_id).bind(i64::from(top)).run().await?;
        Ok(())
    }
}
