//! Hashes a mail, in one piece or in chunks, and keeps its header section.
//!
//! The header ends at the first empty line (CRLF or LF). If there is no empty line within 1 MiB, the header is cut
//! there, so that a mail with a huge header does not use more memory than any other mail.

use sha2::{Digest as _, Sha256};

/// Maximum length of the header section, in bytes.
pub const MAX_HEADER: usize = 1 << 20;

/// The hashes and the header of a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest {
    /// SHA-256 of all bytes.
    pub sha256: [u8; 32],
    /// SHA-256 of everything after the header.
    pub body_sha256: [u8; 32],
    /// The header section, including the empty line at its end.
    pub header: Vec<u8>,
    /// The size of the mail in bytes.
    pub size: u64,
}

/// Computes a [`Digest`] from chunks.
#[derive(Default)]
pub struct Digester {
    whole: Sha256,
    body: Sha256,
    header: Vec<u8>,
    in_body: bool,
    size: u64,
}

impl Digest {
    /// Digests a mail in one piece.
    pub fn from_bytes(mail: &[u8]) -> Self {
        let mut digester = Digester::default();
        digester.update(mail);
        digester.finish()
    }
}

impl Digester {
    /// Adds the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.whole.update(bytes);
        self.size += bytes.len() as u64;
        if self.in_body {
            self.body.update(bytes);
            return;
        }
        // The empty line may span two chunks, so the search starts three bytes before the new ones.
        let from = self.header.len().saturating_sub(3);
        let room = MAX_HEADER.saturating_sub(self.header.len()).min(bytes.len());
        let (taken, rest) = bytes.split_at_checked(room).unwrap_or((bytes, &[]));
        self.header.extend_from_slice(taken);
        if let Some(end) = header_end(&self.header, from) {
            self.in_body = true;
            self.body.update(self.header.get(end..).unwrap_or_default());
            self.header.truncate(end);
            self.body.update(rest);
        } else if self.header.len() >= MAX_HEADER {
            self.in_body = true;
            self.body.update(rest);
        }
    }

    /// Returns the digest of all bytes added.
    pub fn finish(self) -> Digest {
        Digest {
            sha256: self.whole.finalize().into(),
            body_sha256: self.body.finalize().into(),
            header: self.header,
            size: self.size,
        }
    }
}

/// The position after the first empty line at or after `from`.
pub fn header_end(bytes: &[u8], from: usize) -> Option<usize> {
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
            assert_eq!(Digest::from_bytes(mail.as_bytes()).header, header.as_bytes(), "{mail:?}");
        }
    }

    #[test]
    fn a_header_without_end_is_cut() {
        let digest = Digest::from_bytes(&vec![b'a'; MAX_HEADER + 5]);
        assert_eq!(digest.header.len(), MAX_HEADER);
        assert_eq!(digest.body_sha256, <[u8; 32]>::from(Sha256::digest(b"aaaaa")));
    }

    proptest! {
        #[test]
        fn chunks_give_the_same_digest_as_the_whole(
            mail in proptest::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'a')], 0..60),
            size in 1usize..7,
        ) {
            let mut digester = Digester::default();
            for chunk in mail.chunks(size) {
                digester.update(chunk);
            }
            prop_assert_eq!(digester.finish(), Digest::from_bytes(&mail));
        }
    }
}
