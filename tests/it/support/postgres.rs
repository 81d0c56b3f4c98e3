//! One temporary PostgreSQL cluster for the whole test run, started when the first test needs a database.

use std::{
    os::unix::fs::chown,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Mutex, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

use tempfile::TempDir;

use super::{
    daemon::{Daemon, Start, find_program, our_uid},
    ports::free_port,
};

struct Cluster {
    port: u16,
    /// Never dropped, because it is in a static: its watcher ends the server with this process.
    _daemon: Daemon,
}

/// Creates an empty database and returns its URL.
pub fn fresh_database() -> String {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    static COUNT: AtomicU32 = AtomicU32::new(0);
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let cluster = CLUSTER.get_or_init(start);
    let name = format!("test_{}", COUNT.fetch_add(1, Ordering::Relaxed));
    let lock = ONE_AT_A_TIME.lock();
    let created = psql(cluster.port, &format!("CREATE DATABASE {name}"));
    drop(lock);
    assert!(created, "PostgreSQL does not create a database");
    format!("postgres://postgres@127.0.0.1:{}/{name}", cluster.port)
}

fn start() -> Cluster {
    // The folder is not a TempDir: the watcher removes it after the end of the server.
    let dir = TempDir::with_prefix("postgres-").unwrap().keep();
    make(&dir);
    let port = free_port();
    let daemon = run(&dir, port, true);
    Cluster { port, _daemon: daemon }
}

/// Creates a cluster in this folder, without starting it.
pub(super) fn make(dir: &Path) {
    let data = dir.join("data");
    std::fs::create_dir(&data).unwrap();
    let is_root = our_uid(dir) == 0;
    if is_root {
        let uid = id("-u", "postgres");
        chown(dir, Some(uid), None).unwrap();
        chown(&data, Some(uid), None).unwrap();
    }
    let initdb = Command::new("setpriv")
        .args(as_postgres(is_root))
        .arg(binary("initdb"))
        .args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "-D"])
        .arg(&data)
        .current_dir(dir)
        .output()
        .unwrap();
    assert!(initdb.status.success(), "initdb: {}", String::from_utf8_lossy(&initdb.stderr));
}

/// Starts an existing cluster; `remove` says whether its folder is removed at the end.
pub(super) fn run(dir: &Path, port: u16, remove: bool) -> Daemon {
    let data = dir.join("data");
    let mut args = as_postgres(our_uid(Path::new("/proc/self")) == 0);
    args.push(binary("postgres").to_string_lossy().into_owned());
    args.extend(["-D".to_owned(), data.to_string_lossy().into_owned()]);
    // The data does not have to survive a power failure.
    let settings = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off", "max_connections=200"];
    for setting in settings.map(str::to_owned).into_iter().chain([format!("port={port}")]) {
        args.extend(["-c".to_owned(), setting]);
    }
    let mut daemon = Daemon::start(Start {
        name: "PostgreSQL",
        program: "setpriv".as_ref(),
        args,
        log: dir.join("postgres.log"),
        end_with: "QUIT",
        remove: remove.then_some(dir),
    });
    daemon.wait_until_ready(|| psql(port, "SELECT 1"));
    daemon
}

/// The options with which setpriv drops root, since PostgreSQL refuses to run as root; empty for an ordinary user.
fn as_postgres(is_root: bool) -> Vec<String> {
    if !is_root {
        return Vec::new();
    }
    let (uid, gid) = (id("-u", "postgres"), id("-g", "postgres"));
    vec![format!("--reuid={uid}"), format!("--regid={gid}"), "--clear-groups".to_owned()]
}

/// The id of a user (`-u`) or of the user's group (`-g`).
fn id(which: &str, user: &str) -> u32 {
    let output = Command::new("id").args([which, user]).output().unwrap();
    String::from_utf8_lossy(&output.stdout).trim().parse().expect("the user postgres exists")
}

fn psql(port: u16, sql: &str) -> bool {
    let output = Command::new(binary("psql"))
        .args(["-h", "127.0.0.1", "-p", &port.to_string(), "-U", "postgres", "-d", "postgres", "-c", sql])
        .output()
        .unwrap();
    output.status.success()
}

fn binary(name: &str) -> PathBuf {
    // Debian keeps the programs of each version in their own folder, outside PATH.
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<String> = versions.map(|v| v.path().join("bin").to_string_lossy().into_owned()).collect();
    folders.sort();
    let folders: Vec<&str> = folders.iter().map(String::as_str).collect();
    find_program(name, &folders)
        .filter(|path: &PathBuf| Path::is_file(path))
        .expect("PostgreSQL is missing: run `make parts`")
}
