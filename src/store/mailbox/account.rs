//! Mailboxes that log in to the same account: one of them must not import mail that another one moves.

use crate::fact::Conflict;
use crate::mailbox::{AfterImport, check_move_target};
use crate::store::{Reader, StoreError};

/// The account of a mailbox, and the effect of the mailbox on the copies in it.
pub struct AccountUse<'a> {
    /// The mailbox; `None` if it is being added.
    pub id: Option<i64>,
    /// Only mailboxes of this organisation are considered, so that an error never names a mailbox of another organisation.
    pub organisation_id: i64,
    /// Host name or IP address.
    pub host: &'a str,
    pub username: &'a str,
    /// The folders that are polled.
    pub folders: &'a [String],
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
    /// Makes sure that neither this mailbox nor another of its organisation that logs in to the same account moves mail
    /// into a folder that the other one polls. A concurrent change may go unnoticed; the import then still recognises
    /// the moved copies.
    ///
    /// # Errors
    /// [`Conflict::ByOtherMailbox`], or the database fails.
    pub(super) async fn check_move_loops(&mut self, account: &AccountUse<'_>) -> Result<(), StoreError> {
        let statement = self.sql(
            r"-- mailboxes of the same account
            SELECT m.address, m.after_import, f.name
            FROM mailbox m JOIN inbox i ON i.id = m.inbox_id JOIN folder f ON f.mailbox_id = m.id AND f.watched
            WHERE i.organisation_id = $1 AND lower(m.host) = $2 AND lower(m.username) = $3
                AND ($4 IS NULL OR m.id <> $4)
            ORDER BY m.address, f.position",
        );
        let statement = statement.bind(account.organisation_id).bind(account.host.to_ascii_lowercase());
        let rows: Vec<Row> = statement.bind(account.username.to_ascii_lowercase()).bind(account.id).all().await?;
        for Row { address, after_import, name } in rows {
            let refused =
                |wrong: Conflict| Conflict::ByOtherMailbox { wrong: Box::new(wrong), mailbox: address.clone() };
            check_move_target(account.after_import, &[name]).map_err(refused)?;
            check_move_target(&after_import, account.folders).map_err(refused)?;
        }
        Ok(())
    }
}
