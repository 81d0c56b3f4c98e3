//! Departures: copies that our own effects have moved, removed or marked. A departure is stored before the command is
//! sent, so that a mail which Mailferry itself moved is recognised at its new place, whatever the folder is called and
//! even after a crash.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::batch::{Batch, Finding, Mail};
use super::epoch::uid;
use super::{Lease, Store, StoreError};
use crate::clock::Timestamp;
use crate::vault::hex;

/// The step of an effect that is suppressed because it would repeat for ever.
pub(super) const SUPPRESSED: &str = "returned";

/// Maximum number of times within [`DEPARTURE_WINDOW`] that mails with the same Message-ID are moved, removed or marked
/// in a folder; after that they are left alone. Either something keeps changing the mail and putting it back, or a
/// sender reuses one Message-ID.
const MAX_DEPARTURES: usize = 5;
/// The time within which departures are counted: one week.
const DEPARTURE_WINDOW: Duration = Duration::from_hours(7 * 24);

/// Copies that are about to be moved, removed or marked.
#[derive(Debug, Clone, Copy)]
pub struct Departing<'a> {
    pub epoch_id: i64,
    pub uids: &'a [u32],
    /// Whether the copies leave the folder (move or delete), instead of being marked.
    pub leaves_folder: bool,
    /// The folder's UIDNEXT: every UID in the folder is below it.
    pub next_uid: u32,
    /// UIDVALIDITY and UIDNEXT of the target folder, as far as the server reports them.
    pub target: (Option<u32>, Option<u32>),
}

/// Why a mail is not new, or gets no effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reappearance {
    /// Our own effect put the mail here. The value is the message that the mail is a copy of, if known.
    OwnCopy(Option<i64>),
    /// The folder has had too many departures of mails with this repeat key. The mail is imported, since it may be a
    /// different one, but its copy is left alone.
    TooOften,
}

/// A departure, without its content hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
struct Departed {
    epoch_id: i64,
    uid: i64,
    next_uid: i64,
    target_uidvalidity: Option<i64>,
    target_next: Option<i64>,
    target_uid: Option<i64>,
    message: Option<i64>,
}

/// A departure with its content hash.
#[derive(sqlx::FromRow)]
struct DepartedContent {
    sha256: Vec<u8>,
    #[sqlx(flatten)]
    departed: Departed,
}

impl Departed {
    /// Whether the mail with this UID is the departed copy: the mail appeared here after the copy left, or the server
    /// reported (COPYUID) that it put the copy here.
    fn is_at(&self, epoch_id: i64, uidvalidity: u32, uid: u32) -> bool {
        let (uidvalidity, uid) = (i64::from(uidvalidity), i64::from(uid));
        if self.epoch_id == epoch_id {
            return uid != self.uid && uid >= self.next_uid;
        }
        let is_later = self.target_next.is_some_and(|next| uid >= next);
        uidvalidity > 0
            && self.target_uidvalidity == Some(uidvalidity)
            && self.target_uid.map_or(is_later, |target| target == uid)
    }
}

/// Maximum length of a Message-ID that is used as a key; a longer one is hashed, since an index limits the length of keys.
const MAX_KEY: usize = 300;

/// The key shared by all versions of a mail that something changes and puts back: its Message-ID or else its identity.
pub(super) fn repeat_key(mail: &Mail) -> String {
    match &mail.message_id {
        Some(id) if id.len() <= MAX_KEY => id.clone(),
        Some(id) => hex(&Sha256::digest(id)),
        None => hex(&mail.identity),
    }
}

/// Maximum number of UIDs, copies, contents or keys in one statement.
const VALUES_PER_STATEMENT: usize = 500;

