//! The large providers: their own domains, the MX hosts of their customers' domains, and their IMAP servers. The server
//! names are from the providers' pages and Thunderbird's list. Uncertain entries are omitted and left to the other
//! sources.

use super::{Candidate, Passwords};
use crate::address::Address;

/// A known provider.
#[derive(Debug)]
pub struct KnownProvider {
    /// Display name.
    pub name: &'static str,
    /// The passwords that its mail server accepts.
    pub passwords: Passwords,
    /// The provider's mail server, with implicit TLS on port 993.
    host: &'static str,
    /// Whether the login name is the part before the @, instead of the whole address.
    by_local_part: bool,
    /// The domains of the addresses that the provider itself gives out.
    domains: &'static [&'static str],
    /// Suffixes of the MX hosts of its customers' own domains.
    mx: &'static [&'static str],
}

const DEFAULTS: KnownProvider =
    KnownProvider { name: "", passwords: Passwords::Own, host: "", by_local_part: false, domains: &[], mx: &[] };

static PROVIDERS: [KnownProvider; 10] = [
    KnownProvider {
        name: "Microsoft",
        passwords: Passwords::None,
        host: "outlook.office365.com",
        domains: &[
            "outlook.com",
            "outlook.dk",
            "hotmail.com",
            "hotmail.se",
            "hotmail.no",
            "hotmail.dk",
            "hotmail.fi",
            "hotmail.co.uk",
            "live.com",
            "live.se",
            "live.no",
            "live.dk",
            "live.fi",
            "live.co.uk",
            "msn.com",
            "windowslive.com",
        ],
        mx: &["mail.protection.outlook.com", "olc.protection.outlook.com", "mx.microsoft"],
        ..DEFAULTS
    },
    KnownProvider {
        name: "Google",
        passwords: Passwords::App,
        host: "imap.gmail.com",
        domains: &["gmail.com", "googlemail.com"],
        mx: &["google.com", "googlemail.com"],
        ..DEFAULTS
    },
    KnownProvider {
        name: "iCloud",
        passwords: Passwords::App,
        host: "imap.mail.me.com",
        by_local_part: true,
        domains: &["icloud.com", "me.com", "mac.com"],
        ..DEFAULTS
    },
    KnownProvider {
        name: "Yahoo",
        passwords: Passwords::App,
        host: "imap.mail.yahoo.com",
        domains: &[
            "yahoo.com",
            "yahoo.se",
            "yahoo.de",
            "yahoo.fr",
            "yahoo.it",
            "yahoo.es",
            "yahoo.ca",
            "yahoo.co.uk",
            "ymail.com",
            "rocketmail.com",
        ],
        ..DEFAULTS
    },
    KnownProvider {
        name: "AOL",
        passwords: Passwords::App,
        host: "imap.aol.com",
        domains: &["aol.com", "aol.se", "aol.de", "aol.co.uk"],
        ..DEFAULTS
    },
    KnownProvider {
        name: "Fastmail",
        passwords: Passwords::App,
        host: "imap.fastmail.com",
        domains: &["fastmail.com", "fastmail.fm"],
        mx: &["messagingengine.com"],
        ..DEFAULTS
    },
    KnownProvider {
        name: "GMX",
        host: "imap.gmx.net",
        domains: &["gmx.net", "gmx.de", "gmx.at", "gmx.ch", "gmx.eu"],
        ..DEFAULTS
    },
    KnownProvider { name: "WEB.DE", host: "imap.web.de", by_local_part: true, domains: &["web.de"], ..DEFAULTS },
    KnownProvider { name: "one.com", host: "imap.one.com", domains: &["one.com"], mx: &["one.com"], ..DEFAULTS },
    KnownProvider {
        name: "Loopia",
        host: "mailcluster.loopia.se",
        domains: &["loopia.se"],
        mx: &["loopia.se"],
        ..DEFAULTS
    },
];

impl KnownProvider {
    /// The provider's server, for this address.
    pub fn candidate(&self, address: &Address) -> Candidate {
        let local = address.as_str().split_once('@').map(|(local, _)| local.to_owned());
        Candidate { username: local.filter(|_| self.by_local_part), ..Candidate::with_implicit_tls(self.host) }
    }
}

/// The provider that owns this domain.
pub fn by_domain(domain: &str) -> Option<&'static KnownProvider> {
    PROVIDERS.iter().find(|provider| provider.domains.contains(&domain))
}

/// The provider of a domain, by its MX hosts, preferred first. If a mail filter comes first, the provider behind it is often
/// listed later.
pub fn by_mx(hosts: &[String]) -> Option<&'static KnownProvider> {
    let provider_of = |host: &String| {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let is_in = |end: &&str| host.strip_suffix(*end).is_some_and(|rest| rest.ends_with('.'));
        PROVIDERS.iter().find(|provider| provider.mx.iter().any(is_in))
    };
    hosts.iter().find_map(provider_of)
}

/// The provider of this mail server.
pub fn by_host(host: &str) -> Option<&'static KnownProvider> {
    PROVIDERS.iter().find(|provider| provider.host.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_is_recognised_by_its_mx_record_and_lookalikes_are_not() {
        let table = [
            ("lillestad-se.mail.protection.outlook.com.", Some("Microsoft")),
            ("Lillestad-SE.mail.protection.Outlook.com", Some("Microsoft")),
            ("lillestad-se.d-v1.mx.microsoft.", Some("Microsoft")),
            ("aspmx.l.google.com.", Some("Google")),
            ("smtp.google.com.", Some("Google")),
            ("aspmx2.googlemail.com.", Some("Google")),
            ("mailcluster.loopia.se.", Some("Loopia")),
            ("mx1.pub.mailpod1-cph3.one.com.", Some("one.com")),
            ("in1-smtp.messagingengine.com.", Some("Fastmail")),
            ("mx.lillestad.se.", None),
            ("aspmx.l.notgoogle.com.", None),
            ("mx.phone.com.", None),
            ("google.com.evil.example.", None),
            ("google.com.", None),
            (".", None),
            ("", None),
        ];
        for (host, name) in table {
            assert_eq!(by_mx(&[host.to_owned()]).map(|provider| provider.name), name, "{host}");
        }
    }

    #[test]
    fn a_filter_in_front_does_not_hide_the_provider() {
        let hosts = ["mx1.filter.example.", "lillestad-se.mail.protection.outlook.com.", "smtp.google.com."];
        assert_eq!(by_mx(&hosts.map(str::to_owned)).map(|provider| provider.name), Some("Microsoft"));
        assert!(by_mx(&[]).is_none());
    }

    #[test]
    fn every_domain_and_server_is_valid_and_unique() {
        let mut known = Vec::new();
        for provider in &PROVIDERS {
            for name in provider.domains.iter().chain([&provider.host]) {
                assert_eq!(super::super::host_name(name).as_deref(), Some(*name));
                assert!(!known.contains(name), "{name} is there twice");
                known.push(name);
            }
        }
    }
}
