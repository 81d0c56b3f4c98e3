//! Effects: what is still to happen to the customer's copies. Written with the import, done after it, in small steps that
//! are written down, so that a crash in between is gone on from.

use sqlx::AssertSqlSafe;

use super::db::{read, write};
use super::epoch::uid;
use super::lease::guard_lease;
use super::{Lease, Store, StoreError};

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
        let rows: Vec<(i64, String, String, Option<i64>)> = read!(self, pool => sqlx::query_as(
            "SELECT uid, action, step, target_uidnext FROM effect WHERE epoch_id = $1 AND uid > $2 AND attempts < $4 \
             AND step <> 'returned' ORDER BY uid LIMIT $3",
        ).bind(epoch_id).bind(i64::from(above)).bind(limit).bind(most).fetch_all(pool).await)?;
        Ok(rows
            .into_iter()
            .map(|(effect_uid, action, step, target_uidnext)| Effect {
                uid: uid(effect_uid),
                action,
                step: match step.as_str() {
                    "copying" => EffectStep::Copying(uid(target_uidnext.unwrap_or(1))),
                    "copied" => EffectStep::Copied,
                    "impossible" => EffectStep::Impossible,
                    _ => EffectStep::Pending,
                },
            })
            .collect())
    }

    /// These effects are done.
    pub async fn effects_done(&self, lease: &Lease, epoch_id: i64, uids: &[u32]) -> Result<(), StoreError> {
        self.change_effects(lease, epoch_id, uids, "DELETE FROM effect", None).await
    }

    /// These are about to be copied into a folder with this UIDNEXT.
    pub async fn effects_copying(
        &self,
        lease: &Lease,
        epoch_id: i64,
        uids: &[u32],
        target_uidnext: u32,
    ) -> Result<(), StoreError> {
        let change = format!("UPDATE effect SET step = 'copying', target_uidnext = {target_uidnext}");
        self.change_effects(lease, epoch_id, uids, &change, None).await
    }

    /// Of these, no copy is in the target folder.
    pub async fn effects_not_copied(&self, lease: &Lease, epoch_id: i64, uids: &[u32]) -> Result<(), StoreError> {
        self.change_effects(lease, epoch_id, uids, "UPDATE effect SET step = 'pending'", None).await
    }

    /// Of these, the copy is in the target folder.
    pub async fn effects_copied(&self, lease: &Lease, epoch_id: i64, uids: &[u32]) -> Result<(), StoreError> {
        self.change_effects(lease, epoch_id, uids, "UPDATE effect SET step = 'copied'", None).await
    }

    /// These cannot be done, for this reason, and are not tried again.
    pub async fn effects_impossible(
        &self,
        lease: &Lease,
        epoch_id: i64,
        uids: &[u32],
        reason: &str,
    ) -> Result<(), StoreError> {
        self.change_effects(lease, epoch_id, uids, "UPDATE effect SET step = 'impossible', problem = $1", Some(reason))
            .await
    }

    /// These failed this time; after [`MOST_ATTEMPTS`] they count as impossible.
    pub async fn effects_failed(
        &self,
        lease: &Lease,
        epoch_id: i64,
        uids: &[u32],
        reason: &str,
    ) -> Result<(), StoreError> {
        let change = format!(
            "UPDATE effect SET attempts = attempts + 1, problem = $1, step = CASE WHEN step = 'copied' THEN step \
             WHEN attempts + 1 >= {MOST_ATTEMPTS} THEN 'impossible' ELSE 'pending' END"
        );
        self.change_effects(lease, epoch_id, uids, &change, Some(reason)).await?;
        // They have not left, unless their copy is in the target folder.
        let stays = "DELETE FROM departure WHERE NOT EXISTS (SELECT 1 FROM effect x WHERE x.epoch_id = departure.epoch_id \
                     AND x.uid = departure.uid AND x.step IN ('copying', 'copied')) AND";
        self.change_effects(lease, epoch_id, uids, stays, None).await
    }

    async fn change_effects(
        &self,
        lease: &Lease,
        epoch_id: i64,
        uids: &[u32],
        change: &str,
        reason: Option<&str>,
    ) -> Result<(), StoreError> {
        write!(self, tx => {
            guard_lease!(tx, lease);
            for part in uids.chunks(500) {
                let before = usize::from(reason.is_some());
                let marks = (0..part.len()).map(|n| format!("${}", before + 2 + n)).collect::<Vec<_>>().join(",");
                let and = if change.ends_with("AND") { "" } else { " WHERE" };
                let sql = format!("{change}{and} epoch_id = ${} AND uid IN ({marks})", before + 1);
                let mut query = sqlx::query(AssertSqlSafe(sql));
                if let Some(reason) = reason {
                    query = query.bind(reason);
                }
                query = query.bind(epoch_id);
                for uid in part {
                    query = query.bind(i64::from(*uid));
                }
                query.execute(&mut *tx).await?;
            }
        });
        Ok(())
    }

    /// How many effects of a mailbox are open.
    pub async fn open_effect_count(&self, mailbox_id: i64) -> Result<i64, StoreError> {
        Ok(read!(self, pool => sqlx::query_scalar(
            "SELECT count(*) FROM effect x JOIN epoch e ON e.id = x.epoch_id JOIN folder f ON f.id = e.folder_id \
             WHERE f.mailbox_id = $1 AND x.step NOT IN ('impossible', 'returned')",
        ).bind(mailbox_id).fetch_one(pool).await)?)
    }
}
