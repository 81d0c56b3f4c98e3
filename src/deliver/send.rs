//! One attempt: reads the message, prepends the trace fields, and sends both to the target.

use bytes::{Bytes, BytesMut};

use super::connection::Connection;
use super::deps::DeliverDeps;
use super::endpoint::endpoint;
use super::external_id::ExternalId;
use super::retry::FailedAttempt;
use super::smtp::{Accepted, Envelope, Scanner, Session};
use super::trace::{self, AutoSubmitted, Trace};
use super::verdict::{self, Action, Scope, Verdict};
use super::webhook::raw_link::RawAccess;
use super::webhook::{self, Body, Event, Format, Outbound, Raw, RawLink, Target};
use crate::address::Address;
use crate::fact::DeliveryProblem;
use crate::reading::MAX_INPUT;
use crate::store::{DeliveryTarget, LaneLease, OpenDelivery};
use crate::target::{MX, RAW_LINK_TTL, TargetKind};
use crate::vault::hex;

/// Maximum number of Received fields; a mail with more is held, since it is in a loop. Servers differ (Postfix refuses from 50 on,
/// Haraka and mox from 100 on), and 93 have been seen in real mail.
const MAX_HOPS: usize = 100;

/// The message of a delivery, with the data for its trace fields.
struct Outgoing<'a> {
    delivery: &'a OpenDelivery,
    lease: &'a LaneLease,
    deps: &'a DeliverDeps,
    external_id: ExternalId<'a>,
    /// The first row of the raw mail, which contains the header.
    first: Bytes,
    auto_submitted: AutoSubmitted,
}

/// Sends a delivery. Returns the target's answer.
pub async fn send(
    delivery: &OpenDelivery,
    connection: &mut Connection,
    lease: &LaneLease,
    deps: &DeliverDeps,
) -> Result<String, FailedAttempt> {
    let outgoing = Outgoing::read(delivery, lease, deps).await.map_err(failed)?;
    match lease.target.kind() {
        TargetKind::Smtp | TargetKind::Lmtp => {
            let failed = |problem| failed_at_server(problem, &lease.target);
            let session = connection.session(&lease.target, outgoing.recipient(), deps).await.map_err(failed)?;
            let answer = outgoing.transfer(session).await.map_err(failed)?;
            Ok(connection.via().map_or(answer.clone(), |via| format!("{}: {answer}", via.host)))
        }
        TargetKind::Webhook => outgoing.post().await,
    }
}

fn failed(problem: DeliveryProblem) -> FailedAttempt {
    FailedAttempt { verdict: verdict::verdict(&problem), problem, retry_after: None }
}

/// A failed attempt at a mail server.
fn failed_at_server(problem: DeliveryProblem, target: &DeliveryTarget) -> FailedAttempt {
    let failed = failed(problem);
    let serves_all_domains = target.inbox_id.is_none() && target.url == MX;
    if serves_all_domains { FailedAttempt { verdict: failed.verdict.scoped_to_mail(), ..failed } } else { failed }
}

impl<'a> Outgoing<'a> {
    async fn read(
        delivery: &'a OpenDelivery,
        lease: &'a LaneLease,
        deps: &'a DeliverDeps,
    ) -> Result<Self, DeliveryProblem> {
        let external_id = ExternalId { installation: &deps.installation, delivery: delivery.id };
        let mut outgoing =
            Self { delivery, lease, deps, external_id, first: Bytes::new(), auto_submitted: AutoSubmitted::No };
        if delivery.raw_removed_at.is_some() {
            return Err(DeliveryProblem::BytesRemoved);
        }
        outgoing.first = outgoing.row(0).await?.unwrap_or_default();
        outgoing.auto_submitted = trace::auto_submitted(&outgoing.first);
        let hops = trace::own_hops(&outgoing.first, &deps.installation.name);
        if hops.contains(&lease.inbox) {
            return Err(DeliveryProblem::Loop { inbox: lease.inbox.clone() });
        }
        match trace::received_count(&outgoing.first) {
            hops if hops > MAX_HOPS => Err(DeliveryProblem::TooManyHops { hops }),
            _ => Ok(outgoing),
        }
    }

