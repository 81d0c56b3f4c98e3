//! `[oauth]`: applications registered with identity providers.

use std::collections::BTreeMap;
use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::{Host, Url};

use super::values;

/// `[oauth]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OAuth {
    /// The port on which `oauth connect` waits for the browser; 0: any free port.
    pub loopback_port: u16,
    /// Providers by name.
    pub providers: BTreeMap<String, Application>,
}

/// `[oauth.providers.NAME]`
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Application {
    /// The application's client id; empty: not registered.
    pub client_id: String,
    /// A file with the client secret.
    pub client_secret_file: PathBuf,
    /// The client secret; empty if it is in the file, or if the client is public.
    #[serde(deserialize_with = "values::secret")]
    pub client_secret: SecretString,
    /// The last day on which the client secret is valid.
    #[serde(deserialize_with = "values::day")]
    pub client_secret_expires: Option<jiff::civil::Date>,
    /// The value that replaces {tenant} in the URLs.
    pub tenant: String,
    /// Authorization endpoint, where people consent.
    pub authorize_url: String,
    /// Token endpoint.
    pub token_url: String,
    /// Device authorization endpoint (RFC 8628).
    pub device_url: String,
    /// Revocation endpoint (RFC 7009).
    pub revoke_url: String,
    /// The issuer of ID tokens.
    pub issuer: String,
    /// The scopes that people consent to.
    #[serde(deserialize_with = "values::words")]
    pub scopes: Vec<String>,
    /// The scopes of app-only access.
    #[serde(deserialize_with = "values::words")]
    pub app_only_scopes: Vec<String>,
    /// The role that an app-only token must have.
    pub app_only_role: String,
    /// Accepted audiences of access tokens.
    #[serde(deserialize_with = "values::words")]
    pub audiences: Vec<String>,
    /// The mail server of the provider's mailboxes.
    pub imap_host: String,
    /// Days without use after which a consent expires; 0: never.
    pub refresh_token_days: u32,
    /// Additional parameters of the authorization request.
    pub authorize_params: BTreeMap<String, String>,
    /// Whether consents expire after seven days, as Google's do for an application in testing.
    pub testing: bool,
    /// Which provider's portal the remedies refer to: `microsoft`, `google` or `other`; empty: determined by the token
    /// endpoint's host.
    pub family: String,
    /// Whether plain http to 127.0.0.1 is allowed.
    pub allow_http_loopback: bool,
}

impl Default for Application {
    fn default() -> Self {
        Self {
            client_id: String::new(),
            client_secret_file: PathBuf::new(),
            client_secret: SecretString::from(""),
            client_secret_expires: None,
            tenant: String::new(),
            authorize_url: String::new(),
            token_url: String::new(),
            device_url: String::new(),
            revoke_url: String::new(),
            issuer: String::new(),
            scopes: Vec::new(),
            app_only_scopes: Vec::new(),
            app_only_role: String::new(),
            audiences: Vec::new(),
            imap_host: String::new(),
            refresh_token_days: 0,
            authorize_params: BTreeMap::from([("prompt".to_owned(), "select_account".to_owned())]),
            testing: false,
            family: String::new(),
            allow_http_loopback: false,
        }
    }
}

/// The only hosts to which secrets and tokens of a built-in provider may be sent, so that a mistyped or planted URL
/// cannot get them.
const FIXED_HOSTS: [(&str, &[&str]); 2] =
    [("microsoft", &["login.microsoftonline.com"]), ("google", &["accounts.google.com", "oauth2.googleapis.com"])];

impl OAuth {
    /// The errors that the types of the values cannot exclude, and those that involve several keys.
    pub fn problems(&self) -> Vec<String> {
        self.providers.iter().flat_map(|(name, app)| app.problems(name)).collect()
    }

    /// The names of the providers with a registered application.
    pub fn registered(&self) -> impl Iterator<Item = &str> {
        self.providers.iter().filter(|(_, app)| !app.client_id.is_empty()).map(|(name, _)| name.as_str())
    }

