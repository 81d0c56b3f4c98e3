//! What was made fit for the wire is made bytes and text again. Wrong input gives what can be had of it, never an error.

use mail_parser::decoders::charsets::map::charset_decoder;

/// Undoes a Content-Transfer-Encoding (RFC 2045 6), up to so many bytes of result.
pub fn transfer(encoding: &str, body: &[u8], most: usize) -> Vec<u8> {
    match encoding {
        "base64" => base64(body).take(most).collect(),
        "quoted-printable" => QuotedPrintable { rest: body, kept: 0 }.take(most).collect(),
        // 7bit, 8bit, binary, and what nobody knows: as it is.
        _ => body.get(..most).unwrap_or(body).to_vec(),
    }
}

/// How many bytes [`transfer`] gives, without holding them.
pub fn size(encoding: &str, body: &[u8]) -> u64 {
    let count = match encoding {
        "base64" => base64(body).count(),
        "quoted-printable" => QuotedPrintable { rest: body, kept: 0 }.count(),
        _ => body.len(),
    };
    count as u64
}

/// Text in a named character set; in UTF-8, what is wrong replaced, where the name is missing or unknown.
pub fn text(charset: Option<&str>, bytes: &[u8]) -> String {
    match charset.and_then(|name| charset_decoder(name.trim().as_bytes())) {
        Some(decode) => decode(bytes),
        None => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// The first so many bytes, and not in the middle of a character. Whether something was left off.
pub fn shorten(text: &mut String, most: usize) -> bool {
    let is_long = text.len() > most;
    if is_long {
        text.truncate(text.floor_char_boundary(most));
    }
    is_long
}

/// Strict decoders refuse what mail holds: line ends at any place, a padding in the middle where two were joined, a missing
/// one at the end, and stray characters. They are passed over (RFC 2045 6.8).
fn base64(body: &[u8]) -> impl Iterator<Item = u8> {
    let (mut bits, mut count) = (0u32, 0u32);
    body.iter().filter_map(move |byte| {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'=' => {
                (bits, count) = (0, 0);
                return None;
            }
            _ => return None,
        };
        bits = (bits << 6 | u32::from(value)) & 0xffff;
        count += 6;
        if count < 8 {
            return None;
        }
        count -= 8;
        u8::try_from((bits >> count) & 0xff).ok()
    })
}

/// RFC 2045 6.7. White space at the end of a line was put there on the way; `=` before anything else stands for itself.
struct QuotedPrintable<'a> {
    rest: &'a [u8],
    /// So many bytes of white space come next that are known not to end a line: each is looked at once.
    kept: usize,
}

impl Iterator for QuotedPrintable<'_> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        loop {
            let (byte, after) = self.rest.split_first()?;
            let blank = |bytes: &[u8]| bytes.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
            match byte {
                b'=' => {
                    if let [high, low, after @ ..] = after
                        && let (Some(high), Some(low)) = (hex(*high), hex(*low))
                    {
                        self.rest = after;
                        return Some(high << 4 | low);
                    }
                    let line_end = after.get(blank(after)..).unwrap_or_default();
                    let joined = line_end.strip_prefix(b"\r\n").or_else(|| line_end.strip_prefix(b"\n"));
                    if joined.is_some() || line_end.is_empty() {
                        self.rest = joined.unwrap_or_default();
                        continue;
                    }
                }
                b' ' | b'\t' if self.kept == 0 => {
                    let run = blank(self.rest);
                    let line_end = self.rest.get(run..).unwrap_or_default();
                    if line_end.is_empty() || line_end.starts_with(b"\n") || line_end.starts_with(b"\r\n") {
                        self.rest = line_end;
                        continue;
                    }
                    self.kept = run;
                }
                _ => {}
            }
            self.kept = self.kept.saturating_sub(1);
            self.rest = after;
            return Some(*byte);
        }
    }
}

fn hex(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transfer_encodings_are_undone_as_far_as_they_can_be() {
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
            ("7bit", "h=65j", "h=65j"),
            ("x-own", "hej", "hej"),
        ] {
            let decoded = transfer(encoding, body.as_bytes(), 100);
            assert_eq!(String::from_utf8_lossy(&decoded), expected, "{encoding} {body:?}");
            assert_eq!(size(encoding, body.as_bytes()), decoded.len() as u64, "{encoding} {body:?}");
            assert!(transfer(encoding, body.as_bytes(), 1).len() <= 1, "{encoding} {body:?}");
        }
    }

    #[test]
    fn blanks_that_go_on_for_long_are_looked_at_once() {
        let body = [&[b' '; 1 << 20][..], b"x"].concat();
        assert_eq!(size("quoted-printable", &body), body.len() as u64);
        // The same behind signs that are none.
        let body = b"= x".repeat(1 << 18);
        assert_eq!(size("quoted-printable", &body), body.len() as u64);
    }

    #[test]
    fn text_is_read_in_its_character_set_or_as_utf_8() {
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
