//! Encryption of secrets at rest: AES-256-GCM-SIV (RFC 8452). Each record is bound to its row and contains the id of
//! its key, so that keys can be rotated.
//!
//! The format of a sealed record is `1 | key id (8) | nonce (12) | ciphertext and tag`. The row's name is authenticated
//! data, so a record copied to another row does not open.

mod key_file;

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use aes_gcm_siv::aead::{Aead, Payload};
use aes_gcm_siv::{Aes256GcmSiv, KeyInit, Nonce};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

pub use key_file::{Location, VaultError};

const VERSION: u8 = 1;
const KEY_ID_LENGTH: usize = 8;
const NONCE_LENGTH: usize = 12;

/// The keys of this installation: the first key seals, and every key opens. A key file is reloaded before something is
/// sealed, and when a record contains an unknown key id, since `key rotate` may have changed the file. Records sealed with a
/// key that has been removed could never be opened again.
pub struct Vault {
    keys: RwLock<Arc<Vec<Key>>>,
    key_file_path: Option<PathBuf>,
}

/// A master key. Its id is the start of its hash, so that a key file cannot assign an id to the wrong key.
struct Key {
    id: [u8; KEY_ID_LENGTH],
    secret: Zeroizing<[u8; 32]>,
}

impl Key {
    fn new(secret: Zeroizing<[u8; 32]>) -> Self {
        let mut id = [0; KEY_ID_LENGTH];
        for (to, from) in id.iter_mut().zip(Sha256::digest(secret.as_ref())) {
            *to = from;
        }
        Self { id, secret }
    }

    fn copy(&self) -> Self {
        Self { id: self.id, secret: self.secret.clone() }
    }

    fn generate() -> Self {
        Self::new(Zeroizing::new(rand::random()))
    }

    fn cipher(&self) -> Aes256GcmSiv {
        Aes256GcmSiv::new(&aes_gcm_siv::Key::<Aes256GcmSiv>::from(*self.secret))
    }
}

impl Vault {
    fn new(keys: Vec<Key>, key_file_path: Option<PathBuf>) -> Self {
        Self { keys: RwLock::new(Arc::new(keys)), key_file_path }
    }

