//! The autoconfig file of a domain, as Thunderbird looks for it (draft-bucksch-autoconfig): only over HTTPS and from
//! the domain itself, never from a third-party directory.

mod document;

use url::Url;

use super::{Candidate, host_name};
use crate::address::Address;
use crate::https::HttpClient;
use crate::mailbox::TlsMode;
use crate::shown::shown;

use document::Incoming;

/// Maximum size of the file in bytes. Usual files have two kilobytes.
pub const MAX_SIZE: usize = 64 << 10;

/// The URLs of the file, in order of preference; `None` if a URL cannot be built.
pub fn urls(domain: &str, address: &Address) -> [Option<Url>; 2] {
    let url = |text: String| {
        let mut url = Url::parse(&text).ok()?;
        url.query_pairs_mut().append_pair("emailaddress", address.as_str());
        Some(url)
    };
    [
        url(format!("https://autoconfig.{domain}/mail/config-v1.1.xml")),
        url(format!("https://{domain}/.well-known/autoconfig/mail/config-v1.1.xml")),
    ]
}

/// Fetches and parses the file. A missing or useless file is not an error: most domains have none.
pub async fn fetch(url: Option<Url>, address: &Address, http: &HttpClient<'_>) -> Option<Candidate> {
    let request = hyper::Request::get(url?.as_str())
        .header(hyper::header::ACCEPT, "application/xml, text/xml")
        .body(Vec::new())
        .ok()?;
    let answer = http.send(request).await.ok().filter(|answer| answer.status() == hyper::StatusCode::OK)?;
    by_autoconfig(&String::from_utf8(answer.into_body()).ok()?, address)
}

/// The first IMAP server in the file with implicit TLS, else the first with STARTTLS. A server without TLS is never
/// chosen.
pub fn by_autoconfig(xml: &str, address: &Address) -> Option<Candidate> {
    let candidates: Vec<Candidate> =
        document::imap_servers(xml)?.iter().filter_map(|server| candidate(server, address)).collect();
    let first = |tls| candidates.iter().find(|candidate| candidate.tls == tls).cloned();
    first(TlsMode::Implicit).or_else(|| first(TlsMode::StartTls))
}

/// Converts a server in the file; `None` if it is not usable.
fn candidate(server: &Incoming, address: &Address) -> Option<Candidate> {
    let tls = match server.socket_type.trim() {
        "SSL" => TlsMode::Implicit,
        "STARTTLS" => TlsMode::StartTls,
        _ => return None,
    };
    let username = fill(server.username.trim(), address);
    // The admin could not correct a login name that is not displayed as it is.
    if shown(&username) != username {
        return None;
    }
    Some(Candidate {
        host: host_name(&fill(server.hostname.trim(), address))?,
        port: server.port.trim().parse().ok().filter(|port| *port != 0)?,
        tls,
        username: (!username.is_empty()).then_some(username),
        only_tokens: !server.authentication.is_empty()
            && server.authentication.iter().all(|way| way.trim() == "OAuth2"),
    })
}

