//! Reads a mail before it is sent: MAIL announces its size and whether it has 8-bit bytes, and a mail that cannot be sent is refused
//! before any command.

/// The properties of a mail that decide how it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scan {
    /// In bytes, including the header.
    pub size: u64,
    pub has_8bit: bool,
    pub has_nul: bool,
    /// Length of the longest line without its line end. SMTP permits 998 (RFC 5321 4.5.3.1.6). Longer lines are sent
    /// unchanged, since folding them would break signatures and may split characters.
    pub longest_line: u64,
    /// Number of CR without LF.
    pub bare_cr: u64,
    /// Number of LF without CR.
    pub bare_lf: u64,
    pub ends_with_crlf: bool,
    /// Whether the last byte is a CR or LF, alone or in CRLF.
    pub ends_with_line_end: bool,
}

impl Scan {
    /// Whether every line end is CRLF. The last line may have none.
    pub fn has_crlf_only(&self) -> bool {
        self.bare_cr == 0 && self.bare_lf == 0
    }

    /// The size in DATA with all line ends repaired. Stuffed dots and the final dot do not count (RFC 1870 3).
    pub fn size_in_data(&self) -> u64 {
        let missing = if self.size == 0 || self.ends_with_line_end { 0 } else { 2 };
        self.size.saturating_add(self.bare_cr).saturating_add(self.bare_lf).saturating_add(missing)
    }
}

/// Collects the properties of a mail that arrives in pieces.
#[derive(Debug, Clone, Default)]
pub struct Scanner {
    so_far: Scan,
    line: u64,
    last: Option<u8>,
}

impl Scanner {
    /// Takes the next piece.
    pub fn update(&mut self, piece: &[u8]) {
        let found = &mut self.so_far;
        found.size = found.size.saturating_add(piece.len() as u64);
        for byte in piece.iter().copied() {
            let after_cr = self.last == Some(b'\r');
            match byte {
                b'\n' if after_cr => self.line = 0,
                _ => {
                    if after_cr {
                        found.bare_cr += 1;
                        self.line = 0;
                    }
                    match byte {
                        b'\r' => {}
                        b'\n' => {
                            found.bare_lf += 1;
                            self.line = 0;
                        }
                        _ => {
                            found.has_8bit |= byte >= 0x80;
                            found.has_nul |= byte == 0;
                            self.line += 1;
                            found.longest_line = found.longest_line.max(self.line);
                        }
                    }
                }
            }
            found.ends_with_crlf = byte == b'\n' && after_cr;
            self.last = Some(byte);
        }
    }

    /// Returns the properties of the whole mail.
    pub fn finish(self) -> Scan {
        let mut found = self.so_far;
        found.ends_with_line_end = matches!(self.last, Some(b'\r' | b'\n'));
        found.bare_cr += u64::from(self.last == Some(b'\r'));
        found
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn scan(pieces: &[&[u8]]) -> Scan {
        let mut scanner = Scanner::default();
        pieces.iter().for_each(|piece| scanner.update(piece));
        scanner.finish()
    }

    #[test]
    fn line_ends_are_recognised_across_pieces() {
        let plain = scan(&[b"a: b\r", b"\n", b"", b"\r\nhej\r\n"]);
        assert_eq!(
            plain,
            Scan { size: 13, longest_line: 4, ends_with_crlf: true, ends_with_line_end: true, ..Scan::default() }
        );
        assert_eq!(scan(&[]), Scan::default());
        for (pieces, bare_cr, bare_lf, in_data) in [
            (&[&b"a\rb"[..]][..], 1, 0, 6),
            (&[b"a\r", b"b"], 1, 0, 6),
            (&[b"a\nb"], 0, 1, 6),
            (&[b"a\r"], 1, 0, 3),
            (&[b"a\n"], 0, 1, 3),
            (&[b"a\r\r\n"], 1, 0, 5),
            (&[b"a\n\r\n"], 0, 1, 5),
            (&[b"\n\r"], 1, 1, 4),
            (&[b"a"], 0, 0, 3),
            (&[b"a\r", b"\n"], 0, 0, 3),
        ] {
            let found = scan(pieces);
            assert_eq!((found.bare_cr, found.bare_lf, found.size_in_data()), (bare_cr, bare_lf, in_data), "{pieces:?}");
            assert_eq!(found.has_crlf_only(), bare_cr + bare_lf == 0);
        }
    }

    #[test]
    fn nul_8bit_bytes_and_the_longest_line_are_found() {
        let found = scan(&[b"\0", "å".as_bytes(), b"\r\n12345\r\n123"]);
        assert!(found.has_nul && found.has_8bit && !found.ends_with_crlf);
        assert_eq!(found.longest_line, 5);
        assert!(!scan(&[b"\x7f\x01\r\n"]).has_8bit);
    }

    proptest! {
        #[test]
        fn a_scan_does_not_depend_on_the_pieces(mail in "[\r\n.aå\0]{0,40}", piece in 1..7_usize) {
            let pieces: Vec<&[u8]> = mail.as_bytes().chunks(piece).collect();
            prop_assert_eq!(scan(&pieces), scan(&[mail.as_bytes()]));
        }
    }
}
