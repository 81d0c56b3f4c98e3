//! A disk that is too small for a test's database, and that can be enlarged.
//!
//! `Mounted` is a real file system in memory, in its own mount namespace, which root and, on most systems, every user may create.
//! It disappears with the process that holds it. On systems that forbid such namespaces (some containers do), `Limited` is used
//! instead: no file may grow beyond a limit. That works everywhere, but SQLite gets EFBIG instead of ENOSPC.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use tempfile::TempDir;

use super::mailferry::{Mailferry, Serve};

/// Mounts, prints a line, waits for a line, enlarges the file system, prints a line, and waits for the end.
const HOLD: &str = r#"
mount -t tmpfs -o size=5m mailferry "$1" && echo small && read -r _ &&
mount -o remount,size=100m "$1" && echo large && read -r _
"#;

/// Makes SQLite see an error instead of the signal that ends a program by default. The unit of the limit is 512 bytes; with
/// `-S` the limit can be raised again.
const LIMITED: &str = r#"trap '' XFSZ; ulimit -S -f 6000; exec "$@""#;

pub enum SmallDisk {
    Mounted { holder: Child, requests: ChildStdin, replies: BufReader<ChildStdout>, at: TempDir },
    Limited,
}

impl SmallDisk {
    /// A disk in memory; `None` if the system does not allow it.
    pub fn mounted() -> Option<Self> {
        let at = TempDir::with_prefix("disk-").unwrap();
        let mut holder = Command::new("unshare")
            .args(["--map-root-user", "--mount", "sh", "-c", HOLD, "hold"])
            .arg(at.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("unshare (util-linux) starts");
        let (requests, replies) = (holder.stdin.take().unwrap(), BufReader::new(holder.stdout.take().unwrap()));
        let mut disk = Self::Mounted { holder, requests, replies, at };
        disk.expect_line("small").then_some(disk)
    }

    /// Makes this installation keep its database on the disk from now on, or limits the size of its files instead.
    pub fn use_for(&self, mailferry: &mut Mailferry) {
        match self {
            Self::Mounted { holder, at, .. } => {
                let target = holder.id().to_string();
                mailferry.wrap(&["nsenter", "--target", &target, "--user", "--mount", "--preserve-credentials"]);
                let file = at.path().join("mailferry.db");
                mailferry.env("MAILFERRY_DATABASE_URL", &format!("sqlite://{}", file.display()));
            }
            Self::Limited => {
                // The migrations run before the limit applies, because their write-ahead log is larger than the limit.
                mailferry.ok(&["inbox", "list"]);
                mailferry.wrap(&["sh", "-c", LIMITED, "limited"]);
            }
        }
    }

    /// Enlarges the disk, also for running processes.
    pub fn enlarge(&mut self, mailferry: &mut Mailferry, running: Option<&Serve>) {
        match self {
            Self::Mounted { requests, .. } => {
                requests.write_all(b"\n").unwrap();
                assert!(self.expect_line("large"), "the disk was not enlarged");
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

    fn expect_line(&mut self, word: &str) -> bool {
        let Self::Mounted { replies, .. } = self else { return true };
        let mut line = String::new();
        replies.read_line(&mut line).is_ok() && line.trim() == word
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
