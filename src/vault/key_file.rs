//! Where the master keys are stored, and their format: one key per line, the sealing key first,
//! `mailferry-key-1:<base64 of 32 bytes>`; lines starting with `#` are comments.

use std::io::Write;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use super::{Key, Vault};
use crate::{config, private};

const PREFIX: &str = "mailferry-key-1:";

/// Errors of keys and sealed records. They never contain a secret.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    #[error("{path}: the key file is readable by others (mode {mode:o}); run: chmod 600 {path}")]
    ReadableByOthers { path: PathBuf, mode: u32 },
    #[error("{path}: the key file cannot be read: {source}")]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("{path}: the key file cannot be written: {source}")]
    Unwritable { path: PathBuf, source: std::io::Error },
    #[error(
        "{0}: the key file is missing, but stored passwords are sealed with it; restore the file from your backup or, if it is \
         lost for good, run `mailferry key generate --forget-passwords` and set the password of each mailbox again"
    )]
    Lost(PathBuf),
    #[error("{place}: line {line} is not a key; a key looks like {PREFIX}<base64 of 32 bytes>")]
    Malformed { place: String, line: usize },
    #[error("{0} already exists; use `mailferry key rotate` to change keys")]
    Exists(PathBuf),
    #[error("the key comes from the configuration (vault.key), which only you can change")]
    NotAFile,
    #[error("another `mailferry key rotate` is running; wait until it has finished")]
    Busy,
    #[error("no key")]
    NoKey,
    #[error("the record was sealed with key {0}, which is not in the key file; restore that key from your backup")]
    UnknownKey(String),
    #[error("{0}: the sealed record cannot be opened: it was modified or belongs to another row")]
    Damaged(String),
}

/// Where the keys are stored.
#[derive(Debug)]
pub enum Location {
    /// The keys are in the configuration itself (`vault.key`).
    Config(SecretString),
    /// The keys are in a file, which is created on first use if `create` is set.
    File { path: PathBuf, create: bool },
}

impl Location {
    /// Searches in this order: `vault.key`, `vault.key_file`, `$CREDENTIALS_DIRECTORY/mailferry.key` (systemd's
    /// LoadCredential), beside the SQLite database, `data/mailferry.key`.
    pub fn find(config: &config::Vault, sqlite_file: Option<&Path>) -> Self {
        if !config.key.expose_secret().is_empty() {
            return Self::Config(config.key.clone());
        }
        if !config.key_file.as_os_str().is_empty() {
            return Self::File { path: config.key_file.clone(), create: false };
        }
        let credential = std::env::var_os("CREDENTIALS_DIRECTORY").map(|dir| PathBuf::from(dir).join("mailferry.key"));
        match (credential, sqlite_file) {
            (Some(path), _) if path.exists() => Self::File { path, create: false },
            (_, Some(database)) => Self::File { path: database.with_file_name("mailferry.key"), create: true },
            _ => Self::File { path: "data/mailferry.key".into(), create: true },
        }
    }

    /// The key file, if there is one.
    pub fn key_file_path(&self) -> Option<&Path> {
        match self {
            Self::Config(_) => None,
            Self::File { path, .. } => Some(path),
        }
    }

    /// Reads the keys. A missing file is created if that is allowed, unless sealed secrets exist: then the key is lost, and
    /// a new key would only hide the loss.
    pub fn open(&self, sealed_secrets_exist: bool) -> Result<Vault, VaultError> {
        match self {
            Self::Config(text) => Ok(Vault::new(parse(text.expose_secret(), "vault.key")?, None)),
            Self::File { path, create } if !path.exists() => match (sealed_secrets_exist, create) {
                (true, _) => Err(VaultError::Lost(path.clone())),
                (false, true) => generate(path),
                (false, false) => {
                    Err(VaultError::Unreadable { path: path.clone(), source: std::io::ErrorKind::NotFound.into() })
                }
            },
            Self::File { path, .. } => Ok(Vault::new(read(path)?, Some(path.clone()))),
        }
    }

    /// Creates a new key file. An existing one is never overwritten.
    pub fn generate(&self) -> Result<Vault, VaultError> {
        generate(self.key_file_path().ok_or(VaultError::NotAFile)?)
    }

    /// Locks the keys against changes by other processes until the returned file is dropped.
    pub fn lock(&self) -> Result<std::fs::File, VaultError> {
        let path = self.key_file_path().ok_or(VaultError::NotAFile)?.with_extension("lock");
        let lock = || -> std::io::Result<std::fs::File> {
            let file = std::fs::OpenOptions::new().create(true).append(true).mode(0o600).open(&path)?;
            file.try_lock().map_err(std::io::Error::from)?;
            Ok(file)
        };
        lock().map_err(|error| match error.kind() {
            std::io::ErrorKind::WouldBlock => VaultError::Busy,
            _ => VaultError::Unwritable { path: path.clone(), source: error },
        })
    }

    /// Adds a new sealing key before those in the file.
    pub fn add_key(&self) -> Result<Vault, VaultError> {
        let path = self.key_file_path().ok_or(VaultError::NotAFile)?;
        let mut keys = read(path)?;
        keys.insert(0, Key::generate());
        replace(path, &keys)?;
        Ok(Vault::new(keys, Some(path.to_owned())))
    }

    /// Removes all keys except the sealing key from the file. No secret may still be sealed with the removed keys.
    pub fn drop_old_keys(&self) -> Result<Vault, VaultError> {
        let path = self.key_file_path().ok_or(VaultError::NotAFile)?;
        let mut keys = read(path)?;
        keys.truncate(1);
        replace(path, &keys)?;
        Ok(Vault::new(keys, Some(path.to_owned())))
    }
}

