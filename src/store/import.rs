//! The import: one short transaction that stores raw bytes, message, ledger, pending effect and cursor together.

mod claim;
mod rows;

use std::collections::{HashMap, HashSet};

use super::batch::{Batch, Finding, Mail, Raw};
use super::departure::Reappearance;
use super::ledger::UidState;
use super::{Lease, Store, StoreError, Tx};
use crate::clock::Timestamp;
use crate::fact::Reason;

use rows::{Arrival, EffectRow, LedgerRow, MessageRow, Origin, Rows, signed};

/// The counts of an import.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Imported {
    /// Mails that are new in at least one inbox.
    pub imported: u64,
    /// Mails that were already imported; in the tally of a poll, also those that the start left out.
    pub skipped: u64,
    pub quarantined: u64,
    /// Bytes of the new mails.
    pub bytes: u64,
}

impl Imported {
    /// Number of UIDs that need not be fetched again.
    fn finished(&self) -> u64 {
        self.imported + self.skipped + self.quarantined
    }
}

impl Store {
    /// Commits a batch. On any error nothing is stored. The commit is durable after [`Store::make_durable`].
    pub async fn import(&self, lease: &Lease, batch: Batch, now: Timestamp) -> Result<Imported, StoreError> {
        // Departures are stored before a command is sent, so all departures of these mails are visible here.
        let reappearances = self.reappearances(lease, &batch, now).await?;
        let mut tx = self.begin().await?;
        tx.check_lease(lease).await?;
        let first_id = tx.reserve_ids(max_messages(&batch.findings)).await?;
        let present = tx.identities_present(&batch.findings).await?;
        let Batch { epoch_id, folder, uidvalidity, findings, cursor, top, sender_limit } = batch;
        let mut importing = Importing {
            tx,
            epoch_id,
            next_id: first_id,
            present,
            reappearances,
            rows: Rows::default(),
            counts: Imported::default(),
        };
        for (uid, finding) in findings {
            importing.add(uid, finding).await?;
        }
        let Importing { mut tx, rows, counts, next_id, .. } = importing;
        let origin = Origin { epoch_id, mailbox: &lease.mailbox.address, folder: &folder, uidvalidity };
        tx.insert(rows, &origin, now).await?;
        tx.match_forwarded(first_id..next_id, now).await?;
        tx.queue_deliveries(first_id..next_id, sender_limit, now).await?;
        tx.record_handled(epoch_id, top, counts.finished(), now).await?;
        tx.move_cursor(epoch_id, cursor).await?;
        tx.commit_in_memory().await?;
        Ok(counts)
    }
}

/// A batch while it is turned into rows.
struct Importing<'s> {
    tx: Tx<'s>,
    epoch_id: i64,
    /// Number of the next new message.
    next_id: i64,
    /// Identities that are already in some inbox.
    present: HashSet<[u8; 32]>,
    /// Mails that reappeared after one of our own effects, by UID.
    reappearances: HashMap<u32, Reappearance>,
    rows: Rows,
    counts: Imported,
}

