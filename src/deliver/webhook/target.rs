//! A webhook endpoint, whose settings are checked when it is created.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use url::{Host, Url};

use super::signature::{PREFIX, SigningSecret};
use crate::fact::Invalid;
use crate::tls::Trust;

/// The largest raw mail that a JSON payload contains, in bytes. Many receivers accept requests of at most twice this size.
pub const RAW_LIMIT: u64 = 10_000_000;
/// The time for one attempt. Standard Webhooks recommends 15 to 30 seconds.
pub const TIME_LIMIT: Duration = Duration::from_secs(30);
/// The slowest rate at which a target may take a mail, in bytes per second (1 Mbit/s). A larger mail gets more time.
pub const SLOWEST_RATE: u64 = 128 << 10;

/// The form in which a mail is delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// An event with the parsed mail and the raw one.
    Json,
    /// The raw mail after its trace fields.
    Raw,
}

impl Format {
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Raw => "message/rfc822",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Json => "json",
            Self::Raw => "raw",
        })
    }
}

impl FromStr for Format {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "json" => Ok(Self::Json),
            "raw" => Ok(Self::Raw),
            _ => Err(()),
        }
    }
}

/// A webhook endpoint.
pub struct Target {
    /// Without login name and password.
    pub url: Url,
    pub format: Format,
    pub trust: Trust,
    /// The largest raw mail in a JSON payload, in bytes.
    pub raw_limit: u64,
    /// The time for one attempt, besides the time that sending the mail takes.
    pub time_limit: Duration,
    /// The slowest rate at which a target may take a mail, in bytes per second.
    pub slowest_rate: u64,
    pub(super) authorization: Option<HeaderValue>,
    pub(super) secrets: Vec<SigningSecret>,
}

impl Target {
    /// Checks the URL, which may contain a login name and a password, and the secrets. Secrets that begin with `whsec_` sign, newest
    /// first; any other secret is the password for the URL's login name or, without a login name, a bearer token.
    ///
    /// # Errors
    /// [`Invalid::TargetUrl`], [`Invalid::TargetUnencrypted`], [`Invalid::WebhookSecret`]
    pub fn new(url: &str, format: Format, secrets: &[SecretString]) -> Result<Self, Invalid> {
        let mut url = Url::parse(url.trim()).map_err(|_| Invalid::TargetUrl(String::new()))?;
        match (url.scheme(), url.host()) {
            ("https", Some(_)) => {}
            ("http", Some(host)) if is_loopback(&host) => {}
            ("http", Some(_)) => return Err(Invalid::TargetUnencrypted),
            _ => return Err(Invalid::TargetUrl(String::new())),
        }
        let (signing, others): (Vec<_>, Vec<_>) =
            secrets.iter().partition(|secret| secret.expose_secret().starts_with(PREFIX));
        let signing = signing.into_iter().map(SigningSecret::parse).collect::<Result<Vec<_>, _>>()?;
        let other = match others.as_slice() {
            [] => None,
            [secret] => Some(secret.expose_secret()),
            _ => return Err(Invalid::WebhookSecret),
        };
        let authorization = authorization(&url, other)?;
        // These fail only for URLs without a host.
        let _ = (url.set_username(""), url.set_password(None));
        url.set_fragment(None);
        Ok(Self {
            url,
            format,
            trust: Trust::System,
            raw_limit: RAW_LIMIT,
            time_limit: TIME_LIMIT,
            slowest_rate: SLOWEST_RATE,
            authorization,
            secrets: signing,
        })
    }

    /// The host, without the brackets of an IPv6 address.
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default().trim_matches(['[', ']'])
    }

    /// Whether a payload contains a raw mail of this size, rather than a link to it.
    pub fn takes_inline(&self, size: u64) -> bool {
        size <= self.raw_limit
    }

    /// The time limit of an attempt with a body of this size.
    pub fn attempt_limit(&self, size: u64) -> Duration {
        self.time_limit + Duration::from_secs(size / self.slowest_rate.max(1))
    }

    pub(super) fn is_tls(&self) -> bool {
        self.url.scheme() == "https"
    }
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost",
        Host::Ipv4(ip) => ip.is_loopback(),
        Host::Ipv6(ip) => ip.is_loopback(),
    }
}

/// The Authorization field: Basic (RFC 7617) or Bearer (RFC 6750).
fn authorization(url: &Url, secret: Option<&str>) -> Result<Option<HeaderValue>, Invalid> {
    let text = match (url.username(), url.password(), secret) {
        ("", None, None) => return Ok(None),
        ("", None, Some(token)) => format!("Bearer {token}"),
        (name, password, secret) => {
            let password = match (password, secret) {
                (Some(_), Some(_)) => return Err(Invalid::WebhookSecret),
                (Some(password), None) => decoded(password),
                (None, secret) => secret.unwrap_or_default().to_owned(),
            };
            format!("Basic {}", STANDARD.encode(format!("{}:{password}", decoded(name))))
        }
    };
    let is_visible = text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
    let mut value = Some(text).filter(|_| is_visible).and_then(|text| HeaderValue::try_from(text).ok());
    if let Some(value) = &mut value {
        value.set_sensitive(true);
    }
    value.ok_or(Invalid::WebhookSecret).map(Some)
}

