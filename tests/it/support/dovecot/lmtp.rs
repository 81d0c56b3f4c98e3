//! Dovecot as the target of deliveries by LMTP (RFC 2033). `Dovecot::messages` returns the mails that it accepted, each
//! after the header lines that it adds: Return-Path, Delivered-To and Received.

use std::{net::TcpStream, path::PathBuf};

use tempfile::TempDir;

use super::Dovecot;
use crate::support::{daemon::find_program, ports::free_port};

pub struct Lmtp {
    pub dovecot: Dovecot,
    /// The port of 127.0.0.1, with STARTTLS.
    pub port: u16,
    /// The Unix socket of the same service.
    pub socket: PathBuf,
    // Dropped after the server.
    _dir: TempDir,
}

/// The quota of a mailbox, and the answer to a mail that exceeds it.
#[derive(Clone, Copy, Debug)]
pub enum Quota {
    None,
    /// A mail that would make the mailbox larger than this is refused with `552 5.2.2`.
    Kilobytes(u32),
    /// A mail that would make the mailbox larger than this is refused with `452 4.2.2` (`quota_full_tempfail`).
    KilobytesForNow(u32),
}

impl Lmtp {
    /// Starts a server with these users; a mail for anyone else is refused with `550 5.1.1`.
    pub fn start(users: &[&str]) -> Self {
        Self::with_quota(users, Quota::None)
    }

    pub fn with_quota(users: &[&str], quota: Quota) -> Self {
        let is_here = find_program("lmtp", &["/usr/lib/dovecot", "/usr/libexec/dovecot"]).is_some();
        assert!(is_here, "Dovecot's LMTP server is missing: run `make parts`");
        let dir = TempDir::with_prefix("lmtp-").unwrap();
        let (port, socket) = (free_port(), dir.path().join("lmtp"));
        // Without `mail_save_crlf` each CRLF becomes LF in the file.
        let settings = format!(
            "protocols = imap lmtp\n\
             mail_save_crlf = yes\n\
             service lmtp {{\n\
             inet_listener lmtp {{\n  port = {port}\n}}\n\
             unix_listener {} {{\n  mode = 0666\n}}\n\
             }}\n\
             {}",
            socket.display(),
            quota.settings()
        );
        let mut dovecot = Dovecot::start_with(users, &settings, |certs| &certs.good);
        dovecot.daemon.wait_until_ready(|| TcpStream::connect(("127.0.0.1", port)).is_ok() && socket.exists());
        Self { dovecot, port, socket, _dir: dir }
    }
}

impl Quota {
    fn settings(self) -> String {
        let (kilobytes, for_now) = match self {
            Self::None => return String::new(),
            Self::Kilobytes(kilobytes) => (kilobytes, "no"),
            Self::KilobytesForNow(kilobytes) => (kilobytes, "yes"),
        };
        // By default, the last mail may exceed the quota.
        format!(
            "mail_plugins = $mail_plugins quota\n\
             quota_full_tempfail = {for_now}\n\
             plugin {{\n  quota = maildir:User quota\n  quota_rule = *:storage={kilobytes}K\n  quota_grace = 0\n}}\n"
        )
    }
}
