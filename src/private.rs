//! Restricts files and directories with customers' mail to the user that Mailferry runs as.

use std::fmt::{self, Display, Formatter};
use std::fs::{Metadata, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::Mode;
use rustix::process::{geteuid, umask};

/// Permission bits of the group and others.
const OTHERS: u32 = 0o077;
/// The sticky bit: in a directory with this bit, everybody may create files.
const STICKY: u32 = 0o1000;
/// Maximum number of files in a directory of our own: the database, its log, a key and perhaps copies of them.
const MAX_OWN_FILES: usize = 200;
/// Log target of messages that appear once in the life of an installation; `telemetry` lets every command log them.
const LOG_TARGET: &str = "made_private";

/// Sets the umask, so that only the user of this process can access files that it creates.
pub fn create_private_files() {
    umask(Mode::from_raw_mode(OTHERS));
}

/// Creates a directory, and missing parents, that only the user of this process can access.
pub fn create_folder(folder: &Path) -> io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// A file or directory that other users could access.
#[derive(Debug)]
pub struct Exposed {
    path: PathBuf,
    mode: u32,
    /// The mode after the fix, or why it could not be fixed.
    new_mode: Result<u32, String>,
}

impl Exposed {
    /// Whether other users can no longer read anything: access is restricted, or this is a directory whose files are
    /// restricted.
    pub fn is_harmless(&self) -> bool {
        self.new_mode.is_ok() || self.path.is_dir()
    }

    pub fn log(&self) {
        match &self.new_mode {
            Ok(_) => tracing::warn!(target: LOG_TARGET, "{self}"),
            Err(_) => tracing::warn!("{self}"),
        }
    }
}

impl Display for Exposed {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        write!(f, "{path} was accessible to other users of this machine (mode {:04o})", self.mode)?;
        match &self.new_mode {
            Ok(mode) => {
                write!(
                    f,
                    "; access is restricted now (mode {mode:04o}). Anyone with an account on this machine may have read it"
                )
            }
            Err(why) => write!(f, " and still is: {why}"),
        }
    }
}

/// Restricts an SQLite database, its log and, unless others use it too, its directory to the user of this process. Returns
/// what others could access before.
pub fn restrict(database: &Path) -> Vec<Exposed> {
    let mut exposed = Vec::new();
    if let Some(folder) = database.parent() {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        exposed.extend(restrict_folder(folder, database));
    }
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let mut file = database.to_owned().into_os_string();
        file.push(suffix);
        exposed.extend(restrict_file(Path::new(&file)));
    }
    exposed
}

fn restrict_file(file: &Path) -> Option<Exposed> {
    let found = std::fs::symlink_metadata(file).ok().filter(Metadata::is_file)?;
    (found.mode() & OTHERS != 0).then(|| remove_access(file, &found))
}

/// Restricts the directory of the database. A directory with other files too is left unchanged, and reported.
fn restrict_folder(folder: &Path, database: &Path) -> Option<Exposed> {
    let found = std::fs::metadata(folder).ok().filter(Metadata::is_dir)?;
    if found.mode() & OTHERS == 0 {
        return None;
    }
    if is_own(folder, &found, database) {
        return Some(remove_access(folder, &found));
    }
    let why = "it also holds other files, so it was left unchanged; give the database a folder of its own, or run chmod 700 on this one";
    Some(Exposed { path: folder.to_owned(), mode: found.mode() & 0o7777, new_mode: Err(why.to_owned()) })
}

fn remove_access(path: &Path, found: &Metadata) -> Exposed {
    let mode = found.mode() & 0o7777;
    let restricted = mode & !OTHERS;
    let new_mode = std::fs::set_permissions(path, Permissions::from_mode(restricted));
    let new_mode =
        new_mode.map(|()| restricted).map_err(|error| format!("its mode cannot be changed ({})", error.kind()));
    Exposed { path: path.to_owned(), mode, new_mode }
}

/// Whether a directory contains only an installation of Mailferry, and is not shared, a home directory or the current
/// directory.
fn is_own(folder: &Path, found: &Metadata, database: &Path) -> bool {
    let canonical = |path: Option<PathBuf>| path.and_then(|path| path.canonicalize().ok());
    let Ok(real) = folder.canonicalize() else { return false };
    let is_shared = found.mode() & STICKY != 0
        || found.uid() != geteuid().as_raw()
        || real.parent().is_none()
        || canonical(std::env::current_dir().ok()) == Some(real.clone())
        || canonical(std::env::home_dir()) == Some(real);
    !is_shared && has_only_own_files(folder, database).unwrap_or(false)
}

fn has_only_own_files(folder: &Path, database: &Path) -> io::Result<bool> {
    let stem = database.file_stem().unwrap_or_default();
    for (number, entry) in std::fs::read_dir(folder)?.enumerate() {
        let name = entry?.file_name();
        let is_own = |prefix: &[u8]| !prefix.is_empty() && name.as_encoded_bytes().starts_with(prefix);
        if number >= MAX_OWN_FILES || !(is_own(stem.as_encoded_bytes()) || is_own(b"mailferry")) {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().mode() & 0o7777
    }

    /// An installation as an older version left it, with these additional files.
    fn open_to_all(more: &[&str]) -> (tempfile::TempDir, PathBuf) {
        let top = tempfile::tempdir().unwrap();
        let folder = top.path().join("data");
        std::fs::create_dir(&folder).unwrap();
        for name in ["post.db", "post.db-wal", "post.db-shm", "mailferry.key"].iter().chain(more) {
            std::fs::write(folder.join(name), "").unwrap();
            std::fs::set_permissions(folder.join(name), Permissions::from_mode(0o644)).unwrap();
        }
        std::fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
        (top, folder)
    }

    #[test]
    fn an_existing_installation_is_restricted_and_reported_once() {
        let (_top, folder) = open_to_all(&["post-2026.db"]);
        let database = folder.join("post.db");
        let exposed = restrict(&database);
        assert!(exposed.iter().all(|exposed| exposed.new_mode.is_ok()), "{exposed:?}");
        assert_eq!(exposed.len(), 4, "{exposed:?}");
        let message = exposed.iter().map(ToString::to_string).find(|message| message.contains("post.db-wal")).unwrap();
        assert!(message.contains("0644") && message.contains("0600"), "{message}");
        assert_eq!(mode(&folder), 0o700);
        for name in ["post.db", "post.db-wal", "post.db-shm"] {
            assert_eq!(mode(&folder.join(name)), 0o600, "{name}");
        }
        assert!(restrict(&database).is_empty(), "once");
    }

    #[test]
    fn a_folder_that_others_use_is_left_alone_and_the_files_are_restricted() {
        for (more, folder_mode) in [(&["notes.txt"][..], 0o755), (&[][..], 0o1777)] {
            let (_top, folder) = open_to_all(more);
            std::fs::set_permissions(&folder, Permissions::from_mode(folder_mode)).unwrap();
            let exposed = restrict(&folder.join("post.db"));
            assert_eq!((mode(&folder), mode(&folder.join("post.db"))), (folder_mode, 0o600));
            let left: Vec<_> =
                exposed.iter().filter(|exposed| exposed.new_mode.is_err()).map(ToString::to_string).collect();
            assert!(left.len() == 1 && left[0].contains("a folder of its own"), "{left:?}");
        }
    }

    #[test]
    fn a_folder_is_created_for_its_owner_alone() {
        let top = tempfile::tempdir().unwrap();
        let folder = top.path().join("a/b");
        create_folder(&folder).unwrap();
        assert_eq!((mode(&folder), mode(folder.parent().unwrap())), (0o700, 0o700));
    }
}