impl Importing<'_> {
    /// Handles the finding about one UID.
    async fn add(&mut self, uid: u32, finding: Finding) -> Result<(), StoreError> {
        match finding {
            Finding::Pending { reason } => self.rows.ledger.push(LedgerRow::new(uid, UidState::Pending, Some(reason))),
            Finding::Quarantined { reason, size, internal_date, headers } => {
                self.counts.quarantined += 1;
                self.rows.ledger.push(LedgerRow {
                    size: Some(signed(size)),
                    internal_date,
                    headers: Some(headers),
                    ..LedgerRow::new(uid, UidState::Quarantined, Some(reason))
                });
            }
            Finding::Mail(mail) => match self.reappearances.get(&uid).copied() {
                Some(Reappearance::OwnCopy(message)) => self.add_returned(uid, &mail, message),
                Some(Reappearance::TooOften) => self.add_mail(uid, *mail, true).await?,
                None => self.add_mail(uid, *mail, false).await?,
            },
        }
        Ok(())
    }

    /// Records a mail that our own effect put where it was found.
    fn add_returned(&mut self, uid: u32, mail: &Mail, message: Option<i64>) {
        self.counts.skipped += 1;
        self.rows.effects.push(EffectRow::suppressed(uid, mail));
        self.rows.arrivals.extend(message.map(|message| Arrival { uid, message }));
        let reason = Some(Reason::Returned);
        self.rows.ledger.push(LedgerRow::for_mail(uid, UidState::Duplicate, reason, mail, message));
    }

    /// Records a mail that none of our own effects put where it was found. `is_suppressed`: its copy is left alone,
    /// since it has returned too often.
    async fn add_mail(&mut self, uid: u32, mut mail: Mail, is_suppressed: bool) -> Result<(), StoreError> {
        let (known, new) = self.add_to_inboxes(uid, &mail).await?;
        let state = if new.is_some() { UidState::Imported } else { UidState::Duplicate };
        let reason = self.count(state, &mail);
        if state == UidState::Imported {
            if let Some(bounce) = &mail.bounce {
                self.tx.record_bounce(bounce).await?;
            }
            match std::mem::replace(&mut mail.raw, Raw::Downloaded) {
                Raw::Whole(bytes) => self.rows.add_chunks(mail.sha256, bytes),
                Raw::Downloaded => self.tx.store_download(self.epoch_id, uid, &mail.sha256).await?,
            }
        }
        // A copy that is known from an older epoch keeps its pending effect and gets no new one.
        let is_old = match known.filter(|_| new.is_none()) {
            Some(message) => self.tx.move_effect(self.epoch_id, uid, message).await?,
            None => false,
        };
        match &mail.effect {
            Some(_) if is_old => {}
            Some(_) if is_suppressed => self.rows.effects.push(EffectRow::suppressed(uid, &mail)),
            Some(action) => self.rows.effects.push(EffectRow::new(uid, action, "pending", &mail)),
            None => {}
        }
        self.rows.ledger.push(LedgerRow::for_mail(uid, state, reason, &mail, new.or(known)));
        Ok(())
    }

    /// Claims existing messages for a mail, and creates messages for the inboxes that have none to claim. Returns the
    /// first claimed and the first new message.
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

    /// Counts a mail as new or as a duplicate; returns the reason if it is a duplicate.
    fn count(&mut self, state: UidState, mail: &Mail) -> Option<Reason> {
        if state == UidState::Duplicate {
            self.counts.skipped += 1;
            return Some(Reason::SameMail);
        }
        self.counts.imported += 1;
        self.counts.bytes += mail.size;
        None
    }
}

/// Maximum number of messages that a batch can create.
fn max_messages(findings: &[(u32, Finding)]) -> usize {
    findings.iter().map(|(_, found)| if let Finding::Mail(mail) = found { mail.targets.len() } else { 0 }).sum()
}

impl Tx<'_> {
    /// Reserves message numbers and returns the first. This is the first step of an import and serialises imports, so
    /// that two mailboxes that import the same mail at once cannot both find it missing.
    async fn reserve_ids(&mut self, count: usize) -> Result<i64, StoreError> {
        let statement = self.sql(
            r"-- reserve message numbers
            UPDATE counter SET next = next + $1 WHERE name = 'message' RETURNING next - $1",
        );
        Ok(statement.bind(i64::try_from(count).unwrap_or(i64::MAX)).value().await?)
    }

    /// Makes imports wait until the end of this transaction.
    pub(super) async fn block_imports(&mut self) -> Result<(), StoreError> {
        let statement = self.sql(
            r"-- block imports
            UPDATE counter SET next = next WHERE name = 'message'",
        );
        statement.run().await?;
        Ok(())
    }

    /// Copies the chunks of a download to the raw mail.
    async fn store_download(&mut self, epoch_id: i64, uid: u32, sha256: &[u8]) -> Result<(), StoreError> {
        let statement = self.sql(
            r"-- copy a download to the raw mail
            INSERT INTO raw_chunk (sha256, seq, data)
            SELECT $1, seq, data FROM download_chunk WHERE epoch_id = $2 AND uid = $3
            ON CONFLICT DO NOTHING",
        );
        statement.bind(sha256).bind(epoch_id).bind(i64::from(uid)).run().await?;
        Ok(())
    }

    /// Raises the highest handled UID, and reduces the backlog by the number of finished UIDs.
    async fn record_handled(
        &mut self,
        epoch_id: i64,
        top: u32,
        finished: u64,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let statement = self.sql(
            r"-- record handled UIDs
            UPDATE epoch SET top = CASE WHEN top < $2 THEN $2 ELSE top END,
                backlog_left = CASE WHEN backlog_left > $3 THEN backlog_left - $3 ELSE 0 END,
                backlog_at = CASE WHEN $3 > 0 THEN $4 ELSE backlog_at END
            WHERE id = $1 AND (top < $2 OR backlog_left > 0)",
        );
        statement.bind(epoch_id).bind(i64::from(top)).bind(signed(finished)).bind(now).run().await?;
        Ok(())
    }
}
