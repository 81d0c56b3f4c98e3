//! All outbound connections are made here, except those to the database and to the SMTP server of `mailer`.
//! A host name is resolved once, every address is checked, and the connection goes to a checked address, so that a second
//! lookup cannot substitute another address (DNS rebinding).

mod public;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use ipnet::IpNet;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::config::Deadlines;
use crate::dns::{Dns, NoAnswer};

/// Makes outbound connections, to permitted addresses only.
pub struct Egress {
    allow: Vec<IpNet>,
    dns: Arc<Dns>,
}

/// A connection failure.
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
    /// Permits public addresses and those in `allow`.
    pub fn new(allow: Vec<IpNet>, dns: Arc<Dns>) -> Self {
        Self { allow, dns }
    }

    /// The resolver for DNS lookups.
    pub fn dns(&self) -> &Arc<Dns> {
        &self.dns
    }

    /// Returns the permitted addresses of a host. The system resolves the name unless name servers are configured.
    pub async fn resolve(&self, host: &str, port: u16, limits: &Deadlines) -> Result<Vec<SocketAddr>, EgressError> {
        let unresolved = |reason: &str| EgressError::Unresolved { host: host.to_owned(), reason: reason.to_owned() };
        let missing = || unresolved("the host does not exist, or the resolver does not answer");
        let found: Vec<IpAddr> = if self.dns.is_configured() {
            self.dns.addresses(host).await.map_err(|why| match why {
                NoAnswer::NoRecords => unresolved("it has no address"),
                NoAnswer::NoSuchName | NoAnswer::Failed => missing(),
            })?
        } else {
            let found = timeout(limits.dns.0, tokio::net::lookup_host((host, port))).await;
            let found = found.map_err(|_| unresolved("the resolver did not answer in time"))?.map_err(|_| missing())?;
            found.map(|address| address.ip()).collect()
        };
        if found.is_empty() {
            return Err(unresolved("it has no address"));
        }
        self.permitted(host, port, found)
    }

    /// Returns the permitted addresses among the addresses of a host.
    pub fn permitted(&self, host: &str, port: u16, found: Vec<IpAddr>) -> Result<Vec<SocketAddr>, EgressError> {
        let permitted = found.into_iter().filter(|address| self.permits(*address));
        let permitted: Vec<SocketAddr> = permitted.map(|address| SocketAddr::new(address, port)).collect();
        if permitted.is_empty() { Err(EgressError::Refused { host: host.to_owned() }) } else { Ok(permitted) }
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
                    // Commands are short and sent one at a time, so waiting to fill a packet only costs time.
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

    /// Connects to 127.0.0.1, for a provider with `allow_http_loopback`.
    pub async fn connect_loopback(&self, port: u16, limits: &Deadlines) -> Result<TcpStream, EgressError> {
        let allow = vec![IpNet::from(IpAddr::from(std::net::Ipv4Addr::LOCALHOST))];
        let loopback = Self { allow, dns: self.dns.clone() };
        loopback.connect("127.0.0.1", &[SocketAddr::from((std::net::Ipv4Addr::LOCALHOST, port))], limits).await
    }

    /// The permitted addresses of a host; none if the lookup fails.
    pub async fn permitted_addresses(&self, host: &str) -> Vec<IpAddr> {
        let found = self.dns.addresses(host).await.unwrap_or_default();
        found.into_iter().filter(|address| self.permits(*address)).collect()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{self, Overrides};

    /// Forms of forbidden addresses: plain, short, in other bases, mapped, translated.
    const FORMS: [&str; 62] = [
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "127.000.000.001",
        "2130706433",
        "0x7f000001",
        "0x7f.0.0.1",
        "0x7f.1",
        "017700000001",
        "0177.0.0.1",
        "0177.1",
        "127.1.2.3",
        "127.255.255.254",
        "0",
        "0.0.0.0",
        "0x0",
        "00",
        "localhost",
        "LOCALHOST",
        "localhost.",
        "::1",
        "0:0:0:0:0:0:0:1",
        "::",
        "::ffff:127.0.0.1",
        "::ffff:7f00:1",
        "0:0:0:0:0:ffff:127.0.0.1",
        "::127.0.0.1",
        "::7f00:1",
        "64:ff9b::127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::7f00:1",
        "2002:7f00:1::",
        "2002:7f00:0001::1",
        "2001::1",
        "169.254.169.254",
        "2852039166",
        "0xa9fea9fe",
        "0251.0376.0251.0376",
        "::ffff:169.254.169.254",
        "::ffff:a9fe:a9fe",
        "64:ff9b::a9fe:a9fe",
        "10.0.0.1",
        "10.1",
        "167772161",
        "012.0.0.1",
        "::ffff:10.0.0.1",
        "172.16.0.1",
        "172.31.255.254",
        "192.168.0.1",
        "192.168.1",
        "3232235521",
        "100.64.0.1",
        "100.127.255.254",
        "198.18.0.1",
        "192.0.2.1",
        "224.0.0.1",
        "255.255.255.255",
        "fe80::1",
        "febf::1",
        "fc00::1",
        "fd12:3456::1",
        "ff02::1",
    ];

    #[tokio::test]
    async fn private_addresses_are_refused_in_every_notation() {
        let limits = config::load(&Overrides::default()).unwrap().deadlines;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let egress = Egress::new(Vec::new(), Arc::default());
        for host in FORMS {
            let found = egress.resolve(host, port, &limits).await;
            assert!(
                matches!(found, Err(EgressError::Refused { .. } | EgressError::Unresolved { .. })),
                "{host}: {found:?}"
            );
            // `connect` refuses a forbidden address too, even without a lookup.
            let known: Vec<SocketAddr> =
                host.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, port)).into_iter().collect();
            assert!(egress.connect(host, &known, &limits).await.is_err(), "{host}");
        }
        let accepted = tokio::time::timeout(std::time::Duration::from_millis(50), listener.accept()).await;
        assert!(accepted.is_err(), "no connection was made");
        // The operator may allow private networks.
        let allowing = Egress::new(vec!["127.0.0.0/8".parse().unwrap()], Arc::default());
        let found = allowing.resolve("127.0.0.1", port, &limits).await.unwrap();
        assert!(allowing.connect("127.0.0.1", &found, &limits).await.is_ok());
    }
}
