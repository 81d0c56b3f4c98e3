//! Delivery targets: the servers and webhooks that take the mail of inboxes, and their lanes. A lane is the queue of
//! one inbox towards one target.

use super::{Mailbox, Reader, Resource, Scope, Store, StoreError, Tx};
use crate::clock::Timestamp;
use crate::fact::{Conflict, DeliveryProblem, StoredFact, to_json};
use crate::target::{TargetKind, WebhookFormat, WhenUnknown};
use crate::vault::Vault;
use secrecy::SecretString;

/// A delivery target.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct DeliveryTarget {
    pub id: i64,
    /// The inbox of the target; `None`: the target in the configuration, which serves every inbox without a target of
    /// its own.
    pub inbox_id: Option<i64>,
    /// The address of that inbox.
    pub inbox: Option<String>,
    /// The organisation of that inbox.
    pub organisation_id: Option<i64>,
    /// The URL, in the form that [`TargetUrl`](crate::target::TargetUrl) writes.
    pub url: String,
    /// The envelope recipient; `None`: the inbox's own address.
    pub recipient: Option<String>,
    /// The body of a webhook's requests; empty for other kinds.
    pub format: Option<String>,
    /// The login name of SMTP or HTTP Basic.
    pub username: Option<String>,
    /// The password or signing secret, sealed.
    pub secret_sealed: Option<Vec<u8>>,
    /// The secret from before the last rotation, sealed.
    pub old_secret_sealed: Option<Vec<u8>>,
    /// The time until which requests are also signed with the old secret.
    pub old_secret_until: Option<Timestamp>,
    /// The certificate authorities to trust; `None`: the system's.
    pub ca_pem: Option<String>,
    /// Maximum number of connections at once.
    pub concurrency: i64,
    /// The IMAP server of the recipient's mailbox, in which a mail is searched for if the answer to its delivery was lost.
    pub look_in: Option<String>,
    /// The login name at that server.
    pub look_username: Option<String>,
    pub look_password_sealed: Option<Vec<u8>>,
    #[sqlx(try_from = "String")]
    pub when_unknown: WhenUnknown,
    /// Whether lone CR and LF may be turned into CRLF if the target cannot take the mail otherwise.
    pub repair_line_ends: bool,
    /// Whether the built-in store deletes the bytes of a mail some time after it was delivered.
    pub only_target: bool,
    /// Maximum number of mails of one inbox per minute; `None`: no limit.
    pub rate: Option<i64>,
    /// Whether the target is in use: false if the configuration no longer names it.
    pub in_use: bool,
    pub paused: bool,
    pub created_at: Timestamp,
    /// The number of consecutive failures of the target itself.
    pub failures: i64,
    pub failing_since: Option<Timestamp>,
    /// When a failing target is tried again.
    pub retry_at: Option<Timestamp>,
    /// Why the target last failed.
    pub problem: Option<StoredFact<DeliveryProblem>>,
    pub last_delivered_at: Option<Timestamp>,
}

impl DeliveryTarget {
    /// The protocol.
    pub fn kind(&self) -> TargetKind {
        TargetKind::of_url(&self.url)
    }

    /// The body of a webhook's requests.
    pub fn webhook_format(&self) -> WebhookFormat {
        match self.format.as_deref() {
            Some("raw") => WebhookFormat::Raw,
            _ => WebhookFormat::Json,
        }
    }

    /// Opens the password or signing secret.
    pub fn secret(&self, vault: &Vault) -> Result<Option<SecretString>, StoreError> {
        let record = self.secret_sealed.as_deref();
        Ok(record.map(|record| vault.open(&target_secret_row(self.id), record)).transpose()?)
    }

    /// Opens the password of the recipient's mailbox.
    pub fn look_password(&self, vault: &Vault) -> Result<Option<SecretString>, StoreError> {
        let record = self.look_password_sealed.as_deref();
        Ok(record.map(|record| vault.open(&target_look_password_row(self.id), record)).transpose()?)
    }

    /// The rule for a delivery whose answer has just been lost. If the recipient's mailbox can be searched, the
    /// delivery is not held: the next attempt searches the mailbox first.
    pub fn rule_for_lost_answer(&self) -> WhenUnknown {
        if self.look_in.is_some() { WhenUnknown::Repeat } else { self.when_unknown }
    }

