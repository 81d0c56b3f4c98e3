//! Mailboxes: whom we log in to, and what we are told to do there.

mod account;
mod change;

use std::ops::Deref;
use std::time::Duration;

use secrecy::SecretString;

use super::grant::GrantKey;
use super::{Conflict, LinkClaim, Reader, Store, StoreError, Thing, Tx};
use crate::address::Address;
use crate::clock::Timestamp;
use crate::mailbox::{Settings, SettingsChange, TlsMode};
use crate::vault::Vault;

/// How to reach a mailbox's server, and whom to trust there.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Server {
    /// Host name or address.
    pub host: String,
    /// TCP port.
    #[sqlx(try_from = "i64")]
    pub port: u16,
    /// How the connection is protected.
    #[sqlx(try_from = "String")]
    pub tls: TlsMode,
    /// Trust these authorities (PEM) and no others.
    pub ca_pem: Option<String>,
    /// Trust this certificate (SHA-256, hexadecimal) and no other.
    pub pin_sha256: Option<String>,
}

impl Server {
    /// A server on its usual port, trusted as everybody trusts it.
    pub fn usual(host: String, tls: TlsMode) -> Self {
        Self { host, port: tls.default_port(), tls, ca_pem: None, pin_sha256: None }
    }

    /// Whether a connection to it leaves this machine.
    pub fn is_this_machine(&self) -> bool {
        let address: Option<std::net::IpAddr> = self.host.trim_matches(['[', ']']).parse().ok();
        self.host.eq_ignore_ascii_case("localhost") || address.is_some_and(|address| address.is_loopback())
    }

    /// Whether a change to this could have another server, or somebody on the way, told the password: it is another host or port, is
    /// trusted by other evidence, or is protected less. A customer entrusted the password to the server as it was.
    pub fn is_told_to_others(&self, after: &Self) -> bool {
        !self.host.eq_ignore_ascii_case(&after.host)
            || self.port != after.port
            || self.ca_pem != after.ca_pem
            || self.pin_sha256 != after.pin_sha256
            || after.tls.protects() < self.tls.protects()
    }

    /// Whether it is trusted by a certificate or authorities of its own, in place of those that everybody trusts.
    pub fn has_own_trust(&self) -> bool {
        self.ca_pem.is_some() || self.pin_sha256.is_some()
    }
}

/// What a mailbox is opened with.
#[derive(Debug, Clone)]
pub enum Login {
    /// A password, sealed; none before it is given, after its key was lost, and after it was forgotten.
    Password(Option<Vec<u8>>),
    /// An access token of this grant.
    OAuth {
        /// The grant's row.
        grant_id: i64,
        /// Which it is.
        key: GrantKey,
    },
}

impl Login {
    /// Whether a mailbox that is told to be opened so would be opened by the same consent as before.
    pub fn is_lock_consent(&self, new: &NewLogin) -> bool {
        matches!((self, new), (Self::OAuth { key, .. }, NewLogin::OAuth(new)) if key == new)
    }

    /// Whether anything was given yet to open the mailbox with.
    pub fn is_given(&self) -> bool {
        !matches!(self, Self::Password(None))
    }
}

/// What a mailbox is to be opened with.
#[derive(Debug)]
pub enum NewLogin {
    /// A password.
    Password(SecretString),
    /// An access token of this grant.
    OAuth(GrantKey),
    /// Nothing yet: what it was opened with before is forgotten.
    ToCome,
}

/// A mailbox as it was told to be.
#[derive(Debug, Clone)]
pub struct Mailbox {
    /// Its row.
    pub id: i64,
    /// The customer's address.
    pub address: String,
    /// The inbox that it feeds.
    pub inbox: String,
    /// That inbox's row.
    pub inbox_id: i64,
    /// Whose it is.
    pub organisation_id: i64,
    /// Its server.
    pub server: Server,
    /// The login name.
    pub username: String,
    /// What we log in with.
    pub login: Login,
    /// Its server has accepted this login name with this password or consent.
    pub login_proven: bool,
    /// The consent that it is opened with was not given for this login name.
    pub asks_consent: bool,
    /// Which mail is wanted, how often, and what happens to the customer's copy.
    pub settings: Settings,
    /// Not polled while set.
    pub paused: bool,
    /// It is being set up on the page and was not started yet; it is paused as long.
    pub setup: bool,
    /// When it was added, or started.
    pub added_at: Timestamp,
    /// When a copy of the customer's was last changed.
    pub copy_changed_at: Option<Timestamp>,
    /// A day, in days since 1970 UTC, and the bytes of mail that were fetched on it.
    pub fetched: (i64, i64),
    /// How its polls went.
    pub status: MailboxStatus,
}

