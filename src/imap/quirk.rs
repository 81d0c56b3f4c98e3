//! Repairs lines of real servers that the parser cannot read. Each repair is named after the server or the fault.
//! Literals are never repaired.

use imap_proto::Response;

/// Repairs one line in place, including its line end.
pub fn repair(line: &mut Vec<u8>) {
    lone_line_feed(line);
    leading_nuls(line);
    if line.starts_with(b"* ") {
        double_spaces(line);
        modseq_behind_search(line);
        literal_plus_in_two_words(line);
    }
    greenmail_literal_without_blank(line);
    echoed_origin(line);
    internal_date_nil(line);
    malformed_size(line);
    plus_in_a_literal(line);
    code_without_blank(line);
}

/// Whether a line is `* 7 FETCH …`.
pub fn is_fetch(line: &[u8]) -> bool {
    let mut words = line.split(|byte| *byte == b' ');
    words.next() == Some(b"*") && words.nth(1).is_some_and(|word| word.eq_ignore_ascii_case(b"FETCH"))
}

/// Domino puts a second pair of parentheses around the items of a FETCH (MailKit#943).
pub fn extra_parentheses(line: &mut Vec<u8>, starts_an_answer: bool, doubled: &mut bool) {
    if starts_an_answer {
        *doubled = false;
        if is_fetch(line) && line.splitn(4, |byte| *byte == b' ').last().is_some_and(|items| items.starts_with(b"((")) {
            *doubled = true;
            if let Some(at) = line.windows(2).position(|pair| pair == b"((") {
                line.remove(at);
            }
        }
    }
    if *doubled && line.ends_with(b"))\r\n") {
        line.truncate(line.len() - 3);
        line.extend_from_slice(b"\r\n");
        *doubled = false;
    }
}

/// Whether a line is `* SEARCH …`, which may be long.
pub fn is_search(line: &[u8]) -> bool {
    line.starts_with(b"* ") && is_answer(line, b"SEARCH")
}

/// Parses a whole answer; `None` if it is unreadable. So are the malformed answers on which imap-proto 0.17 panics,
/// most of them METADATA answers, which we never request.
pub fn read(answer: &[u8]) -> Option<Response<'_>> {
    if is_answer(answer, b"METADATA") {
        return None;
    }
    let read = std::panic::catch_unwind(|| Response::parse(answer)).ok()?;
    read.ok().filter(|(rest, _)| rest.is_empty()).map(|(_, response)| response)
}

/// Whether an unreadable one-line answer may be dropped.
///
/// Servers send `* XFOO`, `* NAMESPACE`, `[COPYUID 55 31 6]` without its `* OK`, `Server Unavailable.` and other such
/// lines (reference rows C1 to C9). No decision may depend on a dropped line. A dropped SEARCH would look like "no
/// mail", and a dropped tagged answer would never end its command, so neither may be dropped. The UID of a dropped
/// FETCH counts as unanswered.
pub fn is_dispensable(line: &[u8]) -> bool {
    if line.starts_with(b"+") || is_tagged(line) {
        return false;
    }
    let mut words = line.split(|byte| *byte == b' ');
    let keyword = if words.next() == Some(b"*") { words.next().unwrap_or_default().trim_ascii_end() } else { b"" };
    ![&b"SEARCH"[..], b"ESEARCH", b"SORT"].iter().any(|needed| keyword.eq_ignore_ascii_case(needed))
}

/// Whether a line has one of our tags, an F and a number: `F7 OK …`.
fn is_tagged(line: &[u8]) -> bool {
    let digits = line.strip_prefix(b"F").and_then(|rest| rest.split(|byte| *byte == b' ').next()).unwrap_or_default();
    !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
}

/// A lone LF ends the line (reference row C11).
fn lone_line_feed(line: &mut Vec<u8>) {
    if line.ends_with(b"\n") && !line.ends_with(b"\r\n") {
        line.pop();
        line.extend_from_slice(b"\r\n");
    }
}