    /// Opens the secret from before the last rotation, if requests are still signed with it.
    pub fn old_secret(&self, vault: &Vault, now: Timestamp) -> Result<Option<SecretString>, StoreError> {
        let is_valid = self.old_secret_until.is_some_and(|until| until > now);
        let record = self.old_secret_sealed.as_deref().filter(|_| is_valid);
        Ok(record.map(|record| vault.open(&target_old_secret_row(self.id), record)).transpose()?)
    }
}

/// The record name under which the secret of a target is sealed.
pub fn target_secret_row(id: i64) -> String {
    format!("delivery_target/{id}/secret")
}

/// The record name under which the secret from before the last rotation is sealed.
pub fn target_old_secret_row(id: i64) -> String {
    format!("delivery_target/{id}/old_secret")
}

/// The record name under which the password of the recipient's mailbox is sealed.
pub fn target_look_password_row(id: i64) -> String {
    format!("delivery_target/{id}/look_password")
}

/// The settings of a target, as entered by a person or set in the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetSettings {
    pub url: String,
    pub recipient: Option<String>,
    pub format: Option<WebhookFormat>,
    pub username: Option<String>,
    pub ca_pem: Option<String>,
    pub concurrency: i64,
    pub look_in: Option<String>,
    pub look_username: Option<String>,
    pub when_unknown: WhenUnknown,
    pub repair_line_ends: bool,
    pub only_target: bool,
    pub rate: Option<i64>,
}

#[cfg(test)]
impl TargetSettings {
    /// The default settings for a mail server with this URL.
    pub fn smtp(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            recipient: None,
            format: None,
            username: None,
            ca_pem: None,
            concurrency: 1,
            look_in: None,
            look_username: None,
            when_unknown: WhenUnknown::Repeat,
            repair_line_ends: false,
            only_target: false,
            rate: None,
        }
    }
}

impl DeliveryTarget {
    pub fn settings(&self) -> TargetSettings {
        TargetSettings {
            url: self.url.clone(),
            recipient: self.recipient.clone(),
            format: (self.kind() == TargetKind::Webhook).then(|| self.webhook_format()),
            username: self.username.clone(),
            ca_pem: self.ca_pem.clone(),
            concurrency: self.concurrency,
            look_in: self.look_in.clone(),
            look_username: self.look_username.clone(),
            when_unknown: self.when_unknown,
            repair_line_ends: self.repair_line_ends,
            only_target: self.only_target,
            rate: self.rate,
        }
    }
}

impl TargetSettings {
    /// The protocol.
    pub fn kind(&self) -> TargetKind {
        TargetKind::of_url(&self.url)
    }
}

/// The number of a target's deliveries, by state.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, sqlx::FromRow, serde::Serialize, utoipa::ToSchema)]
#[schema(as = DeliveryCounts)]
pub struct DeliveryCounts {
    /// Deliveries that wait for their turn or for a retry.
    pub waiting: i64,
    /// Deliveries that are held until a person decides.
    pub held: i64,
    /// Deliveries that were made; their record is deleted after some time.
    pub delivered: i64,
}