pub(super) fn read(path: &Path) -> Result<Vec<Key>, VaultError> {
    let unreadable = |source| VaultError::Unreadable { path: path.to_owned(), source };
    let mode = std::fs::metadata(path).map_err(unreadable)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(VaultError::ReadableByOthers { path: path.to_owned(), mode });
    }
    let text = Zeroizing::new(std::fs::read_to_string(path).map_err(unreadable)?);
    parse(&text, &path.display().to_string())
}

fn parse(text: &str, place: &str) -> Result<Vec<Key>, VaultError> {
    let mut keys = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let secret = line.strip_prefix(PREFIX).and_then(|encoded| STANDARD.decode(encoded).ok()).map(Zeroizing::new);
        match secret.as_ref().and_then(|bytes| <[u8; 32]>::try_from(bytes.as_slice()).ok()) {
            Some(secret) => keys.push(Key::new(Zeroizing::new(secret))),
            None => {
                return Err(VaultError::Malformed { place: place.to_owned(), line: number + 1 });
            }
        }
    }
    if keys.is_empty() { Err(VaultError::Malformed { place: place.to_owned(), line: 1 }) } else { Ok(keys) }
}

fn generate(path: &Path) -> Result<Vault, VaultError> {
    let keys = vec![Key::generate()];
    if path.exists() {
        return Err(VaultError::Exists(path.to_owned()));
    }
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        private::create_folder(folder).map_err(|source| VaultError::Unwritable { path: path.to_owned(), source })?;
    }
    write_new(path, &keys)?;
    Ok(Vault::new(keys, Some(path.to_owned())))
}

/// Atomically replaces the file: writes a new one beside it, syncs it, and renames it over the old one.
fn replace(path: &Path, keys: &[Key]) -> Result<(), VaultError> {
    let unwritable = |source| VaultError::Unwritable { path: path.to_owned(), source };
    // A unique name, so that no other process can rename the file while it is half-written.
    let new_file = path.with_extension(format!("new-{:016x}", rand::random::<u64>()));
    write_new(&new_file, keys)?;
    // Keep the owner, so that everybody who could read the old file can read the new one: `serve` may run as another
    // user.
    if let Ok(old) = std::fs::metadata(path)
        && let Ok(new) = std::fs::metadata(&new_file)
        && (old.uid(), old.gid()) != (new.uid(), new.gid())
        && let Err(source) = std::os::unix::fs::chown(&new_file, Some(old.uid()), Some(old.gid()))
    {
        let _ = std::fs::remove_file(&new_file);
        return Err(unwritable(source));
    }
    std::fs::rename(&new_file, path).map_err(unwritable)?;
    sync_parent(path).map_err(unwritable)
}

/// Creates the file with a mode that never allows others to read it.
fn write_new(path: &Path, keys: &[Key]) -> Result<(), VaultError> {
    let mut text = Zeroizing::new(String::from(
        "# Mailferry's master keys. The first seals the stored passwords and tokens, the others still open old ones.\n\
         # Keep a copy separate from the database backup: without it no secret can be read.\n",
    ));
    for key in keys {
        let encoded = Zeroizing::new(STANDARD.encode(key.secret.as_ref()));
        text.push_str(PREFIX);
        text.push_str(&encoded);
        text.push('\n');
    }
    let write = || -> std::io::Result<()> {
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        sync_parent(path)
    };
    write().map_err(|source| VaultError::Unwritable { path: path.to_owned(), source })
}

fn sync_parent(path: &Path) -> std::io::Result<()> {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => std::fs::File::open(folder)?.sync_all(),
        _ => std::fs::File::open(".")?.sync_all(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(path: &Path) -> Location {
        Location::File { path: path.to_owned(), create: true }
    }

    #[test]
    fn a_key_file_is_created_once_and_readable_only_by_its_owner() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sub/mailferry.key");
        let sealed = at(&path).open(false).unwrap().seal("r", &"a".into()).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(at(&path).open(true).unwrap().open("r", &sealed).is_ok());
    }

    #[test]
    fn a_key_file_that_others_may_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mailferry.key");
        at(&path).generate().unwrap();
        for mode in [0o640, 0o604, 0o644, 0o660] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            assert!(matches!(at(&path).open(false), Err(VaultError::ReadableByOthers { .. })), "{mode:o}");
        }
    }

    #[test]
    fn a_lost_key_is_not_replaced_while_secrets_are_sealed_with_it() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(at(&folder.path().join("mailferry.key")).open(true), Err(VaultError::Lost(_))));
    }

    #[test]
    fn rotation_keeps_the_old_key_until_it_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let place = at(&folder.path().join("mailferry.key"));
        let old = place.generate().unwrap().seal("r", &"a".into()).unwrap();
        assert!(place.add_key().unwrap().open("r", &old).is_ok());
        assert_eq!(place.open(true).unwrap().key_count(), 2);
        let alone = place.lock().unwrap();
        assert!(matches!(place.lock(), Err(VaultError::Busy)), "two rotations would drop each other's keys");
        drop(alone);
        assert!(place.drop_old_keys().unwrap().open("r", &old).is_err() && place.lock().is_ok());
        assert!(matches!(place.generate(), Err(VaultError::Exists(_))));
    }

    #[test]
    fn a_malformed_key_is_named_by_its_line_and_not_shown() {
        let error = parse("# note\nmailferry-key-1:hemligt\n", "vault.key").err().unwrap().to_string();
        assert!(error.contains("line 2") && !error.contains("hemligt"), "{error}");
    }
}
