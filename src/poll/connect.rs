//! A protected connection to the server, up to its greeting.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio::time::timeout;

use super::pace::Metered;
use super::{Blame, Deps, Pace, PollError, Retry, Step};
use crate::imap::{Session, starttls};
use crate::mailbox::TlsMode;
use crate::store::Server;
use crate::tls::{self, Certificate, Trust};

/// A connection on which nothing has been said yet but the greeting.
pub struct Connection {
    /// Ready for the login.
    pub session: Session,
    /// What the server said first.
    pub greeting: String,
    /// The server's certificate, if there is TLS.
    pub certificate: Option<Certificate>,
    /// Where the server is: the addresses of its name, and the one that answers.
    pub place: Place,
}

/// Where a server is.
pub struct Place {
    /// The addresses of its name that may be connected to.
    pub addresses: Vec<IpAddr>,
    /// The one that is connected to.
    pub peer: Option<IpAddr>,
}

type Stream = Metered<TcpStream>;

/// Connects for somebody who waits, at whatever pace.
pub async fn open(server: &Server, deps: &Deps) -> Result<Connection, PollError> {
    at_pace(server, deps, &Arc::default()).await
}

/// Connects, where there is room at the server's address, and measures what it brings.
pub async fn at_pace(server: &Server, deps: &Deps, pace: &Arc<Pace>) -> Result<Connection, PollError> {
    pace.waits();
    let (mut stream, place) = reach(server, deps, pace).await?;
    match server.tls {
        TlsMode::None => {
            let mut session = Session::new(Box::new(stream), &deps.imap);
            let greeting = greet(&mut session).await?;
            Ok(Connection { session, greeting, certificate: None, place })
        }
        TlsMode::Implicit => {
            let (stream, certificate) = handshake(stream, server, deps).await?;
            let mut session = Session::new(Box::new(stream), &deps.imap);
            let greeting = greet(&mut session).await?;
            Ok(Connection { session, greeting, certificate: Some(certificate), place })
        }
        TlsMode::StartTls => {
            let negotiated = starttls::negotiate(&mut stream, deps.imap.deadlines.greeting).await;
            let greeting = negotiated.map_err(|error| PollError::imap(Step::StartTls, &error))?;
            let (stream, certificate) = handshake(stream, server, deps).await?;
            let session = Session::greeted(Box::new(stream), &deps.imap);
            Ok(Connection { session, greeting, certificate: Some(certificate), place })
        }
    }
}

async fn reach(server: &Server, deps: &Deps, pace: &Arc<Pace>) -> Result<(Stream, Place), PollError> {
    let (host, limits) = (&server.host, &deps.deadlines);
    let found = deps.egress.resolve(host, server.port, limits).await.map_err(|error| PollError::egress(&error))?;
    let found = pace.enter(host, found).ok_or_else(PollError::crowded)?;
    let stream = deps.egress.connect(host, &found, limits).await.map_err(|error| PollError::egress(&error))?;
    let peer = stream.peer_addr().ok().map(|peer| peer.ip());
    if let Some(peer) = peer {
        pace.answered(host, peer);
    }
    let addresses = found.iter().map(SocketAddr::ip).collect();
    Ok((Metered::new(stream, pace.clone()), Place { addresses, peer }))
}

async fn greet(session: &mut Session) -> Result<String, PollError> {
    let greeting = session.greeting().await.map_err(|error| PollError::imap(Step::Greeting, &error))?;
    Ok(greeting.text)
}

async fn handshake(
    stream: Stream,
    server: &Server,
    deps: &Deps,
) -> Result<(tls::Protected<Stream>, Certificate), PollError> {
    let trust = trust(server)?;
    match timeout(deps.deadlines.tls.0, tls::connect(stream, &server.host, &trust)).await {
        Ok(result) => result.map_err(PollError::tls),
        Err(_) => Err(PollError::new(
            Step::Tls,
            Blame::Host,
            Retry::Soon,
            "the TLS handshake took too long; does this port speak TLS?",
        )),
    }
}

fn trust(server: &Server) -> Result<Trust, PollError> {
    match (&server.pin_sha256, &server.ca_pem) {
        (Some(pin), _) => tls::parse_fingerprint(pin)
            .map(Trust::Pin)
            .map_err(|why| PollError::new(Step::Tls, Blame::Mailbox, Retry::Person, why.to_string())),
        (None, Some(pem)) => Ok(Trust::Authorities(pem.clone())),
        (None, None) => Ok(Trust::System),
    }
}
