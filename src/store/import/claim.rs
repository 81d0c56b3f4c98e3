//! Recognises a mail that is there already: the same identity in the same inbox, brought by another folder, another mailbox
//! or an earlier UIDVALIDITY of this folder.
//!
//! Within one epoch every UID is a mail of its own, so each message can be claimed by one UID of an epoch only: two equal
//! mails that lie side by side in one folder stay two, and are recognised as two when they come again.

/// Which of the batch's identities are in some inbox, in one question, since usually the answer is none.
macro_rules! identities_present {
    ($tx:ident, $findings:expr) => {{
        let identities: Vec<[u8; 32]> = $findings
            .iter()
            .filter_map(|(_, finding)| match finding {
                Finding::Mail(mail) => Some(mail.identity),
                _ => None,
            })
            .collect();
        let mut present = std::collections::HashSet::<[u8; 32]>::new();
        for identities in parts(identities) {
            let marks = (1..=identities.len()).map(|n| format!("${n}")).collect::<Vec<_>>().join(",");
            let sql = format!("SELECT DISTINCT identity FROM message WHERE identity IN ({marks})");
            let mut query = sqlx::query_scalar(AssertSqlSafe(sql));
            for identity in &identities {
                query = query.bind(identity.to_vec());
            }
            let found: Vec<Vec<u8>> = query.fetch_all(&mut *$tx).await?;
            present.extend(found.into_iter().filter_map(|bytes| <[u8; 32]>::try_from(bytes).ok()));
        }
        present
    }};
}

/// Claims a message for a UID: the oldest that no other UID of this epoch has brought or claimed, but first one whose copy in
/// this folder is still to be dealt with.
macro_rules! claim {
    ($tx:ident, $epoch:expr, $uid:expr, $identity:expr, $inbox:expr) => {{
        let found: Option<i64> = sqlx::query_scalar(
            "SELECT m.id FROM message m WHERE m.identity = $1 AND m.inbox_id = $2 \
             AND NOT EXISTS (SELECT 1 FROM arrival a WHERE a.message_id = m.id AND a.epoch_id = $3) ORDER BY CASE WHEN EXISTS \
             (SELECT 1 FROM arrival o JOIN effect x ON x.epoch_id = o.epoch_id AND x.uid = o.uid WHERE o.message_id = m.id \
             AND o.epoch_id IN (SELECT e.id FROM epoch e WHERE e.folder_id = (SELECT folder_id FROM epoch WHERE id = $3))) \
             THEN 0 ELSE 1 END, m.id LIMIT 1",
        )
        .bind($identity.to_vec())
        .bind($inbox)
        .bind($epoch)
        .fetch_optional(&mut *$tx)
        .await?;
        if let Some(message) = found {
            sqlx::query("INSERT INTO arrival (epoch_id, uid, message_id) VALUES ($1, $2, $3)")
                .bind($epoch)
                .bind(i64::from($uid))
                .bind(message)
                .execute(&mut *$tx)
                .await?;
        }
        found
    }};
}
/// Whether an older epoch of this folder has brought the message; what is open for its copy there is moved to this UID, at the
/// step that it had.
macro_rules! carry_effect_over {
    ($tx:ident, $epoch:expr, $uid:expr, $message:expr) => {{
        let older: Option<(i64, i64)> = sqlx::query_as(
            "SELECT a.epoch_id, a.uid FROM arrival a JOIN epoch e ON e.id = a.epoch_id WHERE a.message_id = $1 \
             AND a.epoch_id < $2 AND e.folder_id = (SELECT folder_id FROM epoch WHERE id = $2) ORDER BY a.epoch_id DESC LIMIT 1",
        )
        .bind($message)
        .bind($epoch)
        .fetch_optional(&mut *$tx)
        .await?;
        if let Some((old_epoch, old_uid)) = older {
            sqlx::query(
                "UPDATE effect SET epoch_id = $1, uid = $2, step = coalesce(void_step, step), void_step = NULL, problem = NULL \
                 WHERE epoch_id = $3 AND uid = $4",
            )
            .bind($epoch)
            .bind(i64::from($uid))
            .bind(old_epoch)
            .bind(old_uid)
            .execute(&mut *$tx)
            .await?;
        }
        older.is_some()
    }};
}
pub(super) use {carry_effect_over, claim, identities_present};
