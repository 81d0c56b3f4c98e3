//! Queries and forms (application/x-www-form-urlencoded), read and written independently of the code under test.

use std::{collections::BTreeMap, str::from_utf8};

/// The decoded values, by name.
pub type Parameters = BTreeMap<String, String>;

pub fn decode(pairs: &str) -> Parameters {
    let pairs = pairs.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.map(|(name, value)| (decode_one(name), decode_one(value))).collect()
}

pub fn decode_one(text: &str) -> String {
    let mut decoded = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        let digits = after.get(..2).and_then(|digits| u8::from_str_radix(from_utf8(digits).ok()?, 16).ok());
        decoded.push(match (first, digits) {
            (b'%', Some(byte)) => {
                rest = &after[2..];
                byte
            }
            (b'+', _) => b' ',
            (other, _) => *other,
        });
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

pub fn encode(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let one = |byte: u8| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(one).collect()
}
