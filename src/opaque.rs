//! Keys that say nothing by themselves: of sessions, links and API tokens. Whoever shows one is known by it, so only its hash is
//! kept.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// How API tokens begin, so that one that has got lost is recognised.
pub const TOKEN: &str = "mf_";

/// A new key of 256 bits as text, with this before it.
pub fn new(prefix: &str) -> String {
    let bits: [u8; 32] = rand::random();
    format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bits))
}

/// What is kept of a key. It has 256 bits of chance, so nothing is gained by a slow hash.
pub fn hash(key: &str) -> Vec<u8> {
    Sha256::digest(key.as_bytes()).to_vec()
}
