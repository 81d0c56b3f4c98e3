//! Finds the mail server of an address, to propose it to the admin: it is shown for correction, and never used unseen, since
//! whoever rules the domain, or only its DNS, says where a password would go (RFC 6186 6).
//!
//! The sources, the earlier winning: the large providers by the address's domain; the domain's MX records; its own autoconfig
//! file, as Thunderbird reads it; its SRV records (RFC 6186, RFC 8314); a guess. All but the first are asked at once.

mod autoconfig;
mod host_name;
mod proposal;
mod provider;
mod records;

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

use host_name::host_name;
pub use proposal::Proposal;
use records::Records;

/// No source is waited for longer; they are asked at once, so this is also the time for all.
const PATIENCE: Duration = Duration::from_secs(10);

/// What was found out.
#[derive(Debug, PartialEq, Eq)]
pub enum Discovery {
    /// A server to propose.
    Found(Box<Found>),
    /// Nothing: no source knows the domain, or none of them answers.
    Nothing,
}

/// A server to propose, and how one would log in there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its name, in the letters of DNS.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected; never not at all.
    pub tls: TlsMode,
    /// The login name.
    pub username: String,
    /// Who runs it, if it is one that we know, e.g. "Microsoft".
    pub provider: Option<&'static str>,
    /// What one logs in with.
    pub login: Login,
    /// Which passwords are thought to work, whatever else does.
    pub passwords: Passwords,
    /// Who says so.
    pub how: Source,
}

impl Found {
    /// Whether a password is thought to work.
    pub fn password_works(&self) -> bool {
        self.passwords != Passwords::None
    }
}

/// What one logs in with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Login {
    /// A password.
    Password,
    /// Tokens of this provider of the configuration, with which an application is registered.
    OAuth(String),
    /// Tokens and nothing else, and no application is registered yet. With the provider of the configuration that wants one, if
    /// there is such.
    Unregistered(Option<String>),
}

/// Which passwords a server takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passwords {
    /// The account's own.
    Own,
    /// One that the account's owner has made for an application.
    App,
    /// None.
    None,
}

/// Who says where a domain's mail is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = DiscoverySource)]
pub enum Source {
    /// We do: the domain is a large provider's.
    Provider,
    /// The domain's autoconfig file.
    Autoconfig,
    /// Its SRV records.
    Srv,
    /// Its MX records name a provider that we know.
    Mx,
    /// Nobody: a host with a usual name exists.
    Guess,
}

impl Source {
    /// Its name, as in JSON and in the language files.
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

/// A server as its source names it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Lead {
    host: String,
    port: u16,
    tls: TlsMode,
    /// The login name, where the source says one.
    username: Option<String>,
    /// Whether the source says that passwords are not taken.
    by_token_only: bool,
}

impl Lead {
    /// A server with TLS from the first byte on the usual port (RFC 8314 3.2).
    fn usual(host: impl Into<String>) -> Self {
        let tls = TlsMode::Implicit;
        Self { host: host.into(), port: tls.default_port(), tls, username: None, by_token_only: false }
    }
}

/// What one source says.
#[derive(Debug, PartialEq, Eq)]
enum Said {
    /// There it is.
    Here(Source, Lead),
    /// The domain offers no IMAP, and says so.
    Nowhere,
    /// It knows nothing.
    Unknown,
}

impl Said {
    fn here(source: Source, lead: Option<Lead>) -> Self {
        lead.map_or(Self::Unknown, |lead| Self::Here(source, lead))
    }
}

/// Looks for the mail server of this address, for at most ten seconds.
///
/// What goes wrong on the way, be it DNS, a certificate or a forbidden address, is told nobody: the source is one that knows
/// nothing, so that nobody can feel his way about our network by the answers.
pub async fn find(address: &Address, egress: &Egress, deadlines: &Deadlines, oauth: &config::OAuth) -> Discovery {
    let Some(domain) = host_name(address.domain()) else { return Discovery::Nothing };
    let found = |source, lead| Discovery::Found(Box::new(told(source, lead, address, oauth)));
    if let Some(provider) = provider::by_domain(&domain) {
        return found(Source::Provider, provider.lead(address));
    }
    let records = Records::new(deadlines.dns.0);
    let http = HttpClient { egress, deadlines, largest: autoconfig::LARGEST, allow_http_loopback: false };
    let [first, second] = autoconfig::places(&domain, address);
    let steps: [BoxFuture<'_, Said>; 6] = [
        async { Said::here(Source::Mx, provider::by_mx(&records.mx(&domain).await).map(|it| it.lead(address))) }
            .boxed(),
        async { Said::here(Source::Autoconfig, autoconfig::ask(first, address, &http).await) }.boxed(),
        async { Said::here(Source::Autoconfig, autoconfig::ask(second, address, &http).await) }.boxed(),
        async {
            let (imaps, imap) = tokio::join!(records.srv("_imaps", &domain), records.srv("_imap", &domain));
            records::by_srv(&imaps, &imap)
        }
        .boxed(),
        guess(format!("imap.{domain}"), egress, deadlines).boxed(),
        guess(format!("mail.{domain}"), egress, deadlines).boxed(),
    ];
    let mut said: FuturesOrdered<_> = steps.into_iter().map(|step| timeout(PATIENCE, step)).collect();
    while let Some(said) = said.next().await {
        match said.unwrap_or(Said::Unknown) {
            Said::Here(source, lead) => return found(source, lead),
            Said::Nowhere => return Discovery::Nothing,
            Said::Unknown => {}
        }
    }
    Discovery::Nothing
}

