//! The JSON of a target on the command line and in the API.

use serde::Serialize;

use super::find;
use crate::app::{Acting, Error};
use crate::clock::Timestamp;
use crate::fact::{CatchUp, DeliveryProblem, StoredFact};
use crate::store::{DeliveryCounts, DeliveryTarget};
use crate::target::{TargetKind, WebhookFormat, WhenUnknown};

/// A delivery target with the counts of its deliveries.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = DeliveryTarget)]
pub struct TargetView {
    /// The target's number.
    pub id: i64,
    /// The address of the inbox; null for the target of the configuration, which serves every inbox without its own target.
    #[schema(example = "jobb.lillestad.se@mail.kundo.se")]
    pub inbox: Option<String>,
    /// The protocol.
    pub kind: TargetKind,
    /// The URL, without secrets.
    #[schema(example = "smtp://mx.kundo.example:587")]
    pub url: String,
    /// The envelope recipient; null: the inbox's own address.
    pub recipient: Option<String>,
    /// The body of a webhook's requests; null for other kinds.
    pub format: Option<WebhookFormat>,
    /// The login name.
    pub username: Option<String>,
    /// Whether a password or signing secret is stored.
    pub has_secret: bool,
    /// The time until which requests are also signed with the previous secret.
    pub old_secret_until: Option<Timestamp>,
    /// Whether certificate authorities are set for this target, in place of the system's.
    pub has_own_authorities: bool,
    /// Maximum number of connections at once.
    pub concurrency: i64,
    /// The IMAP server of the recipient's mailbox. The mailbox is searched for a mail if the answer to its delivery was
    /// lost.
    #[schema(example = "imaps://mail.kundo.example:993")]
    pub look_in: Option<String>,
    /// The login name for the recipient's mailbox.
    pub look_username: Option<String>,
    /// The rule for a mail whose answer was lost, if the mail is not found.
    pub when_unknown: WhenUnknown,
    /// Whether lone CR and LF are turned into CRLF for a server without CHUNKING.
    pub repair_line_ends: bool,
    /// Whether the built-in store deletes the bytes of a mail some time after its delivery.
    pub only: bool,
    /// Maximum number of mails of one inbox per minute; null: no limit.
    pub rate: Option<i64>,
    /// Whether the target is paused: its mail is queued and waits.
    pub paused: bool,
    /// False for a target that the configuration no longer names.
    pub in_use: bool,
    /// When the target was added.
    pub created_at: Timestamp,
    /// The number of consecutive failures of the target.
    pub failures: i64,
    /// When the consecutive failures began.
    pub failing_since: Option<Timestamp>,
    /// When a failing target is tried again.
    pub retry_at: Option<Timestamp>,
    /// Why the target failed last.
    #[schema(value_type = Option<String>)]
    pub problem: Option<StoredFact<DeliveryProblem>>,
    /// When the target last accepted a mail.
    pub last_delivered_at: Option<Timestamp>,
    /// The counts of the target's deliveries.
    #[serde(flatten)]
    pub counts: DeliveryCounts,
    /// The progress through a backlog; null if only a few mails wait.
    pub catch_up: Option<CatchUp>,
}

impl TargetView {
    pub fn new(target: DeliveryTarget, counts: DeliveryCounts, catch_up: Option<CatchUp>) -> Self {
        Self {
            id: target.id,
            kind: target.kind(),
            format: (target.kind() == TargetKind::Webhook).then(|| target.webhook_format()),
            inbox: target.inbox,
            url: target.url,
            recipient: target.recipient,
            username: target.username,
            has_secret: target.secret_sealed.is_some(),
            old_secret_until: target.old_secret_until,
            has_own_authorities: target.ca_pem.is_some(),
            concurrency: target.concurrency,
            look_in: target.look_in,
            look_username: target.look_username,
            when_unknown: target.when_unknown,
            repair_line_ends: target.repair_line_ends,
            only: target.only_target,
            rate: target.rate,
            paused: target.paused,
            in_use: target.in_use,
            created_at: target.created_at,
            failures: target.failures,
            failing_since: target.failing_since,
            retry_at: target.retry_at,
            problem: target.problem,
            last_delivered_at: target.last_delivered_at,
            counts,
            catch_up,
        }
    }
}

/// Returns a target with its delivery counts and its progress.
///
/// # Errors
/// The target does not exist, or the actor may not see it.
pub async fn view(acting: Acting<'_>, id: i64) -> Result<TargetView, Error> {
    with_counts(acting, find(acting, id).await?).await
}

/// Adds the delivery counts and the progress to a target.
///
/// # Errors
/// The database failed.
pub async fn with_counts(acting: Acting<'_>, target: DeliveryTarget) -> Result<TargetView, Error> {
    let mut reader = acting.store.read().await?;
    let counts = reader.delivery_counts(target.id).await?;
    let catch_up = reader.catch_up(&target, counts, acting.now).await?;
    Ok(TargetView::new(target, counts, catch_up))
}
