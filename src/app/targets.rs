//! Delivery targets: the servers and webhooks that the mail of an inbox is delivered to.

mod look;
mod mx;
mod own_mailbox;
mod view;

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::mailboxes::Refused;
use super::mailboxes::credential_policy::ServerSetting;
use super::mailboxes::settings::InvalidField;
use super::{Acting, Error, Forbidden, Target, check_precondition, inboxes};
use crate::address::Address;
use crate::clock::Timestamp;
use crate::deliver::{self, DeliverDeps, webhook};
use crate::egress::Egress;
use crate::fact::{AuditEvent, Conflict, DeliveryProblem, Invalid, Resource, StoredFact};
use crate::store::{
    DeliveryTarget, Inbox, Mailbox, Scope, TargetSettings, Tx, target_old_secret_row, target_secret_row,
};
use crate::target::{MailboxUrl, TargetKind, TargetUrl, WebhookFormat, WhenUnknown};
use crate::tls;
use crate::vault::Vault;

pub use view::{TargetView, view, with_counts};

/// Maximum number of connections to one target.
const MAX_CONCURRENCY: i64 = 50;

/// The highest rate that can be set, in mails per minute.
const MAX_RATE: i64 = 10_000;

/// How long requests are also signed with a replaced secret, so that the receiver has time to switch to the new one.
const OLD_SECRET_TTL: Duration = Duration::from_hours(24);

/// Requested settings of a target. `None` keeps the current value or the default; `Some(None)` clears a value.
#[derive(Default)]
pub struct TargetRequest {
    pub url: Option<TargetUrl>,
    /// The envelope recipient, in place of the inbox's own address.
    pub recipient: Option<Option<Address>>,
    pub format: Option<WebhookFormat>,
    /// The login name.
    pub username: Option<Option<String>>,
    /// The password, or the signing secret of a webhook.
    pub secret: Option<Option<SecretString>>,
    /// The certificate authorities (PEM) to trust, in place of the system's.
    pub ca_pem: Option<Option<String>>,
    pub concurrency: Option<i64>,
    pub when_unknown: Option<WhenUnknown>,
    pub repair_line_ends: Option<bool>,
    /// Whether the built-in store deletes the bytes of a mail some time after its delivery.
    pub only: Option<bool>,
    /// The IMAP server of the recipient's mailbox. The mailbox is searched for a mail if the answer to its delivery was
    /// lost.
    pub look_in: Option<Option<MailboxUrl>>,
    /// The login name for the recipient's mailbox.
    pub look_username: Option<Option<String>>,
    pub look_password: Option<SecretString>,
    /// Maximum number of mails of the inbox per minute.
    pub rate: Option<Option<i64>>,
}

/// Dependencies of a change to a target.
#[derive(Clone, Copy)]
pub struct TargetDeps<'a> {
    /// Seals secrets.
    pub vault: &'a Vault,
    /// Ports that actors of one organisation may choose.
    pub ports: &'a [u16],
    /// Ports of the recipients' IMAP servers that actors of one organisation may choose.
    pub mailbox_ports: &'a [u16],
    /// Finds the mail servers of recipients.
    pub egress: &'a Egress,
}

/// The delivery target as the object of an audit line.
fn audited(target: &DeliveryTarget) -> Target<'_> {
    Target { organisation: target.organisation_id, name: target.inbox.as_deref().unwrap_or(&target.url) }
}

/// Finds a target by its number.
///
/// # Errors
/// The target does not exist, or the actor may not see it.
pub async fn find(acting: Acting<'_>, id: i64) -> Result<DeliveryTarget, Error> {
    check_visible(acting.scope(), acting.store.read().await?.delivery_target(id).await?)
}

/// Removes the details that only operators may see from a problem, if the scope is one organisation.
pub(super) fn problem_in_scope(
    scope: Scope,
    problem: Option<StoredFact<DeliveryProblem>>,
) -> Option<StoredFact<DeliveryProblem>> {
    match scope.id() {
        Some(_) => problem.map(|problem| problem.map(DeliveryProblem::for_tenant)),
        None => problem,
    }
}

/// Tests a target without delivering a mail.
///
/// # Errors
/// The target is missing.
pub async fn test(acting: Acting<'_>, id: i64, deps: &DeliverDeps) -> Result<Result<String, DeliveryProblem>, Error> {
    let target = find(acting, id).await?;
    let tested = deliver::test(&target, deps).await;
    Ok(tested.map_err(|problem| if acting.scope().id().is_some() { problem.for_tenant() } else { problem }))
}

