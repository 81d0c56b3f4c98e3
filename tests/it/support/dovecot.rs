//! A temporary Dovecot, which preserves bytes and supports TLS, STARTTLS, MOVE and keywords. Mail is written to its Maildir as
//! files, and its state is read from there, so the test sees what another mail program would see.

mod config;
pub mod introspection;
pub mod lmtp;
mod maildir;

use std::{ffi::OsStr, fs, path::PathBuf};

use tempfile::TempDir;

use super::{
    certs::{Certs, Identity},
    daemon::{Daemon, Start, find_program},
    greenmail::greets,
    imap_client::ImapClient,
    ports::free_port,
};

pub use config::Owner;

pub const PASSWORD: &str = "secret";

pub struct Dovecot {
    daemon: Daemon,
    /// The port for plain IMAP, with STARTTLS.
    pub imap: u16,
    /// The port for implicit TLS.
    pub imaps: u16,
    pub certs: Certs,
    dir: TempDir,
    owner: config::Owner,
}

impl Dovecot {
    /// Starts a server with these users, each with the password `PASSWORD`, and a good certificate.
    pub fn start(users: &[&str]) -> Self {
        Self::start_with(users, "", |certs| &certs.good)
    }

    /// Like `start`, with additional lines of configuration and a given certificate.
    pub fn start_with(users: &[&str], extra: &str, choose: impl Fn(&Certs) -> &Identity) -> Self {
        let program = find_program("dovecot", &["/usr/sbin", "/usr/local/sbin"]);
        let program = program.expect("Dovecot is missing: run `make parts`");
        let dir = TempDir::with_prefix("dovecot-").unwrap();
        let certs = Certs::make(dir.path());
        let owner = config::Owner::of_folder(dir.path());
        let (imap, imaps) = (free_port(), free_port());
        let identity = choose(&certs);
        let config = config::text(dir.path(), &owner, (imap, imaps), identity, extra);
        fs::write(dir.path().join("dovecot.conf"), config).unwrap();
        let passwords: String = users.iter().map(|user| format!("{user}:{{PLAIN}}{PASSWORD}\n")).collect();
        fs::write(dir.path().join("passwords"), passwords).unwrap();
        owner.open_to_daemons(dir.path());
        for user in users {
            owner.make_dir(&dir.path().join("mail").join(user));
            owner.make_dir(&dir.path().join("rawlog").join(user));
        }

        let mut daemon = Daemon::start(Start {
            name: "Dovecot",
            program: OsStr::new(&program),
            args: vec![
                "-F".to_owned(),
                "-c".to_owned(),
                dir.path().join("dovecot.conf").to_string_lossy().into_owned(),
            ],
            log: dir.path().join("dovecot.log"),
            end_with: "TERM",
            remove: Some(dir.path()),
        });
        daemon.wait_until_ready(|| greets(imap, "* OK"));
        let server = Self { daemon, imap, imaps, certs, dir, owner };
        for user in users {
            server.create_folder(user, "INBOX");
        }
        server
    }

    pub fn client(&self, user: &str) -> ImapClient {
        ImapClient::login(self.imap, user, PASSWORD)
    }

    /// The options of `mailbox add` for implicit TLS, with the authority's certificate.
    pub fn tls_options(&self) -> Vec<String> {
        let ca_file = self.certs.ca_file.to_string_lossy().into_owned();
        let port = self.imaps.to_string();
        ["--host", "localhost", "--tls", "implicit", "--ca-file", &ca_file, "--port", &port].map(str::to_owned).to_vec()
    }

    /// The options of `mailbox add` for STARTTLS.
    pub fn starttls_options(&self) -> Vec<String> {
        let ca_file = self.certs.ca_file.to_string_lossy().into_owned();
        let port = self.imap.to_string();
        ["--host", "localhost", "--tls", "starttls", "--ca-file", &ca_file, "--port", &port].map(str::to_owned).to_vec()
    }

    /// The options of `mailbox add` without TLS.
    pub fn plain_options(&self) -> Vec<String> {
        ["--host", "127.0.0.1", "--tls", "none", "--port", &self.imap.to_string()].map(str::to_owned).to_vec()
    }

    /// Every command that a client has sent as this user since its login, without the tag, oldest session first.
    pub fn commands_sent(&self, user: &str) -> Vec<String> {
        let folder = self.dir.path().join("rawlog").join(user);
        let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.retain(|file| file.extension() == Some(OsStr::new("in")));
        files.sort();
        let logs: Vec<String> =
            files.iter().map(|file| String::from_utf8_lossy(&fs::read(file).unwrap()).into_owned()).collect();
        // Each line has the time, a space, the tag, a space and the command.
        let commands = logs.iter().flat_map(|log| log.lines()).filter_map(|line| line.splitn(3, ' ').nth(2));
        commands.map(|command| command.trim_end().to_owned()).collect()
    }
}