/// GreenMail 2.1.8 sends `BODY[]<0>{10}` without the space before the literal.
fn greenmail_literal_without_blank(line: &mut Vec<u8>) {
    if let Some(at) = line.windows(2).position(|pair| pair == b">{" || pair == b"]{") {
        line.insert(at + 1, b' ');
    }
}

/// Some servers pad their answers with NULs (reference row B19).
fn leading_nuls(line: &mut Vec<u8>) {
    let nuls = line.iter().take_while(|byte| **byte == 0).count();
    line.drain(..nuls);
}

/// Some servers repeat the range of the request, `BODY[]<0.65536>`, instead of answering `BODY[]<0>` (reference row
/// B7).
fn echoed_origin(line: &mut Vec<u8>) {
    let Some(open) = line.windows(2).position(|pair| pair == b"]<").map(|at| at + 2) else { return };
    let Some(close) = line.iter().skip(open).position(|byte| *byte == b'>').map(|n| open + n) else { return };
    let origin = line.get(open..close).unwrap_or_default();
    if let Some(dot) = origin.iter().position(|byte| *byte == b'.')
        && origin.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.')
    {
        line.drain(open + dot..close);
    }
}

/// Some servers send the RFC822.SIZE `-1`, `9.3736e+06` (mail.ru) or NIL. A number that is not negative is rewritten in
/// digits. The size is only a hint, so anything else becomes 1 (reference row C6), and not 0, which would mean an empty
/// mail.
fn malformed_size(line: &mut Vec<u8>) {
    const SIZE: &[u8] = b"RFC822.SIZE ";
    let Some(at) = line.windows(SIZE.len()).position(|part| part.eq_ignore_ascii_case(SIZE)).map(|at| at + SIZE.len())
    else {
        return;
    };
    let rest = line.get(at..).unwrap_or_default();
    let end = at + rest.iter().position(|byte| b" )\r\n".contains(byte)).unwrap_or(rest.len());
    let number = line.get(at..end).unwrap_or_default();
    if number.is_empty() || !number.iter().all(u8::is_ascii_digit) || number.len() > 9 {
        // RFC 3501 limits sizes to 32 bits; larger mail exceeds the size limit anyway.
        let number = std::str::from_utf8(number).ok().and_then(|text| text.parse::<f64>().ok());
        let size = number.filter(|size| *size >= 0.0).unwrap_or(1.0).min(f64::from(u32::MAX));
        line.splice(at..end, format!("{size:.0}").into_bytes());
    }
}

/// Some servers send `{10+}`, which only clients may send (RFC 7888) and which the parser does not accept.
fn plus_in_a_literal(line: &mut Vec<u8>) {
    if line.ends_with(b"+}\r\n") && line.iter().rev().skip(4).take_while(|byte| byte.is_ascii_digit()).count() > 0 {
        line.remove(line.len() - 4);
    }
}

/// Some servers send the capability `LITERAL +` instead of `LITERAL+` (reference row C5).
fn literal_plus_in_two_words(line: &mut Vec<u8>) {
    if is_answer(line, b"CAPABILITY")
        && let Some(at) = line.windows(10).position(|part| part.eq_ignore_ascii_case(b" LITERAL +"))
    {
        line.remove(at + 8);
    }
}

/// imap-proto 0.17 panics on `INTERNALDATE NIL`.
fn internal_date_nil(line: &mut Vec<u8>) {
    const DATE: &[u8] = b"INTERNALDATE ";
    const NIL: &[u8] = b"INTERNALDATE NIL";
    let find = |rest: &[u8]| rest.windows(NIL.len()).position(|part| part.eq_ignore_ascii_case(NIL));
    if find(line).is_none() {
        return;
    }
    let mut repaired = Vec::with_capacity(line.len());
    let mut rest = line.as_slice();
    while let Some((before, behind)) = find(rest).and_then(|at| rest.split_at_checked(at + DATE.len())) {
        repaired.extend_from_slice(before);
        repaired.extend_from_slice(b"\"\"");
        rest = behind.get(NIL.len() - DATE.len()..).unwrap_or_default();
    }
    repaired.extend_from_slice(rest);
    *line = repaired;
}

