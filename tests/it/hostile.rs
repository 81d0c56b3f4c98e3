//! Hostile servers: they get no credentials, cannot make up mail, and cost neither much time nor much memory.

mod floods;
mod folders;
mod scripts;
mod shares;
mod terminal;
mod words;
mod work;

use std::time::Duration;

use serde_json::Value;

use crate::support::{
    facts::{JOBB, JOBB_INBOX},
    mailferry::Mailferry,
    measured::{self, Measured},
};

/// A password that is in no dictionary, so that finding it anywhere means a leak.
const CANARY: &str = "kanarie-Hq3xW8-pw";

/// The time limit of each step of a poll in these tests.
const DEADLINE: Duration = Duration::from_secs(4);
/// Additional time for a poll: the program must start, and the machine may be busy.
const GRACE: Duration = Duration::from_secs(5);
/// The memory limit of a poll, whatever the server sends.
const MAX_MEMORY: u64 = 128 << 20;

/// An installation with short deadlines, whose only mailbox is on this port.
fn with_short_deadlines(port: u16, tls: &str, more: &[&str]) -> Mailferry {
    let mut mailferry = Mailferry::new();
    for step in ["TCP", "TLS", "GREETING", "LOGIN", "COMMAND"] {
        mailferry.env(&format!("MAILFERRY__DEADLINES__{step}"), &format!("{}s", DEADLINE.as_secs()));
    }
    mailferry.env("MAILFERRY__DEADLINES__SILENCE", "2s");
    mailferry.add_inbox(JOBB_INBOX);
    let options = ["--host", "127.0.0.1", "--tls", tls, "--port", &port.to_string()].map(str::to_owned);
    mailferry.add_mailbox_with_password(JOBB, JOBB_INBOX, &options, &[&["--start", "all"], more].concat(), CANARY);
    mailferry
}

/// Runs one poll, and returns its measurements and its JSON line.
fn measured_poll(mailferry: &Mailferry, limit: Duration) -> (Measured, Value) {
    let measured = measured::run(mailferry, &["--json", "poll"], limit);
    let output = &measured.output;
    assert!(output.code == 0 || output.code == 1, "poll ends with {}:\n{}", output.code, output.all());
    assert!(!output.all().contains(CANARY), "{}", output.all());
    let mut lines = output.json();
    assert_eq!(lines.len(), 1, "{lines:?}");
    let line = lines.remove(0);
    (measured, line)
}
