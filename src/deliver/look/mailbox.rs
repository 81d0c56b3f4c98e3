//! The login to the recipient's mailbox.

use tokio::time::timeout;

use super::not_searchable;
use crate::deliver::deps::DeliverDeps;
use crate::deliver::endpoint::trust;
use crate::deliver::refused::refused;
use crate::fact::DeliveryProblem;
use crate::imap::{Session, starttls};
use crate::store::DeliveryTarget;
use crate::target::{MailboxUrl, TargetTls};
use crate::tls;

/// Connects to the IMAP server of a target's recipient and logs in to the recipient's mailbox.
pub async fn log_in(target: &DeliveryTarget, deps: &DeliverDeps) -> Result<Session, DeliveryProblem> {
    let url = target.look_in.as_deref().unwrap_or_default().parse::<MailboxUrl>();
    let url = url.map_err(|why| not_searchable(why.to_string()))?;
    let password = target.look_password(&deps.vault).map_err(|error| {
        tracing::error!(target = target.id, %error, "the password of a delivery target's mailbox cannot be opened");
        DeliveryProblem::NoSecret
    })?;
    let password = password.ok_or(DeliveryProblem::NoSecret)?;
    let mut session = connect(&url, target, deps).await?;
    session.login(target.look_username.as_deref().unwrap_or_default(), &password).await.map_err(not_searchable)?;
    Ok(session)
}

async fn connect(url: &MailboxUrl, target: &DeliveryTarget, deps: &DeliverDeps) -> Result<Session, DeliveryProblem> {
    let egress = deps.egress_to(target);
    let mut addresses = egress.resolve(&url.host, url.port, &deps.deadlines).await.map_err(refused)?;
    if url.tls == TargetTls::None {
        // Without TLS, nothing may be sent to another machine.
        addresses.retain(|address| address.ip().to_canonical().is_loopback());
    }
    let mut stream = egress.connect(&url.host, &addresses, &deps.deadlines).await.map_err(refused)?;
    if url.tls == TargetTls::StartTls {
        starttls::negotiate(&mut stream, deps.imap.deadlines.greeting).await.map_err(not_searchable)?;
    }
    if url.tls == TargetTls::None {
        return read_greeting(Session::new(Box::new(stream), &deps.imap)).await;
    }
    let handshake = timeout(deps.deadlines.tls.0, tls::connect(stream, &url.host, &trust(target))).await;
    let handshake = handshake.map_err(|_| not_searchable("the TLS handshake took too long"))?;
    let (stream, _) = handshake.map_err(|why| DeliveryProblem::Tls { why })?;
    match url.tls {
        TargetTls::StartTls => Ok(Session::greeted(Box::new(stream), &deps.imap)),
        TargetTls::Implicit | TargetTls::None => read_greeting(Session::new(Box::new(stream), &deps.imap)).await,
    }
}

async fn read_greeting(mut session: Session) -> Result<Session, DeliveryProblem> {
    session.greeting().await.map_err(not_searchable)?;
    Ok(session)
}
