//! A real Chromium, driven over its DevTools protocol: scripts run, policies hold, cookies have their flags, and what a
//! page asks for is seen. Its resolver knows no name but `localhost`, so nothing can leave this machine. `browser` is the
//! other browser, without scripts and faster.

mod connection;
mod page;
mod seen;
mod tab;

use std::{ffi::OsStr, fs, path::Path, sync::OnceLock};

use tempfile::TempDir;

pub use page::{Cookie, Page};

use super::daemon::{Daemon, Start, find_program, our_uid};

/// Said where there is none.
const MISSING: &str = "Chromium is missing: apt-get install chromium (or `make parts`)";

pub struct Chromium {
    _daemon: Daemon,
    /// The WebSocket of the whole browser.
    endpoint: String,
    language: String,
}

impl Chromium {
    /// Starts a browser that asks for English.
    pub fn start() -> Self {
        Self::start_with("en")
    }

    /// As `start`, for a person who wants another language.
    pub fn start_with(language: &str) -> Self {
        let program = find_program("chromium", &[]).expect(MISSING);
        // The folder is not a TempDir of ours: the watcher removes it after the end of the browser.
        let dir = TempDir::with_prefix("chromium-").unwrap().keep();
        let mut daemon = Daemon::start(Start {
            name: "chromium",
            program: OsStr::new("env"),
            args: command(&program, &dir, language),
            log: dir.join("chromium.log"),
            end_with: "TERM",
            remove: Some(&dir),
        });
        let mut endpoint = None;
        daemon.wait_until_ready(|| {
            endpoint = endpoint_in(&dir);
            endpoint.is_some()
        });
        Self { _daemon: daemon, endpoint: endpoint.unwrap(), language: language.to_owned() }
    }

    /// One browser for the whole test run, which asks for English: its pages share nothing, and a start takes a second.
    pub fn shared() -> &'static Self {
        // Never dropped, because it lives in a static: its watcher ends it with this process.
        static SHARED: OnceLock<Chromium> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// A window of a person who was never here: without cookies, and apart from those of all other pages.
    pub fn page(&self) -> Page {
        self.page_in(&self.language)
    }

    /// As `page`, for a person who wants another language.
    pub fn page_in(&self, language: &str) -> Page {
        Page::open(&self.endpoint, language)
    }
}

fn command(program: &Path, dir: &Path, language: &str) -> Vec<String> {
    let mut args = vec![
        // What it wants to keep beside the profile goes into the folder as well.
        format!("HOME={}", dir.display()),
        program.display().to_string(),
        "--headless=new".to_owned(),
        "--remote-debugging-port=0".to_owned(),
        format!("--user-data-dir={}/profile", dir.display()),
        format!("--lang={language}"),
        "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE localhost , EXCLUDE 127.0.0.1".to_owned(),
    ];
    let quiet = [
        "--hide-scrollbars",
        "--no-proxy-server",
        "--no-first-run",
        "--no-default-browser-check",
        "--no-startup-window",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-default-apps",
        "--disable-sync",
        "--disable-gpu",
        // A sandboxed frame in a process of its own starts before anybody can listen to it, if its document is inline.
        "--disable-features=IsolateSandboxedIframes,Translate,OptimizationHints,MediaRouter",
        "--mute-audio",
        "--password-store=basic",
    ];
    args.extend(quiet.map(str::to_owned));
    // Its sandbox is refused to root.
    if our_uid(Path::new("/proc/self")) == 0 {
        args.push("--no-sandbox".to_owned());
    }
    args
}

/// The browser writes its port and the path of its WebSocket into a file as soon as it listens.
fn endpoint_in(dir: &Path) -> Option<String> {
    let told = fs::read_to_string(dir.join("profile/DevToolsActivePort")).ok()?;
    let (port, path) = told.split_once('\n')?;
    path.starts_with("/devtools/browser/").then(|| format!("ws://127.0.0.1:{port}{}", path.trim_end()))
}
