//! Folder names on the wire: modified UTF-7 (RFC 3501 5.1.3), and quoting.

use base64::Engine;
use base64::alphabet::IMAP_MUTF7;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &IMAP_MUTF7,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);

/// Encodes a name for the wire: `Ärenden` becomes `&AMQ-renden`.
pub fn encode(name: &str) -> String {
    let mut wire = String::with_capacity(name.len());
    let mut shifted: Vec<u8> = Vec::new();
    let flush = |wire: &mut String, shifted: &mut Vec<u8>| {
        if !shifted.is_empty() {
            wire.push('&');
            wire.push_str(&BASE64.encode(&*shifted));
            wire.push('-');
            shifted.clear();
        }
    };
    for c in name.chars() {
        if (' '..='~').contains(&c) {
            flush(&mut wire, &mut shifted);
            wire.push(c);
            if c == '&' {
                wire.push('-');
            }
        } else {
            let mut units = [0; 2];
            shifted.extend(c.encode_utf16(&mut units).iter().flat_map(|unit| unit.to_be_bytes()));
        }
    }
    flush(&mut wire, &mut shifted);
    wire
}

/// Decodes a name from the wire. Invalid modified UTF-7 stays unchanged, since some servers send UTF-8.
pub fn decode(wire: &str) -> String {
    let mut name = String::with_capacity(wire.len());
    let mut rest = wire;
    while let Some((before, after)) = rest.split_once('&') {
        name.push_str(before);
        let Some((shifted, tail)) = after.split_once('-') else {
            name.push('&');
            name.push_str(after);
            return name;
        };
        match shifted {
            "" => name.push('&'),
            _ => match unshift(shifted) {
                Some(text) => name.push_str(&text),
                None => {
                    name.push('&');
                    name.push_str(shifted);
                    name.push('-');
                }
            },
        }
        rest = tail;
    }
    name.push_str(rest);
    name
}

fn unshift(shifted: &str) -> Option<String> {
    let bytes = BASE64.decode(shifted).ok()?;
    let (pairs, []) = bytes.as_chunks::<2>() else {
        return None;
    };
    let units: Vec<u16> = pairs.iter().map(|pair| u16::from_be_bytes(*pair)).collect();
    String::from_utf16(&units).ok()
}

/// A quoted string (RFC 3501 4.3). The caller has rejected line breaks and NUL.
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Removes backslash escapes, which imap-proto leaves in quoted names.
pub fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.extend(chars.next()),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_names_are_written_as_other_clients_write_them() {
        for (name, wire) in [
            ("INBOX", "INBOX"),
            ("Ärenden", "&AMQ-renden"),
            ("Klart/Å", "Klart/&AMU-"),
            ("R&D", "R&-D"),
            ("~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"), // RFC 3501 5.1.3
            ("📬", "&2D3c7A-"),
            ("", ""),
        ] {
            assert_eq!(encode(name), wire);
            assert_eq!(decode(wire), name);
        }
    }

    #[test]
    fn invalid_modified_utf_7_stays_unchanged() {
        for wire in ["Ärenden", "a&b", "&!!!-", "&AA-x", "&"] {
            assert_eq!(decode(wire), wire);
        }
    }

    proptest! {
        #[test]
        fn encoding_is_reversible(name in "\\PC*") {
            let wire = encode(&name);
            prop_assert!(wire.bytes().all(|byte| (0x20..0x7f).contains(&byte)));
            prop_assert_eq!(decode(&wire), name);
        }

        #[test]
        fn quoting_is_reversible(text in "[^\\r\\n\\x00]*") {
            let quoted = quoted(&text);
            let inner = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap();
            prop_assert_eq!(unescaped(inner), text);
        }
    }
}
