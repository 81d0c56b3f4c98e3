//! A temporary Postfix that plays the helpdesk's mail server: it accepts mail for its own addresses and delivers each mail
//! into a Maildir, which tests read as files. It sends no mail to other servers.

mod config;
mod launch;
mod policy;

use std::{
    ffi::OsStr,
    fs,
    net::TcpStream,
    time::{Duration, SystemTime},
};

use tempfile::TempDir;

use super::{
    certs::Certs,
    daemon::{Daemon, Start, find_program},
    dovecot::Dovecot,
    greenmail::greets,
    ports::free_port,
    wait,
};
use config::Ports;
use policy::Policy;

/// The login for `submission` and `smtps`.
pub const USER: &str = "relay@kundo.se";
pub const PASSWORD: &str = super::dovecot::PASSWORD;

/// Time limit for a mail to reach its Maildir.
const LIMIT: Duration = Duration::from_secs(60);

pub struct Postfix {
    // Dropped before the policy service and Dovecot, which it queries.
    daemon: Daemon,
    policy: Policy,
    /// Checks the passwords.
    _dovecot: Dovecot,
    /// The port without TLS and without a login.
    pub smtp: u16,
    /// The port that requires STARTTLS and a login.
    pub submission: u16,
    /// The port for implicit TLS, which requires a login.
    pub smtps: u16,
    pub certs: Certs,
    dir: TempDir,
}

impl Postfix {
    /// Starts a server for these addresses. Other addresses are refused with 550, other domains with 554.
    pub fn start(addresses: &[&str]) -> Self {
        Self::start_with(addresses, "")
    }

    /// Like `start`, with more lines of main.cf, for instance `message_size_limit = 10000` or
    /// `smtpd_discard_ehlo_keywords = chunking, 8bitmime`.
    pub fn start_with(addresses: &[&str], extra: &str) -> Self {
        let postfix = find_program("postfix", &["/usr/sbin"]).expect("Postfix is missing: run `make parts`");
        let dir = TempDir::with_prefix("postfix-").unwrap();
        config::make_folders(dir.path());
        let certs = Certs::make(dir.path());
        let auth = dir.path().join("auth");
        let dovecot = Dovecot::start_with(&[USER], &config::auth_settings(&auth), |certs| &certs.good);
        let policy = Policy::start();
        let ports = Ports { smtp: free_port(), submission: free_port(), smtps: free_port(), policy: policy.port };
        let etc = dir.path().join("etc");
        fs::write(etc.join("main.cf"), config::main(dir.path(), addresses, &certs.good, &ports) + extra).unwrap();
        fs::write(etc.join("master.cf"), config::master(&ports)).unwrap();
        fs::write(etc.join("mailboxes"), config::mailboxes(addresses)).unwrap();

        let mut daemon = Daemon::start(Start {
            name: "Postfix",
            program: OsStr::new("sh"),
            args: launch::args(dir.path(), &postfix),
            log: dir.path().join("postfix.log"),
            end_with: "TERM",
            remove: Some(dir.path()),
        });
        let Ports { smtp, submission, smtps, .. } = ports;
        daemon.wait_until_ready(|| greets(smtp, "220") && greets(submission, "220") && is_open(smtps));
        Self { daemon, policy, _dovecot: dovecot, smtp, submission, smtps, certs, dir }
    }

    /// Answers RCPT for this address with this reply, such as `452 4.2.2 full`, from now on.
    pub fn refuse(&self, address: &str, reply: &str) {
        self.policy.set(address, usize::MAX, reply);
    }

    /// Defers this address once, as greylisting does.
    pub fn greylist(&self, address: &str) {
        self.policy.set(address, 1, "451 4.7.1 Greylisted, try again later");
    }

    /// Accepts mail for this address again.
    pub fn accept(&self, address: &str) {
        self.policy.set(address, 0, "");
    }

    /// The mails that were delivered to an address, oldest first, each after the header lines that Postfix adds: Return-Path,
    /// X-Original-To, Delivered-To and Received. Postfix stores each CRLF as LF, which is reversed here.
    pub fn delivered(&self, address: &str) -> Vec<Vec<u8>> {
        let entries = fs::read_dir(self.dir.path().join("mail").join(address).join("new")).into_iter().flatten();
        let mut mails: Vec<(SystemTime, Vec<u8>)> = entries
            .map(|entry| entry.unwrap().path())
            .map(|file| (fs::metadata(&file).unwrap().modified().unwrap(), with_crlf(&fs::read(&file).unwrap())))
            .collect();
        mails.sort();
        mails.into_iter().map(|(_, mail)| mail).collect()
    }

    /// Waits until this number of mails was delivered to an address.
    pub fn wait_for(&self, address: &str, count: usize) -> Vec<Vec<u8>> {
        let mails = wait::within(LIMIT, || Some(self.delivered(address)).filter(|mails| mails.len() >= count));
        mails.unwrap_or_else(|| panic!("{count} mails did not arrive:\n{}", self.daemon.log_tail()))
    }
}

/// Turns every LF that does not follow a CR into CRLF. An original bare LF cannot be distinguished.
fn with_crlf(mail: &[u8]) -> Vec<u8> {
    let mut whole = Vec::with_capacity(mail.len() + mail.len() / 40);
    for line in mail.split_inclusive(|byte| *byte == b'\n') {
        match line.strip_suffix(b"\n") {
            Some(line) if !line.ends_with(b"\r") => whole.extend([line, b"\r\n"].concat()),
            _ => whole.extend(line),
        }
    }
    whole
}

fn is_open(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}
