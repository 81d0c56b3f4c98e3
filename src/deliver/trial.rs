//! Tries a target without delivering a mail.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::timeout;

use super::connection::open;
use super::deps::DeliverDeps;
use super::endpoint::endpoint;
use super::look;
use super::smtp::{Envelope, Survey};
use super::webhook::{self, Body, Format, Outbound};
use crate::address::Address;
use crate::fact::{DeliveryPhase, DeliveryProblem};
use crate::store::DeliveryTarget;
use crate::target::{MX, TargetKind};

/// A person is waiting.
const TIME_LIMIT: Duration = Duration::from_mins(1);

/// Tries a target without delivering a mail: connects, logs in, and asks a mail server for the recipient; a webhook receives an
/// event of the type `mailferry.test`. Opens the recipient's mailbox, if mail is looked for there. Returns the target's answer.
///
/// # Errors
/// The reason why a mail would not be delivered now.
pub async fn test(target: &DeliveryTarget, deps: &DeliverDeps) -> Result<String, DeliveryProblem> {
    let late = |_| DeliveryProblem::TimedOut { phase: DeliveryPhase::Connect };
    timeout(TIME_LIMIT, async {
        let answer = attempt(target, deps).await?;
        look::check(target, deps).await?;
        Ok(answer)
    })
    .await
    .map_err(late)?
}

async fn attempt(target: &DeliveryTarget, deps: &DeliverDeps) -> Result<String, DeliveryProblem> {
    if target.kind() == TargetKind::Webhook {
        return test_webhook(target, deps).await;
    }
    let recipient = recipient(target, deps).await;
    if recipient.is_none() && target.url == MX {
        return Ok(MX.to_owned()); // without an inbox there is no domain to ask
    }
    let (mut session, via) = open(target, recipient.as_deref().unwrap_or_default(), deps).await?;
    let greeting = match via {
        Some(via) => format!("{via}: {}", session.greeting()),
        None => session.greeting().to_owned(),
    };
    if let Some(Ok(to)) = recipient.map(|recipient| recipient.parse::<Address>()) {
        let envelope = Envelope { from: None, to: &to };
        // To drop the transaction ends the session without a mail.
        drop(session.begin(&envelope, &Survey { ends_with_crlf: true, ..Survey::default() }).await?);
        return Ok(greeting);
    }
    session.quit().await;
    Ok(greeting)
}

/// The recipient of a mail for a target. The target of the configuration has one for each inbox; for `mx:` the first inbox stands for
/// all, since each domain has its own servers.
async fn recipient(target: &DeliveryTarget, deps: &DeliverDeps) -> Option<String> {
    let of_target = target.recipient.clone().or_else(|| target.inbox.clone());
    if of_target.is_some() || target.url != MX {
        return of_target;
    }
    let inbox = deps.store.first_inbox_of_target(target.id).await;
    inbox.inspect_err(|error| tracing::error!(%error, "the inboxes of a target cannot be read")).ok()?
}

/// Posts an event of the type `mailferry.test`; an endpoint for raw mails is only connected to, since any request would be a mail.
async fn test_webhook(target: &DeliveryTarget, deps: &DeliverDeps) -> Result<String, DeliveryProblem> {
    let endpoint = endpoint(target, deps)?;
    let outbound = Outbound { egress: deps.egress_to(target), deadlines: &deps.deadlines };
    if endpoint.format == Format::Raw {
        endpoint.reach(outbound).await?;
        return Ok(endpoint.host().to_owned());
    }
    let now = deps.clock.now();
    let id = format!("{}-test-{}", deps.installation.name, now.0);
    let event = serde_json::json!({ "id": id, "type": "mailferry.test", "version": 1, "timestamp": now, "data": {} });
    let sent = endpoint.send(&id, Body::new([Bytes::from(event.to_string())]), now, outbound).await;
    let answer = sent.as_ref().map(|answer| format!("{} {}", answer.status, answer.words)).unwrap_or_default();
    match webhook::judge(sent) {
        webhook::Verdict::Delivered => Ok(answer.trim_end().to_owned()),
        webhook::Verdict::Failed(failure) => Err(failure.problem),
    }
}
