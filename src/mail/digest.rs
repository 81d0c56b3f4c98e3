//! Hashes a mail as it comes, in one piece or in chunks, and keeps its header section.
//!
//! The header ends at the first empty line, CRLF or LF; one that has not ended after 1 MiB is cut there, so that a mail
//! that is all header costs no more memory than any other.

use sha2::{Digest as _, Sha256};

/// The longest header section that is looked at.
pub const LONGEST_HEADER: usize = 1 << 20;

/// A mail's hashes and header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest {
    /// SHA-256 of all bytes.
    pub sha256: [u8; 32],
    /// SHA-256 of what follows the header.
    pub body_sha256: [u8; 32],
    /// The header section with its empty line.
    pub header: Vec<u8>,
    /// How many bytes there were.
    pub size: u64,
}

/// A digest under way.
#[derive(Default)]
pub struct Digesting {
    whole: Sha256,
    body: Sha256,
    header: Vec<u8>,
    in_body: bool,
    size: u64,
}

impl Digest {
    /// Of a mail in one piece.
    pub fn of(mail: &[u8]) -> Self {
        let mut digesting = Digesting::default();
        digesting.update(mail);
        digesting.finish()
    }
}

impl Digesting {
    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.whole.update(bytes);
        self.size += bytes.len() as u64;
        if self.in_body {
            self.body.update(bytes);
            return;
        }
        // The empty line may lie across two pieces: look again at the last three bytes.
        let from = self.header.len().saturating_sub(3);
        let room = LONGEST_HEADER.saturating_sub(self.header.len()).min(bytes.len());
        let (taken, rest) = bytes.split_at_checked(room).unwrap_or((bytes, &[]));
        self.header.extend_from_slice(taken);
        if let Some(end) = header_end(&self.header, from) {
            self.in_body = true;
            self.body.update(self.header.get(end..).unwrap_or_default());
            self.header.truncate(end);
            self.body.update(rest);
        } else if self.header.len() >= LONGEST_HEADER {
            self.in_body = true;
            self.body.update(rest);
        }
    }

    /// The end.
    pub fn finish(self) -> Digest {
        Digest {
            sha256: self.whole.finalize().into(),
            body_sha256: self.body.finalize().into(),
            header: self.header,
            size: self.size,
        }
    }
}

/// Where the first empty line ends, looking from `from` on.
fn header_end(bytes: &[u8], from: usize) -> Option<usize> {
    if from == 0 {
        // A mail that begins with an empty line has no header.
        if bytes.starts_with(b"\n") {
            return Some(1);
        }
        if bytes.starts_with(b"\r\n") {
            return Some(2);
        }
    }
    let mut at = from;
    while let Some(feed) = bytes.get(at..)?.iter().position(|byte| *byte == b'\n') {
        at += feed + 1;
        match bytes.get(at..)? {
            [b'\n', ..] => return Some(at + 1),
            [b'\r', b'\n', ..] => return Some(at + 2),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_header_ends_at_the_first_empty_line() {
        for (mail, header) in [
            ("", ""),
            ("A: 1", "A: 1"),
            ("A: 1\r\n", "A: 1\r\n"),
            ("A: 1\r\n\r\nbody", "A: 1\r\n\r\n"),
            ("A: 1\n\nbody\n\n", "A: 1\n\n"),
            ("A: 1\n\r\nbody", "A: 1\n\r\n"),
            ("\r\nbody", "\r\n"),
            ("\nbody", "\n"),
            ("A: 1\r\n \r\nbody", "A: 1\r\n \r\nbody"),
        ] {
            assert_eq!(Digest::of(mail.as_bytes()).header, header.as_bytes(), "{mail:?}");
        }
    }

    #[test]
    fn a_header_without_end_is_cut() {
        let digest = Digest::of(&vec![b'a'; LONGEST_HEADER + 5]);
        assert_eq!(digest.header.len(), LONGEST_HEADER);
        assert_eq!(digest.body_sha256, <[u8; 32]>::from(Sha256::digest(b"aaaaa")));
    }

    proptest! {
        #[test]
        fn pieces_give_the_same_digest_as_the_whole(
            mail in proptest::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'a')], 0..60),
            size in 1usize..7,
        ) {
            let mut digesting = Digesting::default();
            for piece in mail.chunks(size) {
                digesting.update(piece);
            }
            prop_assert_eq!(digesting.finish(), Digest::of(&mail));
        }
    }
}
