//! Mailboxes: account, server, login and settings.

mod account;
mod change;

use std::ops::Deref;
use std::time::Duration;

use secrecy::SecretString;

use super::grant::GrantKey;
use super::{Conflict, LinkClaim, Reader, Resource, Store, StoreError, Tx};
use crate::address::Address;
use crate::clock::Timestamp;
use crate::mailbox::{Settings, SettingsChange, TlsMode};
use crate::vault::Vault;

/// The server of a mailbox, with the certificates that are trusted there.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Server {
    /// Host name or IP address.
    pub host: String,
    /// TCP port.
    #[sqlx(try_from = "i64")]
    pub port: u16,
    #[sqlx(try_from = "String")]
    pub tls: TlsMode,
    /// The certificate authorities (PEM) that are trusted instead of the usual ones.
    pub ca_pem: Option<String>,
    /// The SHA-256 (hexadecimal) of the only certificate that is trusted.
    pub pin_sha256: Option<String>,
}

impl Server {
    /// A server on its default port, trusted by the usual certificate authorities.
    pub fn on_default_port(host: String, tls: TlsMode) -> Self {
        Self { host, port: tls.default_port(), tls, ca_pem: None, pin_sha256: None }
    }

    /// Whether the server runs on this machine, so that connections to it stay on the machine.
    pub fn is_this_machine(&self) -> bool {
        let address: Option<std::net::IpAddr> = self.host.trim_matches(['[', ']']).parse().ok();
        self.host.eq_ignore_ascii_case("localhost") || address.is_some_and(|address| address.is_loopback())
    }

    /// Whether a change to `after` could disclose the password to another server or to an eavesdropper: another host or
    /// port, another trust setting, or weaker encryption. The customer gave the password for the server as it was.
    pub fn needs_new_credentials(&self, after: &Self) -> bool {
        !self.host.eq_ignore_ascii_case(&after.host)
            || self.port != after.port
            || self.ca_pem != after.ca_pem
            || self.pin_sha256 != after.pin_sha256
            || after.tls.protection() < self.tls.protection()
    }

    /// Whether a certificate or authorities are set that are trusted instead of the usual authorities.
    pub fn has_own_trust(&self) -> bool {
        self.ca_pem.is_some() || self.pin_sha256.is_some()
    }
}

/// The stored credentials of a mailbox.
#[derive(Debug, Clone)]
pub enum Login {
    /// The sealed password; `None` before it is set, after the key that sealed it was lost, and after it was deleted.
    Password(Option<Vec<u8>>),
    /// An access token of a grant.
    OAuth { grant_id: i64, key: GrantKey },
}

impl Login {
    /// Whether a mailbox with the new login would use the same consent as with this login.
    pub fn uses_consent(&self, new: &NewLogin) -> bool {
        matches!((self, new), (Self::OAuth { key, .. }, NewLogin::OAuth(new)) if key == new)
    }

    /// Whether any credentials are set. A grant counts, even if its consent has not been given yet.
    pub fn is_set(&self) -> bool {
        !matches!(self, Self::Password(None))
    }
}

/// New credentials for a mailbox.
#[derive(Debug)]
pub enum NewLogin {
    Password(SecretString),
    /// An access token of this grant.
    OAuth(GrantKey),
    /// No credentials for now: the previous ones are deleted.
    Unset,
}

/// A mailbox with its configuration and status.
#[derive(Debug, Clone)]
pub struct Mailbox {
    pub id: i64,
    pub address: String,
    /// The inbox that the mailbox feeds.
    pub inbox: String,
    pub inbox_id: i64,
    pub organisation_id: i64,
    pub server: Server,
    pub username: String,
    pub login: Login,
    /// Whether the server has accepted the current login name with the current password or consent.
    pub login_proven: bool,
    /// Whether a new consent is needed, because the current one was not given for this login name.
    pub needs_consent: bool,
    /// Start, interval, folders and effect.
    pub settings: Settings,
    /// Whether the mailbox is paused, and therefore not polled.
    pub paused: bool,
    /// Whether the mailbox is still in setup on the pages and has not been started yet. Until then it is paused too.
    pub setup: bool,
    /// When the mailbox was added or started.
    pub added_at: Timestamp,
    /// When one of the customer's copies was last changed.
    pub copy_changed_at: Option<Timestamp>,
    /// A day, in days since 1970 UTC, and the bytes of mail fetched on that day.
    pub fetched: (i64, i64),
    pub status: MailboxStatus,
}

