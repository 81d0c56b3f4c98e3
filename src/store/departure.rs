//! Departures: the copies that effects of ours have moved, removed or marked. They are written down before the command is sent, so
//! that a mail which our own hand puts somewhere is recognised there, whatever the folder is called and wherever a crash came.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use super::batch::{Batch, Finding, Mail};
use super::epoch::uid;
use super::{Lease, Store, StoreError};
use crate::clock::Timestamp;
use crate::vault::hex;

/// The step of an effect that is not done, since it would go on for ever.
pub(super) const HELD_BACK: &str = "returned";

/// So often within [`RETURNS`] mails with one Message-ID are moved, removed or marked in a folder; the next one is left alone.
/// Something changes each of them and puts it back, or a sender uses one Message-ID for everything.
const MOST_RETURNS: usize = 5;
/// A week.
const RETURNS: Duration = Duration::from_hours(7 * 24);

/// Copies that are about to be moved, removed or marked.
#[derive(Debug, Clone, Copy)]
pub struct Departing<'a> {
    /// The epoch.
    pub epoch_id: i64,
    /// The UIDs.
    pub uids: &'a [u32],
    /// They are moved or removed, and not only marked.
    pub is_away: bool,
    /// Every UID of the folder lies below it.
    pub next_uid: u32,
    /// UIDVALIDITY and UIDNEXT of the folder that they are moved to, as far as its server tells.
    pub target: (Option<u32>, Option<u32>),
}

/// Why a mail is no new one, or gets no effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Return {
    /// Our own effect has put it here. The message that it is.
    Ours(Option<i64>),
    /// It may be another mail, so it is imported; its copy is left alone.
    TooOften,
}

/// A departure of a mail with the same content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
struct Left {
    epoch_id: i64,
    uid: i64,
    next_uid: i64,
    target_uidvalidity: Option<i64>,
    target_next: Option<i64>,
    target_uid: Option<i64>,
    message: Option<i64>,
}

/// A departure with its content.
#[derive(sqlx::FromRow)]
struct LeftWith {
    sha256: Vec<u8>,
    #[sqlx(flatten)]
    left: Left,
}

impl Left {
    /// Whether it is this copy that lies under a UID of an epoch: it came there after the copy had left, or the server has said
    /// that it put it there.
    fn is_at(&self, epoch_id: i64, uidvalidity: u32, uid: u32) -> bool {
        let (uidvalidity, uid) = (i64::from(uidvalidity), i64::from(uid));
        if self.epoch_id == epoch_id {
            return uid != self.uid && uid >= self.next_uid;
        }
        let came_since = self.target_next.is_some_and(|next| uid >= next);
        uidvalidity > 0
            && self.target_uidvalidity == Some(uidvalidity)
            && self.target_uid.map_or(came_since, |target| target == uid)
    }
}

/// What mails of one sender have in common that something has changed on their way back: the Message-ID, else the identity.
pub(super) fn kin(mail: &Mail) -> String {
    mail.message_id.clone().unwrap_or_else(|| hex(&mail.identity))
}

/// Values in one statement.
const AT_ONCE: usize = 500;

impl Store {
    /// Prolongs a lease that is still ours, and writes down that these copies are about to be changed: from now on the mailbox is
    /// not untouched.
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
        for uids in departing.uids.chunks(AT_ONCE) {
            // After a crash the command may have been sent before: the earlier numbers are the ones that hold.
            let depart = tx.sql(
                r"-- write departures down
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
            let depart = depart.bind(now).bind(departing.is_away);
            depart.list(uids.iter().map(|uid| i64::from(*uid))).run().await?;
        }
        tx.commit().await
    }

