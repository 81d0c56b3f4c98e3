//! The address of the IMAP server on which a target's mail arrives.

use std::fmt;
use std::str::FromStr;

use url::{Host, Url};

use super::{TargetTls, is_loopback};
use crate::fact::Invalid;

/// An IMAP server: `imaps://HOST[:993]`, or `imap://HOST[:143]` with STARTTLS; on this machine without encryption.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailboxUrl {
    pub host: String,
    pub port: u16,
    pub tls: TargetTls,
}

impl FromStr for MailboxUrl {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let invalid = || Invalid::MailboxUrl(text.to_owned());
        // Before the text could be quoted in an error.
        if text.contains('@') {
            return Err(Invalid::TargetUrlWithSecret);
        }
        let url = Url::parse(text).map_err(|_| invalid())?;
        let host = match url.host().ok_or_else(invalid)? {
            Host::Ipv6(address) => address.to_string(),
            // `url` leaves the host of an unknown scheme as it is typed: percent-encoded, in any case.
            host => Host::parse(&host.to_string()).map_err(|_| invalid())?.to_string(),
        };
        let (tls, port) = match url.scheme() {
            "imaps" => (TargetTls::Implicit, 993),
            "imap" if is_loopback(&host) => (TargetTls::None, 143),
            "imap" => (TargetTls::StartTls, 143),
            _ => return Err(invalid()),
        };
        let is_bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
        if !is_bare || url.port() == Some(0) {
            return Err(invalid());
        }
        Ok(Self { host, port: url.port().unwrap_or(port), tls })
    }
}

impl fmt::Display for MailboxUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secure = if self.tls == TargetTls::Implicit { "s" } else { "" };
        let (open, close) = if self.host.contains(':') { ("[", "]") } else { ("", "") };
        write!(f, "imap{secure}://{open}{}{close}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mailbox_urls_are_read_and_written() {
        let cases = [
            ("imaps://mail.example", Ok("imaps://mail.example:993")),
            ("imaps://Mail.Example:1993/", Ok("imaps://mail.example:1993")),
            ("imap://mail.example", Ok("imap://mail.example:143")),
            ("imap://[::1]:2143", Ok("imap://[::1]:2143")),
            ("imaps://post.åmål.example", Ok("imaps://post.xn--ml-xiab.example:993")),
            ("imaps://u:p@mail.example", Err(Invalid::TargetUrlWithSecret)),
            ("imaps://u:p@[bad", Err(Invalid::TargetUrlWithSecret)),
        ];
        for (text, expected) in cases {
            let read = text.parse::<MailboxUrl>();
            assert_eq!(read.clone().map(|url| url.to_string()), expected.map(str::to_owned), "{text}");
            if let Ok(url) = read {
                assert_eq!(url.to_string().parse(), Ok(url), "{text}");
            }
        }
        for wrong in ["", "mail.example", "imaps://", "smtp://h", "imaps://h?x", "imaps://h:0", "imaps://h/INBOX"] {
            assert_eq!(wrong.parse::<MailboxUrl>(), Err(Invalid::MailboxUrl(wrong.to_owned())), "{wrong}");
        }
    }

    #[test]
    fn only_a_mailbox_of_this_machine_is_opened_without_encryption() {
        let tls = |text: &str| text.parse::<MailboxUrl>().unwrap().tls;
        assert_eq!(tls("imap://127.0.0.1"), TargetTls::None);
        assert_eq!(tls("imap://localhost"), TargetTls::None);
        assert_eq!(tls("imap://10.0.0.1"), TargetTls::StartTls);
        assert_eq!(tls("imap://localhost.example"), TargetTls::StartTls);
        assert_eq!(tls("imaps://127.0.0.1"), TargetTls::Implicit);
    }
}