impl Deref for Mailbox {
    type Target = Settings;

    fn deref(&self) -> &Settings {
        &self.settings
    }
}

impl Mailbox {
    /// The end of the hold, if it is in the future.
    pub fn active_hold(&self, now: Timestamp) -> Option<Timestamp> {
        self.status.hold_until.map(Timestamp).filter(|until| *until > now)
    }

    /// Bytes of mail fetched on the day of `now`.
    pub fn bytes_on(&self, now: Timestamp) -> u64 {
        let (day, bytes) = self.fetched;
        if day == now.day() { u64::try_from(bytes).unwrap_or(0) } else { 0 }
    }

    pub fn interval(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.interval_ms).unwrap_or(0))
    }
}

/// The outcome of a mailbox's polls.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct MailboxStatus {
    /// Time of the next poll; `None`: no poll until a person has acted.
    pub next_poll_at: Option<i64>,
    /// The end of the hold: the server asked us not to connect before this time.
    pub hold_until: Option<i64>,
    /// Failed polls in a row.
    pub failures: i64,
    /// Time of the first of these failures.
    pub failing_since: Option<i64>,
    /// The last poll, successful or not.
    pub last_attempt_at: Option<i64>,
    /// The last poll that read every folder to its end.
    pub last_success_at: Option<i64>,
    /// The error of the last poll, as JSON.
    pub last_error: Option<String>,
    /// The part that the last error is attributed to, such as the mailbox or its host.
    pub error_blame: Option<String>,
}

/// A mailbox to be added.
#[derive(Debug)]
pub struct NewMailbox {
    pub address: Address,
    /// The inbox that the mailbox feeds.
    pub inbox: Address,
    pub server: Server,
    pub username: String,
    /// The login; `None`: it is set later.
    pub login: Option<NewLogin>,
    /// Whether a new consent is needed instead of an existing one.
    pub needs_consent: bool,
    /// Whether the mailbox is in setup, so that it is not polled before it is started.
    pub setup: bool,
    /// Start, interval, folders and effect.
    pub settings: Settings,
}

/// Changes to a mailbox; `None` keeps a value.
#[derive(Debug, Default)]
pub struct Changes {
    pub inbox: Option<Address>,
    pub server: Option<Server>,
    pub username: Option<String>,
    pub login: Option<NewLogin>,
    /// The server and login name that the new login is meant for. The change fails if the mailbox no longer has them.
    pub expected_account: Option<(Server, String)>,
    /// Whether the current login is kept although the server changes. Otherwise a server change deletes it, since it
    /// was given for the previous server.
    pub keeps_login: bool,
    /// Whether a new consent is needed; `None`: as before.
    pub needs_consent: Option<bool>,
    /// The link that authorises the change. It is used up in the same transaction.
    pub by_link: Option<LinkClaim>,
    pub settings: SettingsChange,
}

impl From<SettingsChange> for Changes {
    fn from(settings: SettingsChange) -> Self {
        Self { settings, ..Self::default() }
    }
}

/// The record name under which a mailbox's password is sealed.
pub fn password_row(mailbox_id: i64) -> String {
    format!("mailbox/{mailbox_id}/password")
}

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    address: String,
    inbox: String,
    inbox_id: i64,
    organisation_id: i64,
    #[sqlx(flatten)]
    server: Server,
    username: String,
    password_sealed: Option<Vec<u8>>,
    login_proven: bool,
    #[sqlx(rename = "asks_consent")]
    needs_consent: bool,
    grant_id: Option<i64>,
    grant_provider: Option<String>,
    grant_kind: Option<String>,
    grant_identity: Option<String>,
    #[sqlx(flatten)]
    settings: Settings,
    paused: bool,
    setup: bool,
    added_at: Timestamp,
    copy_changed_at: Option<Timestamp>,
    day: i64,
    day_bytes: i64,
    #[sqlx(flatten)]
    status: MailboxStatus,
}

