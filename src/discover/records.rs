//! What DNS says of a domain: MX and SRV records, which the system's resolver does not give.

use std::cmp::Reverse;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::proto::rr::{RData, RecordType};
use tokio::time::timeout;

use super::{Lead, Said, Source, host_name};
use crate::mailbox::TlsMode;

/// No domain has so many of one kind for a good reason.
const MOST: usize = 50;

/// Asks the name servers that this machine is configured with.
pub struct Records {
    /// `None` where the machine's configuration cannot be read: then there are no records.
    resolver: Option<TokioResolver>,
    /// The time for one question, with its repetitions.
    limit: Duration,
}

/// An SRV record (RFC 2782).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Srv {
    /// The lowest is asked.
    pub priority: u16,
    /// Of those with the same priority, the heavier gets more.
    pub weight: u16,
    /// Where it listens.
    pub port: u16,
    /// The host; "." where the service is not offered.
    pub target: String,
}

impl Records {
    /// Waits so long for an answer.
    pub fn new(limit: Duration) -> Self {
        let resolver = TokioResolver::builder_tokio().and_then(|mut builder| {
            let options = builder.options_mut();
            // A packet that was lost is sent again while there is time.
            options.timeout = limit / 3;
            options.attempts = 2;
            builder.build()
        });
        Self { resolver: resolver.ok(), limit }
    }

    /// The hosts that take a domain's mail, the preferred first (RFC 5321 5.1).
    pub async fn mx(&self, domain: &str) -> Vec<String> {
        let mut found: Vec<(u16, String)> = self
            .look_up(format!("{domain}."), RecordType::MX)
            .await
            .into_iter()
            .filter_map(|data| match data {
                RData::MX(mx) => Some((mx.preference, mx.exchange.to_ascii())),
                _ => None,
            })
            .collect();
        found.sort();
        found.into_iter().map(|(_, host)| host).collect()
    }

    /// Where a domain offers a service over TCP (RFC 6186 3).
    pub async fn srv(&self, service: &str, domain: &str) -> Vec<Srv> {
        self.look_up(format!("{service}._tcp.{domain}."), RecordType::SRV)
            .await
            .into_iter()
            .filter_map(|data| match data {
                RData::SRV(srv) => Some(Srv {
                    priority: srv.priority,
                    weight: srv.weight,
                    port: srv.port,
                    target: srv.target.to_ascii(),
                }),
                _ => None,
            })
            .collect()
    }

    /// The name has its final dot, so that the machine's search list does not complete it.
    async fn look_up(&self, name: String, kind: RecordType) -> Vec<RData> {
        let Some(resolver) = &self.resolver else { return Vec::new() };
        match timeout(self.limit, resolver.lookup(name, kind)).await {
            Ok(Ok(found)) => found.answers().iter().take(MOST).map(|record| record.data.clone()).collect(),
            Ok(Err(_)) | Err(_) => Vec::new(),
        }
    }
}

/// The server that these records name: TLS from the first byte before STARTTLS (RFC 8314 5.1). Where the domain says that it
/// offers the first not, and names no other, a guess would contradict it.
pub fn by_srv(imaps: &[Srv], imap: &[Srv]) -> Said {
    let lead = best(imaps, TlsMode::Implicit).or_else(|| best(imap, TlsMode::StartTls));
    match lead {
        None if imaps.iter().any(|srv| srv.target == ".") => Said::Nowhere,
        lead => Said::here(Source::Srv, lead),
    }
}

/// RFC 2782 draws lots by weight, to spread the load; one server that is proposed and kept is better the same every time.
fn best(records: &[Srv], tls: TlsMode) -> Option<Lead> {
    let usable = records.iter().filter(|srv| srv.port != 0).filter_map(|srv| Some((srv, host_name(&srv.target)?)));
    let (srv, host) = usable.min_by_key(|(srv, _)| (srv.priority, Reverse(srv.weight)))?;
    Some(Lead { port: srv.port, tls, ..Lead::usual(host) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn srv(priority: u16, weight: u16, port: u16, target: &str) -> Srv {
        Srv { priority, weight, port, target: target.to_owned() }
    }

    fn named(imaps: &[Srv], imap: &[Srv]) -> Option<(String, u16, TlsMode)> {
        match by_srv(imaps, imap) {
            Said::Here(Source::Srv, lead) => Some((lead.host, lead.port, lead.tls)),
            _ => None,
        }
    }

    #[test]
    fn the_lowest_priority_and_then_the_heaviest_is_proposed() {
        let records = [
            srv(10, 90, 993, "backup.example."),
            srv(5, 1, 993, "small.example."),
            srv(5, 60, 1993, "large.example."),
            srv(0, 0, 993, "127.0.0.1."),
            srv(0, 0, 0, "nowhere.example."),
        ];
        let expected = Some(("large.example".to_owned(), 1993, TlsMode::Implicit));
        assert_eq!(named(&records, &[]), expected);
        assert_eq!(named(&records, &[srv(0, 0, 143, "plain.example.")]), expected, "implicit TLS goes first");
    }

    #[test]
    fn starttls_where_that_is_all_there_is() {
        let imap = [srv(0, 1, 143, "imap.lillestad.se.")];
        let expected = Some(("imap.lillestad.se".to_owned(), 143, TlsMode::StartTls));
        assert_eq!(named(&[], &imap), expected);
        assert_eq!(named(&[srv(0, 0, 0, ".")], &imap), expected);
    }

    #[test]
    fn a_service_that_is_not_offered_is_not_guessed_at() {
        let none = [srv(0, 0, 0, ".")];
        assert_eq!(by_srv(&none, &none), Said::Nowhere);
        assert_eq!(by_srv(&none, &[]), Said::Nowhere);
        assert_eq!(by_srv(&[], &none), Said::Unknown, "only STARTTLS is not offered");
        assert_eq!(by_srv(&[], &[]), Said::Unknown);
    }
}