fn check_visible(scope: Scope, target: DeliveryTarget) -> Result<DeliveryTarget, Error> {
    let is_visible = match target.organisation_id {
        Some(organisation) => scope.has(organisation),
        None => scope.id().is_none(),
    };
    let target = DeliveryTarget { problem: problem_in_scope(scope, target.problem.clone()), ..target };
    if is_visible { Ok(target) } else { Err(Error::Missing(Resource::DeliveryTarget(target.id.to_string()))) }
}

/// The targets that the actor may see, or only those of one inbox.
///
/// # Errors
/// The inbox does not exist, or the actor may not see it.
pub async fn list(acting: Acting<'_>, inbox: Option<&Address>) -> Result<Vec<DeliveryTarget>, Error> {
    let mut reader = acting.store.read().await?;
    let inbox = match inbox {
        Some(address) => Some(inboxes::visible(acting, address, &mut reader).await?.id),
        None => None,
    };
    let targets = reader.delivery_targets(acting.scope(), inbox).await?;
    targets.into_iter().map(|target| check_visible(acting.scope(), target)).collect()
}

/// Adds a target of an inbox. Mail that is imported from now on is delivered to it.
///
/// # Errors
/// A setting is invalid, or reserved for operators; [`Conflict::TargetIsPolled`].
pub async fn add(
    acting: Acting<'_>,
    inbox: &Address,
    request: TargetRequest,
    deps: TargetDeps<'_>,
) -> Result<DeliveryTarget, Error> {
    let url = request.url.clone().ok_or(invalid("url", Invalid::TargetUrl(String::new())))?;
    let kind = url.kind();
    let blank = TargetSettings {
        url: url.to_string(),
        recipient: None,
        format: (kind == TargetKind::Webhook).then_some(WebhookFormat::Json),
        username: None,
        ca_pem: None,
        concurrency: 1,
        look_in: None,
        look_username: None,
        when_unknown: WhenUnknown::Repeat,
        repair_line_ends: false,
        only_target: false,
        rate: None,
    };
    let settings = settings(&blank, &request)?;
    check_destination(acting.scope(), &request, deps)?;
    let found = inboxes::find(acting, inbox.as_str()).await?;
    own_mailbox::check(acting, &settings, &found, deps.egress).await?;
    let mut tx = acting.begin().await?;
    let inbox = inboxes::visible(acting, inbox, &mut tx).await?;
    check_not_polled(&settings, &inbox, &mut tx).await?;
    let id = tx.add_delivery_target(Some(inbox.id), &settings, acting.now).await?;
    if let Some(secret) = request.secret.flatten() {
        let sealed = deps.vault.seal(&target_secret_row(id), &secret).map_err(crate::store::StoreError::Vault)?;
        tx.set_target_secret(id, Some(sealed), None).await?;
    }
    look::store_password(id, &settings, request.look_password.as_ref(), deps.vault, &mut tx).await?;
    let target = tx.delivery_target(id).await?;
    acting.finish(tx, &AuditEvent::TargetAdded { url: target.url.clone() }, audited(&target)).await?;
    Ok(target)
}

/// Changes a target and tries it again at once. If a webhook gets a new signing secret, its requests are also signed with
/// the previous one for a day, unless its URL or its authorities change too.
///
/// # Errors
/// A setting is invalid or reserved for operators; the stored secret was entered for another server; the target is missing, does not
/// meet the precondition, or belongs to the configuration.
pub async fn change(
    acting: Acting<'_>,
    id: i64,
    request: TargetRequest,
    deps: TargetDeps<'_>,
    precondition: impl FnOnce(&DeliveryTarget) -> bool,
) -> Result<DeliveryTarget, Error> {
    let found = find(acting, id).await?;
    // Invalid settings are refused below.
    if let (Some(inbox), Ok(settings)) = (&found.inbox, settings(&found.settings(), &request))
        && (settings.url != found.url || settings.recipient != found.recipient)
    {
        let inbox = inboxes::find(acting, inbox).await?;
        own_mailbox::check(acting, &settings, &inbox, deps.egress).await?;
    }
    let mut tx = acting.begin().await?;
    let before = check_changeable(acting, tx.lock_delivery_target(id).await?)?;
    check_precondition(&before, precondition)?;
    let settings = settings(&before.settings(), &request)?;
    let has_moved = settings.url != before.url || settings.ca_pem != before.ca_pem;
    check_destination(acting.scope(), &request, deps)?;
    let is_bound = acting.actor.is_bound_by_credential_policy();
    if has_moved && is_bound && before.secret_sealed.is_some() && request.secret.is_none() {
        let moved = if settings.url == before.url { ServerSetting::CaPem } else { ServerSetting::Host };
        return Err(Refused::LoginRequired(moved).into());
    }
    let is_elsewhere = settings.url != before.url || settings.recipient != before.recipient;
    let inbox = before.inbox.as_deref().and_then(|inbox| inbox.parse().ok());
    if let Some(inbox) = inbox.filter(|_| is_elsewhere) {
        let inbox = inboxes::visible(acting, &inbox, &mut tx).await?;
        check_not_polled(&settings, &inbox, &mut tx).await?;
    }
    tx.change_delivery_target(id, &settings).await?;
    let is_secret_new = request.secret.is_some() || request.look_password.is_some();
    look::store_password(id, &settings, request.look_password.as_ref(), deps.vault, &mut tx).await?;
    if let Some(secret) = request.secret {
        let old_until = acting.now.plus(OLD_SECRET_TTL);
        let old_until = Some(old_until).filter(|_| is_signing(&before) && !has_moved);
        replace_secret(&before, secret, old_until, deps.vault, &mut tx).await?;
    }
    let target = tx.delivery_target(id).await?;
    let event = AuditEvent::TargetChanged { url: target.url.clone(), secret: is_secret_new };
    acting.finish(tx, &event, audited(&target)).await?;
    Ok(target)
}