impl Row {
    fn into_mailbox(self, folders: Vec<String>, least_interval: Duration) -> Result<Mailbox, StoreError> {
        let interval = self.settings.interval_ms;
        let key = GrantKey::from_columns(self.grant_provider, self.grant_kind, self.grant_identity)?;
        Ok(Mailbox {
            id: self.id,
            address: self.address,
            inbox: self.inbox,
            inbox_id: self.inbox_id,
            organisation_id: self.organisation_id,
            server: self.server,
            username: self.username,
            login: match (self.grant_id, key) {
                (Some(grant_id), Some(key)) => Login::OAuth { grant_id, key },
                _ => Login::Password(self.password_sealed),
            },
            login_proven: self.login_proven,
            needs_consent: self.needs_consent,
            settings: Settings {
                folders,
                interval_ms: interval.max(i64::try_from(least_interval.as_millis()).unwrap_or(i64::MAX)),
                ..self.settings
            },
            paused: self.paused,
            setup: self.setup,
            added_at: self.added_at,
            copy_changed_at: self.copy_changed_at,
            fetched: (self.day, self.day_bytes),
            status: self.status,
        })
    }
}

impl Tx<'_> {
    /// Adds a mailbox and returns its row. The password is sealed before it is stored.
    ///
    /// # Errors
    /// [`Conflict::MailboxExists`], [`Conflict::ByOtherMailbox`]; the inbox is missing.
    pub async fn add_mailbox(&mut self, new: &NewMailbox, vault: &Vault, now: Timestamp) -> Result<i64, StoreError> {
        let inbox = self.inbox(&new.inbox).await?;
        self.check_move_loops(&account::AccountUse {
            id: None,
            organisation_id: inbox.organisation_id,
            host: &new.server.host,
            username: &new.username,
            folders: &new.settings.folders,
            after_import: &new.settings.after_import,
        })
        .await?;
        let id = self.insert_mailbox(new, inbox.id, now).await?;
        match &new.login {
            // The sealed record is bound to the row's number, which is known only now.
            Some(NewLogin::Password(password)) => {
                let sealed = vault.seal(&password_row(id), password)?;
                self.set_password_sealed(id, Some(sealed)).await?;
            }
            Some(NewLogin::OAuth(key)) => {
                let grant = self.grant_row(key, inbox.organisation_id).await?;
                self.set_grant(id, Some(grant)).await?;
            }
            Some(NewLogin::Unset) | None => {}
        }
        self.watch_folders(id, &new.settings.folders).await?;
        Ok(id)
    }

    async fn insert_mailbox(&mut self, new: &NewMailbox, inbox_id: i64, now: Timestamp) -> Result<i64, StoreError> {
        let statement = self.sql(
            r"-- add a mailbox
            INSERT INTO mailbox (address, inbox_id, host, port, tls, ca_pem, pin_sha256, username, start, after_import,
                interval_ms, max_size, added_at, next_poll_at, setup, paused, asks_consent)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13, $14, $14, $15) RETURNING id",
        );
        let added = statement
            .bind(new.address.as_str())
            .bind(inbox_id)
            .bind(&new.server.host)
            .bind(i64::from(new.server.port))
            .bind(new.server.tls.to_string())
            .bind(new.server.ca_pem.as_deref())
            .bind(new.server.pin_sha256.as_deref())
            .bind(&new.username)
            .bind(new.settings.start.to_string())
            .bind(new.settings.after_import.to_string())
            .bind(new.settings.interval_ms)
            .bind(i64::try_from(new.settings.max_size).unwrap_or(i64::MAX))
            .bind(now)
            .bind(new.setup)
            .bind(new.needs_consent)
            .value()
            .await;
        added.map_err(|error| {
            StoreError::on_unique_violation(error, || Conflict::MailboxExists(new.address.to_string()))
        })
    }

    async fn write_settings(&mut self, id: i64, settings: &Settings) -> Result<(), StoreError> {
        let statement = self.sql(
            r"-- write a mailbox's settings
            UPDATE mailbox SET start = $2, after_import = $3, interval_ms = $4, max_size = $5 WHERE id = $1",
        );
        let statement = statement.bind(id).bind(settings.start.to_string()).bind(settings.after_import.to_string());
        let max_size = i64::try_from(settings.max_size).unwrap_or(i64::MAX);
        statement.bind(settings.interval_ms).bind(max_size).run().await?;
        Ok(())
    }

    async fn set_password_sealed(&mut self, id: i64, sealed: Option<Vec<u8>>) -> Result<(), StoreError> {
        let statement = self.sql(
            r"-- set a mailbox's sealed password
            UPDATE mailbox SET password_sealed = $2 WHERE id = $1",
        );
        statement.bind(id).bind(sealed).run().await?;
        Ok(())
    }

    async fn set_grant(&mut self, id: i64, grant_id: Option<i64>) -> Result<(), StoreError> {
        let statement = self.sql(
            r"-- set a mailbox's grant
            UPDATE mailbox SET grant_id = $2 WHERE id = $1",
        );
        statement.bind(id).bind(grant_id).run().await?;
        Ok(())
    }

    /// Watches these folders in this order, in addition to those that are already watched.
    async fn watch_folders(&mut self, mailbox_id: i64, folders: &[String]) -> Result<(), StoreError> {
        for (position, name) in (0_i64..).zip(folders) {
            let statement = self.sql(
                r"-- watch a folder
                INSERT INTO folder (mailbox_id, name, position) VALUES ($1, $2, $3)
                ON CONFLICT (mailbox_id, name) DO UPDATE SET watched = TRUE, position = excluded.position",
            );
            statement.bind(mailbox_id).bind(name).bind(position).run().await?;
        }
        Ok(())
    }

    /// Starts a mailbox that is in setup: a start of "now" then means the time `now`. Returns whether the mailbox was
    /// in setup.
    pub async fn start_mailbox(&mut self, id: i64, now: Timestamp) -> Result<bool, StoreError> {
        let statement = self.sql(
            r"-- start a mailbox
            UPDATE mailbox SET setup = FALSE, paused = FALSE, added_at = $2, next_poll_at = $2 WHERE id = $1 AND setup",
        );
        Ok(statement.bind(id).bind(now).run().await? == 1)
    }

    /// Pauses or resumes polling. A running poll loses its lease.
    pub async fn pause_mailbox(&mut self, id: i64, paused: bool, now: Timestamp) -> Result<(), StoreError> {
        let statement = self.sql(
            r"-- pause or resume a mailbox
            UPDATE mailbox
            SET paused = $2, next_poll_at = $3, lease_token = NULL, lease_owner = NULL, lease_until = NULL
            WHERE id = $1",
        );
        statement.bind(id).bind(paused).bind(now).run().await?;
        Ok(())
    }

    /// Removes a mailbox with its password and its ledger, and with its grant unless another mailbox uses that.
    /// Imported mail stays in its inbox.
    pub async fn remove_mailbox(&mut self, id: i64) -> Result<(), StoreError> {
        let statement = self.sql(
            r"-- remove a mailbox
            DELETE FROM mailbox WHERE id = $1",
        );
        statement.bind(id).run().await?;
        self.delete_unused_grants().await
    }

    /// Schedules a poll now, unless the mailbox is paused, the server asked us to wait, or the last poll failed: more
    /// login attempts could lock the account. Returns whether the poll is scheduled.
    pub async fn poll_soon(&mut self, id: i64, now: Timestamp) -> Result<bool, StoreError> {
        let statement = self.sql(
            r"-- poll a mailbox soon
            UPDATE mailbox SET next_poll_at = $2
            WHERE id = $1 AND NOT paused AND failures = 0 AND (hold_until IS NULL OR hold_until <= $2)",
        );
        Ok(statement.bind(id).bind(now).run().await? == 1)
    }

    /// Stores that a consent was given for this login name of a mailbox. A mailbox that was waiting for the consent is
    /// polled at once.
    pub async fn record_consent(&mut self, id: i64, username: &str, now: Timestamp) -> Result<(), StoreError> {
        let statement = self.sql(
            r"-- store a consent for a mailbox
            UPDATE mailbox SET asks_consent = FALSE, failures = 0, next_poll_at = $3
            WHERE id = $1 AND username = $2 AND asks_consent",
        );
        statement.bind(id).bind(username).bind(now).run().await?;
        Ok(())
    }
}