impl Tx<'_> {
    /// Adds a target. New mail is queued for it from now on.
    pub async fn add_delivery_target(
        &mut self,
        inbox_id: Option<i64>,
        settings: &TargetSettings,
        now: Timestamp,
    ) -> Result<i64, StoreError> {
        let statement = self.sql(
            r"-- add a delivery target
            INSERT INTO delivery_target (inbox_id, created_at, url, recipient, format, username, ca_pem, concurrency,
                when_unknown, repair_line_ends, only_target, rate, look_in, look_username)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) RETURNING id",
        );
        let id = bind_settings(statement.bind(inbox_id).bind(now), settings).value().await?;
        self.open_lanes(inbox_id).await?;
        Ok(id)
    }

    /// Changes the settings of a target and has it tried again at once.
    pub async fn change_delivery_target(&mut self, id: i64, settings: &TargetSettings) -> Result<(), StoreError> {
        let statement = self.sql(
            r"-- change a delivery target
            UPDATE delivery_target SET url = $2, recipient = $3, format = $4, username = $5, ca_pem = $6, concurrency = $7,
                when_unknown = $8, repair_line_ends = $9, only_target = $10, rate = $11, look_in = $12,
                look_username = $13, retry_at = NULL
            WHERE id = $1",
        );
        bind_settings(statement.bind(id), settings).run().await?;
        let unpace = self.sql(
            r"-- forget the pace of a delivery target
            UPDATE delivery_lane SET not_before = NULL WHERE target_id = $1",
        );
        unpace.bind(id).run().await?;
        Ok(())
    }

    /// Stores the sealed secret of a target. Requests are also signed with the `old` secret, if any, until the time
    /// given with it.
    pub async fn set_target_secret(
        &mut self,
        id: i64,
        sealed: Option<Vec<u8>>,
        old: Option<(Vec<u8>, Timestamp)>,
    ) -> Result<(), StoreError> {
        let (old_sealed, old_until) = old.unzip();
        let statement = self.sql(
            r"-- set the secret of a delivery target
            UPDATE delivery_target
            SET secret_sealed = $2, old_secret_sealed = $3, old_secret_until = $4, retry_at = NULL
            WHERE id = $1",
        );
        statement.bind(id).bind(sealed).bind(old_sealed).bind(old_until).run().await?;
        Ok(())
    }

    /// Stores the sealed password of the recipient's mailbox.
    pub async fn set_look_password(&mut self, id: i64, sealed: Option<Vec<u8>>) -> Result<(), StoreError> {
        let statement = self.sql(
            r"-- set the password of a delivery target's mailbox
            UPDATE delivery_target SET look_password_sealed = $2 WHERE id = $1",
        );
        statement.bind(id).bind(sealed).run().await?;
        Ok(())
    }

    /// Pauses a target, or resumes it and has it tried again at once.
    pub async fn pause_delivery_target(&mut self, id: i64, paused: bool) -> Result<(), StoreError> {
        let statement = self.sql(
            r"-- pause or resume a delivery target
            UPDATE delivery_target SET paused = $2, retry_at = NULL WHERE id = $1",
        );
        statement.bind(id).bind(paused).run().await?;
        Ok(())
    }

    /// Removes a target and its deliveries. If deliveries wait or are held, `with_undelivered` is required.
    ///
    /// # Errors
    /// [`Conflict::TargetHoldsMail`]: deliveries wait or are held, and `with_undelivered` is false.
    pub async fn remove_delivery_target(
        &mut self,
        target: &DeliveryTarget,
        with_undelivered: bool,
    ) -> Result<(), StoreError> {
        let counts = self.delivery_counts(target.id).await?;
        let undelivered = counts.waiting + counts.held;
        if undelivered > 0 && !with_undelivered {
            return Err(Conflict::TargetHoldsMail { target: target.id, messages: undelivered }.into());
        }
        let statement = self.sql(
            r"-- remove a delivery target
            DELETE FROM delivery_target WHERE id = $1",
        );
        statement.bind(target.id).run().await?;
        self.open_lanes(target.inbox_id).await
    }

    /// Creates the missing lanes of one inbox, or of all inboxes, and decides which lanes accept new mail: those of the
    /// inbox's own targets or, if it has none, the lane of the target in the configuration.
    pub(super) async fn open_lanes(&mut self, inbox_id: Option<i64>) -> Result<(), StoreError> {
        let missing = self.sql(
            r"-- create missing lanes
            INSERT INTO delivery_lane (target_id, inbox_id, accepts)
            SELECT t.id, i.id, FALSE
            FROM delivery_target t JOIN inbox i ON t.inbox_id = i.id OR t.inbox_id IS NULL
            WHERE $1 IS NULL OR i.id = $1
            ON CONFLICT DO NOTHING",
        );
        missing.bind(inbox_id).run().await?;
        let accepting = self.sql(
            r"-- decide which lanes accept mail
            UPDATE delivery_lane SET accepts = EXISTS (
                SELECT 1 FROM delivery_target t
                WHERE t.id = delivery_lane.target_id AND (
                    t.inbox_id IS NOT NULL
                    OR (t.in_use AND NOT EXISTS (SELECT 1 FROM delivery_target o WHERE o.inbox_id = delivery_lane.inbox_id))
                )
            )
            WHERE $1 IS NULL OR inbox_id = $1",
        );
        accepting.bind(inbox_id).run().await?;
        Ok(())
    }

    /// Locks the row of a target for the rest of the transaction and returns the target.
    pub async fn lock_delivery_target(&mut self, id: i64) -> Result<DeliveryTarget, StoreError> {
        let statement = self.sql(
            r"-- lock a delivery target
            UPDATE delivery_target SET url = url WHERE id = $1",
        );
        statement.bind(id).run().await?;
        self.delivery_target(id).await
    }
}

/// Whether a recipient is this mailbox: it equals the mailbox's address or login name, or the mailbox's server is named
/// after the recipient's domain. The caller has compared the local part with the login name.
fn is_mailbox(recipient: &str, mailbox: &Mailbox) -> bool {
    let names = [&mailbox.address, &mailbox.username].map(|name| name.to_lowercase());
    let domain = recipient.rsplit_once('@').map_or("", |(_, domain)| domain);
    names.contains(&recipient.to_lowercase()) || is_host_of(&mailbox.server.host, domain)
}

