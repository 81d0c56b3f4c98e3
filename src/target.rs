//! Delivery targets: their URLs and settings.

mod mailbox_url;

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use url::{Host, Url};

use crate::fact::Invalid;

pub use mailbox_url::MailboxUrl;

/// How long a webhook's link to a raw mail is valid. The bytes stay at least as long.
pub const RAW_LINK_TTL: Duration = Duration::from_hours(24);

/// The protocol of a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum TargetKind {
    /// RFC 5321.
    Smtp,
    /// RFC 2033.
    Lmtp,
    /// An HTTP endpoint.
    Webhook,
}

impl TargetKind {
    /// The protocol of a stored URL, by its scheme.
    pub fn of_url(url: &str) -> Self {
        match url.split(':').next() {
            Some("smtp" | "smtps" | "mx") => Self::Smtp,
            Some("lmtp" | "lmtps") => Self::Lmtp,
            _ => Self::Webhook,
        }
    }
}

/// The body of a webhook's requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum WebhookFormat {
    /// The parsed mail as JSON, signed according to the Standard Webhooks specification.
    Json,
    /// The bytes of the mail, as `message/rfc822`.
    Raw,
}

/// The rule for a delivery whose answer was lost after the whole mail had been sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum WhenUnknown {
    /// Send it again with the same id. The target may get it twice.
    Repeat,
    /// Hold it until a person decides.
    Hold,
}

/// The mode of an MTA-STS policy (RFC 8461 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StsMode {
    /// Hosts that do not match or have no valid certificate get no mail.
    Enforce,
    /// Failures are only logged.
    Testing,
    /// The domain has withdrawn its policy.
    None,
}

