//! Mailboxes that log in to the same account: mail that one of them moves must not come in by another.

use crate::fact::Conflict;
use crate::mailbox::{AfterImport, check_move_target};
use crate::store::{Reader, StoreError};

/// Who logs in where, and what happens to copies there.
pub struct Moving<'a> {
    /// The mailbox's row; `None` for one that is being added.
    pub id: Option<i64>,
    /// The organisation's row: of others' mailboxes nothing is told.
    pub organisation_id: i64,
    /// Host name or address.
    pub host: &'a str,
    /// The login name.
    pub username: &'a str,
    /// The folders that are polled.
    pub folders: &'a [String],
    /// What happens to copies.
    pub after_import: &'a AfterImport,
}

#[derive(sqlx::FromRow)]
struct Row {
    address: String,
    #[sqlx(try_from = "String")]
    after_import: AfterImport,
    name: String,
}

impl Reader {
    /// Makes sure that neither this mailbox nor another of its organisation that logs in to the same account moves mail into a
    /// folder that the other one polls. It need not hold against changes at the same moment: what comes in is recognised as well.
    ///
    /// # Errors
    /// [`Conflict::ToAndFro`], or the database failed.
    pub(super) async fn not_to_and_fro(&mut self, moving: &Moving<'_>) -> Result<(), StoreError> {
        let statement = self.sql(
            r"-- mailboxes of the same account
            SELECT m.address, m.after_import, f.name
            FROM mailbox m JOIN inbox i ON i.id = m.inbox_id JOIN folder f ON f.mailbox_id = m.id AND f.watched
            WHERE i.organisation_id = $1 AND lower(m.host) = $2 AND lower(m.username) = $3
                AND ($4 IS NULL OR m.id <> $4)
            ORDER BY m.address, f.position",
        );
        let statement = statement.bind(moving.organisation_id).bind(moving.host.to_ascii_lowercase());
        let rows: Vec<Row> = statement.bind(moving.username.to_ascii_lowercase()).bind(moving.id).all().await?;
        for Row { address, after_import, name } in rows {
            let refused = |wrong: Conflict| Conflict::ToAndFro { wrong: Box::new(wrong), mailbox: address.clone() };
            check_move_target(moving.after_import, &[name]).map_err(refused)?;
            check_move_target(&after_import, moving.folders).map_err(refused)?;
        }
        Ok(())
    }
}
