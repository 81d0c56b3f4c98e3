//! Every outbound connection passes here: the name is resolved once, every address is checked, and the checked address
//! itself is connected to, so that a second look-up cannot slip another one in (DNS rebinding).

mod public;

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::config::Deadlines;

/// The gate to the network.
pub struct Egress {
    allow: Vec<IpNet>,
}

/// Why a connection did not come about.
#[derive(Debug, thiserror::Error)]
pub enum EgressError {
    #[error("the host name {host} cannot be resolved: {reason}")]
    Unresolved { host: String, reason: String },
    #[error(
        "{host} is not a public address, so the connection was refused; if this is your own server, list its network \
         in egress.allow (MAILFERRY__EGRESS__ALLOW)"
    )]
    Refused { host: String },
    #[error("no connection to {host} port {port}: {reason}")]
    Unreachable { host: String, port: u16, reason: String },
}

impl Egress {
    /// Lets through public addresses and those in `allow`.
    pub fn new(allow: Vec<IpNet>) -> Self {
        Self { allow }
    }

    /// The addresses of a host that may be connected to.
    pub async fn resolve(&self, host: &str, port: u16, limits: &Deadlines) -> Result<Vec<SocketAddr>, EgressError> {
        let unresolved = |reason: &str| EgressError::Unresolved { host: host.to_owned(), reason: reason.to_owned() };
        let found: Vec<SocketAddr> = match timeout(limits.dns.0, tokio::net::lookup_host((host, port))).await {
            Err(_) => return Err(unresolved("no answer in time")),
            Ok(Err(_)) => {
                return Err(unresolved("there is no such host, or the resolver does not answer"));
            }
            Ok(Ok(found)) => found.collect(),
        };
        if found.is_empty() {
            return Err(unresolved("it has no address"));
        }
        let checked: Vec<SocketAddr> = found.into_iter().filter(|address| self.permits(address.ip())).collect();
        if checked.is_empty() { Err(EgressError::Refused { host: host.to_owned() }) } else { Ok(checked) }
    }

    /// Connects to the first of these checked addresses that answers.
    pub async fn connect(
        &self,
        host: &str,
        addresses: &[SocketAddr],
        limits: &Deadlines,
    ) -> Result<TcpStream, EgressError> {
        let mut reason = "it has no address".to_owned();
        for address in addresses.iter().filter(|address| self.permits(address.ip())) {
            #[expect(clippy::disallowed_methods, reason = "the one place that connects")]
            match timeout(limits.tcp.0, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => {
                    // Commands are short and answered one by one: waiting to fill a packet only costs time.
                    let _ = stream.set_nodelay(true);
                    return Ok(stream);
                }
                Ok(Err(error)) => reason = describe(&error),
                Err(_) => reason = "no answer in time".to_owned(),
            }
        }
        let port = addresses.first().map_or(0, SocketAddr::port);
        Err(EgressError::Unreachable { host: host.to_owned(), port, reason })
    }

    /// Connects to 127.0.0.1, for what a provider's `allow_http_loopback` lets through.
    pub async fn connect_loopback(&self, port: u16, limits: &Deadlines) -> Result<TcpStream, EgressError> {
        let loopback = Self::new(vec![IpNet::from(IpAddr::from(std::net::Ipv4Addr::LOCALHOST))]);
        loopback.connect("127.0.0.1", &[SocketAddr::from((std::net::Ipv4Addr::LOCALHOST, port))], limits).await
    }

    fn permits(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.allow.iter().any(|net| net.contains(&address)) || public::is_public(address)
    }
}

fn describe(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::ConnectionRefused => "connection refused (nothing listens on that port)".to_owned(),
        kind => kind.to_string(),
    }
}
