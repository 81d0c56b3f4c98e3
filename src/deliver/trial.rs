//! Tests a target without delivering a mail.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::timeout;

use super::connection::open;
use super::deps::DeliverDeps;
use super::endpoint::endpoint;
use super::look;
use super::smtp::{Envelope, Scan};
use super::webhook::{self, Body, Format, Outbound};
use crate::address::Address;
use crate::fact::{DeliveryPhase, DeliveryProblem};
use crate::store::DeliveryTarget;
use crate::target::{MX, TargetKind};

/// Short, since a person is waiting for the result.
const TIME_LIMIT: Duration = Duration::from_mins(1);

/// Tests a target without delivering a mail: connects, logs in, and asks a mail server whether it accepts the recipient. A webhook
/// receives an event of the type `mailferry.test`. Also opens the recipient's mailbox, if one is set. Returns the target's answer.
///
/// # Errors
/// The reason why a mail could not be delivered now.
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
        // Dropping the transaction ends the session without sending a mail.
        drop(session.begin(&envelope, &Scan { ends_with_crlf: true, ..Scan::default() }).await?);
        return Ok(greeting);
    }
    session.quit().await;
    Ok(greeting)
}

/// The recipient to test with. The target of the configuration has a recipient for each inbox. With `mx:` the first inbox is used,
/// since a domain is needed to find a server; other targets are tested without a recipient.
async fn recipient(target: &DeliveryTarget, deps: &DeliverDeps) -> Option<String> {
    let of_target = target.recipient.clone().or_else(|| target.inbox.clone());
    if of_target.is_some() || target.url != MX {
        return of_target;
    }
    let inbox = deps.store.first_inbox_of_target(target.id).await;
    inbox.inspect_err(|error| tracing::error!(%error, "the inboxes of a target cannot be read")).ok()?
}

/// Posts an event of the type `mailferry.test`. An endpoint for raw mail is only connected to, since it takes any request for a mail.
async fn test_webhook(target: &DeliveryTarget, deps: &DeliverDeps) -> Result<String, DeliveryProblem> {
    let endpoint = endpoint(target, deps)?;
    let outbound = Outbound { egress: deps.egress_to(target), deadlines: &deps.deadlines };
    if endpoint.format == Format::Raw {
        endpoint.connect_only(outbound).await?;
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