    /// The server has told the UIDs of the copies in the target folder, which has this UIDVALIDITY.
    ///
    /// # Errors
    /// The database failed.
    pub async fn arrived_at(&self, epoch_id: i64, uidvalidity: u32, copies: &[(u32, u32)]) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        for copies in copies.chunks(AT_ONCE) {
            let statement = tx.sql(
                r"-- where departures have arrived
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

    /// How many mails of an epoch are left alone, since our own effects put them where they are.
    ///
    /// # Errors
    /// The database failed.
    pub async fn returned(&self, epoch_id: i64) -> Result<Vec<u32>, StoreError> {
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- returned mail of an epoch
            SELECT uid FROM effect WHERE epoch_id = $1 AND step = 'returned' ORDER BY uid",
        );
        let uids: Vec<i64> = statement.bind(epoch_id).values().await?;
        Ok(uids.into_iter().map(uid).collect())
    }

    /// Which mails of a batch our own effects have put where they were found.
    pub(super) async fn returns(
        &self,
        lease: &Lease,
        batch: &Batch,
        now: Timestamp,
    ) -> Result<HashMap<u32, Return>, StoreError> {
        let mails: Vec<(u32, &Mail)> = batch
            .findings
            .iter()
            .filter_map(|(uid, finding)| if let Finding::Mail(mail) = finding { Some((*uid, &**mail)) } else { None })
            .collect();
        let left = self.departures_of(lease, &mails).await?;
        let often = self.kin_that_left_often(batch.epoch_id, &mails, now).await?;
        let verdict = |uid: u32, mail: &Mail| {
            let ours = left
                .get(&mail.sha256)
                .into_iter()
                .flatten()
                .find(|left| left.is_at(batch.epoch_id, batch.uidvalidity, uid));
            match ours {
                Some(left) => Some(Return::Ours(left.message)),
                None => (mail.effect.is_some() && often.get(&kin(mail)).is_some_and(|next| uid >= *next))
                    .then_some(Return::TooOften),
            }
        };
        Ok(mails.into_iter().filter_map(|(uid, mail)| Some((uid, verdict(uid, mail)?))).collect())
    }

    /// The departures of mails with these contents, of this mailbox and of those of its organisation that log in to the same account.
    async fn departures_of(
        &self,
        lease: &Lease,
        mails: &[(u32, &Mail)],
    ) -> Result<HashMap<[u8; 32], Vec<Left>>, StoreError> {
        let mut found = HashMap::<[u8; 32], Vec<Left>>::new();
        if mails.is_empty() {
            return Ok(found);
        }
        let mailbox = &lease.mailbox;
        let mut reader = self.read().await?;
        for mails in mails.chunks(AT_ONCE) {
            let statement = reader.sql(
                r"-- departures of these contents
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
            let rows: Vec<LeftWith> = statement.list(mails.iter().map(|(_, mail)| mail.sha256.to_vec())).all().await?;
            for LeftWith { sha256, left } in rows {
                let Ok(sha256) = <[u8; 32]>::try_from(sha256) else { continue };
                found.entry(sha256).or_default().push(left);
            }
        }
        Ok(found)
    }

    /// Of these mails, the Message-IDs whose mails have left this epoch too often, with the UID from which on a mail has come since.
    async fn kin_that_left_often(
        &self,
        epoch_id: i64,
        mails: &[(u32, &Mail)],
        now: Timestamp,
    ) -> Result<BTreeMap<String, u32>, StoreError> {
        let kin: Vec<String> =
            mails.iter().filter(|(_, mail)| mail.effect.is_some()).map(|(_, mail)| kin(mail)).collect();
        let mut left = BTreeMap::<String, Vec<u32>>::new();
        if kin.is_empty() {
            return Ok(BTreeMap::new());
        }
        let mut reader = self.read().await?;
        for kin in kin.chunks(AT_ONCE) {
            let statement = reader.sql(
                r"-- departures of these kin
                SELECT kin, next_uid FROM departure WHERE epoch_id = $1 AND left_at > $2 AND kin IN ({list})",
            );
            let rows: Vec<(String, i64)> =
                statement.bind(epoch_id).bind(now.minus(RETURNS)).list(kin.iter().cloned()).all().await?;
            for (kin, next) in rows {
                left.entry(kin).or_default().push(uid(next));
            }
        }
        // Those that left together were there side by side, and are one time.
        let often = left.into_iter().filter_map(|(kin, mut nexts)| {
            nexts.sort_unstable();
            nexts.dedup();
            (nexts.len() >= MOST_RETURNS).then(|| Some((kin, *nexts.last()?)))?
        });
        Ok(often.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_ours_where_it_came_after_it_had_left_or_where_the_server_says_that_it_put_it() {
        let told = Left {
            epoch_id: 1,
            uid: 7,
            next_uid: 10,
            target_uidvalidity: Some(17),
            target_next: Some(4),
            target_uid: Some(5),
            message: None,
        };
        let by_status = Left { target_uid: None, ..told };
        let silent = Left { target_uidvalidity: None, target_next: None, ..by_status };
        for (left, epoch_id, uidvalidity, uid, wanted) in [
            (told, 1, 3, 7, false),      // itself
            (told, 1, 3, 9, false),      // an equal mail beside it
            (told, 1, 3, 10, true),      // put back, or moved into its own folder
            (told, 2, 17, 5, true),      // in the target, under the UID that the server named
            (told, 2, 17, 6, false),     // another copy there
            (told, 2, 18, 5, false),     // another folder
            (by_status, 2, 17, 4, true), // the target, not before the move
            (by_status, 2, 17, 3, false),
            (silent, 2, 17, 5, false),
            (silent, 2, 0, 5, false),
            (silent, 1, 0, 10, true),
        ] {
            assert_eq!(left.is_at(epoch_id, uidvalidity, uid), wanted, "{left:?} {epoch_id} {uidvalidity} {uid}");
        }
    }
}
