//! DNS: looks up MX, SRV and TXT records, which the system's resolver does not return, and addresses if the configuration
//! sets name servers.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{RData, RecordType};
use tokio::time::timeout;

/// Maximum number of records of one type.
const MAX_RECORDS: usize = 50;

/// A resolver that uses this machine's name servers, or those of the configuration.
pub struct Dns {
    /// `None` if the machine's resolver configuration is unreadable: then every lookup fails.
    resolver: Option<TokioResolver>,
    /// Whether the configuration sets the name servers. Otherwise addresses come from the system's resolver, which has more
    /// sources than DNS, such as /etc/hosts.
    is_configured: bool,
    /// Time limit of one query, including retries.
    limit: Duration,
}

/// The reason why a lookup returned no records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoAnswer {
    /// The name does not exist (NXDOMAIN).
    NoSuchName,
    /// The name exists, without records of this type.
    NoRecords,
    /// No name server answers, or all of them report a failure (SERVFAIL, REFUSED). The name may or may not exist.
    Failed,
}

/// An MX record (RFC 5321 5.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mx {
    /// The host with the lowest value is tried first.
    pub preference: u16,
    /// The host, with its final dot; "." in a null MX (RFC 7505).
    pub host: String,
}

/// An SRV record (RFC 2782).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Srv {
    /// The host with the lowest value is tried first.
    pub priority: u16,
    /// Among equal priorities, a higher weight gets a larger share.
    pub weight: u16,
    pub port: u16,
    /// The host; "." if the service is not offered.
    pub target: String,
}

/// This machine's name servers, with a limit that suits tests.
impl Default for Dns {
    fn default() -> Self {
        Self::new(&[], Duration::from_secs(5))
    }
}

impl Dns {
    /// A resolver that uses these name servers, or the machine's if the list is empty, with this time limit per query.
    pub fn new(servers: &[SocketAddr], limit: Duration) -> Self {
        let builder = match servers {
            [] => TokioResolver::builder_tokio(),
            servers => {
                let config = ResolverConfig::from_name_servers(servers.iter().map(name_server).collect());
                Ok(TokioResolver::builder_with_config(config, TokioRuntimeProvider::default()))
            }
        };
        let resolver = builder.and_then(|mut builder| {
            let options = builder.options_mut();
            // A third of the limit, so that the resolver can repeat a query after a lost packet.
            options.timeout = limit / 3;
            options.attempts = 2;
            builder.build()
        });
        Self { resolver: resolver.ok(), is_configured: !servers.is_empty(), limit }
    }

    /// Whether the configuration sets the name servers.
    pub fn is_configured(&self) -> bool {
        self.is_configured
    }

    /// The MX records of a domain, preferred first.
    pub async fn mx(&self, domain: &str) -> Result<Vec<Mx>, NoAnswer> {
        let parse = |data| match data {
            RData::MX(mx) => Some(Mx { preference: mx.preference, host: mx.exchange.to_ascii() }),
            _ => None,
        };
        let mut found: Vec<Mx> = self.look_up(format!("{domain}."), RecordType::MX, parse).await?;
        found.sort_by(|a, b| (a.preference, &a.host).cmp(&(b.preference, &b.host)));
        Ok(found)
    }

    /// The SRV records of a service over TCP (RFC 6186 3).
    pub async fn srv(&self, service: &str, domain: &str) -> Result<Vec<Srv>, NoAnswer> {
        let parse = |data| match data {
            RData::SRV(srv) => {
                Some(Srv { priority: srv.priority, weight: srv.weight, port: srv.port, target: srv.target.to_ascii() })
            }
            _ => None,
        };
        self.look_up(format!("{service}._tcp.{domain}."), RecordType::SRV, parse).await
    }

    /// The TXT records of a name, each with its strings joined (RFC 7208 3.3).
    pub async fn txt(&self, name: &str) -> Result<Vec<String>, NoAnswer> {
        let parse = |data| match data {
            RData::TXT(txt) => Some(String::from_utf8_lossy(&txt.txt_data.concat()).into_owned()),
            _ => None,
        };
        self.look_up(format!("{name}."), RecordType::TXT, parse).await
    }

    /// The addresses of a host, IPv4 first.
    pub async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, NoAnswer> {
        if let Ok(address) = host.parse() {
            return Ok(vec![address]);
        }
        let resolver = self.resolver.as_ref().ok_or(NoAnswer::Failed)?;
        let found = timeout(self.limit, resolver.lookup_ip(format!("{}.", host.trim_end_matches('.')))).await;
        let found = found.map_err(|_| NoAnswer::Failed)?.map_err(|error| no_answer(&error))?;
        let mut addresses: Vec<IpAddr> = found.iter().take(MAX_RECORDS).collect();
        addresses.sort_by_key(IpAddr::is_ipv6);
        if addresses.is_empty() { Err(NoAnswer::NoRecords) } else { Ok(addresses) }
    }

    /// Looks up records. The name must end with a dot, so that the machine's search list is not applied.
    async fn look_up<T>(
        &self,
        name: String,
        kind: RecordType,
        parse: impl Fn(RData) -> Option<T>,
    ) -> Result<Vec<T>, NoAnswer> {
        let resolver = self.resolver.as_ref().ok_or(NoAnswer::Failed)?;
        let found = timeout(self.limit, resolver.lookup(name, kind)).await.map_err(|_| NoAnswer::Failed)?;
        let found = found.map_err(|error| no_answer(&error))?;
        let records: Vec<T> =
            found.answers().iter().filter_map(|record| parse(record.data.clone())).take(MAX_RECORDS).collect();
        if records.is_empty() { Err(NoAnswer::NoRecords) } else { Ok(records) }
    }
}

fn name_server(address: &SocketAddr) -> NameServerConfig {
    let on_port = |connection: ConnectionConfig| {
        let mut connection = connection;
        connection.port = address.port();
        connection
    };
    NameServerConfig::new(address.ip(), true, vec![on_port(ConnectionConfig::udp()), on_port(ConnectionConfig::tcp())])
}

fn no_answer(error: &NetError) -> NoAnswer {
    match error {
        error if error.is_nx_domain() => NoAnswer::NoSuchName,
        error if error.is_no_records_found() => NoAnswer::NoRecords,
        _ => NoAnswer::Failed,
    }
}
