//! Opaque random keys, used for sessions, links and API tokens. Possession of a key is the authentication, so only its
//! hash is stored.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// Prefix of API tokens, by which a leaked token is recognised.
pub const TOKEN: &str = "mf_";

/// A new random key of 256 bits as text, after a prefix.
pub fn new(prefix: &str) -> String {
    let bits: [u8; 32] = rand::random();
    format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bits))
}

/// A 48-bit signature of a number, which only the owner of the secret can compute. `use_of` separates the uses of one
/// secret.
pub fn signature(secret: &[u8], use_of: &str, number: i64) -> String {
    let digest = Sha256::new().chain_update(secret).chain_update(use_of).chain_update(number.to_be_bytes());
    crate::vault::hex(digest.finalize().get(..6).unwrap_or_default())
}

/// The hash that is stored. A slow hash is not needed for 256 random bits.
pub fn hash(key: &str) -> Vec<u8> {
    Sha256::digest(key.as_bytes()).to_vec()
}