macro_rules! words {
    ($type:ident { $($variant:ident = $word:literal),+ }) => {
        impl $type {
            /// As stored and shown.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl TryFrom<String> for $type {
            type Error = String;

            fn try_from(stored: String) -> Result<Self, String> {
                match stored.as_str() {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(format!("{}: {}", stringify!($type), crate::shown::shown(&stored))),
                }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

words!(TargetKind { Smtp = "smtp", Lmtp = "lmtp", Webhook = "webhook" });
words!(WebhookFormat { Json = "json", Raw = "raw" });
words!(WhenUnknown { Repeat = "repeat", Hold = "hold" });
words!(StsMode { Enforce = "enforce", Testing = "testing", None = "none" });

/// The URL of [`TargetUrl::Mx`].
pub const MX: &str = "mx:";

/// Encryption of a connection by SMTP or LMTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetTls {
    /// TLS from the first byte.
    Implicit,
    /// STARTTLS is required.
    StartTls,
    /// No encryption; only to this machine.
    None,
}

/// The address of a target: `smtp://HOST[:PORT]`, `smtps://`, `mx:`, `lmtp://`, `lmtps://`, `lmtp:/SOCKET`, `https://...`, without a
/// user name or a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TargetUrl {
    /// A mail server.
    Server { kind: TargetKind, host: String, port: u16, tls: TargetTls },
    /// The mail servers (MX) of the recipient's domain.
    Mx,
    /// An LMTP server on a Unix socket.
    Socket(PathBuf),
    /// A webhook.
    Web(Url),
}

impl TargetUrl {
    /// The protocol.
    pub fn kind(&self) -> TargetKind {
        match self {
            Self::Server { kind, .. } => *kind,
            Self::Mx => TargetKind::Smtp,
            Self::Socket(_) => TargetKind::Lmtp,
            Self::Web(_) => TargetKind::Webhook,
        }
    }

    /// The port of the server; `None` for a Unix socket.
    pub fn port(&self) -> Option<u16> {
        match self {
            Self::Server { port, .. } => Some(*port),
            Self::Mx => Some(25),
            Self::Socket(_) => None,
            Self::Web(url) => url.port_or_known_default(),
        }
    }
}

/// Whether a host is this machine, by its name or address alone.
fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

impl FromStr for TargetUrl {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let invalid = || Invalid::TargetUrl(text.to_owned());
        if matches!(text, "mx" | MX) {
            return Ok(Self::Mx);
        }
        if let Some(path) = text.strip_prefix("lmtp:").filter(|rest| rest.starts_with('/') && !rest.starts_with("//")) {
            return Ok(Self::Socket(PathBuf::from(path)));
        }
        // Checked first, since later errors quote the text.
        let authority =
            text.split_once("://").map_or(text, |(_, rest)| rest.split(['/', '?', '#']).next().unwrap_or(rest));
        if authority.contains('@') {
            return Err(Invalid::TargetUrlWithSecret);
        }
        let url = Url::parse(text).map_err(|_| invalid())?;
        let host = match url.host().ok_or_else(invalid)? {
            Host::Ipv6(address) => address.to_string(),
            host => host.to_string(),
        };
        // `url` does not normalise the host of an unknown scheme: it may be percent-encoded, in upper or lower case.
        let host = Host::parse(&host).map_or(host.clone(), |host| host.to_string()).trim_matches(['[', ']']).to_owned();
        let (kind, implicit, port) = match url.scheme() {
            "smtp" => (TargetKind::Smtp, false, 587),
            "smtps" => (TargetKind::Smtp, true, 465),
            "lmtp" => (TargetKind::Lmtp, false, 24),
            "lmtps" => (TargetKind::Lmtp, true, 24),
            "https" => return Ok(Self::Web(url)),
            "http" if is_loopback(&host) => return Ok(Self::Web(url)),
            "http" => return Err(Invalid::TargetUnencrypted),
            _ => return Err(invalid()),
        };
        let is_bare = matches!(url.path(), "" | "/") && url.fragment().is_none();
        let tls = match url.query() {
            None if implicit => TargetTls::Implicit,
            None if is_loopback(&host) => TargetTls::None,
            None | Some("tls=starttls") => TargetTls::StartTls,
            Some(_) => return Err(invalid()),
        };
        if !is_bare || url.port() == Some(0) {
            return Err(invalid());
        }
        Ok(Self::Server { kind, host, port: url.port().unwrap_or(port), tls })
    }
}

impl fmt::Display for TargetUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server { kind, host, port, tls } => {
                let secure = if *tls == TargetTls::Implicit { "s" } else { "" };
                let query = if *tls == TargetTls::StartTls && is_loopback(host) { "?tls=starttls" } else { "" };
                let (open, close) = if host.contains(':') { ("[", "]") } else { ("", "") };
                write!(f, "{kind}{secure}://{open}{host}{close}:{port}{query}")
            }
            Self::Mx => f.write_str(MX),
            Self::Socket(path) => write!(f, "lmtp:{}", path.display()),
            Self::Web(url) => write!(f, "{url}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read_and_written() {
        let cases = [
            ("smtp://relay.example", Ok("smtp://relay.example:587")),
            ("smtp://relay.example:25/", Ok("smtp://relay.example:25")),
            ("smtps://Relay.Example", Ok("smtps://relay.example:465")),
            ("smtp://post.åmål.example", Ok("smtp://post.xn--ml-xiab.example:587")),
            ("smtp://127.0.0.1:2525", Ok("smtp://127.0.0.1:2525")),
            ("smtp://localhost:2525?tls=starttls", Ok("smtp://localhost:2525?tls=starttls")),
            ("smtp://[::1]:2525", Ok("smtp://[::1]:2525")),
            ("lmtp://mail.example:24", Ok("lmtp://mail.example:24")),
            ("mx", Ok("mx:")),
            ("mx:", Ok("mx:")),
            ("lmtp:/run/dovecot/lmtp", Ok("lmtp:/run/dovecot/lmtp")),
            ("https://desk.example/hook?a=b", Ok("https://desk.example/hook?a=b")),
            ("http://127.0.0.1:3000/hook", Ok("http://127.0.0.1:3000/hook")),
            ("http://desk.example/hook", Err(Invalid::TargetUnencrypted)),
            ("smtp://u:p@relay.example", Err(Invalid::TargetUrlWithSecret)),
            ("https://u@desk.example/", Err(Invalid::TargetUrlWithSecret)),
            ("smtp://u:p@[bad", Err(Invalid::TargetUrlWithSecret)),
            ("u:p@relay.example", Err(Invalid::TargetUrlWithSecret)),
            ("https://desk.example/a@b", Ok("https://desk.example/a@b")),
        ];
        for (text, expected) in cases {
            let read = text.parse::<TargetUrl>();
            assert!(read.iter().all(|url| TargetKind::of_url(&url.to_string()) == url.kind()), "{text}");
            let read = read.map(|url| url.to_string());
            assert_eq!(read, expected.map(str::to_owned), "{text}");
        }
        for wrong in [
            "",
            "relay.example",
            "smtp://",
            "smtp://h/x",
            "smtp://h?tls=none",
            "ftp://h",
            "smtp://h:0",
            "lmtp:x",
            "mx:h",
            "mx://h",
            "MX",
        ] {
            assert_eq!(wrong.parse::<TargetUrl>(), Err(Invalid::TargetUrl(wrong.to_owned())), "{wrong}");
        }
    }

    #[test]
    fn only_this_machine_is_connected_to_without_encryption() {
        let tls = |text: &str| match text.parse().unwrap() {
            TargetUrl::Server { tls, .. } => tls,
            other => panic!("{other}"),
        };
        assert_eq!(tls("smtp://127.0.0.1"), TargetTls::None);
        assert_eq!(tls("lmtp://[::1]"), TargetTls::None);
        assert_eq!(tls("lmtp://localhost"), TargetTls::None);
        assert_eq!(tls("lmtp://10.0.0.1"), TargetTls::StartTls);
        assert_eq!(tls("smtp://127.0.0.1.example"), TargetTls::StartTls);
        assert_eq!(tls("smtps://127.0.0.1"), TargetTls::Implicit);
    }
}
