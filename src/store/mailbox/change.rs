//! Changing a mailbox, with all that a change means for what is under way or decided already.

use super::account::Moving;
use super::wish::not_into_itself;
use super::{BEFORE_START, Changes, Login, NewLogin, Row, password_row, select_mailboxes};
use crate::address::Address;
use crate::clock::Timestamp;
use crate::store::db::write;
use crate::store::epoch::cursor_to_pending;
use crate::store::grant::{drop_unused_grants, grant_row};
use crate::store::link::use_claimed;
use crate::store::{Store, StoreError};
use crate::vault::Vault;

impl Store {
    /// Changes a mailbox, and has it looked at soon: what failed before may work now. A poll under way loses its lease, so
    /// that nothing more happens to the customer's copy by the old wish.
    pub async fn change_mailbox(
        &self,
        address: &Address,
        changes: &Changes,
        vault: Option<&Vault>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let known = self.mailbox(address).await?;
        let id = known.id;
        let inbox = match &changes.inbox {
            Some(inbox) => Some(self.inbox(inbox).await?),
            None => None,
        };
        self.not_to_and_fro(&Moving {
            id: Some(id),
            organisation_id: inbox.as_ref().map_or(known.organisation_id, |inbox| inbox.organisation_id),
            host: changes.server.as_ref().map_or(&known.server.host, |server| &server.host),
            username: changes.username.as_ref().unwrap_or(&known.username),
            folders: changes.folders.as_ref().unwrap_or(&known.folders),
            after_import: changes.after_import.as_ref().unwrap_or(&known.after_import),
        })
        .await?;
        let inbox_id = inbox.map(|inbox| inbox.id);
        let sealed = match (&changes.login, vault) {
            (Some(NewLogin::Password(password)), Some(vault)) => Some(vault.seal(&password_row(id), password)?),
            _ => None, // the stored one stays, even if it is being sealed anew right now
        };
        write!(self, tx => {
            // The row is held from here on: of two who change it at once the second sees what the first has made of it, and writes
            // nothing back that it had read before.
            sqlx::query("UPDATE mailbox SET lease_token = NULL, lease_owner = NULL, lease_until = NULL WHERE id = $1")
                .bind(id).execute(&mut *tx).await?;
            let row: Option<Row> = sqlx::query_as(select_mailboxes!("WHERE m.id = $1")).bind(id).fetch_optional(&mut *tx).await?;
            let gone = || StoreError::NotFound(format!("there is no mailbox {address} any more"));
            let folders = sqlx::query_scalar("SELECT name FROM folder WHERE mailbox_id = $1 AND watched ORDER BY position")
                .bind(id).fetch_all(&mut *tx).await?;
            let before = row.ok_or_else(gone)?.into_mailbox(folders, self.least_interval())?;
            if let Some((server, username)) = &changes.given_for
                && (server.is_told_to_others(&before.server) || *username != before.username)
            {
                return Err(StoreError::Moved(format!("the server of {address} was changed meanwhile; look at it once more")));
            }
            if let Some(claim) = &changes.by_link {
                use_claimed!(tx, claim, now);
            }
            let inbox_id = inbox_id.unwrap_or(before.inbox_id);
            let server = changes.server.as_ref().unwrap_or(&before.server);
            let username = changes.username.as_ref().unwrap_or(&before.username);
            let start = changes.start.unwrap_or(before.start);
            let after_import = changes.after_import.as_ref().unwrap_or(&before.after_import);
            not_into_itself(after_import, changes.folders.as_ref().unwrap_or(&before.folders))
                .map_err(|wrong| StoreError::Conflict(wrong.why))?;
            let login = match changes.login.as_ref().filter(|login| !before.login.is_consent_of(login)) {
                None if changes.login.is_none() && before.server.is_told_to_others(server) && !changes.login_goes_along && before.login.is_given() => {
                    Some(&NewLogin::ToCome)
                }
                login => login,
            };
            let is_same_account = !before.server.is_told_to_others(server) && *username == before.username;
            let proven = before.login_proven && login.is_none() && is_same_account;
            let is_by_password = matches!(login, Some(NewLogin::Password(_)));
            let asks_consent = !is_by_password && changes.asks_consent.unwrap_or(before.asks_consent);
            sqlx::query(
                "UPDATE mailbox SET inbox_id = $2, host = $3, port = $4, tls = $5, ca_pem = $6, pin_sha256 = $7, \
                 username = $8, password_sealed = coalesce($9, password_sealed), start = $10, after_import = $11, interval_ms = $12, \
                 max_size = $13, next_poll_at = $14, failures = 0, login_proven = $15, asks_consent = $16 WHERE id = $1",
            )
            .bind(id)
            .bind(inbox_id)
            .bind(&server.host)
            .bind(i64::from(server.port))
            .bind(server.tls.to_string())
            .bind(server.ca_pem.as_deref())
            .bind(server.pin_sha256.as_deref())
            .bind(username)
            .bind(sealed)
            .bind(start.to_string())
            .bind(after_import.to_string())
            .bind(changes.interval_ms.unwrap_or(before.interval_ms))
            .bind(i64::try_from(changes.max_size.unwrap_or(before.max_size)).unwrap_or(i64::MAX))
            .bind(now.0)
            .bind(proven)
            .bind(asks_consent)
            .execute(&mut *tx)
            .await?;
            let organisation: i64 = sqlx::query_scalar("SELECT organisation_id FROM inbox WHERE id = $1")
                .bind(inbox_id).fetch_one(&mut *tx).await?;
            // One way to log in at a time: what is given up is forgotten.
            if let Some(login) = login {
                if !matches!(login, NewLogin::Password(_)) {
                    sqlx::query("UPDATE mailbox SET password_sealed = NULL WHERE id = $1").bind(id).execute(&mut *tx).await?;
                }
                let grant: Option<i64> = match login {
                    NewLogin::OAuth(key) => Some(grant_row!(tx, key, organisation)),
                    NewLogin::Password(_) | NewLogin::ToCome => None,
                };
                sqlx::query("UPDATE mailbox SET grant_id = $2 WHERE id = $1").bind(id).bind(grant).execute(&mut *tx).await?;
            } else if let (Login::OAuth { grant_id, key }, true) = (&before.login, organisation != before.organisation_id) {
                // Its consent goes along to the other organisation, unless others here are opened with it: then it needs one there.
                let goes = sqlx::query(
                    "UPDATE oauth_grant SET organisation_id = $2 WHERE id = $1 \
                     AND NOT EXISTS (SELECT 1 FROM mailbox m WHERE m.grant_id = $1 AND m.id <> $3) \
                     AND NOT EXISTS (SELECT 1 FROM oauth_grant o WHERE o.organisation_id = $2 AND o.provider = oauth_grant.provider \
                     AND o.kind = oauth_grant.kind AND o.identity = oauth_grant.identity)",
                )
                .bind(grant_id).bind(organisation).bind(id).execute(&mut *tx).await?.rows_affected();
                if goes == 0 {
                    let grant = grant_row!(tx, key, organisation);
                    sqlx::query("UPDATE mailbox SET grant_id = $2 WHERE id = $1").bind(id).bind(grant).execute(&mut *tx).await?;
                }
            }
            drop_unused_grants!(tx);
            if let Some(folders) = &changes.folders {
                // A folder that is no longer watched keeps its ledger, so that watching it again imports nothing twice.
                sqlx::query("UPDATE folder SET watched = FALSE WHERE mailbox_id = $1").bind(id).execute(&mut *tx).await?;
                for (position, name) in (0_i64..).zip(folders) {
                    sqlx::query(
                        "INSERT INTO folder (mailbox_id, name, position) VALUES ($1, $2, $3) \
                         ON CONFLICT (mailbox_id, name) DO UPDATE SET watched = TRUE, position = excluded.position",
                    )
                    .bind(id).bind(name).bind(position).execute(&mut *tx).await?;
                }
            }
            let is_same_host = server.host.eq_ignore_ascii_case(&before.server.host);
            if !is_same_host || (server.port, username) != (before.server.port, &before.username) {
                // Another server may use the same UIDs for other mail; what is here already is recognised by its content.
                // What its old server has told us to wait does not bind us there.
                sqlx::query("UPDATE mailbox SET hold_until = NULL, list_form = NULL WHERE id = $1").bind(id).execute(&mut *tx).await?;
                sqlx::query("UPDATE epoch SET closed = TRUE WHERE folder_id IN (SELECT id FROM folder WHERE mailbox_id = $1)")
                    .bind(id).execute(&mut *tx).await?;
            }
            if *after_import != before.after_import {
                // What was to happen to the copies is no longer wished.
                sqlx::query(
                    "DELETE FROM effect WHERE epoch_id IN (SELECT e.id FROM epoch e JOIN folder f ON f.id = e.folder_id \
                     WHERE f.mailbox_id = $1)",
                )
                .bind(id).execute(&mut *tx).await?;
            }
            if changes.max_size.is_some_and(|size| size > before.max_size) {
                // What was too large may fit now: it is asked for again.
                sqlx::query(
                    "UPDATE ledger SET state = 'pending' WHERE state = 'quarantined' AND size > $2 AND size <= $3 \
                     AND epoch_id IN (SELECT e.id FROM epoch e JOIN folder f ON f.id = e.folder_id WHERE f.mailbox_id = $1)",
                )
                .bind(id)
                .bind(i64::try_from(before.max_size).unwrap_or(i64::MAX))
                .bind(changes.max_size.and_then(|size| i64::try_from(size).ok()).unwrap_or(i64::MAX))
                .execute(&mut *tx)
                .await?;
                cursor_to_pending!(tx, id);
            }
            if start != before.start {
                // The start is decided anew, for what it left out so far.
                sqlx::query(
                    "DELETE FROM ledger WHERE state = 'skipped' AND reason = $2 AND epoch_id IN \
                     (SELECT e.id FROM epoch e JOIN folder f ON f.id = e.folder_id WHERE f.mailbox_id = $1)",
                )
                .bind(id).bind(BEFORE_START).execute(&mut *tx).await?;
                sqlx::query(
                    "UPDATE epoch SET start_decided = FALSE, cursor = 1 WHERE folder_id IN \
                     (SELECT id FROM folder WHERE mailbox_id = $1)",
                )
                .bind(id).execute(&mut *tx).await?;
            }
        });
        Ok(())
    }
}