impl Reader {
    /// # Errors
    /// [`Resource::Mailbox`] is missing.
    pub async fn mailbox(&mut self, address: &Address) -> Result<Mailbox, StoreError> {
        let statement = self.sql(
            r"-- mailbox by address
            {mailbox} WHERE m.address = $1",
        );
        let row: Option<Row> = statement.bind(address.as_str()).first().await?;
        let row = row.ok_or_else(|| Resource::Mailbox(address.to_string()).missing())?;
        self.with_folders(row).await
    }

    /// # Errors
    /// [`Resource::MailboxOfRow`] is missing.
    pub async fn mailbox_by_id(&mut self, id: i64) -> Result<Mailbox, StoreError> {
        let statement = self.sql(
            r"-- mailbox by id
            {mailbox} WHERE m.id = $1",
        );
        let row: Option<Row> = statement.bind(id).first().await?;
        let row = row.ok_or_else(|| Resource::MailboxOfRow.missing())?;
        self.with_folders(row).await
    }

    async fn with_folders(&mut self, row: Row) -> Result<Mailbox, StoreError> {
        let least_interval = self.least_interval();
        let statement = self.sql(
            r"-- folders of a mailbox
            SELECT name FROM folder WHERE mailbox_id = $1 AND watched ORDER BY position",
        );
        let folders = statement.bind(row.id).values().await?;
        row.into_mailbox(folders, least_interval)
    }
}

