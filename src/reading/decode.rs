//! Decodes transfer encodings and character sets. Malformed input is decoded as far as possible and never causes an error.

use mail_parser::decoders::charsets::map::charset_decoder;
use sha2::{Digest, Sha256};

use super::budget::Budget;

/// Number of bytes decoded between two checks of the budget.
const CHUNK: usize = 64 << 10;
/// Maximum length of trailing white space that is removed; a longer run was not added in transport.
const MAX_BLANK: usize = 64 << 10;

/// Decodes a Content-Transfer-Encoding (RFC 2045 section 6), up to `max` bytes of output, as long as the budget lasts.
pub fn transfer(encoding: &str, body: &[u8], max: usize, budget: &Budget) -> Vec<u8> {
    let mut decoder = Decoder::for_encoding(encoding);
    let mut decoded = Vec::with_capacity(body.len().min(max));
    for piece in body.chunks(CHUNK) {
        if decoded.len() >= max || !budget.take_bytes(piece.len()) {
            break;
        }
        decoder.push(piece, &mut |byte| decoded.push(byte));
    }
    decoder.finish(&mut |byte| decoded.push(byte));
    decoded.truncate(max);
    decoded
}

/// The number of bytes that [`transfer`] would return, without storing them; `None` if the budget does not suffice.
pub fn size(encoding: &str, body: &[u8], budget: &Budget) -> Option<u64> {
    let mut decoder = Decoder::for_encoding(encoding);
    if matches!(decoder, Decoder::Plain) {
        return Some(body.len() as u64);
    }
    let mut count = 0u64;
    for piece in body.chunks(CHUNK) {
        if !budget.take_bytes(piece.len()) {
            return None;
        }
        decoder.push(piece, &mut |_| count += 1);
    }
    decoder.finish(&mut |_| count += 1);
    Some(count)
}

/// The SHA-256 of the bytes that [`transfer`] would return, without storing them; `None` if the budget does not suffice.
pub fn sha256(encoding: &str, body: &[u8], budget: &Budget) -> Option<[u8; 32]> {
    let (mut decoder, mut hash) = (Decoder::for_encoding(encoding), Sha256::new());
    let mut decoded = Vec::with_capacity(CHUNK);
    for piece in body.chunks(CHUNK) {
        if !budget.take_bytes(piece.len()) {
            return None;
        }
        decoder.push(piece, &mut |byte| decoded.push(byte));
        hash.update(&decoded);
        decoded.clear();
    }
    decoder.finish(&mut |byte| decoded.push(byte));
    hash.update(&decoded);
    Some(hash.finalize().into())
}

