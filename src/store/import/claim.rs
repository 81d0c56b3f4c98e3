//! Recognises a mail that is already imported: the same identity in the same inbox, through another folder, another
//! mailbox or an earlier UIDVALIDITY of this folder.
//!
//! Within one epoch every UID is a mail of its own, so only one UID of an epoch can claim a message: two equal mails
//! side by side in one folder remain two messages, and are recognised as two when they appear again.

use std::collections::HashSet;

use super::rows::row_groups;
use crate::store::batch::Finding;
use crate::store::{StoreError, Tx};

impl Tx<'_> {
    /// The batch's identities that are already in some inbox. One query checks all of them, since usually none is.
    pub(super) async fn identities_present(
        &mut self,
        findings: &[(u32, Finding)],
    ) -> Result<HashSet<[u8; 32]>, StoreError> {
        let mails =
            findings.iter().filter_map(|(_, found)| if let Finding::Mail(mail) = found { Some(mail) } else { None });
        let mut present = HashSet::<[u8; 32]>::new();
        for identities in row_groups(mails.map(|mail| mail.identity.to_vec()).collect()) {
            let statement = self.sql(
                r"-- identities that are already in an inbox
                SELECT DISTINCT identity FROM message WHERE identity IN ({list})",
            );
            let found: Vec<Vec<u8>> = statement.list(identities).values().await?;
            present.extend(found.into_iter().filter_map(|bytes| <[u8; 32]>::try_from(bytes).ok()));
        }
        Ok(present)
    }

    /// Claims a message for a UID: the oldest one that no other UID of this epoch has imported or claimed, but
    /// preferably one with a pending effect in this folder.
    pub(super) async fn claim(
        &mut self,
        epoch_id: i64,
        uid: u32,
        identity: [u8; 32],
        inbox: i64,
    ) -> Result<Option<i64>, StoreError> {
        let find = self.sql(
            r"-- message to claim
            SELECT m.id FROM message m
            WHERE m.identity = $1 AND m.inbox_id = $2
                AND NOT EXISTS (SELECT 1 FROM arrival a WHERE a.message_id = m.id AND a.epoch_id = $3)
            ORDER BY CASE WHEN EXISTS (
                SELECT 1 FROM arrival o JOIN effect x ON x.epoch_id = o.epoch_id AND x.uid = o.uid
                WHERE o.message_id = m.id AND o.epoch_id IN (
                    SELECT e.id FROM epoch e WHERE e.folder_id = (SELECT folder_id FROM epoch WHERE id = $3)
                )
            ) THEN 0 ELSE 1 END, m.id
            LIMIT 1",
        );
        let found: Option<i64> = find.bind(identity.to_vec()).bind(inbox).bind(epoch_id).first_value().await?;
        if let Some(message) = found {
            let arrive = self.sql(
                r"-- claim a message
                INSERT INTO arrival (epoch_id, uid, message_id) VALUES ($1, $2, $3)",
            );
            arrive.bind(epoch_id).bind(i64::from(uid)).bind(message).run().await?;
        }
        Ok(found)
    }

    /// Whether an older epoch of this folder has imported the message. If so, this also moves the pending effect of the
    /// old copy to this UID, at the same step.
    pub(super) async fn move_effect(&mut self, epoch_id: i64, uid: u32, message: i64) -> Result<bool, StoreError> {
        let find = self.sql(
            r"-- copy of a message in an older epoch
            SELECT a.epoch_id, a.uid
            FROM arrival a JOIN epoch e ON e.id = a.epoch_id
            WHERE a.message_id = $1 AND a.epoch_id < $2 AND e.folder_id = (SELECT folder_id FROM epoch WHERE id = $2)
            ORDER BY a.epoch_id DESC LIMIT 1",
        );
        let older: Option<(i64, i64)> = find.bind(message).bind(epoch_id).first().await?;
        let Some((old_epoch, old_uid)) = older else { return Ok(false) };
        let update = self.sql(
            r"-- move an effect to a new UID
            UPDATE effect SET epoch_id = $1, uid = $2, step = coalesce(void_step, step), void_step = NULL, problem = NULL
            WHERE epoch_id = $3 AND uid = $4",
        );
        update.bind(epoch_id).bind(i64::from(uid)).bind(old_epoch).bind(old_uid).run().await?;
        Ok(true)
    }
}