impl Store {
    pub async fn mailbox(&self, address: &Address) -> Result<Mailbox, StoreError> {
        self.read().await?.mailbox(address).await
    }

    pub async fn mailbox_by_id(&self, id: i64) -> Result<Mailbox, StoreError> {
        self.read().await?.mailbox_by_id(id).await
    }

    /// All mailboxes, by address.
    pub async fn mailboxes(&self) -> Result<Vec<Mailbox>, StoreError> {
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- all mailboxes
            {mailbox} ORDER BY m.address",
        );
        let rows: Vec<Row> = statement.all().await?;
        let statement = reader.sql(
            r"-- all watched folders
            SELECT mailbox_id, name FROM folder WHERE watched ORDER BY mailbox_id, position",
        );
        let folders: Vec<(i64, String)> = statement.all().await?;
        let mut by_mailbox = std::collections::BTreeMap::<i64, Vec<String>>::new();
        for (mailbox, name) in folders {
            by_mailbox.entry(mailbox).or_default().push(name);
        }
        rows.into_iter()
            .map(|row| {
                let folders = by_mailbox.remove(&row.id).unwrap_or_default();
                row.into_mailbox(folders, self.least_interval())
            })
            .collect()
    }

    /// Schedules a poll now; see [`Tx::poll_soon`].
    pub async fn poll_soon(&self, id: i64, now: Timestamp) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let is_scheduled = tx.poll_soon(id, now).await?;
        tx.commit().await?;
        Ok(is_scheduled)
    }

    /// Stores whether the server accepted the credentials of `mailbox`, unless they have changed since.
    pub async fn set_login_proven(&self, mailbox: &Mailbox, proven: bool) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        match &mailbox.login {
            Login::Password(Some(sealed)) => {
                let statement = tx.sql(
                    r"-- store whether a password works
                    UPDATE mailbox SET login_proven = $2
                    WHERE id = $1 AND host = $3 AND username = $4 AND password_sealed = $5",
                );
                let statement = statement.bind(mailbox.id).bind(proven).bind(&mailbox.server.host);
                statement.bind(&mailbox.username).bind(sealed).run().await?;
            }
            Login::OAuth { grant_id, .. } => {
                let statement = tx.sql(
                    r"-- store whether a grant works
                    UPDATE mailbox SET login_proven = $2
                    WHERE id = $1 AND host = $3 AND username = $4 AND grant_id = $5",
                );
                let statement = statement.bind(mailbox.id).bind(proven).bind(&mailbox.server.host);
                statement.bind(&mailbox.username).bind(*grant_id).run().await?;
            }
            Login::Password(None) => return Ok(()),
        }
        tx.commit().await
    }
}
