//! A host with an optional port, as in a URL, a `Host` field and the configuration.

use std::net::{IpAddr, Ipv6Addr};

use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// A host with an optional port. The comparison ignores case, a trailing dot and the notation of an IP address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// The name or address in lower case, without brackets.
    pub name: String,
    pub port: Option<u16>,
}

impl Host {
    /// The name as an IP address, if it is one.
    pub fn ip(&self) -> Option<IpAddr> {
        self.name.parse().ok()
    }
}

impl std::str::FromStr for Host {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not a host; write e.g. \"mailferry.example.se\" or \"mailferry:8025\"");
        let (name, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (address, port) = rest.split_once(']').ok_or_else(wrong)?;
                (address.parse::<Ipv6Addr>().map_err(|_| wrong())?.to_canonical().to_string(), port)
            }
            None => {
                let (name, port) = text.split_at(text.find(':').unwrap_or(text.len()));
                (name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase(), port)
            }
        };
        let is_name = |c: char| c.is_ascii_alphanumeric() || "-._:".contains(c);
        if name.is_empty() || name.len() > 253 || !name.chars().all(is_name) {
            return Err(wrong());
        }
        let port = match port.strip_prefix(':') {
            // An empty port means the default port (RFC 3986 section 3.2.3).
            Some("") => None,
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                Some(digits.parse().map_err(|_| wrong())?)
            }
            None if port.is_empty() => None,
            _ => return Err(wrong()),
        };
        Ok(Self { name, port })
    }
}

/// Reads hosts from a list, or from one text with commas, such as an environment variable.
pub fn hosts<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Host>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum ListOrText {
        Text(String),
        List(Vec<String>),
    }
    let texts = match ListOrText::deserialize(from)? {
        ListOrText::Text(text) => text.split(',').map(str::trim).filter(|t| !t.is_empty()).map(str::to_owned).collect(),
        ListOrText::List(texts) => texts,
    };
    texts.iter().map(|text| text.parse().map_err(D::Error::custom)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notations_of_one_host_are_equal() {
        for (text, name, port) in [
            ("Mailferry.Example.SE", "mailferry.example.se", None),
            ("mailferry.example.se.:443", "mailferry.example.se", Some(443)),
            ("a:", "a", None),
            ("[::1]:8025", "::1", Some(8025)),
            ("[0:0::1]", "::1", None),
            ("[::ffff:127.0.0.1]:1", "127.0.0.1", Some(1)),
            ("127.0.0.1:80", "127.0.0.1", Some(80)),
        ] {
            assert_eq!(text.parse::<Host>().unwrap(), Host { name: name.to_owned(), port }, "{text}");
        }
        for text in [
            "", ".", ":80", "a:b", "a:99999", "a:80:80", "::1", "[::1", "[a]", "u@a", "a b", "a/b", "a:+1", "a,b",
            "å.se",
        ] {
            assert!(text.parse::<Host>().is_err(), "{text}");
        }
    }
}
