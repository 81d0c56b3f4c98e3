//! Files and folders that hold customers' mail are for the user that Mailferry runs as, and for nobody else on the machine.

use std::fmt::{self, Display, Formatter};
use std::fs::{Metadata, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::Mode;
use rustix::process::{geteuid, umask};

/// The bits of everybody but the owner.
const OTHERS: u32 = 0o077;
/// In a folder with this bit everybody may put files.
const STICKY: u32 = 0o1000;
/// A folder of our own holds a database, its log, a key and perhaps copies of them.
const MOST_OWN_FILES: usize = 200;
/// The log of messages that `telemetry` lets through for every command: they are told once in the life of an installation.
const LOG: &str = "made_private";

/// From now on, whatever this process creates is for its own user.
pub fn create_private_files() {
    umask(Mode::from_raw_mode(OTHERS));
}

/// Creates a folder that only we can look into, and those above it that are missing.
pub fn create_folder(folder: &Path) -> io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Something that was open to others.
#[derive(Debug)]
pub struct Exposed {
    path: PathBuf,
    mode: u32,
    /// Its mode now.
    left: Result<u32, String>,
}

impl Exposed {
    /// Whether others can read nothing of it by now: they are shut out, or it is a folder whose files are closed.
    pub fn is_harmless(&self) -> bool {
        self.left.is_ok() || self.path.is_dir()
    }

    /// Tells in the log.
    pub fn log(&self) {
        match &self.left {
            Ok(_) => tracing::warn!(target: LOG, "{self}"),
            Err(_) => tracing::warn!("{self}"),
        }
    }
}

impl Display for Exposed {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        write!(f, "{path} was open to other users of this machine (mode {:04o})", self.mode)?;
        match &self.left {
            Ok(mode) => {
                write!(f, "; it is closed to them now (mode {mode:04o}). Whoever had an account here may have read it")
            }
            Err(why) => write!(f, " and still is: {why}"),
        }
    }
}

/// Shuts others out of an SQLite database, its log and, if it is ours alone, its folder. Returns what was open.
pub fn shut(database: &Path) -> Vec<Exposed> {
    let mut exposed = Vec::new();
    if let Some(folder) = database.parent() {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        exposed.extend(shut_folder(folder, database));
    }
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let mut file = database.to_owned().into_os_string();
        file.push(suffix);
        exposed.extend(shut_file(Path::new(&file)));
    }
    exposed
}

fn shut_file(file: &Path) -> Option<Exposed> {
    let found = std::fs::symlink_metadata(file).ok().filter(Metadata::is_file)?;
    (found.mode() & OTHERS != 0).then(|| close(file, &found))
}

/// A folder that others use as well stays as it is: what lies in it is closed by itself.
fn shut_folder(folder: &Path, database: &Path) -> Option<Exposed> {
    let found = std::fs::metadata(folder).ok().filter(Metadata::is_dir)?;
    if found.mode() & OTHERS == 0 {
        return None;
    }
    if is_own(folder, &found, database) {
        return Some(close(folder, &found));
    }
    let why = "it holds other files, too, so it was left as it is; give the database a folder of its own, or run chmod 700 on this one";
    Some(Exposed { path: folder.to_owned(), mode: found.mode() & 0o7777, left: Err(why.to_owned()) })
}

fn close(path: &Path, found: &Metadata) -> Exposed {
    let mode = found.mode() & 0o7777;
    let closed = mode & !OTHERS;
    let left = std::fs::set_permissions(path, Permissions::from_mode(closed));
    let left = left.map(|()| closed).map_err(|error| format!("its mode cannot be changed ({})", error.kind()));
    Exposed { path: path.to_owned(), mode, left }
}

/// Whether nothing but an installation of ours lies in a folder, and nobody works in it.
fn is_own(folder: &Path, found: &Metadata, database: &Path) -> bool {
    let here = |path: Option<PathBuf>| path.and_then(|path| path.canonicalize().ok());
    let Ok(real) = folder.canonicalize() else { return false };
    let is_shared = found.mode() & STICKY != 0
        || found.uid() != geteuid().as_raw()
        || real.parent().is_none()
        || here(std::env::current_dir().ok()) == Some(real.clone())
        || here(std::env::home_dir()) == Some(real);
    !is_shared && holds_only_ours(folder, database).unwrap_or(false)
}

fn holds_only_ours(folder: &Path, database: &Path) -> io::Result<bool> {
    let stem = database.file_stem().unwrap_or_default();
    for (number, entry) in std::fs::read_dir(folder)?.enumerate() {
        let name = entry?.file_name();
        let is_ours = |ours: &[u8]| !ours.is_empty() && name.as_encoded_bytes().starts_with(ours);
        if number >= MOST_OWN_FILES || !(is_ours(stem.as_encoded_bytes()) || is_ours(b"mailferry")) {
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

    /// An installation as an older version left it, with these further files.
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
    fn an_existing_installation_is_closed_and_told_once() {
        let (_top, folder) = open_to_all(&["post-2026.db"]);
        let database = folder.join("post.db");
        let told = shut(&database);
        assert!(told.iter().all(|told| told.left.is_ok()), "{told:?}");
        assert_eq!(told.len(), 4, "{told:?}");
        let said = told.iter().map(ToString::to_string).find(|said| said.contains("post.db-wal")).unwrap();
        assert!(said.contains("0644") && said.contains("0600"), "{said}");
        assert_eq!(mode(&folder), 0o700);
        for name in ["post.db", "post.db-wal", "post.db-shm"] {
            assert_eq!(mode(&folder.join(name)), 0o600, "{name}");
        }
        assert!(shut(&database).is_empty(), "once");
    }

    #[test]
    fn a_folder_that_others_use_is_left_alone_and_the_files_are_closed() {
        for (more, folder_mode) in [(&["notes.txt"][..], 0o755), (&[][..], 0o1777)] {
            let (_top, folder) = open_to_all(more);
            std::fs::set_permissions(&folder, Permissions::from_mode(folder_mode)).unwrap();
            let told = shut(&folder.join("post.db"));
            assert_eq!((mode(&folder), mode(&folder.join("post.db"))), (folder_mode, 0o600));
            let left: Vec<_> = told.iter().filter(|told| told.left.is_err()).map(ToString::to_string).collect();
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
