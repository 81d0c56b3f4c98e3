//! Effects: pending changes to the customer's copies. An effect is stored with the import and carried out afterwards,
//! in small steps that are each stored, so that it can be resumed after a crash.

use super::epoch::uid;
use super::{Lease, Store, StoreError};
use crate::fact::{Obstacle, to_json};

/// The progress of carrying out an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EffectStep {
    /// The effect has not been carried out, or it is unknown whether it has.
    Pending,
    /// COPY was about to be sent; the value is the UIDNEXT of the target folder before that. The UIDs from this one on
    /// show whether the COPY was carried out.
    Copying(u32),
    /// The copy is in the target folder; the original has not been removed yet.
    Copied,
    /// The server could not carry out the effect at the last attempt.
    Impossible,
}

/// Maximum number of refusals in a row; after that the effect is tried once a day.
const MAX_ATTEMPTS: i64 = 10;

impl EffectStep {
    /// Reads the stored step, with the UIDNEXT that the target folder had before a COPY.
    fn from_columns(step: &str, target_uidnext: Option<i64>) -> Self {
        match step {
            "copying" => Self::Copying(uid(target_uidnext.unwrap_or(1))),
            "copied" => Self::Copied,
            "impossible" => Self::Impossible,
            _ => Self::Pending,
        }
    }
}

/// An effect that is not complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    pub uid: u32,
    /// The action, in the syntax of `--after-import`.
    pub action: String,
    pub step: EffectStep,
}

/// Maximum number of UIDs in one statement.
const UIDS_PER_STATEMENT: usize = 500;

fn stored(uids: &[u32]) -> impl Iterator<Item = i64> {
    uids.iter().map(|uid| i64::from(*uid))
}

