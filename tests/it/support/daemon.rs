//! A server process that cannot outlive the test process. A small shell watches a pipe whose other end only the test holds: when
//! the test drops it, panics or is killed, the pipe closes and the shell ends the server.

use std::{
    ffi::OsStr,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use super::wait;

/// Starts the server, waits for it, and ends it as soon as the pipe on descriptor 3 closes. Its output goes to a file: daemons keep
/// inherited pipes open, so their reader would wait for ever.
const WATCH: &str = r#"
exec 3<&0
"$@" </dev/null 3<&- >>"$LOG" 2>&1 &
server=$!
{ cat <&3; kill -s "$END_WITH" "$server"; } >/dev/null 2>&1 &
keeper=$!
exec 3<&-
wait "$server"
: >"$LOG.ended"
wait "$keeper"
[ -z "$REMOVE" ] || rm -rf "$REMOVE"
"#;

/// Whether `make quick` runs the tests: only those that need nothing but a C compiler, SQLite and the kit's own servers.
pub fn is_quick() -> bool {
    std::env::var_os("MAILFERRY_QUICK").is_some_and(|value| !value.is_empty())
}

pub struct Daemon {
    name: &'static str,
    watcher: Child,
    log: PathBuf,
}

/// The parts of a server's start that differ between servers; the rest of a `Daemon` is the same for all.
pub struct Start<'a> {
    pub name: &'static str,
    pub program: &'a OsStr,
    pub args: Vec<String>,
    /// The file for the output.
    pub log: PathBuf,
    /// The signal that ends it.
    pub end_with: &'static str,
    /// A folder that the watcher removes after the end.
    pub remove: Option<&'a Path>,
}

impl Daemon {
    pub fn start(start: Start<'_>) -> Self {
        // Every server that is not the kit's own is started here.
        assert!(
            !is_quick(),
            "this test starts {}, which `make quick` excludes: scripts/quick lists how such a test is named",
            start.name
        );
        let _ = fs::remove_file(end_marker(&start.log));
        let watcher = Command::new("sh")
            .args(["-c", WATCH, "watch"])
            .arg(start.program)
            .args(&start.args)
            .env("LOG", &start.log)
            .env("END_WITH", start.end_with)
            .env("REMOVE", start.remove.unwrap_or(Path::new("")))
            .current_dir(start.log.parent().unwrap())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("sh starts");
        File::options().create(true).append(true).open(&start.log).unwrap();
        Self { name: start.name, watcher, log: start.log }
    }

    /// Waits until `ready` returns true. If the server exits or does not become ready, panics with the tail of its log.
    pub fn wait_until_ready(&mut self, mut ready: impl FnMut() -> bool) {
        let is_ready = wait::within(Duration::from_secs(120), || match ready() {
            true => Some(true),
            false => end_marker(&self.log).exists().then_some(false),
        });
        assert!(is_ready == Some(true), "{} did not start:\n{}", self.name, self.log_tail());
    }

    pub fn log_tail(&self) -> String {
        let log = fs::read(&self.log).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        drop(self.watcher.stdin.take());
        // A server that ignores its signal must not block the test run, so the watcher is killed after a while.
        if wait::within(Duration::from_secs(20), || self.watcher.try_wait().ok().flatten()).is_none() {
            eprintln!("{} does not end", self.name);
            let _ = self.watcher.kill();
            let _ = self.watcher.wait();
        }
    }
}

/// The file that the watcher writes when the server has ended.
fn end_marker(log: &Path) -> PathBuf {
    log.with_extension("log.ended")
}

/// Finds a program in PATH or in these folders, which Debian leaves out of the PATH of ordinary users.
pub fn find_program(name: &str, folders: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(folders.iter().map(PathBuf::from))
        .map(|folder| folder.join(name))
        .find(|program| program.is_file())
}

/// The owner of a folder; a new one, like /proc/self, belongs to the user that runs the tests. Some servers refuse to run as
/// root or in folders of other users.
pub fn our_uid(folder: &Path) -> u32 {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata(folder).unwrap().uid()
}
