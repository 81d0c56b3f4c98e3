//! A disk that is too small for a test's database, and that gets larger when told.
//!
//! `Mounted` is the real thing: a file system in memory, in a name space of its own, which root may make and on most systems
//! everybody. It needs no privilege there, and its end cannot be forgotten: it goes with the process that holds it. Where the
//! system forbids such name spaces (some containers do), there still is `Limited`: no file may grow beyond a limit. That works
//! everywhere, but SQLite is then told EFBIG and not ENOSPC.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use tempfile::TempDir;

use super::mailferry::{Mailferry, Serve};

/// Mounts, says so, waits for a line, makes it larger, says so, and waits for the end.
const HOLD: &str = r#"
mount -t tmpfs -o size=5m mailferry "$1" && echo small && read -r _ &&
mount -o remount,size=100m "$1" && echo large && read -r _
"#;

/// SQLite sees an error and not the signal that ends a program by default. The unit is 512 bytes, `-S` lets the limit be
/// raised again.
const LIMITED: &str = r#"trap '' XFSZ; ulimit -S -f 6000; exec "$@""#;

pub enum SmallDisk {
    Mounted { holder: Child, tell: ChildStdin, told: BufReader<ChildStdout>, at: TempDir },
    Limited,
}

impl SmallDisk {
    /// None where the system does not let us.
    pub fn mounted() -> Option<Self> {
        let at = TempDir::with_prefix("disk-").unwrap();
        let mut holder = Command::new("unshare")
            .args(["--map-root-user", "--mount", "sh", "-c", HOLD, "hold"])
            .arg(at.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("unshare (util-linux) starts");
        let (tell, told) = (holder.stdin.take().unwrap(), BufReader::new(holder.stdout.take().unwrap()));
        let mut disk = Self::Mounted { holder, tell, told, at };
        disk.says("small").then_some(disk)
    }

    /// From now on, everything this installation writes is on the disk, or limited as if it were.
    pub fn put_under(&self, mailferry: &mut Mailferry) {
        match self {
            Self::Mounted { holder, at, .. } => {
                let target = holder.id().to_string();
                mailferry.wrap(&["nsenter", "--target", &target, "--user", "--mount", "--preserve-credentials"]);
                let file = at.path().join("mailferry.db");
                mailferry.env("MAILFERRY_DATABASE_URL", &format!("sqlite://{}", file.display()));
            }
            Self::Limited => mailferry.wrap(&["sh", "-c", LIMITED, "limited"]),
        }
    }

    /// Makes room, also for what runs already.
    pub fn enlarge(&mut self, mailferry: &mut Mailferry, running: Option<&Serve>) {
        match self {
            Self::Mounted { tell, .. } => {
                tell.write_all(b"\n").unwrap();
                assert!(self.says("large"), "the disk does not get larger");
            }
            Self::Limited => {
                mailferry.wrap(&[]);
                if let Some(serve) = running {
                    let id = serve.id().to_string();
                    let raised = Command::new("prlimit").args(["--pid", &id, "--fsize=unlimited:"]).status().unwrap();
                    assert!(raised.success());
                }
            }
        }
    }

    fn says(&mut self, word: &str) -> bool {
        let Self::Mounted { told, .. } = self else { return true };
        let mut line = String::new();
        told.read_line(&mut line).is_ok() && line.trim() == word
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        if let Self::Mounted { holder, .. } = self {
            let _ = holder.kill();
            let _ = holder.wait();
        }
    }
}