/// Whether a host is this domain, or a name below it.
pub fn is_host_of(host: &str, domain: &str) -> bool {
    let (host, domain) = (host.to_lowercase(), domain.to_lowercase());
    host == domain || host.strip_suffix(&domain).is_some_and(|rest| rest.ends_with('.'))
}

fn bind_settings<'c>(
    statement: super::statement::Statement<'c>,
    settings: &TargetSettings,
) -> super::statement::Statement<'c> {
    statement
        .bind(settings.url.clone())
        .bind(settings.recipient.clone())
        .bind(settings.format.map(WebhookFormat::as_str))
        .bind(settings.username.clone())
        .bind(settings.ca_pem.clone())
        .bind(settings.concurrency)
        .bind(settings.when_unknown.as_str())
        .bind(settings.repair_line_ends)
        .bind(settings.only_target)
        .bind(settings.rate)
        .bind(settings.look_in.clone())
        .bind(settings.look_username.clone())
}

impl Reader {
    /// # Errors
    /// [`Resource::DeliveryTarget`] is missing.
    pub async fn delivery_target(&mut self, id: i64) -> Result<DeliveryTarget, StoreError> {
        let statement = self.sql(
            r"-- delivery target
            {delivery_target} WHERE t.id = $1",
        );
        let found = statement.bind(id).first().await?;
        found.ok_or_else(|| Resource::DeliveryTarget(id.to_string()).missing())
    }

    /// The targets within the scope, or only those of one inbox, ordered by number.
    pub async fn delivery_targets(
        &mut self,
        scope: Scope,
        inbox_id: Option<i64>,
    ) -> Result<Vec<DeliveryTarget>, StoreError> {
        let statement = self.sql(
            r"-- delivery targets
            {delivery_target}
            WHERE ($1 IS NULL OR i.organisation_id = $1) AND ($2 IS NULL OR t.inbox_id = $2)
            ORDER BY t.id",
        );
        Ok(statement.bind(scope.id()).bind(inbox_id).all().await?)
    }

    /// The target in the configuration, if there ever was one, even if it is no longer in use.
    pub async fn default_target(&mut self) -> Result<Option<DeliveryTarget>, StoreError> {
        let statement = self.sql(
            r"-- delivery target of the configuration
            {delivery_target} WHERE t.inbox_id IS NULL ORDER BY t.id LIMIT 1",
        );
        Ok(statement.first().await?)
    }

    /// Whether a mailbox of the organisation has this address or login name.
    pub async fn is_polled(&mut self, organisation_id: i64, address: &str) -> Result<bool, StoreError> {
        let statement = self.sql(
            r"-- whether an address is polled
            SELECT count(*) FROM mailbox m JOIN inbox i ON i.id = m.inbox_id
            WHERE i.organisation_id = $1 AND (lower(m.address) = lower($2) OR lower(m.username) = lower($2))",
        );
        let count: i64 = statement.bind(organisation_id).bind(address).value().await?;
        Ok(count > 0)
    }

    /// The servers of the organisation's mailboxes with this login name.
    pub async fn hosts_with_login(&mut self, organisation_id: i64, name: &str) -> Result<Vec<String>, StoreError> {
        let statement = self.sql(
            r"-- servers of mailboxes with a login name
            SELECT DISTINCT m.host FROM mailbox m JOIN inbox i ON i.id = m.inbox_id
            WHERE i.organisation_id = $1 AND lower(m.username) = lower($2) ORDER BY m.host",
        );
        Ok(statement.bind(organisation_id).bind(name).values().await?)
    }

    /// One of the recipients of the organisation's deliveries, if the mail for it comes back into this mailbox: it equals
    /// the mailbox's address or login name, or its local part is the login name and its domain is that of the mailbox's
    /// server.
    pub async fn matching_recipient(&mut self, mailbox: &Mailbox) -> Result<Option<String>, StoreError> {
        let statement = self.sql(
            r"-- recipients of deliveries that may be a mailbox
            SELECT DISTINCT coalesce(t.recipient, i.address)
            FROM delivery_lane l JOIN delivery_target t ON t.id = l.target_id JOIN inbox i ON i.id = l.inbox_id
            WHERE l.accepts AND i.organisation_id = $1 AND t.url NOT LIKE 'http%'
                AND (lower(coalesce(t.recipient, i.address)) IN (lower($2), lower($3))
                    OR lower(substr(coalesce(t.recipient, i.address), 1, length($3) + 1)) = lower($3) || '@')",
        );
        let statement = statement.bind(mailbox.organisation_id).bind(mailbox.address.clone());
        let found: Vec<String> = statement.bind(mailbox.username.clone()).values().await?;
        Ok(found.into_iter().find(|recipient| is_mailbox(recipient, mailbox)))
    }

