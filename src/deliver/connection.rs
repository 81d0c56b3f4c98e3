//! The connection to a mail server, which is kept for the next mail while the server lets it.

use tokio::time::timeout;

use super::deps::DeliverDeps;
use super::endpoint::{secret, trust};
use super::smtp::{Deadlines, Encryption, Login, Protocol, Session, Terms};
use crate::egress::EgressError;
use crate::fact::{DeliveryPhase, DeliveryProblem};
use crate::store::DeliveryTarget;
use crate::target::{TargetKind, TargetTls, TargetUrl};

/// Maximum time for a greeting: servers delay it to keep spammers away, by less than this.
const GREETING: std::time::Duration = std::time::Duration::from_mins(1);

/// The connection to a target. A webhook has one for each request.
#[derive(Default)]
pub struct Connection {
    session: Option<Session>,
}

impl Connection {
    /// A session that can take a mail.
    pub async fn session(
        &mut self,
        target: &DeliveryTarget,
        deps: &DeliverDeps,
    ) -> Result<&mut Session, DeliveryProblem> {
        let is_ready = match &mut self.session {
            Some(session) => session.is_ready().await,
            None => false,
        };
        let session = match self.session.take().filter(|_| is_ready) {
            Some(session) => session,
            None => open(target, deps).await?,
        };
        Ok(self.session.insert(session))
    }

    /// Ends the session politely.
    pub async fn close(self) {
        if let Some(session) = self.session {
            session.quit().await;
        }
    }
}

/// Opens a session.
pub async fn open(target: &DeliveryTarget, deps: &DeliverDeps) -> Result<Session, DeliveryProblem> {
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
            let egress = deps.egress_to(target);
            let mut addresses = egress.resolve(host, *port, &deps.deadlines).await.map_err(refused)?;
            let encryption = match tls {
                TargetTls::Implicit => Encryption::Implicit,
                TargetTls::StartTls => Encryption::StartTls,
                TargetTls::None => {
                    // Without TLS, no name may lead to another machine.
                    addresses.retain(|address| address.ip().to_canonical().is_loopback());
                    Encryption::Local
                }
            };
            let stream = egress.connect(host, &addresses, &deps.deadlines).await.map_err(refused)?;
            Session::open(stream, &terms(host, encryption)).await
        }
        TargetUrl::Socket(path) => {
            let connecting = timeout(deps.deadlines.tcp.0, tokio::net::UnixStream::connect(path)).await;
            let late = DeliveryProblem::TimedOut { phase: DeliveryPhase::Connect };
            let stream = connecting.map_err(|_| late)?.map_err(|error| unusable(error.kind().to_string()))?;
            Session::open(stream, &terms("localhost", Encryption::Local)).await
        }
        TargetUrl::Web(_) => Err(unusable("a webhook is no mail server".to_owned())),
    }
}

fn refused(error: EgressError) -> DeliveryProblem {
    match error {
        EgressError::Refused { host } => DeliveryProblem::Forbidden { host },
        EgressError::Unresolved { .. } | EgressError::Unreachable { .. } => {
            DeliveryProblem::Unreachable { words: error.to_string() }
        }
    }
}
