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

/// Claims a message for a UID: the oldest that no other UID of this epoch has brought or claimed.
macro_rules! claim {
    ($tx:ident, $epoch:expr, $uid:expr, $identity:expr, $inbox:expr) => {{
        let found: Option<i64> = sqlx::query_scalar(
            "SELECT m.id FROM message m WHERE m.identity = $1 AND m.inbox_id = $2 \
             AND NOT EXISTS (SELECT 1 FROM arrival a WHERE a.message_id = m.id AND a.epoch_id = $3) ORDER BY m.id LIMIT 1",
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
pub(super) use {claim, identities_present};
