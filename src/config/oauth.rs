//! `[oauth]`: the applications that are registered with identity providers.

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
    /// Where `oauth connect` waits for the browser; 0: any free port.
    pub loopback_port: u16,
    /// By name.
    pub providers: BTreeMap<String, Application>,
}

/// `[oauth.providers.NAME]`
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Application {
    /// The application's id at the provider; empty: not registered.
    pub client_id: String,
    /// A file with its secret.
    pub client_secret_file: PathBuf,
    /// Its secret; empty: in the file, or none.
    #[serde(deserialize_with = "values::secret")]
    pub client_secret: SecretString,
    /// The last day of the secret, YYYY-MM-DD.
    #[serde(deserialize_with = "values::day")]
    pub client_secret_expires: Option<jiff::civil::Date>,
    /// What stands for {tenant} in the addresses.
    pub tenant: String,
    /// Where people consent.
    pub authorize_url: String,
    /// Where tokens are given.
    pub token_url: String,
    /// Where device codes are given (RFC 8628).
    pub device_url: String,
    /// Where tokens are given up (RFC 7009).
    pub revoke_url: String,
    /// Who signs.
    pub issuer: String,
    /// What people consent to.
    #[serde(deserialize_with = "values::words")]
    pub scopes: Vec<String>,
    /// What the application asks for itself.
    #[serde(deserialize_with = "values::words")]
    pub app_only_scopes: Vec<String>,
    /// The right that it must then have.
    pub app_only_role: String,
    /// For whom a token must be.
    #[serde(deserialize_with = "values::words")]
    pub audiences: Vec<String>,
    /// The mail server of these mailboxes.
    pub imap_host: String,
    /// The days without use after which a consent ends; 0: never.
    pub refresh_token_days: u32,
    /// Further parameters of the consent link.
    pub authorize_params: BTreeMap<String, String>,
    /// Whether consents end after seven days.
    pub testing: bool,
    /// Whose portal what a person is told speaks of: `microsoft`, `google`, or none; empty: as the token endpoint's host says.
    pub family: String,
    /// Whether plain http to 127.0.0.1 is fine.
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

/// The hosts to which a secret or token of a built-in provider may go: a mistyped or planted address must not get them.
const FIXED: [(&str, &[&str]); 2] =
    [("microsoft", &["login.microsoftonline.com"]), ("google", &["accounts.google.com", "oauth2.googleapis.com"])];

impl OAuth {
    /// What no single key can know, each with its key.
    pub fn problems(&self) -> Vec<String> {
        self.providers.iter().flat_map(|(name, app)| app.problems(name)).collect()
    }

    /// The providers with which an application is registered, by name.
    pub fn registered(&self) -> impl Iterator<Item = &str> {
        self.providers.iter().filter(|(_, app)| !app.client_id.is_empty()).map(|(name, _)| name.as_str())
    }

    /// The registered provider that has this mail server. The operator may have given one for the same server a name of its own;
    /// the built-in one is for everybody.
    pub fn registered_for(&self, host: &str) -> Option<&str> {
        let of_host = self.providers.iter().filter(|(_, app)| app.imap_host.eq_ignore_ascii_case(host));
        let registered = of_host.filter(|(_, app)| !app.client_id.is_empty());
        registered.min_by_key(|(name, app)| name.as_str() != app.family()).map(|(name, _)| name.as_str())
    }

    /// The one server that this provider's tokens are told to, where it has a usual one: whoever else is told them can read the
    /// mailbox (RFC 9700 4.9.1).
    pub fn server_of(&self, name: &str) -> Option<&str> {
        self.providers.get(name).map(|app| app.imap_host.as_str()).filter(|host| !host.is_empty())
    }
}

impl Application {
    fn problems(&self, name: &str) -> Vec<String> {
        let mut problems = Vec::new();
        let mut wrong = |key: &str, what: &str| problems.push(format!("oauth.providers.{name}.{key}: {what}"));
        let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
        if name.is_empty() || !name.chars().all(word) {
            wrong("", "a provider's name is of small letters, digits, \"-\" and \"_\"");
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
                    wrong(key, "must hold no user name and no #fragment");
                }
                Ok(url) => {
                    let hosts = FIXED.iter().find(|(fixed, _)| *fixed == name).map(|(_, hosts)| *hosts);
                    if hosts.is_some_and(|hosts| !url.host_str().is_some_and(|host| hosts.contains(&host))) {
                        wrong(key, "the hosts of a built-in provider are fixed; give yours a name of its own");
                    }
                }
                Err(_) => wrong(key, "is not an address; write e.g. \"https://login.example.com/token\""),
            }
        }
        if self.client_id.is_empty() {
            if !self.client_secret.expose_secret().is_empty() || !self.client_secret_file.as_os_str().is_empty() {
                wrong("client_id", "is missing; a secret alone is of no use");
            }
            return problems;
        }
        if !["", "microsoft", "google", "other"].contains(&self.family.as_str()) {
            wrong("family", "is microsoft, google or other; empty: as the token endpoint's host says");
        }
        if self.token_url.is_empty() {
            wrong("token_url", "is missing");
        }
        if self.scopes.is_empty() && self.app_only_scopes.is_empty() {
            wrong("scopes", "is missing; what is to be asked for?");
        }
        if !self.client_secret.expose_secret().is_empty() && !self.client_secret_file.as_os_str().is_empty() {
            wrong("client_secret_file", "give this or client_secret, not both");
        }
        problems
    }

    /// Whose portal and mail server it is: `microsoft` (with its national clouds), `google` or `other`.
    pub fn family(&self) -> &str {
        let url = Url::parse(&self.token_url.replace("{tenant}", "t")).ok();
        let host = url.as_ref().and_then(Url::host_str).unwrap_or_default();
        let is_of =
            |domains: &[&str]| domains.iter().any(|domain| host == *domain || host.ends_with(&format!(".{domain}")));
        match self.family.as_str() {
            "" if is_of(&["microsoftonline.com", "microsoftonline.us", "microsoftonline.cn", "chinacloudapi.cn"]) => {
                "microsoft"
            }
            "" if is_of(&["googleapis.com", "google.com"]) => "google",
            "" => "other",
            told => told,
        }
    }

    /// Whether secrets may go to this address.
    pub fn permits(&self, url: &Url) -> bool {
        match url.scheme() {
            "https" => true,
            "http" => self.allow_http_loopback && url.host() == Some(Host::Ipv4(std::net::Ipv4Addr::LOCALHOST)),
            _ => false,
        }
    }
}