/// Telekom Hungary sends two spaces in CAPABILITY (rustmailer/bichon#197), other servers in SEARCH (reference row C5).
fn double_spaces(line: &mut Vec<u8>) {
    // In a line without quotes, parentheses and literals, repeated spaces have no meaning.
    let is_plain = !line.iter().any(|byte| b"\"([{".contains(byte));
    if is_plain
        && (is_answer(line, b"CAPABILITY") || is_answer(line, b"SEARCH") || line.trim_ascii_end().ends_with(b" EXISTS"))
    {
        line.dedup_by(|a, b| *a == b' ' && *b == b' ');
    }
}

/// Removes MODSEQ from `* SEARCH 2 5 (MODSEQ 917162500)` (RFC 7162 3.1.5): we never request it, and imap-proto cannot
/// parse it.
fn modseq_behind_search(line: &mut Vec<u8>) {
    if is_answer(line, b"SEARCH")
        && let Some(at) = line.windows(9).position(|part| part.eq_ignore_ascii_case(b" (MODSEQ "))
    {
        line.truncate(at);
        line.extend_from_slice(b"\r\n");
    }
}

/// Whether a line that starts with `* ` continues with this keyword. The first two bytes are not checked.
fn is_answer(line: &[u8], keyword: &[u8]) -> bool {
    line.get(2..2 + keyword.len()).is_some_and(|word| word.eq_ignore_ascii_case(keyword))
}

