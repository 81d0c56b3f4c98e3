//! A real Chromium, driven over its DevTools protocol: it runs scripts, enforces policies and cookie flags, and reports all
//! requests. Its resolver knows no name except `localhost`, so no request can leave this machine. `browser` is the other browser,
//! without scripts and faster.

mod connection;
mod events;
mod page;
mod tab;

use std::{ffi::OsStr, fs, path::Path, sync::OnceLock};

use tempfile::TempDir;

pub use page::{Cookie, Page};

use super::daemon::{Daemon, Start, find_program, our_uid};

/// The message if there is no Chromium.
const MISSING: &str = "Chromium is missing: apt-get install chromium (or `make parts`)";

pub struct Chromium {
    _daemon: Daemon,
    /// The URL of the WebSocket of the whole browser.
    endpoint: String,
    language: String,
}

impl Chromium {
    /// Starts a browser whose language is English.
    pub fn start() -> Self {
        Self::start_with("en")
    }

    /// Like `start`, with another language.
    pub fn start_with(language: &str) -> Self {
        let program = find_program("chromium", &[]).expect(MISSING);
        // The folder is not a TempDir: the watcher removes it after the end of the browser.
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

    /// The browser of the whole test run, in English. Its pages share nothing, and each start takes a second.
    pub fn shared() -> &'static Self {
        // Never dropped, because it is in a static: its watcher ends it with this process.
        static SHARED: OnceLock<Chromium> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// A new window without cookies, separate from all other pages.
    pub fn page(&self) -> Page {
        self.page_in(&self.language)
    }

    /// Like `page`, with another language.
    pub fn page_in(&self, language: &str) -> Page {
        Page::open(&self.endpoint, language)
    }
}

fn command(program: &Path, dir: &Path, language: &str) -> Vec<String> {
    let mut args = vec![
        // Files that it stores outside the profile go into the folder as well.
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
        // A sandboxed frame in its own process, with an inline document, would start before the kit can attach to it.
        "--disable-features=IsolateSandboxedIframes,Translate,OptimizationHints,MediaRouter",
        "--mute-audio",
        "--password-store=basic",
    ];
    args.extend(quiet.map(str::to_owned));
    // Chromium's sandbox does not work for root.
    if our_uid(Path::new("/proc/self")) == 0 {
        args.push("--no-sandbox".to_owned());
    }
    args
}

/// The URL of the browser's WebSocket, from the file that the browser writes as soon as it listens; `None` before that.
fn endpoint_in(dir: &Path) -> Option<String> {
    let port_file = fs::read_to_string(dir.join("profile/DevToolsActivePort")).ok()?;
    let (port, path) = port_file.split_once('\n')?;
    path.starts_with("/devtools/browser/").then(|| format!("ws://127.0.0.1:{port}{}", path.trim_end()))
}