    /// Counts the deliveries of a target.
    pub async fn delivery_counts(&mut self, target_id: i64) -> Result<DeliveryCounts, StoreError> {
        let statement = self.sql(
            r"-- count the deliveries of a target
            SELECT CAST(coalesce(sum(CASE WHEN d.state IN ('queued', 'maybe', 'sending', 'deferred') THEN 1 ELSE 0 END), 0)
                    AS BIGINT) AS waiting,
                CAST(coalesce(sum(CASE WHEN d.state = 'held' THEN 1 ELSE 0 END), 0) AS BIGINT) AS held,
                CAST(coalesce(sum(CASE WHEN d.state = 'delivered' THEN 1 ELSE 0 END), 0) AS BIGINT) AS delivered
            FROM delivery_lane l JOIN delivery d ON d.lane_id = l.id
            WHERE l.target_id = $1",
        );
        Ok(statement.bind(target_id).only().await?)
    }
}

impl Store {
    /// Sets the target of all inboxes without a target of their own; `None`: the mail of these inboxes stays in the
    /// built-in store only. Waiting deliveries go to the new target; without one, they keep waiting.
    pub async fn set_default_target(
        &self,
        settings: Option<&TargetSettings>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let existing = self.read().await?.default_target().await?;
        let is_same = match (&existing, settings) {
            (None, None) => true,
            (Some(existing), None) => !existing.in_use,
            (Some(existing), Some(settings)) => existing.in_use && existing.settings() == *settings,
            (None, Some(_)) => false,
        };
        if is_same {
            return Ok(());
        }
        let mut tx = self.begin().await?;
        match (tx.default_target().await?, settings) {
            (None, Some(settings)) => {
                tx.add_delivery_target(None, settings, now).await?;
            }
            (Some(existing), Some(settings)) => {
                tx.change_delivery_target(existing.id, settings).await?;
                tx.set_default_target_in_use(existing.id, true).await?;
            }
            (Some(existing), None) => tx.set_default_target_in_use(existing.id, false).await?,
            (None, None) => {}
        }
        tx.commit().await
    }
}

impl Tx<'_> {
    async fn set_default_target_in_use(&mut self, id: i64, in_use: bool) -> Result<(), StoreError> {
        let statement = self.sql(
            r"-- use the delivery target of the configuration, or stop using it
            UPDATE delivery_target SET in_use = $2 WHERE id = $1",
        );
        statement.bind(id).bind(in_use).run().await?;
        self.open_lanes(None).await
    }

    /// Stores that a target itself failed, and when it is tried again.
    pub(super) async fn target_failed(
        &mut self,
        id: i64,
        problem: &DeliveryProblem,
        (now, retry_at): (Timestamp, Timestamp),
    ) -> Result<(), StoreError> {
        let statement = self.sql(
            r"-- a delivery target failed
            UPDATE delivery_target
            SET failures = failures + 1, failing_since = coalesce(failing_since, $2), retry_at = $3, problem = $4
            WHERE id = $1",
        );
        statement.bind(id).bind(now).bind(retry_at).bind(to_json(problem)).run().await?;
        Ok(())
    }

    /// Stores that a target answered as it should.
    pub(super) async fn target_answered(&mut self, id: i64, delivered_at: Option<Timestamp>) -> Result<(), StoreError> {
        let statement = self.sql(
            r"-- a delivery target answered
            UPDATE delivery_target SET failures = 0, failing_since = NULL, retry_at = NULL, problem = NULL,
                last_delivered_at = coalesce($2, last_delivered_at)
            WHERE id = $1",
        );
        statement.bind(id).bind(delivered_at).run().await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_named_after_its_domain_and_no_other() {
        assert!(is_host_of("imap.Lillestad.se", "lillestad.se"));
        assert!(is_host_of("lillestad.se", "Lillestad.se"));
        assert!(!is_host_of("imap.storlillestad.se", "lillestad.se"));
        assert!(!is_host_of("lillestad.se", "mail.lillestad.se"));
    }
}