impl Store {
    /// The next effects of an epoch above a UID, including those that were impossible, since the obstacle may be gone.
    /// Effects that the server refused too often are included only with `refused_too`.
    pub async fn open_effects(
        &self,
        epoch_id: i64,
        above: u32,
        limit: i64,
        refused_too: bool,
    ) -> Result<Vec<Effect>, StoreError> {
        let max_attempts = if refused_too { i64::MAX } else { MAX_ATTEMPTS };
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- open effects
            SELECT uid, action, step, target_uidnext
            FROM effect
            WHERE epoch_id = $1 AND uid > $2 AND attempts < $4 AND step <> 'returned'
            ORDER BY uid LIMIT $3",
        );
        let rows: Vec<(i64, String, String, Option<i64>)> =
            statement.bind(epoch_id).bind(i64::from(above)).bind(limit).bind(max_attempts).all().await?;
        let effects = rows.into_iter().map(|(effect_uid, action, step, target_uidnext)| Effect {
            uid: uid(effect_uid),
            action,
            step: EffectStep::from_columns(&step, target_uidnext),
        });
        Ok(effects.collect())
    }

    /// Deletes effects that have been carried out.
    pub async fn delete_effects(&self, lease: &Lease, epoch_id: i64, uids: &[u32]) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.check_lease(lease).await?;
        for uids in uids.chunks(UIDS_PER_STATEMENT) {
            let statement = tx.sql(
                r"-- delete finished effects
                DELETE FROM effect WHERE epoch_id = $1 AND uid IN ({list})",
            );
            statement.bind(epoch_id).list(stored(uids)).run().await?;
        }
        tx.commit().await
    }

    /// Stores that these copies are about to be copied into a folder with this UIDNEXT.
    pub async fn record_copying(
        &self,
        lease: &Lease,
        epoch_id: i64,
        uids: &[u32],
        target_uidnext: u32,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.check_lease(lease).await?;
        for uids in uids.chunks(UIDS_PER_STATEMENT) {
            let statement = tx.sql(
                r"-- mark effects as copying
                UPDATE effect SET step = 'copying', target_uidnext = $2 WHERE epoch_id = $1 AND uid IN ({list})",
            );
            statement.bind(epoch_id).bind(i64::from(target_uidnext)).list(stored(uids)).run().await?;
        }
        tx.commit().await
    }

    /// Stores that these copies are not in the target folder.
    pub async fn record_not_copied(&self, lease: &Lease, epoch_id: i64, uids: &[u32]) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.check_lease(lease).await?;
        for uids in uids.chunks(UIDS_PER_STATEMENT) {
            let statement = tx.sql(
                r"-- mark effects as not copied
                UPDATE effect SET step = 'pending' WHERE epoch_id = $1 AND uid IN ({list})",
            );
            statement.bind(epoch_id).list(stored(uids)).run().await?;
        }
        tx.commit().await
    }

    /// Stores that these copies are in the target folder.
    pub async fn record_copied(&self, lease: &Lease, epoch_id: i64, uids: &[u32]) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.check_lease(lease).await?;
        for uids in uids.chunks(UIDS_PER_STATEMENT) {
            let statement = tx.sql(
                r"-- mark effects as copied
                UPDATE effect SET step = 'copied' WHERE epoch_id = $1 AND uid IN ({list})",
            );
            statement.bind(epoch_id).list(stored(uids)).run().await?;
        }
        tx.commit().await
    }

    /// Stores that these effects are impossible because of this obstacle.
    pub async fn record_impossible(
        &self,
        lease: &Lease,
        epoch_id: i64,
        uids: &[u32],
        obstacle: &Obstacle,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.check_lease(lease).await?;
        for uids in uids.chunks(UIDS_PER_STATEMENT) {
            let statement = tx.sql(
                r"-- mark effects as impossible
                UPDATE effect SET step = 'impossible', problem = $2 WHERE epoch_id = $1 AND uid IN ({list})",
            );
            statement.bind(epoch_id).bind(to_json(obstacle)).list(stored(uids)).run().await?;
        }
        tx.commit().await
    }

    /// Counts a failed attempt to carry out these effects. After [`MAX_ATTEMPTS`] they count as impossible, except those
    /// whose copy is already in the target folder.
    pub async fn record_failed_attempt(
        &self,
        lease: &Lease,
        epoch_id: i64,
        uids: &[u32],
        obstacle: &Obstacle,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.check_lease(lease).await?;
        for uids in uids.chunks(UIDS_PER_STATEMENT) {
            let statement = tx.sql(
                r"-- count failed effects
                UPDATE effect SET attempts = attempts + 1, problem = $2, step = CASE WHEN step = 'copied' THEN step
                    WHEN attempts + 1 >= $3 THEN 'impossible' ELSE 'pending' END
                WHERE epoch_id = $1 AND uid IN ({list})",
            );
            statement.bind(epoch_id).bind(to_json(obstacle)).bind(MAX_ATTEMPTS).list(stored(uids)).run().await?;
        }
        tx.commit().await?;
        self.delete_departures(lease, epoch_id, uids).await
    }

    /// Deletes the departures of these copies, except those that may be in the target folder.
    async fn delete_departures(&self, lease: &Lease, epoch_id: i64, uids: &[u32]) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.check_lease(lease).await?;
        for uids in uids.chunks(UIDS_PER_STATEMENT) {
            let statement = tx.sql(
                r"-- delete the departures of failed effects
                DELETE FROM departure
                WHERE NOT EXISTS (
                        SELECT 1 FROM effect x WHERE x.epoch_id = departure.epoch_id AND x.uid = departure.uid
                            AND x.step IN ('copying', 'copied')
                    )
                    AND epoch_id = $1 AND uid IN ({list})",
            );
            statement.bind(epoch_id).list(stored(uids)).run().await?;
        }
        tx.commit().await
    }

    /// Number of pending effects of a mailbox, without those that are impossible or suppressed.
    pub async fn open_effect_count(&self, mailbox_id: i64) -> Result<i64, StoreError> {
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- count the open effects of a mailbox
            SELECT count(*)
            FROM effect x JOIN epoch e ON e.id = x.epoch_id JOIN folder f ON f.id = e.folder_id
            WHERE f.mailbox_id = $1 AND x.step NOT IN ('impossible', 'returned')",
        );
        Ok(statement.bind(mailbox_id).value().await?)
    }
}
