//! The connection to a mail server, which is kept open for the next mail as long as the server allows.

use tokio::net::TcpStream;
use tokio::time::timeout;

use super::deps::DeliverDeps;
use super::endpoint::{secret, trust};
use super::mx::{self, Via};
use super::refused::refused;
use super::smtp::{Deadlines, Encryption, Login, Protocol, Session, Terms};
use crate::fact::{DeliveryPhase, DeliveryProblem};
use crate::store::DeliveryTarget;
use crate::target::{TargetKind, TargetTls, TargetUrl};

/// Maximum wait for the greeting. Servers delay it to deter spammers, but not this long.
const GREETING: std::time::Duration = std::time::Duration::from_mins(1);

/// The connection to a target. Unused for webhooks, which open a connection for each request.
#[derive(Default)]
pub struct Connection {
    session: Option<Session>,
    /// The MX host, with `mx:`.
    via: Option<Via>,
}

impl Connection {
    /// A session that is ready for a mail to this recipient. All mails of a connection have the same recipient.
    pub async fn session(
        &mut self,
        target: &DeliveryTarget,
        recipient: &str,
        deps: &DeliverDeps,
    ) -> Result<&mut Session, DeliveryProblem> {
        let is_ready = match &mut self.session {
            Some(session) => session.is_ready().await,
            None => false,
        };
        let session = match self.session.take().filter(|_| is_ready) {
            Some(session) => session,
            None => {
                let (session, via) = open(target, recipient, deps).await?;
                self.via = via;
                session
            }
        };
        Ok(self.session.insert(session))
    }

    /// The MX host of the session, with `mx:`.
    pub fn via(&self) -> Option<&Via> {
        self.via.as_ref()
    }

    /// Ends the session with QUIT.
    pub async fn close(self) {
        if let Some(session) = self.session {
            session.quit().await;
        }
    }
}

/// Connects to a server that a target names.
pub async fn connect(
    host: &str,
    port: u16,
    tls: TargetTls,
    (target, deps): (&DeliveryTarget, &DeliverDeps),
) -> Result<TcpStream, DeliveryProblem> {
    let egress = deps.egress_to(target);
    let mut addresses = egress.resolve(host, port, &deps.deadlines).await.map_err(refused)?;
    if tls == TargetTls::None {
        // Without TLS, nothing may be sent to another machine.
        addresses.retain(|address| address.ip().to_canonical().is_loopback());
    }
    egress.connect(host, &addresses, &deps.deadlines).await.map_err(refused)
}

/// Opens a session. With `mx:`, also returns the MX host that accepted it.
pub async fn open(
    target: &DeliveryTarget,
    recipient: &str,
    deps: &DeliverDeps,
) -> Result<(Session, Option<Via>), DeliveryProblem> {
    let unusable = |words: String| DeliveryProblem::Unreachable { words };
    let url: TargetUrl = target.url.parse().map_err(|why: crate::fact::Invalid| unusable(why.to_string()))?;
    let password = secret(target, deps)?;
    let login = target.username.clone().zip(password).map(|(username, password)| Login { username, password });
    let terms = |host: &str, encryption| Terms {
        protocol: if target.kind() == TargetKind::Lmtp { Protocol::Lmtp } else { Protocol::Smtp },
        encryption,
        host: host.to_owned(),
        trust: trust(target),
        hello: deps.hostname(),
        login,
        deadlines: Deadlines {
            greeting: GREETING,
            tls: deps.deadlines.tls.0,
            command: deps.settings.command.0,
            answer: deps.settings.answer.0,
            ..Deadlines::default()
        },
        chunking: true,
        repair_line_ends: target.repair_line_ends,
    };
    match &url {
        TargetUrl::Server { host, port, tls, .. } => {
            let encryption = match tls {
                TargetTls::Implicit => Encryption::Implicit,
                TargetTls::StartTls => Encryption::StartTls,
                TargetTls::None => Encryption::Local,
            };
            let stream = connect(host, *port, *tls, (target, deps)).await?;
            Ok((Session::open(stream, &terms(host, encryption)).await?, None))
        }
        TargetUrl::Mx => {
            let (session, via) = mx::open(recipient, terms("", Encryption::Opportunistic), deps).await?;
            Ok((session, Some(via)))
        }
        TargetUrl::Socket(path) => {
            let connecting = timeout(deps.deadlines.tcp.0, tokio::net::UnixStream::connect(path)).await;
            let late = DeliveryProblem::TimedOut { phase: DeliveryPhase::Connect };
            let stream = connecting.map_err(|_| late)?.map_err(|error| unusable(error.kind().to_string()))?;
            Ok((Session::open(stream, &terms("localhost", Encryption::Local)).await?, None))
        }
        TargetUrl::Web(_) => Err(unusable("a webhook is not a mail server".to_owned())),
    }
}