/// A host with this name that may be connected to.
async fn guess(host: String, egress: &Egress, deadlines: &Deadlines) -> Said {
    let lead = Lead::usual(host);
    match egress.resolve(&lead.host, lead.port, deadlines).await {
        Ok(_) => Said::Here(Source::Guess, lead),
        Err(_) => Said::Unknown,
    }
}

/// What a source has said, with what we know of that server and its provider.
fn told(source: Source, lead: Lead, address: &Address, oauth: &config::OAuth) -> Found {
    let known = provider::by_host(&lead.host);
    let passwords = match known {
        _ if lead.by_token_only => Passwords::None,
        Some(provider) => provider.passwords,
        None => Passwords::Own,
    };
    let login = match oauth.registered_for_host(&lead.host) {
        Some(name) => Login::OAuth(name.to_owned()),
        None if passwords == Passwords::None => {
            let mut ours = oauth.providers.iter().filter(|(_, app)| app.imap_host.eq_ignore_ascii_case(&lead.host));
            Login::Unregistered(ours.next().map(|(name, _)| name.clone()))
        }
        None => Login::Password,
    };
    Found {
        username: lead.username.unwrap_or_else(|| address.to_string()),
        host: lead.host,
        port: lead.port,
        tls: lead.tls,
        provider: known.map(|provider| provider.name),
        login,
        passwords,
        how: source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Overrides;

    fn oauth(client_id: &str) -> config::OAuth {
        let mut oauth = config::load(&Overrides::default()).unwrap().oauth;
        oauth.providers.get_mut("microsoft").unwrap().client_id = client_id.to_owned();
        oauth
    }

    async fn find_with(address: &str, oauth: &config::OAuth) -> Discovery {
        let config = config::load(&Overrides::default()).unwrap();
        find(&address.parse().unwrap(), &Egress::new(Vec::new()), &config.deadlines, oauth).await
    }

    #[tokio::test]
    async fn a_large_providers_own_domain_needs_no_network() {
        let Discovery::Found(found) = find_with("Anna@Gmail.com", &oauth("")).await else { panic!() };
        assert_eq!((found.host.as_str(), found.port, found.tls), ("imap.gmail.com", 993, TlsMode::Implicit));
        assert_eq!((found.username.as_str(), found.how), ("anna@gmail.com", Source::Provider));
        assert_eq!((found.login, found.passwords), (Login::Password, Passwords::App));
        let Discovery::Found(found) = find_with("anna@icloud.com", &oauth("")).await else { panic!() };
        assert_eq!((found.username.as_str(), found.host.as_str()), ("anna", "imap.mail.me.com"));
    }

    #[tokio::test]
    async fn microsoft_takes_no_passwords_whether_an_application_is_registered_or_not() {
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
    async fn what_is_no_domain_is_not_looked_for() {
        for address in ["a@127.0.0.1", "a@[::1]", "a@2130706433", "a@0x7f.1", "a@localhost", "a@b_c.se", "a@-b.se"] {
            assert_eq!(find_with(address, &oauth("")).await, Discovery::Nothing, "{address}");
        }
    }

    #[test]
    fn a_provider_is_known_by_its_server_too_whoever_names_it() {
        let address = "jobb@lillestad.se".parse().unwrap();
        let found = told(Source::Srv, Lead::usual("outlook.office365.com"), &address, &oauth("x"));
        assert_eq!(found.login, Login::OAuth("microsoft".to_owned()));
        assert_eq!((found.how, found.passwords), (Source::Srv, Passwords::None));
        let found = told(Source::Guess, Lead::usual("imap.lillestad.se"), &address, &oauth("x"));
        assert_eq!((found.login, found.passwords, found.provider), (Login::Password, Passwords::Own, None));
    }

    #[test]
    fn the_built_in_provider_goes_before_the_operators_own_for_the_same_server() {
        let mut oauth = oauth("x");
        let own = config::Application { client_id: "y".to_owned(), ..oauth.providers["microsoft"].clone() };
        oauth.providers.insert("contoso".to_owned(), own);
        let login = |oauth: &config::OAuth| {
            let address = "jobb@lillestad.se".parse().unwrap();
            told(Source::Mx, Lead::usual("outlook.office365.com"), &address, oauth).login
        };
        assert_eq!(login(&oauth), Login::OAuth("microsoft".to_owned()));
        oauth.providers.get_mut("microsoft").unwrap().client_id.clear();
        assert_eq!(login(&oauth), Login::OAuth("contoso".to_owned()));
    }
}