/// imap-proto 0.17 cuts one byte off the text after a response code, and panics if that byte starts a multi-byte
/// character.
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

    fn is_noise(line: &[u8]) -> bool {
        read(line).is_none() && is_dispensable(line)
    }

    #[test]
    fn only_responses_that_are_not_needed_are_skipped() {
        for noise in [
            "* XFOO bar\r\n",
            "* NAMESPACE ((\"\" \"/\")) NIL NIL\r\n",
            "[COPYUID 55 31 6]\r\n",
            "Server Unavailable.\r\n",
            "\r\n",
            "* STATUS INBOX (SIZE 7)\r\n",
            "* FLAGS (\\Seen  \\Draft)\r\n",
            "* 1 FETCH (UID 1\r\n",
        ] {
            assert!(is_noise(noise.as_bytes()), "{noise:?}");
        }
        for needed in [
            "* SEARCH 1 x\r\n",
            "* ESEARCH (TAG \"F1\") UID ALL 1:3\r\n",
            "* search -1\r\n",
            "F12 OK done\r\n",
            "F12 WHAT\r\n",
            "+\r\n",
            "* BYE bye\r\n",
            "* 3 EXISTS\r\n",
            "* 1 FETCH (UID 1 FLAGS ())\r\n",
            "* LIST (\\HasNoChildren) \"/\" INBOX\r\n",
            "* CAPABILITY IMAP4rev1 X\r\n",
        ] {
            assert!(!is_noise(needed.as_bytes()), "{needed:?}");
        }
    }

    #[test]
    fn lines_of_real_servers_are_readable_after_repair() {
        for line in [
            "* OK [HIGHESTMODSEQ 7]\r\n",
            "* OK [UIDNEXT 0] x\r\n",
            "* OK [UIDVALIDITY 0] x\r\n",
            "* OK [UIDNEXT 4294967295] x\r\n",
            "* CAPABILITY IMAP4rev1 UIDPLUS  MOVE \r\n",
            "* capability imap4rev1 literal + move\r\n",
            "* SEARCH \r\n",
            "* search 1  2 \r\n",
            "* LIST () NIL INBOX\r\n",
            "* LIST (\\HasNoChildren) \"/\" inbox\r\n",
            "* 0 FETCH (UID 7 FLAGS ())\r\n",
            "* 3 fetch (uid 7 flags (\\seen) rfc822.size 12)\r\n",
            "* 3 FETCH (UID 7 RFC822.SIZE -1 INTERNALDATE NIL)\r\n",
            "* 3 FETCH (UID 7 BODY[] NIL)\r\n",
            "* 3 FETCH (UID 7 BODY[] \"\")\r\n",
            "* 3 FETCH (UID 7 BODY[HEADER.FIELDS (MESSAGE-ID)] \"x\")\r\n",
            "* 3 FETCH (UID 7 MODSEQ (9223372036854775807))\r\n",
        ] {
            let mut repaired = line.as_bytes().to_vec();
            repair(&mut repaired);
            assert!(!is_noise(&repaired), "{line:?}");
        }
    }

    #[test]
    fn each_quirk_is_repaired_and_good_lines_stay() {
        let cases: &[(&[u8], &[u8])] = &[
            (b"* 1 FETCH (UID 1 BODY[]<0>{10}\r\n", b"* 1 FETCH (UID 1 BODY[]<0> {10}\r\n"),
            (b"* 1 FETCH (BODY[]{10}\r\n", b"* 1 FETCH (BODY[] {10}\r\n"),
            (b"* 1 FETCH (INTERNALDATE NIL UID 1)\r\n", b"* 1 FETCH (INTERNALDATE \"\" UID 1)\r\n"),
            (
                b"* 1 FETCH (INTERNALDATE NIL internaldate nil)\r\n",
                b"* 1 FETCH (INTERNALDATE \"\" internaldate \"\")\r\n",
            ),
            (b"* CAPABILITY IMAP4rev1  UIDPLUS\r\n", b"* CAPABILITY IMAP4rev1 UIDPLUS\r\n"),
            (b"* SEARCH  2  5 \r\n", b"* SEARCH 2 5 \r\n"),
            (b"* search 2 5 (MODSEQ 917162500)\r\n", b"* search 2 5\r\n"),
            (b"* OK hello\n", b"* OK hello\r\n"),
            ("* OK [READ-ONLY]åäö\r\n".as_bytes(), "* OK [READ-ONLY] åäö\r\n".as_bytes()),
            (b"* LIST () \"/\" \"a  b\"\r\n", b"* LIST () \"/\" \"a  b\"\r\n"),
            (b"* 1 FETCH (BODY[]<0> {10}\r\n", b"* 1 FETCH (BODY[]<0> {10}\r\n"),
            (b")\r\n", b")\r\n"),
            (b"\0\0* OK\r\n", b"* OK\r\n"),
            (b"* 1 FETCH (UID 1 BODY[]<0.65536> {10}\r\n", b"* 1 FETCH (UID 1 BODY[]<0> {10}\r\n"),
            (b"* 1 FETCH (UID 1 RFC822.SIZE -1)\r\n", b"* 1 FETCH (UID 1 RFC822.SIZE 1)\r\n"),
            (b"* 1 FETCH (RFC822.SIZE 9.3736e+06 UID 1)\r\n", b"* 1 FETCH (RFC822.SIZE 9373600 UID 1)\r\n"),
            (b"* 1 FETCH (RFC822.SIZE NIL UID 1)\r\n", b"* 1 FETCH (RFC822.SIZE 1 UID 1)\r\n"),
            (b"* 1 FETCH (RFC822.SIZE 123 UID 1)\r\n", b"* 1 FETCH (RFC822.SIZE 123 UID 1)\r\n"),
            (b"* 1 FETCH (UID 1 RFC822.SIZE 4294967295)\r\n", b"* 1 FETCH (UID 1 RFC822.SIZE 4294967295)\r\n"),
            (b"* 1 FETCH (UID 1 RFC822.SIZE 5000000000)\r\n", b"* 1 FETCH (UID 1 RFC822.SIZE 4294967295)\r\n"),
            (b"* 1 FETCH (UID 1 BODY[] {10+}\r\n", b"* 1 FETCH (UID 1 BODY[] {10}\r\n"),
            (b"*  1  EXISTS\r\n", b"* 1 EXISTS\r\n"),
            (b"* CAPABILITY IMAP4rev1 LITERAL + UIDPLUS\r\n", b"* CAPABILITY IMAP4rev1 LITERAL+ UIDPLUS\r\n"),
        ];
        for (input, expected) in cases {
            let mut line = input.to_vec();
            repair(&mut line);
            assert_eq!(String::from_utf8_lossy(&line), String::from_utf8_lossy(expected));
        }
    }
}
