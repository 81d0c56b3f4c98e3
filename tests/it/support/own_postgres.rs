//! A PostgreSQL cluster that belongs to one test, which can stop it, make it hang, and resume it.

use std::{fs, process::Command};

use tempfile::TempDir;

use super::{
    daemon::Daemon,
    ports::free_port,
    postgres::{make, run},
};

pub struct OwnPostgres {
    // Dropped before the folder.
    daemon: Option<Daemon>,
    dir: TempDir,
    port: u16,
    frozen: Vec<String>,
}

impl OwnPostgres {
    pub fn start() -> Self {
        let dir = TempDir::with_prefix("postgres-").unwrap();
        make(dir.path());
        let port = free_port();
        let daemon = Some(run(dir.path(), port, false));
        Self { daemon, dir, port, frozen: Vec::new() }
    }

    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// Ends the server at once, as when it crashes (SIGQUIT).
    pub fn stop(&mut self) {
        self.daemon = None;
    }

    pub fn start_again(&mut self) {
        self.daemon = Some(run(self.dir.path(), self.port, false));
    }

    /// Makes the server hang: connections stay open and new ones are accepted, but nothing answers.
    pub fn freeze(&mut self) {
        let pid_file = fs::read_to_string(self.dir.path().join("data/postmaster.pid")).unwrap();
        let main = pid_file.lines().next().unwrap().to_owned();
        // The main process is stopped first, so that it starts no more children.
        signal("STOP", std::slice::from_ref(&main));
        let children = fs::read_to_string(format!("/proc/{main}/task/{main}/children")).unwrap();
        self.frozen = children.split_whitespace().map(str::to_owned).collect();
        signal("STOP", &self.frozen);
        self.frozen.push(main);
    }

    pub fn thaw(&mut self) {
        signal("CONT", &std::mem::take(&mut self.frozen));
    }
}

impl Drop for OwnPostgres {
    fn drop(&mut self) {
        // A frozen process does not react to the signal that should end it.
        self.thaw();
    }
}

fn signal(name: &str, processes: &[String]) {
    if !processes.is_empty() {
        // A process that has ended in the meantime does not matter.
        let _ = Command::new("kill").args(["-s", name]).args(processes).output();
    }
}