/// Whether the requests to a target are signed with its secret or, if that is no signing secret, carry it as a bearer token.
fn is_signing(target: &DeliveryTarget) -> bool {
    target.kind() == TargetKind::Webhook && target.username.is_none()
}

/// Stores a new secret. Until `old_until`, requests are also signed with the old one.
async fn replace_secret(
    before: &DeliveryTarget,
    secret: Option<SecretString>,
    old_until: Option<Timestamp>,
    vault: &Vault,
    tx: &mut Tx<'_>,
) -> Result<(), Error> {
    let seal = |row: String, secret: &SecretString| vault.seal(&row, secret).map_err(crate::store::StoreError::Vault);
    let sealed = secret.as_ref().map(|secret| seal(target_secret_row(before.id), secret)).transpose()?;
    let old = before.secret(vault)?.filter(|_| sealed.is_some()).zip(old_until);
    let old = match old {
        Some((old, until)) => Some((seal(target_old_secret_row(before.id), &old)?, until)),
        None => None,
    };
    Ok(tx.set_target_secret(before.id, sealed, old).await?)
}

/// Pauses or resumes a target. Mail for a paused target is queued and waits.
///
/// # Errors
/// The target does not exist, or the actor may not see it.
pub async fn pause(acting: Acting<'_>, id: i64, paused: bool) -> Result<DeliveryTarget, Error> {
    let mut tx = acting.begin().await?;
    let target = check_visible(acting.scope(), tx.lock_delivery_target(id).await?)?;
    if target.paused == paused {
        return Ok(target);
    }
    tx.pause_delivery_target(id, paused).await?;
    let url = target.url.clone();
    let event = if paused { AuditEvent::TargetPaused { url } } else { AuditEvent::TargetResumed { url } };
    acting.audit(&mut tx, &event, audited(&target)).await?;
    let target = tx.delivery_target(id).await?;
    tx.commit().await?;
    Ok(target)
}

/// Removes a target. The messages stay in the inbox.
///
/// # Errors
/// The target does not exist or belongs to the configuration; [`Conflict::TargetHoldsMail`] without `with_undelivered`.
pub async fn remove(
    acting: Acting<'_>,
    id: i64,
    with_undelivered: bool,
    precondition: impl FnOnce(&DeliveryTarget) -> bool,
) -> Result<(), Error> {
    let mut tx = acting.begin().await?;
    let target = check_changeable(acting, tx.lock_delivery_target(id).await?)?;
    check_precondition(&target, precondition)?;
    tx.remove_delivery_target(&target, with_undelivered).await?;
    acting.finish(tx, &AuditEvent::TargetRemoved { url: target.url.clone() }, audited(&target)).await
}

/// Checks that the actor may change or remove a target. The target of the configuration cannot be changed this way.
fn check_changeable(acting: Acting<'_>, target: DeliveryTarget) -> Result<DeliveryTarget, Error> {
    let target = check_visible(acting.scope(), target)?;
    if target.inbox_id.is_none() { Err(Conflict::TargetOfConfiguration.into()) } else { Ok(target) }
}

fn invalid(part: &'static str, why: Invalid) -> Error {
    Error::Invalid(InvalidField { part, why })
}

