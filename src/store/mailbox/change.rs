//! Changes to a mailbox. A change also revokes the lease of a running poll, and resets earlier decisions that depended
//! on the old settings.

use super::account::AccountUse;
use super::{Changes, Login, Mailbox, NewLogin, Server, password_row};
use crate::address::Address;
use crate::clock::Timestamp;
use crate::fact::Reason;
use crate::mailbox::{Settings, check_move_target};
use crate::store::{Resource, StoreError, Tx};
use crate::vault::Vault;

/// A mailbox as it will be after the change.
struct ChangedMailbox<'a> {
    inbox_id: i64,
    organisation_id: i64,
    server: &'a Server,
    username: &'a str,
    settings: Settings,
    /// The new login; `None` if it stays as it is.
    login: Option<&'a NewLogin>,
}

impl<'a> ChangedMailbox<'a> {
    fn new(before: &'a Mailbox, changes: &'a Changes, (inbox_id, organisation_id): (i64, i64)) -> Self {
        let server = changes.server.as_ref().unwrap_or(&before.server);
        let needs_new_credentials = before.server.needs_new_credentials(server);
        let new_login = changes.login.as_ref().filter(|login| !before.login.uses_consent(login));
        let is_deleted =
            changes.login.is_none() && needs_new_credentials && !changes.keeps_login && before.login.is_set();
        Self {
            inbox_id,
            organisation_id,
            server,
            username: changes.username.as_ref().unwrap_or(&before.username),
            settings: changes.settings.apply_to(&before.settings),
            login: if is_deleted { Some(&NewLogin::Unset) } else { new_login },
        }
    }

    /// Whether the server has accepted the login that the mailbox will have.
    fn is_proven(&self, before: &Mailbox) -> bool {
        let is_same_account = !before.server.needs_new_credentials(self.server) && *self.username == before.username;
        before.login_proven && self.login.is_none() && is_same_account
    }

    fn needs_consent(&self, before: &Mailbox, changes: &Changes) -> bool {
        let is_by_password = matches!(self.login, Some(NewLogin::Password(_)));
        !is_by_password && changes.needs_consent.unwrap_or(before.needs_consent)
    }
}

