//! The login to the recipient's mailbox.

use tokio::net::TcpStream;
use tokio::time::timeout;

use super::not_searchable;
use crate::deliver::connection::connect;
use crate::deliver::deps::DeliverDeps;
use crate::deliver::endpoint::trust;
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
    let mut session = open(&url, target, deps).await?;
    session.login(target.look_username.as_deref().unwrap_or_default(), &password).await.map_err(not_searchable)?;
    Ok(session)
}

async fn open(url: &MailboxUrl, target: &DeliveryTarget, deps: &DeliverDeps) -> Result<Session, DeliveryProblem> {
    let mut stream = connect(&url.host, url.port, url.tls, (target, deps)).await?;
    let mut session = match url.tls {
        TargetTls::StartTls => {
            starttls::negotiate(&mut stream, deps.imap.deadlines.greeting).await.map_err(not_searchable)?;
            return Ok(Session::greeted(Box::new(protect(stream, url, target, deps).await?), &deps.imap));
        }
        TargetTls::Implicit => Session::new(Box::new(protect(stream, url, target, deps).await?), &deps.imap),
        TargetTls::None => Session::new(Box::new(stream), &deps.imap),
    };
    session.greeting().await.map_err(not_searchable)?;
    Ok(session)
}

/// Performs the TLS handshake.
async fn protect(
    stream: TcpStream,
    url: &MailboxUrl,
    target: &DeliveryTarget,
    deps: &DeliverDeps,
) -> Result<tls::Protected<TcpStream>, DeliveryProblem> {
    let handshake = timeout(deps.deadlines.tls.0, tls::connect(stream, &url.host, &trust(target))).await;
    let handshake = handshake.map_err(|_| not_searchable("the TLS handshake took too long"))?;
    handshake.map(|(stream, _)| stream).map_err(|why| DeliveryProblem::Tls { why })
}
