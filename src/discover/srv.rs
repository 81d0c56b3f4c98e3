//! Chooses a mail server from the SRV records of a domain.

use std::cmp::Reverse;

use super::{Candidate, Source, SourceResult, host_name};
use crate::dns::Srv;
use crate::mailbox::TlsMode;

/// The server in these records: implicit TLS before STARTTLS (RFC 8314 5.1). If the domain excludes implicit TLS and
/// has no other server, the result is `NotOffered`, so that no server is guessed.
pub fn by_srv(imaps: &[Srv], imap: &[Srv]) -> SourceResult {
    let candidate = best(imaps, TlsMode::Implicit).or_else(|| best(imap, TlsMode::StartTls));
    match candidate {
        None if imaps.iter().any(|srv| srv.target == ".") => SourceResult::NotOffered,
        candidate => SourceResult::from_candidate(Source::Srv, candidate),
    }
}

/// The preferred server. RFC 2782 chooses randomly by weight, to spread the load; a proposed server is stored, so the
/// choice is deterministic here.
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