impl Deref for Mailbox {
    type Target = Settings;

    fn deref(&self) -> &Settings {
        &self.settings
    }
}

impl Mailbox {
    /// Until when the server has told us to stay away, if that lies ahead.
    pub fn held_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.status.hold_until.map(Timestamp).filter(|until| *until > now)
    }

    /// Bytes of mail that were fetched on the day of this moment.
    pub fn bytes_on(&self, now: Timestamp) -> u64 {
        let (day, bytes) = self.fetched;
        if day == now.day() { u64::try_from(bytes).unwrap_or(0) } else { 0 }
    }

    /// The time between two polls.
    pub fn interval(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.interval_ms).unwrap_or(0))
    }
}

/// How a mailbox's polls went.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct MailboxStatus {
    /// When it is looked at next; `None`: a person must act first.
    pub next_poll_at: Option<i64>,
    /// The server told us to stay away until then.
    pub hold_until: Option<i64>,
    /// Failed polls in a row.
    pub failures: i64,
    /// Since when they fail.
    pub failing_since: Option<i64>,
    /// The last poll, however it ended.
    pub last_attempt_at: Option<i64>,
    /// The last poll that saw every folder.
    pub last_success_at: Option<i64>,
    /// What the last poll failed with, as JSON.
    pub last_error: Option<String>,
    /// What is broken, where the last poll failed.
    pub error_blame: Option<String>,
}

/// What a new mailbox is made of.
#[derive(Debug)]
pub struct NewMailbox {
    /// The customer's address.
    pub address: Address,
    /// The inbox that it feeds.
    pub inbox: Address,
    /// Its server.
    pub server: Server,
    /// The login name.
    pub username: String,
    /// What it is opened with; `None`: that is still to come.
    pub login: Option<NewLogin>,
    /// A consent that is there already does not open it: one is to be given for it.
    pub asks_consent: bool,
    /// It is not polled before it is started.
    pub setup: bool,
    /// Which mail is wanted, how often, and what happens to the customer's copy.
    pub settings: Settings,
}

/// What is to change; `None` leaves it.
#[derive(Debug, Default)]
pub struct Changes {
    pub inbox: Option<Address>,
    pub server: Option<Server>,
    pub username: Option<String>,
    pub login: Option<NewLogin>,
    /// The server and the login name that the login was given for: if they are others by now, nothing is changed.
    pub given_for: Option<(Server, String)>,
    /// What it is opened with is told to another server too; else it is forgotten where the server changes, since it was given for
    /// the one before.
    pub login_goes_along: bool,
    /// Whether a consent is still to be given for it, or has just been given; `None`: as before.
    pub asks_consent: Option<bool>,
    /// The link that the change is made by. It is used up together with the change, or there is no change.
    pub by_link: Option<LinkClaim>,
    pub settings: SettingsChange,
}

impl From<SettingsChange> for Changes {
    fn from(settings: SettingsChange) -> Self {
        Self { settings, ..Self::default() }
    }
}