    fn keys(&self) -> Arc<Vec<Key>> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reloads the key file, whose first key seals. Keys that are already loaded stay usable for opening. A missing
    /// file changes nothing, but an unreadable one is an error, since it may contain a new first key.
    fn reload_keys(&self) -> Result<Arc<Vec<Key>>, VaultError> {
        let Some(path) = self.key_file_path.as_deref() else { return Ok(self.keys()) };
        let mut read = match key_file::read(path) {
            Ok(read) => read,
            Err(VaultError::Unreadable { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
                return Ok(self.keys());
            }
            Err(error) => {
                tracing::error!(%error, "the key file cannot be read, so no new secrets can be sealed");
                return Err(error);
            }
        };
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        for known in keys.iter() {
            if !read.iter().any(|key| key.id == known.id) {
                read.push(known.copy());
            }
        }
        *keys = Arc::new(read);
        Ok(keys.clone())
    }

    /// Whether a record is sealed with the current sealing key.
    pub fn is_current(&self, record: &[u8]) -> bool {
        let id = record.get(1..=KEY_ID_LENGTH).unwrap_or_default();
        self.keys().first().is_some_and(|key| key.id == id)
    }

    /// Seals a secret for the row called `row`, e.g. `mailbox/7/password`.
    pub fn seal(&self, row: &str, secret: &SecretString) -> Result<Vec<u8>, VaultError> {
        let keys = self.reload_keys()?;
        let key = keys.first().ok_or(VaultError::NoKey)?;
        let nonce: [u8; NONCE_LENGTH] = rand::random();
        let payload = Payload { msg: secret.expose_secret().as_bytes(), aad: row.as_bytes() };
        let sealed =
            key.cipher().encrypt(&Nonce::from(nonce), payload).map_err(|_| VaultError::Damaged(row.to_owned()))?;
        Ok([&[VERSION][..], &key.id, &nonce, &sealed].concat())
    }

    /// Opens a record of this row. Fails if the record was changed, belongs to another row, or its key is missing.
    pub fn open(&self, row: &str, record: &[u8]) -> Result<SecretString, VaultError> {
        let damaged = || VaultError::Damaged(row.to_owned());
        let (id, rest) =
            record.strip_prefix(&[VERSION]).and_then(|r| r.split_at_checked(KEY_ID_LENGTH)).ok_or_else(damaged)?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE_LENGTH>().ok_or_else(damaged)?;
        let mut keys = self.keys();
        if !keys.iter().any(|key| key.id == id) {
            keys = self.reload_keys().unwrap_or(keys);
        }
        let key = keys.iter().find(|key| key.id == id).ok_or_else(|| VaultError::UnknownKey(hex(id)))?;
        let payload = Payload { msg: sealed, aad: row.as_bytes() };
        let plain = key.cipher().decrypt(&Nonce::from(*nonce), payload).map_err(|_| damaged())?;
        let plain = Zeroizing::new(plain);
        std::str::from_utf8(&plain).map(SecretString::from).map_err(|_| damaged())
    }

    /// The id of the key that new secrets are sealed with.
    pub fn sealing_key_id(&self) -> Option<String> {
        self.keys().first().map(|key| hex(&key.id))
    }

    /// Number of loaded keys, including the sealing key.
    pub fn key_count(&self) -> usize {
        self.keys().len()
    }
}

/// Encodes bytes in lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault() -> Vault {
        Vault::new(vec![Key::generate()], None)
    }

    #[test]
    fn a_sealed_value_can_be_decrypted_only_in_its_own_row() {
        let vault = vault();
        let record = vault.seal("mailbox/1/password", &"hemligt".into()).unwrap();
        assert_eq!(vault.open("mailbox/1/password", &record).unwrap().expose_secret(), "hemligt");
        assert!(matches!(vault.open("mailbox/2/password", &record), Err(VaultError::Damaged(_))));
    }

    #[test]
    fn a_sealed_value_with_any_changed_byte_cannot_be_decrypted() {
        let vault = vault();
        let record = vault.seal("r", &"hemligt".into()).unwrap();
        for at in 0..record.len() {
            let mut changed = record.clone();
            changed[at] ^= 1;
            assert!(vault.open("r", &changed).is_err(), "byte {at}");
            assert!(vault.open("r", &record[..at]).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn after_a_key_rotation_old_values_are_readable_and_a_running_process_uses_the_new_key() {
        let folder = tempfile::tempdir().unwrap();
        let place = Location::File { path: folder.path().join("key"), create: true };
        let running = place.open(false).unwrap();
        let record = running.seal("r", &"a".into()).unwrap();
        let both = place.add_key().unwrap();
        assert_eq!(both.open("r", &record).unwrap().expose_secret(), "a");
        // `running` was loaded earlier, and does not know about the new key.
        let resealed = running.seal("r", &"b".into()).unwrap();
        let new_only = place.drop_old_keys().unwrap();
        assert_eq!(new_only.open("r", &resealed).unwrap().expose_secret(), "b");
        assert!(matches!(new_only.open("r", &record), Err(VaultError::UnknownKey(_))));
        let later = new_only.seal("r", &"c".into()).unwrap();
        assert_eq!(running.open("r", &later).unwrap().expose_secret(), "c");
        // An unreadable file may hold a newer key, so nothing is sealed; a missing file changes nothing.
        let file = place.key_file_path().unwrap();
        let text = std::fs::read(file).unwrap();
        std::fs::write(file, "no key\n").unwrap();
        assert!(running.seal("r", &"d".into()).is_err() && running.open("r", &later).is_ok());
        std::fs::write(file, text).unwrap();
        assert!(running.is_current(&running.seal("r", &"d".into()).unwrap()) && !running.is_current(&record));
        std::fs::remove_file(file).unwrap();
        assert!(running.open("r", &running.seal("r", &"e".into()).unwrap()).is_ok());
    }
}