    /// A row of the raw mail; `None` after the last.
    async fn row(&self, seq: i64) -> Result<Option<Bytes>, DeliveryProblem> {
        let size = u64::try_from(self.delivery.size).unwrap_or(0);
        let found = self.deps.store.raw_chunk(&self.delivery.sha256, seq).await.map_err(|error| {
            tracing::error!(delivery = self.delivery.id, %error, "a raw mail cannot be read");
            DeliveryProblem::Incomplete { size, read: 0 }
        })?;
        match found {
            None if seq == 0 => Err(DeliveryProblem::Incomplete { size, read: 0 }),
            found => Ok(found.map(Bytes::from)),
        }
    }

    /// The fields on top of the message.
    fn fields(&self, is_utf8: bool) -> Vec<u8> {
        let results = trace::authentication_results(&self.first);
        let message = trace::message_id(self.external_id.installation, self.delivery.message_id);
        let trace = Trace {
            delivery: &self.external_id.to_string(),
            message: &message,
            installation: &self.external_id.installation.name,
            host: &self.deps.hostname(),
            imap_host: self.delivery.host.as_deref().unwrap_or("unknown"),
            mailbox: &self.delivery.mailbox,
            inbox: &self.lease.inbox,
            reply_from: self.lease.reply_from.as_deref(),
            imported_at: self.delivery.imported_at,
            evidence: &self.delivery.why,
            is_historic: self.delivery.historic,
            auto_submitted: self.auto_submitted,
            authentication_results: results.as_deref(),
            is_utf8,
        };
        trace.fields()
    }

    /// The envelope sender: our own address with this delivery's number, so that a bounce comes back to us rather than to the author,
    /// and SPF passes. `None` is the null sender, for mail that must not be answered.
    fn sender(&self) -> Option<Address> {
        let is_quiet = self.delivery.historic || self.auto_submitted.is_automatic();
        let sender = self.deps.settings.sender().filter(|_| !is_quiet)?;
        self.external_id.bounce_address(&sender).parse().ok()
    }

    /// The envelope recipient.
    fn recipient(&self) -> &str {
        self.lease.target.recipient.as_deref().unwrap_or(&self.lease.inbox)
    }

    /// Sends the message to a mail server.
    async fn transfer(&self, session: &mut Session) -> Result<String, DeliveryProblem> {
        let recipient = self.recipient();
        let to: Address =
            recipient.parse().map_err(|_| DeliveryProblem::AddressNeedsUtf8 { address: recipient.to_owned() })?;
        let from = self.sender();
        let fields = self.fields(false);
        let mut scanner = Scanner::default();
        scanner.update(&fields);
        scanner.update(&self.first);
        let mut seq = 1;
        while let Some(row) = self.row(seq).await? {
            scanner.update(&row);
            seq += 1;
        }
        let envelope = Envelope { from: from.as_ref(), to: &to };
        let mut transaction = session.begin(&envelope, &scanner.finish()).await?;
        transaction.push(&fields).await?;
        transaction.push(&self.first).await?;
        for seq in 1..seq {
            let Some(row) = self.row(seq).await? else { break };
            transaction.push(&row).await?;
        }
        crate::crash::point("a mail before its end");
        let accepted = transaction.finish().await?;
        crate::crash::point("a mail accepted");
        Ok(words(accepted))
    }

    /// Posts the message to a webhook.
    async fn post(&self) -> Result<String, FailedAttempt> {
        let target = self.webhook().map_err(failed)?;
        let size = u64::try_from(self.delivery.size).unwrap_or(0);
        let _memory = self.deps.bodies.reserve(size, target.format == Format::Json).await;
        let body = self.body(&target).await.map_err(failed)?;
        let outbound = Outbound { egress: self.deps.egress_to(&self.lease.target), deadlines: &self.deps.deadlines };
        let sent = target.send(&self.external_id.to_string(), body, self.deps.clock.now(), outbound).await;
        crate::crash::point("a webhook answered");
        let answer = sent.as_ref().map(|answer| format!("{} {}", answer.status, answer.words)).unwrap_or_default();
        match webhook::judge(sent) {
            webhook::Verdict::Delivered => Ok(answer.trim_end().to_owned()),
            webhook::Verdict::Failed(failure) => Err(failed_at_webhook(failure)),
        }
    }