impl Store {
    /// Renews a lease that is still held, and stores that these copies are about to be changed. Also
    /// sets the time at which a copy of the mailbox was last changed.
    ///
    /// # Errors
    /// The lease was lost, or the database failed.
    pub async fn begin_change(
        &self,
        lease: &Lease,
        departing: Departing<'_>,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let renew = tx.sql(
            r"-- renew a lease for a change
            UPDATE mailbox SET lease_until = $3, copy_changed_at = $4 WHERE id = $1 AND lease_token = $2",
        );
        let kept = renew.bind(lease.mailbox.id).bind(lease.token).bind(until).bind(now).run().await?;
        if kept != 1 {
            return Err(StoreError::LeaseLost);
        }
        let (target_uidvalidity, target_next) = departing.target;
        for uids in departing.uids.chunks(VALUES_PER_STATEMENT) {
            // After a crash, the command of the earlier attempt may have been sent, so the UIDNEXT of that attempt is kept.
            let depart = tx.sql(
                r"-- store departures
                INSERT INTO departure (epoch_id, uid, sha256, kin, next_uid, target_uidvalidity, target_next, left_at, is_away)
                SELECT epoch_id, uid, sha256, kin, $2, $3, $4, $5, $6
                FROM effect
                WHERE epoch_id = $1 AND sha256 IS NOT NULL AND uid IN ({list})
                ON CONFLICT (epoch_id, uid) DO UPDATE SET left_at = excluded.left_at,
                    target_next = CASE WHEN departure.target_uidvalidity = excluded.target_uidvalidity
                        AND departure.target_next < excluded.target_next
                        THEN departure.target_next ELSE excluded.target_next END,
                    target_uidvalidity = excluded.target_uidvalidity",
            );
            let depart = depart.bind(departing.epoch_id).bind(i64::from(departing.next_uid));
            let depart = depart.bind(target_uidvalidity.map(i64::from)).bind(target_next.map(i64::from));
            let depart = depart.bind(now).bind(departing.leaves_folder);
            depart.list(uids.iter().map(|uid| i64::from(*uid))).run().await?;
        }
        tx.commit().await
    }

    /// Stores the UIDs of the copies in the target folder, as the server reported them (COPYUID), with that folder's
    /// UIDVALIDITY.
    ///
    /// # Errors
    /// The database failed.
    pub async fn record_copied_uids(
        &self,
        epoch_id: i64,
        uidvalidity: u32,
        copies: &[(u32, u32)],
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        for copies in copies.chunks(VALUES_PER_STATEMENT) {
            let statement = tx.sql(
                r"-- store the UIDs of copies
                WITH copy (epoch_id, uid, uidvalidity, target_uid) AS (VALUES {rows})
                UPDATE departure SET target_uidvalidity = copy.uidvalidity, target_uid = copy.target_uid
                FROM copy
                WHERE departure.epoch_id = copy.epoch_id AND departure.uid = copy.uid",
            );
            let mut statement = statement.rows(copies.len(), 4);
            for (uid, target_uid) in copies {
                statement = statement.bind(epoch_id).bind(i64::from(*uid));
                statement = statement.bind(i64::from(uidvalidity)).bind(i64::from(*target_uid));
            }
            statement.run().await?;
        }
        tx.commit().await
    }

    /// UIDs of an epoch whose effects are suppressed, because the mails returned after our own effects.
    ///
    /// # Errors
    /// The database failed.
    pub async fn returned_uids(&self, epoch_id: i64) -> Result<Vec<u32>, StoreError> {
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- returned mail of an epoch
            SELECT uid FROM effect WHERE epoch_id = $1 AND step = 'returned' ORDER BY uid",
        );
        let uids: Vec<i64> = statement.bind(epoch_id).values().await?;
        Ok(uids.into_iter().map(uid).collect())
    }

    /// The mails of a batch that our own effects put where they were found, or that return too often.
    pub(super) async fn reappearances(
        &self,
        lease: &Lease,
        batch: &Batch,
        now: Timestamp,
    ) -> Result<HashMap<u32, Reappearance>, StoreError> {
        let mails: Vec<(u32, &Mail)> = batch
            .findings
            .iter()
            .filter_map(|(uid, finding)| if let Finding::Mail(mail) = finding { Some((*uid, &**mail)) } else { None })
            .collect();
        let departures = self.departures_with_content(lease, &mails).await?;
        let too_often = self.keys_departed_too_often(batch.epoch_id, &mails, now).await?;
        let verdict = |uid: u32, mail: &Mail| {
            let own = departures
                .get(&mail.sha256)
                .into_iter()
                .flatten()
                .find(|departed| departed.is_at(batch.epoch_id, batch.uidvalidity, uid));
            match own {
                Some(departed) => Some(Reappearance::OwnCopy(departed.message)),
                None => (mail.effect.is_some() && too_often.get(&repeat_key(mail)).is_some_and(|next| uid >= *next))
                    .then_some(Reappearance::TooOften),
            }
        };
        Ok(mails.into_iter().filter_map(|(uid, mail)| Some((uid, verdict(uid, mail)?))).collect())
    }

    /// Departures of mails with these contents, from this mailbox and from other mailboxes of its organisation that log
    /// in to the same account.
    async fn departures_with_content(
        &self,
        lease: &Lease,
        mails: &[(u32, &Mail)],
    ) -> Result<HashMap<[u8; 32], Vec<Departed>>, StoreError> {
        let mut found = HashMap::<[u8; 32], Vec<Departed>>::new();
        if mails.is_empty() {
            return Ok(found);
        }
        let mailbox = &lease.mailbox;
        let mut reader = self.read().await?;
        for mails in mails.chunks(VALUES_PER_STATEMENT) {
            let statement = reader.sql(
                r"-- departures with these contents
                SELECT d.sha256, d.epoch_id, d.uid, d.next_uid, d.target_uidvalidity, d.target_next, d.target_uid,
                    (SELECT min(a.message_id) FROM arrival a WHERE a.epoch_id = d.epoch_id AND a.uid = d.uid) AS message
                FROM departure d JOIN epoch e ON e.id = d.epoch_id JOIN folder f ON f.id = e.folder_id
                    JOIN mailbox m ON m.id = f.mailbox_id JOIN inbox i ON i.id = m.inbox_id
                WHERE (m.id = $1 OR (i.organisation_id = $2 AND lower(m.host) = $3 AND lower(m.username) = $4))
                    AND d.is_away AND d.sha256 IN ({list})
                ORDER BY d.epoch_id, d.uid",
            );
            let statement = statement.bind(mailbox.id).bind(mailbox.organisation_id);
            let statement = statement.bind(mailbox.server.host.to_ascii_lowercase());
            let statement = statement.bind(mailbox.username.to_ascii_lowercase());
            let rows: Vec<DepartedContent> =
                statement.list(mails.iter().map(|(_, mail)| mail.sha256.to_vec())).all().await?;
            for DepartedContent { sha256, departed } in rows {
                let Ok(sha256) = <[u8; 32]>::try_from(sha256) else { continue };
                found.entry(sha256).or_default().push(departed);
            }
        }
        Ok(found)
    }

    /// Those repeat keys of these mails that have too many departures in this epoch. With each key comes the lowest UID
    /// that a mail can have if it arrived after the last departure.
    async fn keys_departed_too_often(
        &self,
        epoch_id: i64,
        mails: &[(u32, &Mail)],
        now: Timestamp,
    ) -> Result<BTreeMap<String, u32>, StoreError> {
        let keys: Vec<String> =
            mails.iter().filter(|(_, mail)| mail.effect.is_some()).map(|(_, mail)| repeat_key(mail)).collect();
        let mut departed = BTreeMap::<String, Vec<u32>>::new();
        if keys.is_empty() {
            return Ok(BTreeMap::new());
        }
        let mut reader = self.read().await?;
        for keys in keys.chunks(VALUES_PER_STATEMENT) {
            let statement = reader.sql(
                r"-- departures with these repeat keys
                SELECT kin, next_uid FROM departure WHERE epoch_id = $1 AND left_at > $2 AND kin IN ({list})",
            );
            let rows: Vec<(String, i64)> =
                statement.bind(epoch_id).bind(now.minus(DEPARTURE_WINDOW)).list(keys.iter().cloned()).all().await?;
            for (key, next) in rows {
                departed.entry(key).or_default().push(uid(next));
            }
        }
        // Mails that left together were in the folder at the same time, and count once.
        let too_often = departed.into_iter().filter_map(|(key, mut nexts)| {
            nexts.sort_unstable();
            nexts.dedup();
            (nexts.len() >= MAX_DEPARTURES).then(|| Some((key, *nexts.last()?)))?
        });
        Ok(too_often.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_ours_if_it_appeared_after_the_departure_or_the_server_reported_its_uid() {
        let reported = Departed {
            epoch_id: 1,
            uid: 7,
            next_uid: 10,
            target_uidvalidity: Some(17),
            target_next: Some(4),
            target_uid: Some(5),
            message: None,
        };
        let by_status = Departed { target_uid: None, ..reported };
        let unreported = Departed { target_uidvalidity: None, target_next: None, ..by_status };
        for (departed, epoch_id, uidvalidity, uid, expected) in [
            (reported, 1, 3, 7, false),  // the departed copy itself
            (reported, 1, 3, 9, false),  // an equal mail beside it
            (reported, 1, 3, 10, true),  // put back, or moved into its own folder
            (reported, 2, 17, 5, true),  // in the target, under the UID that the server named
            (reported, 2, 17, 6, false), // another copy there
            (reported, 2, 18, 5, false), // another folder
            (by_status, 2, 17, 4, true), // the target, not before the move
            (by_status, 2, 17, 3, false),
            (unreported, 2, 17, 5, false),
            (unreported, 2, 0, 5, false),
            (unreported, 1, 0, 10, true),
        ] {
            assert_eq!(
                departed.is_at(epoch_id, uidvalidity, uid),
                expected,
                "{departed:?} {epoch_id} {uidvalidity} {uid}"
            );
        }
    }
}