    /// The registered provider with this mail server. A built-in provider takes precedence over one that the operator
    /// has defined for the same server.
    pub fn registered_for_host(&self, host: &str) -> Option<&str> {
        let with_host = self.providers.iter().filter(|(_, app)| app.imap_host.eq_ignore_ascii_case(host));
        let registered = with_host.filter(|(_, app)| !app.client_id.is_empty());
        registered.min_by_key(|(name, app)| name.as_str() != app.family()).map(|(name, _)| name.as_str())
    }

    /// The only mail server that may receive this provider's tokens, if the provider has a fixed one: another server
    /// could use them to read the mailbox (RFC 9700 section 4.9.1).
    pub fn imap_host_of(&self, name: &str) -> Option<&str> {
        self.providers.get(name).map(|app| app.imap_host.as_str()).filter(|host| !host.is_empty())
    }
}

impl Application {
    fn problems(&self, name: &str) -> Vec<String> {
        let mut problems = Vec::new();
        let mut wrong = |key: &str, problem: &str| problems.push(format!("oauth.providers.{name}.{key}: {problem}"));
        let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
        if name.is_empty() || !name.chars().all(word) {
            wrong("", "a provider's name consists of lower-case letters, digits, \"-\" and \"_\"");
        }
        let urls = [
            ("authorize_url", &self.authorize_url),
            ("token_url", &self.token_url),
            ("device_url", &self.device_url),
            ("revoke_url", &self.revoke_url),
        ];
        for (key, text) in urls.into_iter().filter(|(_, text)| !text.is_empty()) {
            match Url::parse(&text.replace("{tenant}", "t")) {
                Ok(url) if !self.permits(&url) => {
                    wrong(key, "must begin with https:// (plain http only to 127.0.0.1 and with allow_http_loopback)");
                }
                Ok(url) if !url.username().is_empty() || url.fragment().is_some() => {
                    wrong(key, "must not contain a user name or a #fragment");
                }
                Ok(url) => {
                    let hosts = FIXED_HOSTS.iter().find(|(fixed, _)| *fixed == name).map(|(_, hosts)| *hosts);
                    if hosts.is_some_and(|hosts| !url.host_str().is_some_and(|host| hosts.contains(&host))) {
                        wrong(
                            key,
                            "the hosts of a built-in provider are fixed; define your provider under another name",
                        );
                    }
                }
                Err(_) => wrong(key, "is not a URL; write e.g. \"https://login.example.com/token\""),
            }
        }
        if self.client_id.is_empty() {
            if !self.client_secret.expose_secret().is_empty() || !self.client_secret_file.as_os_str().is_empty() {
                wrong("client_id", "is missing; a secret cannot be used without it");
            }
            return problems;
        }
        if !["", "microsoft", "google", "other"].contains(&self.family.as_str()) {
            wrong("family", "must be microsoft, google, other or empty (determined by the host of token_url)");
        }
        if self.token_url.is_empty() {
            wrong("token_url", "is missing");
        }
        if self.scopes.is_empty() && self.app_only_scopes.is_empty() {
            wrong("scopes", "is missing; at least one scope is required");
        }
        if !self.client_secret.expose_secret().is_empty() && !self.client_secret_file.as_os_str().is_empty() {
            wrong("client_secret_file", "set either this or client_secret, not both");
        }
        problems
    }

    /// The provider's family: `microsoft` (including national clouds), `google` or `other`.
    pub fn family(&self) -> &str {
        let url = Url::parse(&self.token_url.replace("{tenant}", "t")).ok();
        let host = url.as_ref().and_then(Url::host_str).unwrap_or_default();
        let is_within =
            |domains: &[&str]| domains.iter().any(|domain| host == *domain || host.ends_with(&format!(".{domain}")));
        match self.family.as_str() {
            "" if is_within(&[
                "microsoftonline.com",
                "microsoftonline.us",
                "microsoftonline.cn",
                "chinacloudapi.cn",
            ]) =>
            {
                "microsoft"
            }
            "" if is_within(&["googleapis.com", "google.com"]) => "google",
            "" => "other",
            family => family,
        }
    }

    /// Whether secrets may be sent to this URL.
    pub fn permits(&self, url: &Url) -> bool {
        match url.scheme() {
            "https" => true,
            "http" => self.allow_http_loopback && url.host() == Some(Host::Ipv4(std::net::Ipv4Addr::LOCALHOST)),
            _ => false,
        }
    }
}