/// The name under which a mailbox's password is sealed.
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
    asks_consent: bool,
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
        let key = GrantKey::read(self.grant_provider, self.grant_kind, self.grant_identity)?;
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
            asks_consent: self.asks_consent,
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
    /// Adds a mailbox, and returns its row; its password is sealed before it is written.
    ///
    /// # Errors
    /// [`Conflict::MailboxThere`], [`Conflict::ToAndFro`]; the inbox is missing.
    pub async fn add_mailbox(&mut self, new: &NewMailbox, vault: &Vault, now: Timestamp) -> Result<i64, StoreError> {
        let inbox = self.inbox(&new.inbox).await?;
        self.not_to_and_fro(&account::Moving {
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
            // The record is bound to its row, whose number is known only now.
            Some(NewLogin::Password(password)) => {
                let sealed = vault.seal(&password_row(id), password)?;
                self.set_password_sealed(id, Some(sealed)).await?;
            }
            Some(NewLogin::OAuth(key)) => {
                let grant = self.grant_row(key, inbox.organisation_id).await?;
                self.set_grant(id, Some(grant)).await?;
            }
            Some(NewLogin::ToCome) | None => {}
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
            .bind(new.asks_consent)
            .value()
            .await;
        added.map_err(|error| StoreError::taken(error, || Conflict::MailboxThere(new.address.to_string())))
    }

    /// Writes the plain settings of a mailbox.
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

    /// Watches these folders, in their order, beside those that are watched.
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

    /// Starts a mailbox that was set up: "now" is from this moment on. Tells whether it was waiting for that.
    pub async fn start_mailbox(&mut self, id: i64, now: Timestamp) -> Result<bool, StoreError> {
        let statement = self.sql(
            r"-- start a mailbox
            UPDATE mailbox SET setup = FALSE, paused = FALSE, added_at = $2, next_poll_at = $2 WHERE id = $1 AND setup",
        );
        Ok(statement.bind(id).bind(now).run().await? == 1)
    }

    /// Pauses or resumes polling. A poll under way loses its lease.
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

    /// Removes a mailbox with its password and its ledger, and its grant if no other mailbox is opened with it. Imported mail stays in its inbox.
    pub async fn remove_mailbox(&mut self, id: i64) -> Result<(), StoreError> {
        let statement = self.sql(
            r"-- remove a mailbox
            DELETE FROM mailbox WHERE id = $1",
        );
        statement.bind(id).run().await?;
        self.drop_unused_grants().await
    }

    /// Has a mailbox looked at now, unless its server told us to stay away or a failed login has it wait: asking more often then
    /// locks accounts. Tells whether it is.
    pub async fn poll_soon(&mut self, id: i64, now: Timestamp) -> Result<bool, StoreError> {
        let statement = self.sql(
            r"-- poll a mailbox soon
            UPDATE mailbox SET next_poll_at = $2
            WHERE id = $1 AND NOT paused AND failures = 0 AND (hold_until IS NULL OR hold_until <= $2)",
        );
        Ok(statement.bind(id).bind(now).run().await? == 1)
    }

    /// Somebody has consented for this login name of a mailbox. It is polled at once where it had waited for that.
    pub async fn consented(&mut self, id: i64, username: &str, now: Timestamp) -> Result<(), StoreError> {
        let statement = self.sql(
            r"-- somebody has consented for a mailbox
            UPDATE mailbox SET asks_consent = FALSE, failures = 0, next_poll_at = $3
            WHERE id = $1 AND username = $2 AND asks_consent",
        );
        statement.bind(id).bind(username).bind(now).run().await?;
        Ok(())
    }
}

impl Reader {
    /// One mailbox.
    ///
    /// # Errors
    /// [`Thing::Mailbox`] is missing.
    pub async fn mailbox(&mut self, address: &Address) -> Result<Mailbox, StoreError> {
        let statement = self.sql(
            r"-- mailbox by address
            {mailbox} WHERE m.address = $1",
        );
        let row: Option<Row> = statement.bind(address.as_str()).first().await?;
        let row = row.ok_or_else(|| Thing::Mailbox(address.to_string()).missing())?;
        self.with_folders(row).await
    }

    /// One mailbox by its row.
    ///
    /// # Errors
    /// [`Thing::MailboxOfRow`] is missing.
    pub async fn mailbox_of_row(&mut self, id: i64) -> Result<Mailbox, StoreError> {
        let statement = self.sql(
            r"-- mailbox by row
            {mailbox} WHERE m.id = $1",
        );
        let row: Option<Row> = statement.bind(id).first().await?;
        let row = row.ok_or_else(|| Thing::MailboxOfRow.missing())?;
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
    /// One mailbox.
    pub async fn mailbox(&self, address: &Address) -> Result<Mailbox, StoreError> {
        self.read().await?.mailbox(address).await
    }

    /// One mailbox by its row.
    pub async fn mailbox_of_row(&self, id: i64) -> Result<Mailbox, StoreError> {
        self.read().await?.mailbox_of_row(id).await
    }

    /// All mailboxes by address.
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

    /// Has a mailbox looked at now; see [`Tx::poll_soon`].
    pub async fn poll_soon(&self, id: i64, now: Timestamp) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let is_soon = tx.poll_soon(id, now).await?;
        tx.commit().await?;
        Ok(is_soon)
    }

    /// Writes down whether the server has accepted what this mailbox was just opened with, unless that is another by now.
    pub async fn prove_login(&self, mailbox: &Mailbox, proven: bool) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        match &mailbox.login {
            Login::Password(Some(sealed)) => {
                let statement = tx.sql(
                    r"-- prove a password
                    UPDATE mailbox SET login_proven = $2
                    WHERE id = $1 AND host = $3 AND username = $4 AND password_sealed = $5",
                );
                let statement = statement.bind(mailbox.id).bind(proven).bind(&mailbox.server.host);
                statement.bind(&mailbox.username).bind(sealed).run().await?;
            }
            Login::OAuth { grant_id, .. } => {
                let statement = tx.sql(
                    r"-- prove a grant
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
