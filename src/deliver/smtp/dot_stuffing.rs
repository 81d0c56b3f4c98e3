//! Dot-stuffing for DATA (RFC 5321 4.5.2): a line that begins with a dot gets another dot, and a lone dot ends the mail.
//!
//! Some receivers accept a lone CR or LF as a line end. For them, a mail with LF, dot, CRLF ends early, and they read the rest as
//! commands: the author of the mail can smuggle in a second mail with any sender (CVE-2023-51764, 51765, 51766). So whatever the
//! mail contains, the output has no CR or LF outside CRLF, and every line is stuffed. All receivers then agree where the mail ends.

use crate::fact::DeliveryProblem;

/// Dot-stuffs a mail that arrives in pieces.
#[derive(Debug, Clone)]
pub struct DotStuffing {
    /// Whether a lone CR or LF becomes CRLF. Otherwise it is an error.
    repair: bool,
    repaired: u64,
    /// A CR whose next byte is not known yet.
    pending_cr: bool,
    at_line_start: bool,
}

impl DotStuffing {
    pub fn new(repair: bool) -> Self {
        Self { repair, repaired: 0, pending_cr: false, at_line_start: true }
    }

    /// Number of lone CR and LF that became CRLF.
    pub fn repaired(&self) -> u64 {
        self.repaired
    }

    /// Appends the converted piece to `out`. At most its last byte waits for the next piece.
    pub fn push(&mut self, mut piece: &[u8], out: &mut Vec<u8>) -> Result<(), DeliveryProblem> {
        out.reserve(piece.len() + 2);
        while let Some((first, rest)) = piece.split_first() {
            if self.pending_cr {
                self.pending_cr = false;
                if *first == b'\n' {
                    self.end_line(out);
                    piece = rest;
                } else {
                    self.bare_line_end(out)?;
                }
                continue;
            }
            match first {
                b'\r' => {
                    self.pending_cr = true;
                    piece = rest;
                }
                b'\n' => {
                    self.bare_line_end(out)?;
                    piece = rest;
                }
                _ => {
                    if self.at_line_start && *first == b'.' {
                        out.push(b'.');
                    }
                    self.at_line_start = false;
                    let end = piece.iter().position(|byte| matches!(byte, b'\r' | b'\n')).unwrap_or(piece.len());
                    let (text, rest) = piece.split_at_checked(end).unwrap_or((piece, &[]));
                    out.extend_from_slice(text);
                    piece = rest;
                }
            }
        }
        Ok(())
    }

    /// Ends the last line, and returns whether its line end was missing. The caller adds the final dot.
    pub fn finish(&mut self, out: &mut Vec<u8>) -> Result<bool, DeliveryProblem> {
        if std::mem::take(&mut self.pending_cr) {
            self.bare_line_end(out)?;
        }
        let is_missing = !self.at_line_start;
        if is_missing {
            self.end_line(out);
        }
        Ok(is_missing)
    }

