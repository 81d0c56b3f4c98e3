//! SHA-256 as lower-case hexadecimal digits, the form in which everything here compares it.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

pub fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}