/// Decodes a percent-encoded name or password. `+`, `&` and `=` are escaped first, since the decoder is meant for forms.
fn decoded(text: &str) -> String {
    let form = text.replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
    url::form_urlencoded::parse(form.as_bytes()).next().map_or_else(String::new, |(name, _)| name.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(url: &str, secrets: &[&str]) -> Result<Target, Invalid> {
        let secrets: Vec<SecretString> = secrets.iter().map(|secret| SecretString::from(*secret)).collect();
        Target::new(url, Format::Raw, &secrets)
    }

    #[test]
    fn a_url_needs_tls_or_a_loopback_host() {
        for (url, wanted) in [
            ("https://helpdesk.example/mail?tenant=1#x", Ok("https://helpdesk.example/mail?tenant=1")),
            (" https://anna:secret@helpdesk.example:8443/ ", Ok("https://helpdesk.example:8443/")),
            ("https://192.0.2.7/", Ok("https://192.0.2.7/")),
            ("http://localhost:3000/x", Ok("http://localhost:3000/x")),
            ("http://127.0.0.1/", Ok("http://127.0.0.1/")),
            ("http://[::1]:3000/", Ok("http://[::1]:3000/")),
            ("http://helpdesk.example/", Err(Invalid::TargetUnencrypted)),
            ("http://localhost.example/", Err(Invalid::TargetUnencrypted)),
            ("http://10.0.0.1/", Err(Invalid::TargetUnencrypted)),
            ("helpdesk.example/mail", Err(Invalid::TargetUrl(String::new()))),
            ("ftp://helpdesk.example/", Err(Invalid::TargetUrl(String::new()))),
            ("file:///etc/passwd", Err(Invalid::TargetUrl(String::new()))),
            ("mailto:a@b.se", Err(Invalid::TargetUrl(String::new()))),
            ("https://", Err(Invalid::TargetUrl(String::new()))),
            ("", Err(Invalid::TargetUrl(String::new()))),
        ] {
            let found = target(url, &[]).map(|target| target.url.to_string());
            assert_eq!(found, wanted.map(str::to_owned), "{url}");
        }
        let local = target("http://[::1]:3000/", &[]).ok().unwrap();
        assert_eq!(local.attempt_limit(100 << 20), Duration::from_secs(30 + 800));
        assert_eq!(
            (local.host(), local.takes_inline(RAW_LIMIT), local.takes_inline(RAW_LIMIT + 1)),
            ("::1", true, false)
        );
    }

    #[test]
    fn the_login_comes_from_the_url_and_the_secret() {
        let basic = |text: &str| Some(format!("Basic {}", STANDARD.encode(text)));
        for (user, secrets, wanted) in [
            ("", &[][..], Ok(None)),
            ("", &["token"], Ok(Some("Bearer token".to_owned()))),
            ("anna:secret@", &[], Ok(basic("anna:secret"))),
            ("actionmailbox@", &["secret"], Ok(basic("actionmailbox:secret"))),
            ("anna@", &[], Ok(basic("anna:"))),
            ("a%40b.se:a+b%26%3D%25%C3%A5@", &[], Ok(basic("a@b.se:a+b&=%å"))),
            ("anna:secret@", &["another"], Err(Invalid::WebhookSecret)),
            ("", &["a", "b"], Err(Invalid::WebhookSecret)),
            ("", &["a\r\nX: y"], Err(Invalid::WebhookSecret)),
            ("", &["å"], Err(Invalid::WebhookSecret)),
            ("", &["whsec_short"], Err(Invalid::WebhookSecret)),
            ("", &["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "token"], Ok(Some("Bearer token".to_owned()))),
        ] {
            let found = target(&format!("https://{user}helpdesk.example/"), secrets);
            let found = found.map(|target| {
                assert_eq!(target.secrets.len(), secrets.iter().filter(|secret| secret.starts_with(PREFIX)).count());
                target.authorization.map(|value| value.to_str().unwrap().to_owned())
            });
            assert_eq!(found, wanted, "{user} {secrets:?}");
        }
    }

    #[test]
    fn formats_read_back_as_they_are_written() {
        for format in [Format::Json, Format::Raw] {
            assert_eq!(format.to_string().parse(), Ok(format));
        }
        assert_eq!("xml".parse::<Format>(), Err(()));
    }
}