    fn end_line(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"\r\n");
        self.at_line_start = true;
    }

    /// Handles a lone CR or LF.
    fn bare_line_end(&mut self, out: &mut Vec<u8>) -> Result<(), DeliveryProblem> {
        if !self.repair {
            return Err(DeliveryProblem::BareLineEnds);
        }
        self.repaired += 1;
        self.end_line(out);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::deliver::smtp::Scanner;

    /// The bytes on the wire, the final dot included.
    fn sent(pieces: &[&[u8]], repair: bool) -> Result<Vec<u8>, DeliveryProblem> {
        let mut stuffing = DotStuffing::new(repair);
        let mut out = Vec::new();
        for piece in pieces {
            stuffing.push(piece, &mut out)?;
        }
        stuffing.finish(&mut out)?;
        out.extend_from_slice(b".\r\n");
        Ok(out)
    }

    /// Reads as a receiver that accepts each of these line ends. Returns the mail, and the bytes after the final dot, which the
    /// receiver would take for commands.
    fn receive<'a>(wire: &'a [u8], line_ends: &[&[u8]]) -> Option<(Vec<u8>, &'a [u8])> {
        let mut mail = Vec::new();
        let mut rest = wire;
        while !rest.is_empty() {
            let (at, end) = (0..rest.len()).find_map(|at| {
                let end = line_ends.iter().find(|end| rest[at..].starts_with(end))?;
                Some((at, end.len()))
            })?;
            let line = &rest[..at];
            let whole = &rest[..at + end];
            rest = &rest[at + end..];
            if line == b"." {
                return Some((mail, rest));
            }
            mail.extend_from_slice(whole.strip_prefix(b".").unwrap_or(whole));
        }
        None
    }

    /// The only line end of a receiver that follows RFC 5321.
    const STRICT: [&[u8]; 1] = [b"\r\n"];
    /// The line ends that each receiver accepts. CRLF comes first, so that it is not read as two line ends.
    const RECEIVERS: [&[&[u8]]; 4] = [&STRICT, &[b"\r\n", b"\n"], &[b"\r\n", b"\r"], &[b"\r\n", b"\n", b"\r"]];

    #[test]
    fn only_dots_at_the_beginning_of_a_line_are_doubled() {
        for (mail, wire) in [
            (&b""[..], &b".\r\n"[..]),
            (b"a\r\n", b"a\r\n.\r\n"),
            (b"a", b"a\r\n.\r\n"),
            (b".", b"..\r\n.\r\n"),
            (b".\r\n", b"..\r\n.\r\n"),
            (b"..\r\n", b"...\r\n.\r\n"),
            (b"a.b\r\n.c.\r\n", b"a.b\r\n..c.\r\n.\r\n"),
            (b"\r\n\r\n", b"\r\n\r\n.\r\n"),
            (b"a\0\xff\r\n", b"a\0\xff\r\n.\r\n"),
        ] {
            assert_eq!(sent(&[mail], false).unwrap(), wire);
            let bytes: Vec<&[u8]> = mail.chunks(1).collect();
            assert_eq!(sent(&bytes, false).unwrap(), wire, "byte by byte");
        }
    }

    #[test]
    fn a_lone_cr_or_lf_is_refused_or_repaired() {
        for (mail, wire) in [
            (&b"a\nb\r\n"[..], &b"a\r\nb\r\n.\r\n"[..]),
            (b"a\rb\r\n", b"a\r\nb\r\n.\r\n"),
            (b"a\r\r\nb\r\n", b"a\r\n\r\nb\r\n.\r\n"),
            (b"a\n\r\n", b"a\r\n\r\n.\r\n"),
            (b"a\r", b"a\r\n.\r\n"),
            (b"a\n", b"a\r\n.\r\n"),
            (b"a\n.\nMAIL FROM:<x>\n", b"a\r\n..\r\nMAIL FROM:<x>\r\n.\r\n"),
            (b"a\n.\r\nMAIL FROM:<x>\r\n", b"a\r\n..\r\nMAIL FROM:<x>\r\n.\r\n"),
            (b"a\r.\rMAIL FROM:<x>\r", b"a\r\n..\r\nMAIL FROM:<x>\r\n.\r\n"),
        ] {
            for size in [1, 2, 100] {
                let pieces: Vec<&[u8]> = mail.chunks(size).collect();
                assert_eq!(sent(&pieces, false), Err(DeliveryProblem::BareLineEnds));
                assert_eq!(sent(&pieces, true).unwrap(), wire);
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn any_bytes_make_exactly_one_transaction_and_come_back(
            mail in proptest::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'.'), any::<u8>()], 0..60),
            piece in 1..9_usize,
        ) {
            let pieces: Vec<&[u8]> = mail.chunks(piece).collect();
            let mut scanner = Scanner::default();
            scanner.update(&mail);
            let scan = scanner.finish();
            for repair in [false, true] {
                let Ok(wire) = sent(&pieces, repair) else {
                    prop_assert!(!repair && !scan.has_crlf_only());
                    continue;
                };
                prop_assert!(repair || scan.has_crlf_only());
                let (received, behind) = receive(&wire, &STRICT).unwrap();
                prop_assert!(behind.is_empty());
                prop_assert_eq!(received.len() as u64, scan.size_in_data());
                for receiver in RECEIVERS {
                    prop_assert_eq!(receive(&wire, receiver), Some((received.clone(), behind)));
                }
                if scan.has_crlf_only() {
                    let missing: &[u8] = if mail.is_empty() || scan.ends_with_crlf { b"" } else { b"\r\n" };
                    prop_assert_eq!(received, [&mail[..], missing].concat());
                }
            }
        }
    }
}
