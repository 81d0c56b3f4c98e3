//! Syntax of single values: durations, sizes, counts, networks.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use ipnet::IpNet;
use secrecy::SecretString;
use serde::de::Error;
use serde::{Deserialize, Deserializer};

use crate::{clock, duration};

/// A duration written "90s", "10m" or "1h30m"; at least a millisecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span(pub Duration);

impl std::str::FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match duration::parse(text) {
            Some(duration) if duration.is_zero() => {
                Err(format!("{text:?} must be longer than zero; write e.g. \"60s\""))
            }
            // Durations are stored in milliseconds: less than a millisecond would be stored as zero.
            Some(duration) if duration < Duration::from_millis(1) => {
                Err(format!("{text:?} is less than a millisecond"))
            }
            // No setting needs more than a year, and sums of durations below that cannot overflow.
            Some(duration) if duration > Duration::from_hours(24 * 366) => {
                Err(format!("{text:?} is longer than a year"))
            }
            Some(duration) => Ok(Self(duration)),
            None => Err(format!("{text:?} is not a duration; write e.g. \"60s\", \"10m\", \"1h\"")),
        }
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

/// A number of bytes such as "64KiB" or "50MB"; at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bytes(pub u64);

impl Bytes {
    /// The number of bytes as a `usize`.
    pub fn in_memory(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl std::str::FromStr for Bytes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse::<bytesize::ByteSize>() {
            Ok(size) if size.as_u64() == 0 => Err("the size must be at least 1 byte".to_owned()),
            // Sizes are stored as signed 64-bit integers.
            Ok(size) if i64::try_from(size.as_u64()).is_err() => Err(format!("{text:?} is too large")),
            Ok(size) => Ok(Self(size.as_u64())),
            Err(_) => Err(format!("{text:?} is not a size; write e.g. \"50MB\" or \"64KiB\"")),
        }
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

/// An integer of at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count(pub usize);

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match usize::deserialize(from)? {
            0 => Err(D::Error::custom("must be at least 1")),
            // Counts are used for semaphores and queues, which have a maximum.
            n if n > 1_000_000 => Err(D::Error::custom("must be at most 1000000")),
            n => Ok(Self(n)),
        }
    }
}

/// Reads texts from a list, or from one text with commas, such as an environment variable.
fn texts<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum ListOrText {
        Text(String),
        List(Vec<String>),
    }
    Ok(match ListOrText::deserialize(from)? {
        ListOrText::Text(text) => text.split(',').map(str::trim).filter(|t| !t.is_empty()).map(str::to_owned).collect(),
        ListOrText::List(texts) => texts,
    })
}

/// Reads networks.
pub fn networks<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<IpNet>, D::Error> {
    texts(from)?
        .iter()
        .map(|text| {
            text.parse::<IpNet>()
                .map_err(|_| D::Error::custom(format!("{text:?} is not a network; write e.g. \"10.1.0.0/16\"")))
        })
        .collect()
}

/// Reads the addresses of name servers, whose usual port is 53.
pub fn name_servers<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<SocketAddr>, D::Error> {
    let wrong = |text: &str| format!("{text:?} is not the address of a name server; write e.g. \"192.0.2.53\"");
    let read = |text: &String| {
        let with_port = text.parse::<SocketAddr>().ok().filter(|address| address.port() != 0);
        let alone = || text.parse::<IpAddr>().ok().map(|address| SocketAddr::new(address, 53));
        with_port.or_else(alone).ok_or_else(|| D::Error::custom(wrong(text)))
    };
    texts(from)?.iter().map(read).collect()
}

/// Reads a secret, which is never shown. Numbers are accepted too, because the parser of environment variables turns digits
/// into a number.
pub fn secret<'de, D: Deserializer<'de>>(from: D) -> Result<SecretString, D::Error> {
    String::deserialize(from).map(SecretString::from).map_err(|_| D::Error::custom("must be text"))
}

/// Reads a day written "2027-05-01"; empty: none.
pub fn day<'de, D: Deserializer<'de>>(from: D) -> Result<Option<jiff::civil::Date>, D::Error> {
    let text = String::deserialize(from)?;
    if text.is_empty() {
        return Ok(None);
    }
    match clock::day(&text) {
        None => Err(D::Error::custom(format!("{text:?} is not a day; write e.g. \"2027-05-01\""))),
        day => Ok(day),
    }
}

/// Reads words from a list, or from one text with spaces, such as an environment variable.
pub fn words<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum ListOrText {
        Text(String),
        List(Vec<String>),
    }
    Ok(match ListOrText::deserialize(from)? {
        ListOrText::Text(text) => text.split_whitespace().map(str::to_owned).collect(),
        ListOrText::List(words) => words,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_server_has_an_address_and_perhaps_a_port() {
        let read = |text: &str| name_servers(serde_json::Value::from(text)).ok();
        let cases = [
            ("", Some("")),
            ("192.0.2.53", Some("192.0.2.53:53")),
            ("127.0.0.1:5353, ::1", Some("127.0.0.1:5353 [::1]:53")),
            ("[2001:db8::1]:54", Some("[2001:db8::1]:54")),
            ("192.0.2.53:0", None),
            ("ns.example", None),
            ("192.0.2", None),
        ];
        for (text, expected) in cases {
            let found = read(text).map(|found| found.iter().map(SocketAddr::to_string).collect::<Vec<_>>().join(" "));
            assert_eq!(found.as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn a_span_lies_between_a_millisecond_and_a_year() {
        for (text, wanted) in [
            ("1ms", Ok(1)),
            ("1000us", Ok(1)),
            ("0.001s", Ok(1)),
            ("60s", Ok(60_000)),
            ("5 min", Ok(300_000)),
            ("1h 30m", Ok(5_400_000)),
            ("1.5h", Ok(5_400_000)),
            ("366d", Ok(31_622_400_000)),
            ("366 days", Ok(31_622_400_000)),
            ("53weeks", Err("is longer than a year")),
            ("99999999999s", Err("is longer than a year")),
            ("0", Err("must be longer than zero")),
            ("0s", Err("must be longer than zero")),
            ("0h 0ms", Err("must be longer than zero")),
            ("999us", Err("is less than a millisecond")),
            ("1ns", Err("is less than a millisecond")),
            ("", Err("is not a duration")),
            ("soon", Err("is not a duration")),
            ("60", Err("is not a duration")),
            ("-60s", Err("is not a duration")),
            ("18446744073709551616s", Err("is not a duration")),
        ] {
            let read = text.parse::<Span>();
            match (&read, wanted) {
                (Ok(span), Ok(millis)) => assert_eq!(span.0, Duration::from_millis(millis), "{text:?}"),
                (Err(why), Err(wanted)) => assert!(why.starts_with(&format!("{text:?} {wanted}")), "{why}"),
                _ => panic!("{text:?} is read as {read:?}"),
            }
        }
    }
}