/// Decodes text in a character set. If the character set is missing or unknown, decodes UTF-8 and replaces invalid bytes.
pub fn text(charset: Option<&str>, bytes: &[u8]) -> String {
    match charset.and_then(|name| charset_decoder(name.trim().as_bytes())) {
        Some(decode) => decode(bytes),
        None => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// Truncates a text to `max` bytes, at a character boundary. Returns whether the text was longer.
pub fn shorten(text: &mut String, max: usize) -> bool {
    let is_long = text.len() > max;
    if is_long {
        text.truncate(text.floor_char_boundary(max));
    }
    is_long
}

/// A streaming decoder; the input may be split anywhere.
#[derive(Debug)]
pub enum Decoder {
    Base64 {
        bits: u32,
        count: u32,
    },
    /// Quoted-printable. Holds input whose meaning depends on the next bytes: `=` or white space, and the bytes after it.
    QuotedPrintable {
        held: Vec<u8>,
    },
    /// 7bit, 8bit, binary, and unknown encodings.
    Plain,
}

impl Decoder {
    /// The decoder for an encoding, whose name is given in lower case.
    pub fn for_encoding(encoding: &str) -> Self {
        match encoding {
            "base64" => Self::Base64 { bits: 0, count: 0 },
            "quoted-printable" => Self::QuotedPrintable { held: Vec::new() },
            _ => Self::Plain,
        }
    }

    /// Decodes the next piece.
    pub fn push(&mut self, piece: &[u8], emit: &mut impl FnMut(u8)) {
        match self {
            Self::Base64 { bits, count } => piece.iter().for_each(|byte| base64(*byte, bits, count, emit)),
            Self::QuotedPrintable { held } => piece.iter().for_each(|byte| quoted_printable(*byte, held, emit)),
            Self::Plain => piece.iter().for_each(|byte| emit(*byte)),
        }
    }

    /// Decodes the rest at the end of the input.
    pub fn finish(self, emit: &mut impl FnMut(u8)) {
        if let Self::QuotedPrintable { held } = self {
            let blanks = held.strip_prefix(b"=").unwrap_or(&held);
            // The end of the input is the end of a line: trailing white space is removed, and `=` is a soft line break.
            if !blanks.iter().copied().all(is_blank) {
                held.into_iter().for_each(emit);
            }
        }
    }
}

/// Decodes base64 leniently: skips line ends and stray characters, and accepts padding in the middle (of joined texts) and
/// missing padding at the end, all of which occur in mail (RFC 2045 section 6.8).
fn base64(byte: u8, bits: &mut u32, count: &mut u32, emit: &mut impl FnMut(u8)) {
    let value = match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        b'=' => {
            (*bits, *count) = (0, 0);
            return;
        }
        _ => return,
    };
    *bits = (*bits << 6 | u32::from(value)) & 0xffff;
    *count += 6;
    if *count >= 8 {
        *count -= 8;
        let [.., byte] = (*bits >> *count).to_be_bytes();
        emit(byte);
    }
}

/// Decodes quoted-printable (RFC 2045 section 6.7). White space at the end of a line was added in transport; a malformed `=`
/// is kept as text.
fn quoted_printable(byte: u8, held: &mut Vec<u8>, emit: &mut impl FnMut(u8)) {
    let is_open = |byte| byte == b'=' || is_blank(byte);
    match held.as_slice() {
        [] if !is_open(byte) => return emit(byte),
        [] => return held.push(byte),
        [b'='] if hex(byte).is_some() => return held.push(byte),
        [b'=', digit] if let (Some(high), Some(low)) = (hex(*digit), hex(byte)) => {
            held.clear();
            return emit(high << 4 | low);
        }
        [b'=', digit] if hex(*digit).is_some() => {}
        // Soft line break.
        [b'=', ..] if byte == b'\n' => return held.clear(),
        [.., last] if byte == b'\n' => {
            if *last == b'\r' {
                emit(b'\r');
            }
            held.clear();
            return emit(b'\n');
        }
        [.., b'\r'] => {}
        whole if (is_blank(byte) || byte == b'\r') && whole.len() < MAX_BLANK => return held.push(byte),
        _ => {}
    }
    // The held bytes are ordinary text.
    held.drain(..).for_each(&mut *emit);
    if is_open(byte) { held.push(byte) } else { emit(byte) }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

fn hex(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn ample_budget() -> Budget {
        Budget::new(Duration::from_secs(60))
    }

    #[test]
    fn transfer_encodings_are_decoded_as_far_as_possible() {
        for (encoding, body, expected) in [
            ("base64", "aGVq", "hej"),
            ("base64", "aG\r\nVq\r\n", "hej"),
            ("base64", "aGU=aGVq", "hehej"),
            ("base64", "aGU", "he"),
            ("base64", "!aG?Vq", "hej"),
            ("base64", "====", ""),
            ("quoted-printable", "h=65j", "hej"),
            ("quoted-printable", "he=\r\nj", "hej"),
            ("quoted-printable", "he= \t\r\nj=", "hej"),
            ("quoted-printable", "hej  \r\n  du \t", "hej\r\n  du"),
            ("quoted-printable", "a=b c=ZZ == =", "a=b c=ZZ == "),
            ("quoted-printable", "a= \tb=\r\nc \rd= \re=4 f=4=41", "a= \tbc \rd= \re=4 f=4A"),
            ("quoted-printable", "a \r\nb= ", "a\r\nb"),
            ("quoted-printable", "a=3", "a=3"),
            ("7bit", "h=65j", "h=65j"),
            ("x-own", "hej", "hej"),
        ] {
            let decoded = transfer(encoding, body.as_bytes(), 100, &ample_budget());
            assert_eq!(String::from_utf8_lossy(&decoded), expected, "{encoding} {body:?}");
            assert_eq!(
                size(encoding, body.as_bytes(), &ample_budget()),
                Some(decoded.len() as u64),
                "{encoding} {body:?}"
            );
            let hash: [u8; 32] = Sha256::digest(&decoded).into();
            assert_eq!(sha256(encoding, body.as_bytes(), &ample_budget()), Some(hash), "{encoding} {body:?}");
            assert!(transfer(encoding, body.as_bytes(), 1, &ample_budget()).len() <= 1, "{encoding} {body:?}");
            // The output does not depend on where the input is split.
            for at in 0..=body.len() {
                let (mut decoder, mut found) = (Decoder::for_encoding(encoding), Vec::new());
                decoder.push(&body.as_bytes()[..at], &mut |byte| found.push(byte));
                decoder.push(&body.as_bytes()[at..], &mut |byte| found.push(byte));
                decoder.finish(&mut |byte| found.push(byte));
                assert_eq!(found, decoded, "{encoding} {body:?} cut at {at}");
            }
        }
    }

    #[test]
    fn long_runs_of_blanks_are_processed_once() {
        let body = [&[b' '; 1 << 20][..], b"x"].concat();
        assert_eq!(size("quoted-printable", &body, &ample_budget()), Some(body.len() as u64));
        // The output after malformed escapes does not depend on the split, either.
        let body = b"= x".repeat(1 << 18);
        assert_eq!(size("quoted-printable", &body, &ample_budget()), Some(body.len() as u64));
    }

    #[test]
    fn nothing_is_decoded_beyond_the_budget() {
        let body = vec![b'A'; 1 << 20];
        let over = Budget::new(Duration::ZERO);
        for encoding in ["base64", "quoted-printable", "7bit"] {
            assert_eq!(transfer(encoding, &body, usize::MAX, &over), b"", "{encoding}");
        }
        assert_eq!((size("base64", &body, &over), sha256("base64", &body, &over)), (None, None));
        // The number of bytes is limited too, so that a fast machine does not decode for ever.
        let budget = ample_budget();
        let decoded = (0..1000).take_while(|_| size("base64", &body, &budget).is_some()).count();
        assert_eq!(decoded, 150);
    }

    #[test]
    fn text_is_decoded_in_its_character_set_or_as_utf_8() {
        for (charset, bytes, expected) in [
            (Some("iso-8859-1"), &b"\xe5"[..], "å"),
            (Some(" UTF-8 "), "å".as_bytes(), "å"),
            (None, "å".as_bytes(), "å"),
            (Some("no-such"), b"a\xff", "a\u{fffd}"),
            (Some("utf-7"), b"+ADw-", "<"),
        ] {
            assert_eq!(text(charset, bytes), expected, "{charset:?}");
        }
        let mut long = "åå".to_owned();
        assert!(shorten(&mut long, 3) && long == "å" && !shorten(&mut long, 2));
    }
}