    fn webhook(&self) -> Result<Target, DeliveryProblem> {
        let mut target = endpoint(&self.lease.target, self.deps)?;
        target.time_limit = self.deps.settings.request.0;
        Ok(target)
    }

    async fn body(&self, target: &Target) -> Result<Body, DeliveryProblem> {
        let size = u64::try_from(self.delivery.size).unwrap_or(0);
        match target.format {
            Format::Raw => Ok(Body::new([Bytes::from(self.fields(true)), self.bytes(u64::MAX).await?])),
            Format::Json => {
                let raw = match target.takes_inline(size) {
                    true => Raw::Inline(self.bytes(size).await?),
                    false => Raw::Linked(self.bytes(MAX_INPUT as u64).await?, self.link()),
                };
                let incomplete = DeliveryProblem::Incomplete { size, read: 0 };
                webhook::json(self.event(), raw).await.ok_or(incomplete)
            }
        }
    }

    /// At least the first `most` bytes of the message, in whole rows; fewer if the message is shorter.
    async fn bytes(&self, most: u64) -> Result<Bytes, DeliveryProblem> {
        let mut all = BytesMut::from(&self.first[..]);
        let mut seq = 1;
        while (all.len() as u64) < most
            && let Some(row) = self.row(seq).await?
        {
            all.extend_from_slice(&row);
            seq += 1;
        }
        Ok(all.freeze())
    }

    fn event(&self) -> Event {
        let delivery = self.delivery;
        Event {
            delivery: self.external_id.to_string(),
            message: delivery.message_id,
            sha256: hex(&delivery.sha256),
            size: u64::try_from(delivery.size).unwrap_or(0),
            inbox: self.lease.inbox.clone(),
            reply_from: self.lease.reply_from.clone(),
            mailbox: delivery.mailbox.clone(),
            folder: delivery.folder.clone(),
            uidvalidity: delivery.uidvalidity,
            uid: delivery.uid,
            internal_date: delivery.internal_date,
            imported_at: delivery.imported_at,
            historic: delivery.historic,
            evidence: delivery.why.clone(),
        }
    }

    /// A link to the raw mail, valid for [`RAW_LINK_TTL`].
    fn link(&self) -> Option<RawLink> {
        let access = RawAccess {
            message: self.delivery.message_id,
            organisation: self.lease.organisation_id,
            expires_at: self.deps.clock.now().plus(RAW_LINK_TTL),
        };
        let link = access.link(self.deps.base_url.as_str(), &self.deps.vault);
        link.inspect_err(|error| tracing::error!(%error, "a link to a raw mail cannot be made")).ok()
    }
}

fn failed_at_webhook(failure: webhook::Failure) -> FailedAttempt {
    let webhook::Failure { problem, next, is_target_failure } = failure;
    let (action, retry_after) = match next {
        webhook::Next::Retry { after } => (Action::RetryInOrder, after),
        webhook::Next::MaybeDelivered => (Action::MaybeDelivered, None),
        webhook::Next::Hold => (Action::Hold, None),
        webhook::Next::Stop => (Action::Stop, None),
    };
    let scope = if is_target_failure { Scope::Target } else { Scope::Mail };
    FailedAttempt { problem, verdict: Verdict { scope, action, first_wait: None }, retry_after }
}

/// The answer of a mail server, with a note about repaired line ends.
fn words(accepted: Accepted) -> String {
    let Accepted { code, enhanced, words, line_ends_repaired, .. } = accepted;
    let mut parts = vec![code.to_string()];
    parts.extend(enhanced);
    parts.push(words);
    if line_ends_repaired > 0 {
        parts.push(format!("({line_ends_repaired} line ends became CRLF)"));
    }
    parts.retain(|part| !part.is_empty());
    parts.join(" ")
}
