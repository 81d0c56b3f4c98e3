//! MX and SRV records, which the system's resolver does not return.

use std::cmp::Reverse;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::proto::rr::{RData, RecordType};
use tokio::time::timeout;

use super::{Candidate, Source, SourceResult, host_name};
use crate::mailbox::TlsMode;

/// Maximum number of records of one type.
const MAX_RECORDS: usize = 50;

/// A resolver that uses this machine's name servers.
pub struct Records {
    /// `None` if the machine's configuration is unreadable: then no records are found.
    resolver: Option<TokioResolver>,
    /// Time limit of one query, including retries.
    limit: Duration,
}

/// An SRV record (RFC 2782).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Srv {
    /// The lowest priority is preferred.
    pub priority: u16,
    /// Among equal priorities, a higher weight gets a larger share.
    pub weight: u16,
    pub port: u16,
    /// The host; "." if the service is not offered.
    pub target: String,
}

impl Records {
    /// A resolver with this time limit per query.
    pub fn new(limit: Duration) -> Self {
        let resolver = TokioResolver::builder_tokio().and_then(|mut builder| {
            let options = builder.options_mut();
            // The resolver repeats a query after a lost packet, within the limit.
            options.timeout = limit / 3;
            options.attempts = 2;
            builder.build()
        });
        Self { resolver: resolver.ok(), limit }
    }

    /// The MX hosts of a domain, preferred first (RFC 5321 5.1).
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

    /// The SRV records of a service over TCP (RFC 6186 3).
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

    /// The name must have its final dot, so that the machine's search list does not complete it.
    async fn look_up(&self, name: String, kind: RecordType) -> Vec<RData> {
        let Some(resolver) = &self.resolver else { return Vec::new() };
        match timeout(self.limit, resolver.lookup(name, kind)).await {
            Ok(Ok(found)) => found.answers().iter().take(MAX_RECORDS).map(|record| record.data.clone()).collect(),
            Ok(Err(_)) | Err(_) => Vec::new(),
        }
    }
}

/// The server in these records: implicit TLS before STARTTLS (RFC 8314 5.1). If the domain excludes implicit TLS and
/// has no other server, a guess would contradict it.
pub fn by_srv(imaps: &[Srv], imap: &[Srv]) -> SourceResult {
    let candidate = best(imaps, TlsMode::Implicit).or_else(|| best(imap, TlsMode::StartTls));
    match candidate {
        None if imaps.iter().any(|srv| srv.target == ".") => SourceResult::NotOffered,
        candidate => SourceResult::from_candidate(Source::Srv, candidate),
    }
}

/// RFC 2782 chooses randomly by weight, to spread the load. A proposed server is stored, so the choice is deterministic
/// here.
fn best(records: &[Srv], tls: TlsMode) -> Option<Candidate> {
    let usable = records.iter().filter(|srv| srv.port != 0).filter_map(|srv| Some((srv, host_name(&srv.target)?)));
    let (srv, host) = usable.min_by_key(|(srv, _)| (srv.priority, Reverse(srv.weight)))?;
    Some(Candidate { port: srv.port, tls, ..Candidate::with_implicit_tls(host) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn srv(priority: u16, weight: u16, port: u16, target: &str) -> Srv {
        Srv { priority, weight, port, target: target.to_owned() }
    }

    fn chosen_server(imaps: &[Srv], imap: &[Srv]) -> Option<(String, u16, TlsMode)> {
        match by_srv(imaps, imap) {
            SourceResult::Found(Source::Srv, candidate) => Some((candidate.host, candidate.port, candidate.tls)),
            _ => None,
        }
    }

    #[test]
    fn the_lowest_priority_then_the_highest_weight_is_proposed() {
        let records = [
            srv(10, 90, 993, "backup.example."),
            srv(5, 1, 993, "small.example."),
            srv(5, 60, 1993, "large.example."),
            srv(0, 0, 993, "127.0.0.1."),
            srv(0, 0, 0, "nowhere.example."),
        ];
        let expected = Some(("large.example".to_owned(), 1993, TlsMode::Implicit));
        assert_eq!(chosen_server(&records, &[]), expected);
        assert_eq!(chosen_server(&records, &[srv(0, 0, 143, "plain.example.")]), expected, "implicit TLS goes first");
    }

    #[test]
    fn starttls_is_proposed_if_nothing_else_is_offered() {
        let imap = [srv(0, 1, 143, "imap.lillestad.se.")];
        let expected = Some(("imap.lillestad.se".to_owned(), 143, TlsMode::StartTls));
        assert_eq!(chosen_server(&[], &imap), expected);
        assert_eq!(chosen_server(&[srv(0, 0, 0, ".")], &imap), expected);
    }

    #[test]
    fn a_service_that_is_not_offered_is_not_guessed_at() {
        let none = [srv(0, 0, 0, ".")];
        assert_eq!(by_srv(&none, &none), SourceResult::NotOffered);
        assert_eq!(by_srv(&none, &[]), SourceResult::NotOffered);
        assert_eq!(by_srv(&[], &none), SourceResult::Unknown, "only STARTTLS is not offered");
        assert_eq!(by_srv(&[], &[]), SourceResult::Unknown);
    }
}
