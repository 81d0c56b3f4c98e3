//! Connects to the server, normally by TLS, and reads its greeting.

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

/// A connection before the login: only the server's greeting has been received.
pub struct Connection {
    pub session: Session,
    /// The text of the server's greeting.
    pub greeting: String,
    /// The server's certificate; `None` without TLS.
    pub certificate: Option<Certificate>,
    pub server_addresses: ServerAddresses,
}

/// The network addresses of a server.
pub struct ServerAddresses {
    /// The addresses to which the host name resolves and which the egress rules permit.
    pub resolved: Vec<IpAddr>,
    /// The server's address in this connection; `None` if unknown.
    pub peer: Option<IpAddr>,
}

type Stream = Metered<TcpStream>;

/// Connects for a waiting person, however many visits the server's address has.
pub async fn open(server: &Server, deps: &Deps) -> Result<Connection, PollError> {
    open_paced(server, deps, &Arc::default()).await
}

/// Connects if the server's address has room for another visit, and measures the traffic.
pub async fn open_paced(server: &Server, deps: &Deps, pace: &Arc<Pace>) -> Result<Connection, PollError> {
    pace.start_waiting();
    let (mut stream, server_addresses) = connect_tcp(server, deps, pace).await?;
    match server.tls {
        TlsMode::None => {
            let mut session = Session::new(Box::new(stream), &deps.imap);
            let greeting = read_greeting(&mut session).await?;
            Ok(Connection { session, greeting, certificate: None, server_addresses })
        }
        TlsMode::Implicit => {
            let (stream, certificate) = handshake(stream, server, deps).await?;
            let mut session = Session::new(Box::new(stream), &deps.imap);
            let greeting = read_greeting(&mut session).await?;
            Ok(Connection { session, greeting, certificate: Some(certificate), server_addresses })
        }
        TlsMode::StartTls => {
            let negotiated = starttls::negotiate(&mut stream, deps.imap.deadlines.greeting).await;
            let greeting = negotiated.map_err(|error| PollError::imap(Step::StartTls, &error))?;
            let (stream, certificate) = handshake(stream, server, deps).await?;
            let session = Session::greeted(Box::new(stream), &deps.imap);
            Ok(Connection { session, greeting, certificate: Some(certificate), server_addresses })
        }
    }
}

async fn connect_tcp(server: &Server, deps: &Deps, pace: &Arc<Pace>) -> Result<(Stream, ServerAddresses), PollError> {
    let (host, limits) = (&server.host, &deps.deadlines);
    let found = deps.egress.resolve(host, server.port, limits).await.map_err(|error| PollError::egress(&error))?;
    let found = pace.enter(host, found).ok_or_else(PollError::server_busy)?;
    let stream = deps.egress.connect(host, &found, limits).await.map_err(|error| PollError::egress(&error))?;
    let peer = stream.peer_addr().ok().map(|peer| peer.ip());
    if let Some(peer) = peer {
        pace.record_peer(host, peer);
    }
    let resolved = found.iter().map(SocketAddr::ip).collect();
    Ok((Metered::new(stream, pace.clone()), ServerAddresses { resolved, peer }))
}

async fn read_greeting(session: &mut Session) -> Result<String, PollError> {
    let greeting = session.greeting().await.map_err(|error| PollError::imap(Step::Greeting, &error))?;
    Ok(greeting.text)
}

async fn handshake(
    stream: Stream,
    server: &Server,
    deps: &Deps,
) -> Result<(tls::Protected<Stream>, Certificate), PollError> {
    let trust = trust_settings(server)?;
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

fn trust_settings(server: &Server) -> Result<Trust, PollError> {
    match (&server.pin_sha256, &server.ca_pem) {
        (Some(pin), _) => tls::parse_fingerprint(pin)
            .map(Trust::Pin)
            .map_err(|why| PollError::new(Step::Tls, Blame::Mailbox, Retry::Person, why.to_string())),
        (None, Some(pem)) => Ok(Trust::Authorities(pem.clone())),
        (None, None) => Ok(Trust::System),
    }
}
