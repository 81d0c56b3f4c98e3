//! Finds the mail server of an address, to propose it to the admin. The proposal is shown for correction and never used
//! unseen, since the owner of the domain or of its DNS decides where the password would go (RFC 6186 6).
//!
//! The sources, in order of preference: the large providers by the address's domain; the domain's MX records; its
//! autoconfig file, as Thunderbird reads it; its SRV records (RFC 6186, RFC 8314); a guess. All but the first are
//! queried concurrently.

mod autoconfig;
mod host_name;
mod proposal;
mod provider;
mod srv;

use std::time::Duration;

use futures::FutureExt;
use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesOrdered;
use serde::Serialize;
use tokio::time::timeout;

use crate::address::Address;
use crate::config::{self, Deadlines};
use crate::egress::Egress;
use crate::https::HttpClient;
use crate::mailbox::TlsMode;

pub use host_name::host_name;
pub use proposal::Proposal;

/// Time limit of each source. The sources run concurrently, so this also limits the whole discovery.
const TIME_LIMIT: Duration = Duration::from_secs(10);

/// The result of a discovery.
#[derive(Debug, PartialEq, Eq)]
pub enum Discovery {
    /// A server to propose.
    Found(Box<FoundServer>),
    /// No source knows the domain, none of them responds, or the domain declares that it offers no IMAP.
    Nothing,
}

/// A server to propose, and how to log in there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundServer {
    /// The host name in ASCII form (IDNA).
    pub host: String,
    pub port: u16,
    /// The protection of the connection; never [`TlsMode::None`].
    pub tls: TlsMode,
    pub username: String,
    /// The operator of the server, if known, e.g. "Microsoft".
    pub provider: Option<&'static str>,
    /// The kind of credential.
    pub login: Login,
    /// The passwords that probably work, whatever the kind of credential.
    pub passwords: Passwords,
    /// The source of this proposal.
    pub source: Source,
}

impl FoundServer {
    /// Whether a password probably works.
    pub fn password_works(&self) -> bool {
        self.passwords != Passwords::None
    }
}

/// The kind of credential for a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Login {
    /// A password.
    Password,
    /// Tokens of this configured provider, which has a registered application.
    OAuth(String),
    /// Only tokens work, and no application is registered yet. Holds the configured provider that needs one, if any.
    Unregistered(Option<String>),
}

/// The passwords that a server accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passwords {
    /// The account's own password.
    Own,
    /// An app password that the account's owner has created.
    App,
    None,
}

/// The source of a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = DiscoverySource)]
pub enum Source {
    /// The built-in list: the domain belongs to a large provider.
    Provider,
    /// The domain's autoconfig file.
    Autoconfig,
    /// The domain's SRV records.
    Srv,
    /// The domain's MX records, which name a known provider.
    Mx,
    /// A guess: a host with a usual name exists.
    Guess,
}

impl Source {
    /// The name in JSON and in the language files.
    pub fn id(self) -> &'static str {
        match self {
            Self::Provider => "provider",
            Self::Autoconfig => "autoconfig",
            Self::Srv => "srv",
            Self::Mx => "mx",
            Self::Guess => "guess",
        }
    }
}

/// A server as a source describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Candidate {
    host: String,
    port: u16,
    tls: TlsMode,
    /// The login name, if the source has one.
    username: Option<String>,
    /// Whether the source excludes passwords.
    only_tokens: bool,
}

impl Candidate {
    /// A server with implicit TLS on the usual port (RFC 8314 3.2).
    fn with_implicit_tls(host: impl Into<String>) -> Self {
        let tls = TlsMode::Implicit;
        Self { host: host.into(), port: tls.default_port(), tls, username: None, only_tokens: false }
    }
}

/// The result of one source.
#[derive(Debug, PartialEq, Eq)]
enum SourceResult {
    /// The server.
    Found(Source, Candidate),
    /// The domain declares that it offers no IMAP.
    NotOffered,
    /// The source names no server.
    Unknown,
}

impl SourceResult {
    fn from_candidate(source: Source, candidate: Option<Candidate>) -> Self {
        candidate.map_or(Self::Unknown, |candidate| Self::Found(source, candidate))
    }
}

/// Finds the mail server of this address, within ten seconds.
///
/// Failures (DNS, TLS, forbidden address) look like "nothing found", so discovery cannot be used to probe our network.
pub async fn find(address: &Address, egress: &Egress, deadlines: &Deadlines, oauth: &config::OAuth) -> Discovery {
    let Some(domain) = host_name(address.domain()) else { return Discovery::Nothing };
    let found = |source, candidate| Discovery::Found(Box::new(describe(source, candidate, address, oauth)));
    if let Some(provider) = provider::by_domain(&domain) {
        return found(Source::Provider, provider.candidate(address));
    }
    let dns = egress.dns();
    let http = HttpClient { egress, deadlines, max_size: autoconfig::MAX_SIZE, allow_http_loopback: false };
    let [first, second] = autoconfig::urls(&domain, address);
    let steps: [BoxFuture<'_, SourceResult>; 6] = [
        async {
            let hosts: Vec<String> = dns.mx(&domain).await.into_iter().flatten().map(|mx| mx.host).collect();
            SourceResult::from_candidate(Source::Mx, provider::by_mx(&hosts).map(|it| it.candidate(address)))
        }
        .boxed(),
        async { SourceResult::from_candidate(Source::Autoconfig, autoconfig::fetch(first, address, &http).await) }
            .boxed(),
        async { SourceResult::from_candidate(Source::Autoconfig, autoconfig::fetch(second, address, &http).await) }
            .boxed(),
        async {
            let (imaps, imap) = tokio::join!(dns.srv("_imaps", &domain), dns.srv("_imap", &domain));
            srv::by_srv(&imaps.unwrap_or_default(), &imap.unwrap_or_default())
        }
        .boxed(),
        guess(format!("imap.{domain}"), egress, deadlines).boxed(),
        guess(format!("mail.{domain}"), egress, deadlines).boxed(),
    ];
    let mut results: FuturesOrdered<_> = steps.into_iter().map(|step| timeout(TIME_LIMIT, step)).collect();
    while let Some(result) = results.next().await {
        match result.unwrap_or(SourceResult::Unknown) {
            SourceResult::Found(source, candidate) => return found(source, candidate),
            SourceResult::NotOffered => return Discovery::Nothing,
            SourceResult::Unknown => {}
        }
    }
    Discovery::Nothing
}

