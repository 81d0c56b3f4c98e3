//! Configuration: the embedded defaults, then a file, then the environment, then flags. Unknown keys are errors, and
//! all errors are reported at once.

mod delivery;
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

pub use delivery::Delivery;
pub use host::Host;
pub use oauth::{Application, OAuth};
pub use read::{Overrides, load};
pub use values::{Bytes, Count, Span};

/// All keys with their defaults and explanations.
pub const DEFAULTS: &str = include_str!("../config/default.toml");

/// The validated configuration; it does not change while the program runs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The database.
    pub database: Database,
    pub vault: Vault,
    /// The HTTP server of `serve`.
    pub http: Http,
    /// The SMTP server for test mails.
    pub smtp: Smtp,
    /// The default delivery target, and the limits of all deliveries.
    pub delivery: Delivery,
    /// Single sign-on.
    pub sso: Sso,
    /// Identity providers that issue access tokens for mailboxes.
    pub oauth: OAuth,
    /// Networks and mail server ports that may be used.
    pub egress: Egress,
    /// Name servers.
    pub dns: Dns,
    pub schedule: Schedule,
    /// Timeouts of the steps of a poll.
    pub deadlines: Deadlines,
    /// Limits on the output of a mail server, and on the mail of one poll, mailbox, commit or sender.
    pub limits: Limits,
}

/// `[database]`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// `sqlite://FILE` or `postgres://…`; may contain a password.
    pub url: String,
}

/// Omits the URL, which may contain a password.
impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Database")
    }
}

/// `[vault]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vault {
    /// The key file; empty: the default locations.
    pub key_file: PathBuf,
    /// The content of a key file; empty: use the file.
    #[serde(deserialize_with = "values::secret")]
    pub key: SecretString,
}

/// `[http]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// The address that `serve` listens on.
    pub listen: SocketAddr,
    /// The public URL; empty: http://localhost with the port of `listen`.
    pub url: String,
    /// Proxies whose forwarding headers are trusted.
    #[serde(deserialize_with = "values::networks")]
    pub trusted_proxies: Vec<IpNet>,
    /// Accepted `Host` values besides that of `url`.
    #[serde(deserialize_with = "host::hosts")]
    pub hosts: Vec<Host>,
    /// Whether the API accepts passwords and other secrets over unencrypted HTTP.
    pub passwords_in_clear: bool,
    /// The domain of proposed inbox addresses; empty: none is proposed.
    pub inbox_domain: String,
}

/// `[sso]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sso {
    /// The provider's issuer URL; empty: no single sign-on.
    pub issuer: String,
    /// The name on the sign-in button.
    pub name: String,
    pub client_id: String,
    /// The client secret; empty: a public client.
    #[serde(deserialize_with = "values::secret")]
    pub client_secret: SecretString,
    /// The claim of the ID token that holds the person's login name at Mailferry: email, preferred_username or sub.
    pub claim: String,
    /// Whether plain http to 127.0.0.1 is allowed, for trying out single sign-on.
    pub allow_http_loopback: bool,
}

impl Sso {
    /// Whether single sign-on is configured.
    pub fn is_on(&self) -> bool {
        !self.issuer.is_empty()
    }
}

/// `[smtp]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Smtp {
    /// The server's host name; empty: Mailferry sends no mail.
    pub host: String,
    pub port: u16,
    /// Encryption of the connection.
    pub tls: SmtpTls,
    /// The login name; empty: no login.
    pub username: String,
    #[serde(deserialize_with = "values::secret")]
    pub password: SecretString,
    /// The sender of test mails.
    pub from: String,
}

/// Encryption of the connection to the SMTP server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SmtpTls {
    /// TLS from the first byte.
    Implicit,
    /// STARTTLS: TLS after an unencrypted greeting.
    StartTls,
    /// No encryption.
    None,
}

impl Http {
    /// The public URL of the pages.
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
    /// Networks that may be reached although their addresses are not public.
    #[serde(deserialize_with = "values::networks")]
    pub allow: Vec<IpNet>,
    /// Ports of mail servers that actors of one organisation may choose.
    pub ports: Vec<u16>,
}

/// `[dns]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dns {
    /// The name servers; empty: the machine's.
    #[serde(deserialize_with = "values::name_servers")]
    pub servers: Vec<SocketAddr>,
}

/// `[schedule]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// Maximum number of concurrent polls.
    pub parallel: Count,
    /// Maximum number of concurrent polls at one host.
    pub per_host: Count,
    /// Minimum number of bytes per second that a server must send while other mailboxes wait for a slot.
    pub pace: Bytes,
    /// How long a server may stay below `pace` before its poll is ended.
    pub patience: Span,
    /// Maximum duration of a poll while other mailboxes wait for a slot.
    pub turn: Span,
    /// Minimum interval between two polls of a mailbox.
    pub least_interval: Span,
    /// Maximum duration of a poll.
    pub poll_time: Span,
    /// Time after which another worker may take over the mailbox of a silent worker.
    pub lease: Span,
    /// Time to finish the current messages after the first SIGTERM, before polls are cut off.
    pub grace: Span,
}

/// `[deadlines]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deadlines {
    /// Timeout for resolving the host name.
    pub dns: Span,
    /// Timeout for opening the TCP connection.
    pub tcp: Span,
    /// Timeout of the TLS handshake.
    pub tls: Span,
    /// Timeout for the greeting and STARTTLS.
    pub greeting: Span,
    pub login: Span,
    /// Timeout for one response of an identity provider.
    pub token: Span,
    /// Maximum time without a byte within a response.
    pub silence: Span,
    /// Timeout of one command, until its tagged response.
    pub command: Span,
}

/// `[limits]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Maximum size of a literal.
    pub literal: Bytes,
    /// Maximum length of a line with the UIDs of a SEARCH.
    pub line: Bytes,
    /// Maximum nesting depth of parentheses.
    pub nesting: Count,
    /// Maximum number of untagged responses to one command.
    pub untagged: Count,
    /// Maximum number of bytes in the response to a command that fetches no mail.
    pub answer_bytes: Bytes,
    /// Maximum number of bytes in the response to a command that fetches mail.
    pub command_bytes: Bytes,
    /// Maximum number of bytes of mail that the process holds in memory.
    pub in_flight: Bytes,
    /// Minimum number of bytes per second from a server that Mailferry waits for.
    pub throughput: Bytes,
    /// Maximum number of messages fetched in one poll.
    pub poll_messages: Count,
    /// Maximum number of bytes of mail fetched in one poll.
    pub poll_bytes: Bytes,
    /// Maximum number of bytes of mail fetched from one mailbox in a day.
    pub daily_bytes: Bytes,
    /// Maximum number of messages in one commit.
    pub batch_messages: Count,
    /// Maximum number of bytes of mail in one commit.
    pub batch_bytes: Bytes,
    /// Maximum number of one sender's mails to one inbox that are delivered to targets in an hour; further mails are held.
    pub sender_mails: Count,
}