/// Fills in the placeholders in one pass, since an address may itself contain a placeholder.
fn fill(text: &str, address: &Address) -> String {
    let (local, domain) = address.as_str().split_once('@').unwrap_or_default();
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        filled.push_str(before);
        let named = after.split_once('%').and_then(|(name, behind)| match name {
            "EMAILADDRESS" => Some((address.as_str(), behind)),
            "EMAILLOCALPART" => Some((local, behind)),
            "EMAILDOMAIN" => Some((domain, behind)),
            _ => None,
        });
        let (value, behind) = named.unwrap_or(("%", after));
        filled.push_str(value);
        rest = behind;
    }
    filled + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(kind: &str, host: &str, port: &str, socket: &str, username: &str) -> String {
        format!(
            "<incomingServer type=\"{kind}\"><hostname>{host}</hostname><port>{port}</port>\
             <socketType>{socket}</socketType><username>{username}</username>\
             <authentication>password-cleartext</authentication></incomingServer>"
        )
    }

    fn file(servers: &str) -> String {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<clientConfig version=\"1.1\">\n<emailProvider id=\"lillestad.se\">\
             <domain>lillestad.se</domain>{servers}<outgoingServer type=\"smtp\"><hostname>smtp.lillestad.se</hostname>\
             <port>465</port><socketType>SSL</socketType></outgoingServer></emailProvider></clientConfig>\n"
        )
    }

    fn read(servers: &str) -> Option<Candidate> {
        by_autoconfig(&file(servers), &"jobb@lillestad.se".parse().unwrap())
    }

    #[test]
    fn implicit_tls_is_preferred_to_starttls() {
        let plain = server("imap", "plain.lillestad.se", "143", "plain", "%EMAILADDRESS%");
        let pop = server("pop3", "pop.lillestad.se", "995", "SSL", "%EMAILADDRESS%");
        let starttls = server("imap", "one.lillestad.se", "143", "STARTTLS", "%EMAILADDRESS%");
        let implicit = server("imap", "two.lillestad.se", "993", "SSL", "%EMAILLOCALPART%");
        let found = read(&[&plain, &pop, &starttls, &implicit].map(String::as_str).concat()).unwrap();
        assert_eq!((found.host.as_str(), found.port, found.tls), ("two.lillestad.se", 993, TlsMode::Implicit));
        assert_eq!(found.username.as_deref(), Some("jobb"));
        let found = read(&[&plain, &pop, &starttls].map(String::as_str).concat()).unwrap();
        assert_eq!((found.port, found.tls), (143, TlsMode::StartTls));
        assert_eq!(read(&[&plain, &pop].map(String::as_str).concat()), None);
        assert_eq!(read(""), None);
    }

    #[test]
    fn placeholders_are_replaced_in_one_pass() {
        let table = [
            ("%EMAILADDRESS%", "a%emaildomain%@lillestad.se"),
            ("%EMAILLOCALPART%.%EMAILDOMAIN%", "a%emaildomain%.lillestad.se"),
            ("DOM\\%EMAILLOCALPART%", "DOM\\a%emaildomain%"),
            ("100%", "100%"),
            ("%REALNAME%%EMAILDOMAIN%", "%REALNAME%lillestad.se"),
            ("%%EMAILDOMAIN%%", "%lillestad.se%"),
        ];
        for (text, filled) in table {
            assert_eq!(fill(text, &"a%EMAILDOMAIN%@lillestad.se".parse().unwrap()), filled, "{text}");
        }
        let found =
            read(&server("imap", "imap.%EMAILDOMAIN%", " 993 ", "SSL", "&#37;EMAILLOCALPART% &amp; co")).unwrap();
        assert_eq!((found.host.as_str(), found.username.as_deref()), ("imap.lillestad.se", Some("jobb & co")));
    }

    #[test]
    fn authentication_by_tokens_only_is_recognised() {
        let both = server("imap", "imap.lillestad.se", "993", "SSL", "%EMAILADDRESS%");
        let both = both.replace("</port>", "</port><authentication>OAuth2</authentication>");
        assert!(!read(&both).unwrap().only_tokens);
        assert!(read(&both.replace("password-cleartext", "OAuth2")).unwrap().only_tokens);
        assert!(!read(&both.replace("authentication", "x")).unwrap().only_tokens, "nothing is result");
    }

    #[test]
    fn unusable_servers_are_skipped() {
        let good = server("imap", "imap.lillestad.se", "993", "SSL", "%EMAILADDRESS%");
        for (host, port, username) in [
            ("127.0.0.1", "993", "a"),
            ("[::1]", "993", "a"),
            ("localhost", "993", "a"),
            ("imap.lillestad.se/x", "993", "a"),
            ("user@imap.lillestad.se", "993", "a"),
            ("", "993", "a"),
            ("imap.lillestad.se", "0", "a"),
            ("imap.lillestad.se", "65536", "a"),
            ("imap.lillestad.se", "", "a"),
            ("imap.lillestad.se", "993", "a&#10;b"),
            ("imap.lillestad.se", "993", "a\u{202e}b"),
        ] {
            let bad = server("imap", host, port, "SSL", username);
            assert_eq!(read(&bad), None, "{bad}");
            assert_eq!(read(&(bad + &good)).unwrap().host, "imap.lillestad.se");
        }
        let long = server("imap", "imap.lillestad.se", "993", "SSL", &"a".repeat(1000));
        assert_eq!(read(&long), None);
    }

    #[test]
    fn the_address_is_sent_so_that_it_stays_one_parameter() {
        let [first, second] = urls("lillestad.se", &"a&b=ö+c#d@lillestad.se".parse().unwrap());
        let query = "?emailaddress=a%26b%3D%C3%B6%2Bc%23d%40lillestad.se";
        let first = first.unwrap();
        assert_eq!(first.as_str(), format!("https://autoconfig.lillestad.se/mail/config-v1.1.xml{query}"));
        let expected = format!("https://lillestad.se/.well-known/autoconfig/mail/config-v1.1.xml{query}");
        assert_eq!(second.unwrap().as_str(), expected);
    }
}
