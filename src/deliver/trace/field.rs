//! Writes header fields safely, whatever their values contain.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Maximum length of a line without its CRLF (RFC 5322 section 2.1.1). A longer word is cut, but never an address: the
/// longest one that Mailferry accepts fits on one line, even escaped.
const MAX_LINE: usize = 998;
/// The length at which lines are folded (RFC 5322 section 2.1.1).
const FOLD_AT: usize = 78;
/// Maximum length of a field's value. A longer value is cut.
const MAX_VALUE: usize = 4 << 10;
/// Bytes of text in one encoded-word, which may have 75 characters (RFC 2047 section 2).
const MAX_ENCODED: usize = 45;

/// Writes a field, folded between words. White space and control characters, including those of Unicode, separate words. A field
/// without words is omitted.
pub fn write(out: &mut Vec<u8>, name: &str, value: &str) {
    let value = value.get(..value.floor_char_boundary(MAX_VALUE)).unwrap_or_default();
    let mut words =
        value.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()).peekable();
    if words.peek().is_none() {
        return;
    }
    out.extend_from_slice(name.as_bytes());
    out.push(b':');
    let (mut length, mut is_first) = (name.len() + 1, true);
    for word in words {
        let word = word.get(..word.floor_char_boundary(MAX_LINE - 1)).unwrap_or_default();
        let after = length + 1 + word.len();
        if after > MAX_LINE || (after > FOLD_AT && !is_first) {
            out.extend_from_slice(b"\r\n");
            length = 0;
        }
        out.push(b' ');
        out.extend_from_slice(word.as_bytes());
        (length, is_first) = (length + 1 + word.len(), false);
    }
    out.extend_from_slice(b"\r\n");
}

/// Escapes characters beyond ASCII as delivery reports do, `\x{E5}` (RFC 6533 section 3), since without SMTPUTF8 a field cannot
/// hold such an address in any other form. [`unescaped`] reverses it.
pub fn escaped(text: &str) -> String {
    let mut ascii = String::with_capacity(text.len());
    for c in text.chars() {
        match c.is_ascii() {
            true => ascii.push(c),
            // Writing to a String cannot fail.
            false => drop(write!(ascii, "\\x{{{:X}}}", u32::from(c))),
        }
    }
    ascii
}

/// Reverses [`escaped`].
pub fn unescaped(text: &str) -> String {
    let mut rest = text;
    let mut read = String::with_capacity(text.len());
    while let Some((before, after)) = rest.split_once("\\x{") {
        read.push_str(before);
        let decoded = after
            .split_once('}')
            .and_then(|(digits, after)| Some((u32::from_str_radix(digits, 16).ok().and_then(char::from_u32)?, after)));
        match decoded {
            Some((c, after)) => {
                read.push(c);
                rest = after;
            }
            None => {
                read.push_str("\\x{");
                rest = after;
            }
        }
    }
    read.push_str(rest);
    read
}

/// Text as encoded-words (RFC 2047); ASCII that cannot be mistaken for an encoded-word is left as it is.
pub fn encoded_words(text: &str) -> String {
    if text.is_ascii() && !text.contains("=?") {
        return text.to_owned();
    }
    let (mut rest, mut words) = (text, Vec::new());
    while !rest.is_empty() {
        let (piece, after) = rest.split_at_checked(rest.floor_char_boundary(MAX_ENCODED)).unwrap_or((rest, ""));
        words.push(format!("=?utf-8?B?{}?=", STANDARD.encode(piece)));
        rest = after;
    }
    words.join(" ")
}
