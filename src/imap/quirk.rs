//! Lines that real servers send and that the parser would stumble over, mended before it sees them. Each mend is named after
//! the server that needs it. Literals never come here.

/// Mends one line in place, its line end included.
pub fn mend(line: &mut Vec<u8>) {
    lone_line_feed(line);
    if line.starts_with(b"* ") {
        greenmail_literal_without_blank(line);
        internal_date_nil(line);
        double_blanks_in_capability(line);
    }
    code_without_blank(line);
}

/// A lone LF ends the line (reference row C11).
fn lone_line_feed(line: &mut Vec<u8>) {
    if line.ends_with(b"\n") && !line.ends_with(b"\r\n") {
        line.pop();
        line.extend_from_slice(b"\r\n");
    }
}

/// GreenMail 2.1.8 answers `BODY[]<0>{10}` where a blank belongs before the literal.
fn greenmail_literal_without_blank(line: &mut Vec<u8>) {
    if let Some(at) = line.windows(2).position(|pair| pair == b">{" || pair == b"]{") {
        line.insert(at + 1, b' ');
    }
}

/// imap-proto 0.17 panics on `INTERNALDATE NIL`.
fn internal_date_nil(line: &mut Vec<u8>) {
    const NIL: &[u8] = b"INTERNALDATE NIL";
    if let Some(at) = line.windows(NIL.len()).position(|part| part.eq_ignore_ascii_case(NIL)) {
        line.splice(at..at + NIL.len(), b"INTERNALDATE \"\"".iter().copied());
    }
}

/// Telekom Hungary sends two blanks in CAPABILITY (rustmailer/bichon#197).
fn double_blanks_in_capability(line: &mut Vec<u8>) {
    if line.get(2..12).is_some_and(|word| word.eq_ignore_ascii_case(b"CAPABILITY")) {
        line.dedup_by(|a, b| *a == b' ' && *b == b' ');
    }
}

/// imap-proto 0.17 cuts one byte off the text behind a response code, and panics if that byte is the first of several.
fn code_without_blank(line: &mut Vec<u8>) {
    let Some(bracket) = line.iter().position(|byte| *byte == b'[') else {
        return;
    };
    let Some(close) = line.iter().skip(bracket).position(|byte| *byte == b']').map(|n| bracket + n) else {
        return;
    };
    if line.get(close + 1).is_some_and(|byte| *byte >= 0x80) {
        line.insert(close + 1, b' ');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_quirk_is_mended_and_good_lines_are_left_alone() {
        let cases: &[(&[u8], &[u8])] = &[
            (b"* 1 FETCH (UID 1 BODY[]<0>{10}\r\n", b"* 1 FETCH (UID 1 BODY[]<0> {10}\r\n"),
            (b"* 1 FETCH (BODY[]{10}\r\n", b"* 1 FETCH (BODY[] {10}\r\n"),
            (b"* 1 FETCH (INTERNALDATE NIL UID 1)\r\n", b"* 1 FETCH (INTERNALDATE \"\" UID 1)\r\n"),
            (b"* CAPABILITY IMAP4rev1  UIDPLUS\r\n", b"* CAPABILITY IMAP4rev1 UIDPLUS\r\n"),
            (b"* OK hello\n", b"* OK hello\r\n"),
            ("* OK [READ-ONLY]åäö\r\n".as_bytes(), "* OK [READ-ONLY] åäö\r\n".as_bytes()),
            (b"* LIST () \"/\" \"a  b\"\r\n", b"* LIST () \"/\" \"a  b\"\r\n"),
            (b"* 1 FETCH (BODY[]<0> {10}\r\n", b"* 1 FETCH (BODY[]<0> {10}\r\n"),
            (b")\r\n", b")\r\n"),
        ];
        for (given, wanted) in cases {
            let mut line = given.to_vec();
            mend(&mut line);
            assert_eq!(String::from_utf8_lossy(&line), String::from_utf8_lossy(wanted));
        }
    }
}
