//! Configuration: the embedded defaults, then a file, then the environment, then flags. Unknown keys are errors, and every
//! error is told at once.

mod host;
mod oauth;
mod problems;
mod read;
mod values;

use std::net::SocketAddr;
use std::path::PathBuf;

use ipnet::IpNet;
use secrecy::SecretString;
use serde::Deserialize;

pub use host::Host;
pub use oauth::{Application, OAuth};
pub use read::{Overrides, load};
pub use values::{Bytes, Count, Span};

/// Every key, its default and why it is there.
pub const DEFAULTS: &str = include_str!("../config/default.toml");

/// What the program was told, checked, and from then on unchanged.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where everything is stored.
    pub database: Database,
    /// Where the master key is.
    pub vault: Vault,
    /// The listener of `serve`.
    pub http: Http,
    /// The server that sends test mails.
    pub smtp: Smtp,
    /// Who says who somebody is.
    pub sso: Sso,
    /// Who gives access tokens.
    pub oauth: OAuth,
    /// Which networks may be reached.
    pub egress: Egress,
    /// When and how much is polled.
    pub schedule: Schedule,
    /// How long each step may take.
    pub deadlines: Deadlines,
    /// How much a server may send.
    pub limits: Limits,
}

/// `[database]`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// `sqlite://FILE` or `postgres://…`; may hold a password.
    pub url: String,
}

/// The URL may hold a password: it is not shown.
impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Database")
    }
}

/// `[vault]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vault {
    /// The key file; empty for the usual places.
    pub key_file: PathBuf,
    /// The content of a key file; empty if there is one.
    #[serde(deserialize_with = "values::secret")]
    pub key: SecretString,
}

/// `[http]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// Where `serve` listens.
    pub listen: SocketAddr,
    /// Where people reach it; empty: on this machine, at the port of `listen`.
    pub url: String,
    /// Proxies that are believed when they say whom they speak for.
    #[serde(deserialize_with = "values::networks")]
    pub trusted_proxies: Vec<IpNet>,
    /// Other names than that of `url` by which it may be asked.
    #[serde(deserialize_with = "host::hosts")]
    pub hosts: Vec<Host>,
    /// Whether passwords are taken that others could read on their way here.
    pub passwords_in_clear: bool,
    /// The domain of the addresses that are proposed for inboxes.
    pub inbox_domain: String,
}

/// `[sso]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sso {
    /// The provider's issuer URL; empty: no single sign-on.
    pub issuer: String,
    /// What people call it.
    pub name: String,
    /// The application's id there.
    pub client_id: String,
    /// Its secret; empty: a public client.
    #[serde(deserialize_with = "values::secret")]
    pub client_secret: SecretString,
    /// Which claim of the ID token is a person's name here: email, preferred_username or sub.
    pub claim: String,
    /// Whether plain http to 127.0.0.1 is fine, for trying it out.
    pub allow_http_loopback: bool,
}

impl Sso {
    /// Whether there is one.
    pub fn is_on(&self) -> bool {
        !self.issuer.is_empty()
    }
}

/// `[smtp]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Smtp {
    /// Its name; empty: Mailferry sends nothing.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub tls: SmtpTls,
    /// The login name; empty: no login.
    pub username: String,
    /// The password.
    #[serde(deserialize_with = "values::secret")]
    pub password: SecretString,
    /// The sender of test mails.
    pub from: String,
}

/// How a connection to an SMTP server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SmtpTls {
    /// From the first byte.
    Implicit,
    /// After STARTTLS.
    StartTls,
    /// Not at all.
    None,
}

impl Http {
    /// Where people reach the page.
    pub fn base(&self) -> Result<url::Url, url::ParseError> {
        match self.url.is_empty() {
            true => url::Url::parse(&format!("http://localhost:{}", self.listen.port())),
            false => url::Url::parse(&self.url),
        }
    }
}

/// `[egress]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Egress {
    /// Networks that may be reached although they are not public.
    #[serde(deserialize_with = "values::networks")]
    pub allow: Vec<IpNet>,
    /// The ports of mail servers that whoever is not an operator may name.
    pub ports: Vec<u16>,
}

/// `[schedule]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// Polls at once.
    pub parallel: Count,
    /// Polls at once on one host.
    pub per_host: Count,
    /// What a server must bring a second while others wait for its place.
    pub pace: Bytes,
    /// For how long it may bring less.
    pub patience: Span,
    /// The longest poll while others wait for its place.
    pub turn: Span,
    /// The shortest time between two polls of one mailbox.
    pub least_interval: Span,
    /// The longest poll.
    pub poll_time: Span,
    /// The time after which a mailbox of a worker that fell silent is free again.
    pub lease: Span,
    /// The time for the message in hand after the first SIGTERM.
    pub grace: Span,
}

/// `[deadlines]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deadlines {
    /// Resolving the host name.
    pub dns: Span,
    /// Opening the connection.
    pub tcp: Span,
    /// The TLS handshake.
    pub tls: Span,
    /// The server's first line, and STARTTLS.
    pub greeting: Span,
    /// Logging in.
    pub login: Span,
    /// One answer of an identity provider.
    pub token: Span,
    /// Between two bytes of an answer.
    pub silence: Span,
    /// One command to its tagged answer.
    pub command: Span,
}

/// `[limits]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// One literal.
    pub literal: Bytes,
    /// One line with the UIDs of a SEARCH.
    pub line: Bytes,
    /// Parentheses within each other.
    pub nesting: Count,
    /// Untagged answers to one command.
    pub untagged: Count,
    /// Bytes in the answer to one command that asks for no mail.
    pub answer_bytes: Bytes,
    /// Bytes in the answer to one command that asks for mail.
    pub command_bytes: Bytes,
    /// Bytes of mail that the process holds at once.
    pub in_flight: Bytes,
    /// Bytes a second that a server must send while it is waited for.
    pub throughput: Bytes,
    /// Messages fetched in one poll.
    pub poll_messages: Count,
    /// Bytes of mail fetched in one poll.
    pub poll_bytes: Bytes,
    /// Bytes of mail fetched from one mailbox in a day.
    pub daily_bytes: Bytes,
    /// Messages in one commit.
    pub batch_messages: Count,
    /// Bytes of mail in one commit.
    pub batch_bytes: Bytes,
}