impl Tx<'_> {
    /// Changes a mailbox, schedules a poll (the change may have fixed an earlier failure), and returns the mailbox as
    /// it was before. A running poll loses its lease, so that it no longer changes the customer's copies under the old
    /// settings. Without a vault, no password is stored.
    ///
    /// # Errors
    /// [`StoreError::ServerChanged`]: the login was given for another server. [`StoreError::LinkInvalid`]: the link no
    /// longer works. The mailbox or the inbox is missing. The change would move copies into a polled folder.
    pub async fn change_mailbox(
        &mut self,
        address: &Address,
        changes: &Changes,
        vault: Option<&Vault>,
        now: Timestamp,
    ) -> Result<Mailbox, StoreError> {
        let before = self.lock_mailbox(address).await?;
        let inbox = match &changes.inbox {
            Some(inbox) => {
                let inbox = self.inbox(inbox).await?;
                (inbox.id, inbox.organisation_id)
            }
            None => (before.inbox_id, before.organisation_id),
        };
        if let Some((server, username)) = &changes.expected_account
            && (server.needs_new_credentials(&before.server) || *username != before.username)
        {
            return Err(StoreError::ServerChanged(address.to_string()));
        }
        if let Some(claim) = &changes.by_link {
            self.consume_link(claim, now).await?;
        }
        let after = ChangedMailbox::new(&before, changes, inbox);
        self.check_moves(&before, &after).await?;
        self.write_account(&before, &after, changes, now).await?;
        self.write_settings(before.id, &after.settings).await?;
        self.write_login(&before, &after, vault).await?;
        self.write_folders(&before, changes).await?;
        self.forget_server_state(&before, &after).await?;
        self.delete_effects(&before, &after).await?;
        self.reopen_too_large(&before, changes).await?;
        self.reset_start(&before, &after).await?;
        Ok(before)
    }

    /// Locks the row of a mailbox for the rest of the transaction, revokes the lease of a running poll, and returns the
    /// mailbox. Of two concurrent changes, the second one sees the result of the first.
    pub async fn lock_mailbox(&mut self, address: &Address) -> Result<Mailbox, StoreError> {
        let statement = self.sql(
            r"-- lock a mailbox and end its poll
            UPDATE mailbox SET lease_token = NULL, lease_owner = NULL, lease_until = NULL WHERE address = $1",
        );
        match statement.bind(address.as_str()).run().await? {
            0 => Err(Resource::Mailbox(address.to_string()).missing()),
            _ => self.mailbox(address).await,
        }
    }

    /// Refuses a change that would move copies into a polled folder.
    async fn check_moves(&mut self, before: &Mailbox, after: &ChangedMailbox<'_>) -> Result<(), StoreError> {
        let Settings { folders, after_import, .. } = &after.settings;
        self.check_move_loops(&AccountUse {
            id: Some(before.id),
            organisation_id: after.organisation_id,
            host: &after.server.host,
            username: after.username,
            folders,
            after_import,
        })
        .await?;
        Ok(check_move_target(after_import, folders)?)
    }

    async fn write_account(
        &mut self,
        before: &Mailbox,
        after: &ChangedMailbox<'_>,
        changes: &Changes,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let statement = self.sql(
            r"-- change a mailbox's inbox, server and login name
            UPDATE mailbox
            SET inbox_id = $2, host = $3, port = $4, tls = $5, ca_pem = $6, pin_sha256 = $7, username = $8,
                next_poll_at = $9, failures = 0, login_proven = $10, asks_consent = $11
            WHERE id = $1",
        );
        statement
            .bind(before.id)
            .bind(after.inbox_id)
            .bind(&after.server.host)
            .bind(i64::from(after.server.port))
            .bind(after.server.tls.to_string())
            .bind(after.server.ca_pem.as_deref())
            .bind(after.server.pin_sha256.as_deref())
            .bind(after.username)
            .bind(now)
            .bind(after.is_proven(before))
            .bind(after.needs_consent(before, changes))
            .run()
            .await?;
        Ok(())
    }

    /// Stores the new login. A mailbox has only one kind of login at a time, so the other kind is deleted.
    async fn write_login(
        &mut self,
        before: &Mailbox,
        after: &ChangedMailbox<'_>,
        vault: Option<&Vault>,
    ) -> Result<(), StoreError> {
        let id = before.id;
        match (after.login, vault) {
            (Some(NewLogin::Password(password)), Some(vault)) => {
                let sealed = vault.seal(&password_row(id), password)?;
                self.set_password_sealed(id, Some(sealed)).await?;
                self.set_grant(id, None).await?;
            }
            (Some(NewLogin::Password(_)), None) => {}
            (Some(NewLogin::OAuth(key)), _) => {
                self.set_password_sealed(id, None).await?;
                let grant = self.grant_row(key, after.organisation_id).await?;
                self.set_grant(id, Some(grant)).await?;
            }
            (Some(NewLogin::Unset), _) => {
                self.set_password_sealed(id, None).await?;
                self.set_grant(id, None).await?;
            }
            // The stored login stays, even if it is being resealed at this moment.
            (None, _) => self.move_grant(before, after.organisation_id).await?,
        }
        self.delete_unused_grants().await
    }

    /// Moves the consent of a mailbox to its new organisation. If another mailbox uses the consent, or the new
    /// organisation already has a grant of this identity, the mailbox gets the grant of the new organisation instead.
    async fn move_grant(&mut self, before: &Mailbox, organisation_id: i64) -> Result<(), StoreError> {
        let Login::OAuth { grant_id, key } = &before.login else { return Ok(()) };
        if organisation_id == before.organisation_id {
            return Ok(());
        }
        let statement = self.sql(
            r"-- move a grant to another organisation
            UPDATE oauth_grant SET organisation_id = $2
            WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM mailbox m WHERE m.grant_id = $1 AND m.id <> $3)
                AND NOT EXISTS (SELECT 1 FROM oauth_grant o
                    WHERE o.organisation_id = $2 AND o.provider = oauth_grant.provider AND o.kind = oauth_grant.kind
                        AND o.identity = oauth_grant.identity)",
        );
        if statement.bind(*grant_id).bind(organisation_id).bind(before.id).run().await? == 0 {
            let grant = self.grant_row(key, organisation_id).await?;
            self.set_grant(before.id, Some(grant)).await?;
        }
        Ok(())
    }

    async fn write_folders(&mut self, before: &Mailbox, changes: &Changes) -> Result<(), StoreError> {
        let Some(folders) = &changes.settings.folders else { return Ok(()) };
        // A folder that is no longer watched keeps its ledger, so that nothing is imported twice if it is watched
        // again.
        let statement = self.sql(
            r"-- stop watching the folders of a mailbox
            UPDATE folder SET watched = FALSE WHERE mailbox_id = $1",
        );
        statement.bind(before.id).run().await?;
        self.watch_folders(before.id, folders).await
    }

    /// Closes the epochs if the server or the account changes, since the same UIDs may denote other mail there. Mail that is
    /// already imported is recognised by its content. A hold that the old server asked for does not apply to the new one.
    async fn forget_server_state(&mut self, before: &Mailbox, after: &ChangedMailbox<'_>) -> Result<(), StoreError> {
        let is_same_host = after.server.host.eq_ignore_ascii_case(&before.server.host);
        if is_same_host && (after.server.port, after.username) == (before.server.port, before.username.as_str()) {
            return Ok(());
        }
        let forget = self.sql(
            r"-- forget the state of a mailbox's server
            UPDATE mailbox SET hold_until = NULL, list_form = NULL WHERE id = $1",
        );
        forget.bind(before.id).run().await?;
        let close = self.sql(
            r"-- close the epochs of a mailbox
            UPDATE epoch SET closed = TRUE WHERE folder_id IN (SELECT id FROM folder WHERE mailbox_id = $1)",
        );
        close.bind(before.id).run().await?;
        Ok(())
    }

    /// Deletes pending effects if the setting for their action changes.
    async fn delete_effects(&mut self, before: &Mailbox, after: &ChangedMailbox<'_>) -> Result<(), StoreError> {
        if after.settings.after_import == before.after_import {
            return Ok(());
        }
        let statement = self.sql(
            r"-- delete the effects of a mailbox
            DELETE FROM effect WHERE epoch_id IN (
                SELECT e.id FROM epoch e JOIN folder f ON f.id = e.folder_id WHERE f.mailbox_id = $1)",
        );
        statement.bind(before.id).run().await?;
        Ok(())
    }

    /// Reopens mail that was too large if the limit is raised.
    async fn reopen_too_large(&mut self, before: &Mailbox, changes: &Changes) -> Result<(), StoreError> {
        let Some(size) = changes.settings.max_size.filter(|size| *size > before.max_size) else { return Ok(()) };
        let statement = self.sql(
            r"-- reopen mail that was too large
            UPDATE ledger SET state = 'pending'
            WHERE state = 'quarantined' AND size > $2 AND size <= $3 AND epoch_id IN (
                SELECT e.id FROM epoch e JOIN folder f ON f.id = e.folder_id WHERE f.mailbox_id = $1)",
        );
        let signed = |size: u64| i64::try_from(size).unwrap_or(i64::MAX);
        statement.bind(before.id).bind(signed(before.max_size)).bind(signed(size)).run().await?;
        self.rewind_cursors(before.id).await
    }

    /// If the start changes, forgets which mails the old start skipped, so that the next poll decides about them again.
    async fn reset_start(&mut self, before: &Mailbox, after: &ChangedMailbox<'_>) -> Result<(), StoreError> {
        if after.settings.start == before.start {
            return Ok(());
        }
        let forget = self.sql(
            r"-- forget the mail that the start left out
            DELETE FROM ledger
            WHERE state = 'skipped' AND reason = $2 AND epoch_id IN (
                SELECT e.id FROM epoch e JOIN folder f ON f.id = e.folder_id WHERE f.mailbox_id = $1)",
        );
        forget.bind(before.id).bind(Reason::BeforeStart.stored()).run().await?;
        let decide = self.sql(
            r"-- reset the start
            UPDATE epoch SET start_decided = FALSE, cursor = 1, backlog_left = 0
            WHERE folder_id IN (SELECT id FROM folder WHERE mailbox_id = $1)",
        );
        decide.bind(before.id).run().await?;
        Ok(())
    }
}