/// Proposes a host with this name if it exists and may be connected to.
async fn guess(host: String, egress: &Egress, deadlines: &Deadlines) -> SourceResult {
    let candidate = Candidate::with_implicit_tls(host);
    match egress.resolve(&candidate.host, candidate.port, deadlines).await {
        Ok(_) => SourceResult::Found(Source::Guess, candidate),
        Err(_) => SourceResult::Unknown,
    }
}

/// Adds the known facts about the server's provider, and the kind of credential.
fn describe(source: Source, candidate: Candidate, address: &Address, oauth: &config::OAuth) -> FoundServer {
    let known = provider::by_host(&candidate.host);
    let passwords = match known {
        _ if candidate.only_tokens => Passwords::None,
        Some(provider) => provider.passwords,
        None => Passwords::Own,
    };
    let login = match oauth.registered_for_host(&candidate.host) {
        Some(name) => Login::OAuth(name.to_owned()),
        None if passwords == Passwords::None => {
            let mut ours =
                oauth.providers.iter().filter(|(_, app)| app.imap_host.eq_ignore_ascii_case(&candidate.host));
            Login::Unregistered(ours.next().map(|(name, _)| name.clone()))
        }
        None => Login::Password,
    };
    FoundServer {
        username: candidate.username.unwrap_or_else(|| address.to_string()),
        host: candidate.host,
        port: candidate.port,
        tls: candidate.tls,
        provider: known.map(|provider| provider.name),
        login,
        passwords,
        source,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::config::Overrides;

    fn oauth(client_id: &str) -> config::OAuth {
        let mut oauth = config::load(&Overrides::default()).unwrap().oauth;
        oauth.providers.get_mut("microsoft").unwrap().client_id = client_id.to_owned();
        oauth
    }

    async fn find_with(address: &str, oauth: &config::OAuth) -> Discovery {
        let config = config::load(&Overrides::default()).unwrap();
        find(&address.parse().unwrap(), &Egress::new(Vec::new(), Arc::default()), &config.deadlines, oauth).await
    }

    #[tokio::test]
    async fn a_large_providers_own_domain_needs_no_network() {
        let Discovery::Found(found) = find_with("Anna@Gmail.com", &oauth("")).await else { panic!() };
        assert_eq!((found.host.as_str(), found.port, found.tls), ("imap.gmail.com", 993, TlsMode::Implicit));
        assert_eq!((found.username.as_str(), found.source), ("anna@gmail.com", Source::Provider));
        assert_eq!((found.login, found.passwords), (Login::Password, Passwords::App));
        let Discovery::Found(found) = find_with("anna@icloud.com", &oauth("")).await else { panic!() };
        assert_eq!((found.username.as_str(), found.host.as_str()), ("anna", "imap.mail.me.com"));
    }

    #[tokio::test]
    async fn microsoft_accepts_no_passwords() {
        for (client_id, login) in [
            ("", Login::Unregistered(Some("microsoft".to_owned()))),
            ("00001111-aaaa", Login::OAuth("microsoft".to_owned())),
        ] {
            let Discovery::Found(found) = find_with("anna@hotmail.se", &oauth(client_id)).await else { panic!() };
            assert_eq!((&found.login, found.provider), (&login, Some("Microsoft")));
            assert!(!found.password_works());
        }
    }

    #[tokio::test]
    async fn invalid_domains_are_not_looked_up() {
        for address in ["a@127.0.0.1", "a@[::1]", "a@2130706433", "a@0x7f.1", "a@localhost", "a@b_c.se", "a@-b.se"] {
            assert_eq!(find_with(address, &oauth("")).await, Discovery::Nothing, "{address}");
        }
    }

    #[test]
    fn a_provider_is_recognised_by_its_server() {
        let address = "jobb@lillestad.se".parse().unwrap();
        let found = describe(Source::Srv, Candidate::with_implicit_tls("outlook.office365.com"), &address, &oauth("x"));
        assert_eq!(found.login, Login::OAuth("microsoft".to_owned()));
        assert_eq!((found.source, found.passwords), (Source::Srv, Passwords::None));
        let found = describe(Source::Guess, Candidate::with_implicit_tls("imap.lillestad.se"), &address, &oauth("x"));
        assert_eq!((found.login, found.passwords, found.provider), (Login::Password, Passwords::Own, None));
    }

    #[test]
    fn the_built_in_provider_takes_precedence() {
        let mut oauth = oauth("x");
        let own = config::Application { client_id: "y".to_owned(), ..oauth.providers["microsoft"].clone() };
        oauth.providers.insert("contoso".to_owned(), own);
        let login = |oauth: &config::OAuth| {
            let address = "jobb@lillestad.se".parse().unwrap();
            describe(Source::Mx, Candidate::with_implicit_tls("outlook.office365.com"), &address, oauth).login
        };
        assert_eq!(login(&oauth), Login::OAuth("microsoft".to_owned()));
        oauth.providers.get_mut("microsoft").unwrap().client_id.clear();
        assert_eq!(login(&oauth), Login::OAuth("contoso".to_owned()));
    }
}