/// Applies a request to settings.
fn settings(before: &TargetSettings, request: &TargetRequest) -> Result<TargetSettings, Error> {
    let mut settings = before.clone();
    if let Some(url) = &request.url {
        settings.url = url.to_string();
    }
    let is_webhook = settings.kind() == TargetKind::Webhook;
    let not_applicable = |setting: &'static str| {
        let kind = settings.kind().to_string();
        invalid(setting, Invalid::NotForTarget { setting: setting.to_owned(), kind })
    };
    if is_webhook && matches!(request.recipient, Some(Some(_))) {
        return Err(not_applicable("recipient"));
    }
    if !is_webhook && request.format.is_some() {
        return Err(not_applicable("format"));
    }
    if let Some(Some(pem)) = &request.ca_pem {
        tls::check_authorities(pem).map_err(|why| invalid("ca_pem", why))?;
    }
    settings.format = is_webhook.then(|| request.format.or(settings.format).unwrap_or(WebhookFormat::Json));
    if let Some(recipient) = &request.recipient {
        settings.recipient = recipient.as_ref().map(Address::to_string);
    }
    if let Some(username) = &request.username {
        settings.username = username.clone().filter(|name| !name.is_empty());
    }
    if let Some(pem) = &request.ca_pem {
        settings.ca_pem.clone_from(pem);
    }
    settings.concurrency = request.concurrency.unwrap_or(settings.concurrency);
    if !(1..=MAX_CONCURRENCY).contains(&settings.concurrency) {
        return Err(invalid("concurrency", Invalid::Concurrency { most: MAX_CONCURRENCY }));
    }
    settings.when_unknown = request.when_unknown.unwrap_or(settings.when_unknown);
    settings.repair_line_ends = request.repair_line_ends.unwrap_or(settings.repair_line_ends);
    settings.only_target = request.only.unwrap_or(settings.only_target);
    settings.rate = request.rate.unwrap_or(settings.rate);
    if settings.rate.is_some_and(|rate| !(1..=MAX_RATE).contains(&rate)) {
        return Err(invalid("rate", Invalid::Rate { most: MAX_RATE }));
    }
    look::apply(&mut settings, before, request)?;
    mx::check(&settings, request)?;
    if let Some(Some(secret)) = &request.secret {
        check_secret(&settings, secret)?;
    }
    Ok(settings)
}

/// Refuses a webhook's secret that begins like a signing secret (`whsec_`) but is malformed. Any other is a bearer token.
fn check_secret(settings: &TargetSettings, secret: &SecretString) -> Result<(), Error> {
    let is_signing = settings.kind() == TargetKind::Webhook && settings.username.is_none();
    if is_signing && secret.expose_secret().starts_with("whsec_") && webhook::SigningSecret::parse(secret).is_err() {
        return Err(invalid("secret", Invalid::WebhookSecret));
    }
    Ok(())
}

/// Reserves Unix sockets and unusual ports for operators.
fn check_destination(scope: Scope, request: &TargetRequest, deps: TargetDeps<'_>) -> Result<(), Error> {
    if scope.id().is_none() {
        return Ok(());
    }
    if let Some(Some(mailbox)) = &request.look_in
        && !deps.mailbox_ports.contains(&mailbox.port)
    {
        return Err(Refused::Port.into());
    }
    match request.url.as_ref().map(TargetUrl::port) {
        Some(None) => Err(Forbidden::OneOrganisation.into()),
        Some(Some(port)) if !deps.ports.contains(&port) => Err(Refused::Port.into()),
        Some(Some(_)) | None => Ok(()),
    }
}

/// Refuses a recipient whose mailbox Mailferry polls, recognised by its address or login name: the mail would be fetched and
/// delivered again without end.
async fn check_not_polled(settings: &TargetSettings, inbox: &Inbox, tx: &mut Tx<'_>) -> Result<(), Error> {
    if settings.kind() == TargetKind::Webhook {
        return Ok(());
    }
    let recipient = settings.recipient.as_deref().unwrap_or(&inbox.address);
    match tx.is_polled(inbox.organisation_id, recipient).await? {
        true => Err(Conflict::TargetIsPolled { address: recipient.to_owned() }.into()),
        false => Ok(()),
    }
}

/// Refuses to poll a mailbox that receives deliveries from an inbox of its organisation: its mail would be fetched and
/// delivered again without end.
///
/// # Errors
/// [`Conflict::MailboxIsTarget`].
pub(super) async fn check_not_target(mailbox: &Mailbox, tx: &mut Tx<'_>) -> Result<(), Error> {
    match tx.matching_recipient(mailbox).await? {
        Some(address) => Err(Conflict::MailboxIsTarget { address }.into()),
        None => Ok(()),
    }
}
