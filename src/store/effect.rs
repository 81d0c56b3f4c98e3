//! Effects: what is still to happen to the customer's copies. Written with the import, done after it, in small steps that
//! are written down, so that a crash in between is gone on from.

use super::epoch::uid;
use super::{Lease, Store, StoreError};
use crate::fact::{Obstacle, to_json};

/// How far an effect has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EffectStep {
    /// Nothing has happened yet, or it is not known whether something has.
    Pending,
    /// A COPY was about to be sent; whether it was done shows in the target folder, from what its UIDNEXT was then.
    Copying(u32),
    /// The copy is in the target folder; the original is not gone yet.
    Copied,
    /// The server could not do it when last asked.
    Impossible,
}

/// So often in a row a server may refuse; then it is asked once a day.
const MOST_ATTEMPTS: i64 = 10;

impl EffectStep {
    /// As stored: its word, and what UIDNEXT of the target folder was.
    fn stored(step: &str, target_uidnext: Option<i64>) -> Self {
        match step {
            "copying" => Self::Copying(uid(target_uidnext.unwrap_or(1))),
            "copied" => Self::Copied,
            "impossible" => Self::Impossible,
            _ => Self::Pending,
        }
    }
}

/// One open effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// The UID.
    pub uid: u32,
    /// What is to happen, in the words of `--after-import`.
    pub action: String,
    /// How far it has come.
    pub step: EffectStep,
}

/// UIDs in one statement.
const AT_ONCE: usize = 500;

/// UIDs as stored.
fn stored(uids: &[u32]) -> impl Iterator<Item = i64> {
    uids.iter().map(|uid| i64::from(*uid))
}

impl Store {
    /// The next effects of an epoch that are not done, those included that were impossible, since what was in the way may be
    /// gone; of those that the server refused too often, all or none.
    pub async fn open_effects(
        &self,
        epoch_id: i64,
        above: u32,
        limit: i64,
        refused_too: bool,
    ) -> Result<Vec<Effect>, StoreError> {
        let most = if refused_too { i64::MAX } else { MOST_ATTEMPTS };
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- open effects
            SELECT uid, action, step, target_uidnext
            FROM effect
            WHERE epoch_id = $1 AND uid > $2 AND attempts < $4 AND step <> 'returned'
            ORDER BY uid LIMIT $3",
        );
        let rows: Vec<(i64, String, String, Option<i64>)> =
            statement.bind(epoch_id).bind(i64::from(above)).bind(limit).bind(most).all().await?;
        let effects = rows.into_iter().map(|(effect_uid, action, step, target_uidnext)| Effect {
            uid: uid(effect_uid),
            action,
            step: EffectStep::stored(&step, target_uidnext),
        });
        Ok(effects.collect())
    }

    /// These effects are done.
    pub async fn effects_done(&self, lease: &Lease, epoch_id: i64, uids: &[u32]) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.guard(lease).await?;
        for uids in uids.chunks(AT_ONCE) {
            let statement = tx.sql(
                r"-- effects are done
                DELETE FROM effect WHERE epoch_id = $1 AND uid IN ({list})",
            );
            statement.bind(epoch_id).list(stored(uids)).run().await?;
        }
        tx.commit().await
    }

    /// These are about to be copied into a folder with this UIDNEXT.
    pub async fn effects_copying(
        &self,
        lease: &Lease,
        epoch_id: i64,
        uids: &[u32],
        target_uidnext: u32,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.guard(lease).await?;
        for uids in uids.chunks(AT_ONCE) {
            let statement = tx.sql(
                r"-- effects are about to be copied
                UPDATE effect SET step = 'copying', target_uidnext = $2 WHERE epoch_id = $1 AND uid IN ({list})",
            );
            statement.bind(epoch_id).bind(i64::from(target_uidnext)).list(stored(uids)).run().await?;
        }
        tx.commit().await
    }

    /// Of these, no copy is in the target folder.
    pub async fn effects_not_copied(&self, lease: &Lease, epoch_id: i64, uids: &[u32]) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.guard(lease).await?;
        for uids in uids.chunks(AT_ONCE) {
            let statement = tx.sql(
                r"-- effects are not copied
                UPDATE effect SET step = 'pending' WHERE epoch_id = $1 AND uid IN ({list})",
            );
            statement.bind(epoch_id).list(stored(uids)).run().await?;
        }
        tx.commit().await
    }

    /// Of these, the copy is in the target folder.
    pub async fn effects_copied(&self, lease: &Lease, epoch_id: i64, uids: &[u32]) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.guard(lease).await?;
        for uids in uids.chunks(AT_ONCE) {
            let statement = tx.sql(
                r"-- effects are copied
                UPDATE effect SET step = 'copied' WHERE epoch_id = $1 AND uid IN ({list})",
            );
            statement.bind(epoch_id).list(stored(uids)).run().await?;
        }
        tx.commit().await
    }

    /// These cannot be done, for this, and are not tried again.
    pub async fn effects_impossible(
        &self,
        lease: &Lease,
        epoch_id: i64,
        uids: &[u32],
        obstacle: &Obstacle,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.guard(lease).await?;
        for uids in uids.chunks(AT_ONCE) {
            let statement = tx.sql(
                r"-- effects are impossible
                UPDATE effect SET step = 'impossible', problem = $2 WHERE epoch_id = $1 AND uid IN ({list})",
            );
            statement.bind(epoch_id).bind(to_json(obstacle)).list(stored(uids)).run().await?;
        }
        tx.commit().await
    }

    /// These failed this time; after [`MOST_ATTEMPTS`] they count as impossible.
    pub async fn effects_failed(
        &self,
        lease: &Lease,
        epoch_id: i64,
        uids: &[u32],
        obstacle: &Obstacle,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.guard(lease).await?;
        for uids in uids.chunks(AT_ONCE) {
            let statement = tx.sql(
                r"-- effects have failed
                UPDATE effect SET attempts = attempts + 1, problem = $2, step = CASE WHEN step = 'copied' THEN step
                    WHEN attempts + 1 >= $3 THEN 'impossible' ELSE 'pending' END
                WHERE epoch_id = $1 AND uid IN ({list})",
            );
            statement.bind(epoch_id).bind(to_json(obstacle)).bind(MOST_ATTEMPTS).list(stored(uids)).run().await?;
        }
        tx.commit().await?;
        self.not_departed(lease, epoch_id, uids).await
    }

    /// These have not left, unless their copy is in the target folder.
    async fn not_departed(&self, lease: &Lease, epoch_id: i64, uids: &[u32]) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.guard(lease).await?;
        for uids in uids.chunks(AT_ONCE) {
            let statement = tx.sql(
                r"-- copies have not departed
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

    /// How many effects of a mailbox are open.
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
