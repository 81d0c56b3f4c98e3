//! GreenMail, an in-memory mail server: mail goes in by SMTP and comes out by IMAP. A restart empties it and gives every folder a
//! new UIDVALIDITY. It does not preserve bytes exactly; Dovecot does.

use std::{
    ffi::OsStr,
    io::{BufRead as _, BufReader, Write as _},
    net::TcpStream,
    path::{Path, PathBuf},
    time::Duration,
};

use tempfile::TempDir;

use super::{
    certs,
    daemon::{Daemon, Start, find_program},
    imap_client::ImapClient,
    ports::free_port,
    smtp_client::SmtpClient,
};

pub const PASSWORD: &str = "secret";

pub struct GreenMail {
    daemon: Option<Daemon>,
    pub smtp: u16,
    pub imap: u16,
    pub imaps: u16,
    api: u16,
    users: Vec<String>,
    dir: TempDir,
}

impl GreenMail {
    /// Starts a server with these addresses, each with the password `PASSWORD`.
    pub fn start(users: &[&str]) -> Self {
        let mut server = Self {
            daemon: None,
            smtp: free_port(),
            imap: free_port(),
            imaps: free_port(),
            api: free_port(),
            users: users.iter().map(|user| (*user).to_owned()).collect(),
            dir: TempDir::new().unwrap(),
        };
        server.launch();
        server
    }

    /// Starts the server again on the same ports, with an empty store.
    pub fn restart(&mut self) {
        self.stop();
        self.launch();
    }

    /// Ends the server; `restart` brings it back.
    pub fn stop(&mut self) {
        self.daemon = None;
    }

    fn launch(&mut self) {
        let with_password = |user: &String| {
            let (local, domain) = user.split_once('@').unwrap();
            format!("{local}:{PASSWORD}@{domain}")
        };
        let users: Vec<String> = self.users.iter().map(with_password).collect();
        let mut args = vec!["-Xmx256m".to_owned(), "-XX:+UseSerialGC".to_owned()];
        for (protocol, port) in [("smtp", self.smtp), ("imap", self.imap), ("imaps", self.imaps), ("api", self.api)] {
            args.push(format!("-Dgreenmail.{protocol}.hostname=127.0.0.1"));
            args.push(format!("-Dgreenmail.{protocol}.port={port}"));
        }
        args.push(format!("-Dgreenmail.users={}", users.join(",")));
        args.push("-Dgreenmail.users.login=email".to_owned());
        // By default, GreenMail soon gives up starting on a busy machine, and keeps listening without any users.
        args.push("-Dgreenmail.startup.timeout=100000".to_owned());
        args.push("-jar".to_owned());
        args.push(jar().to_string_lossy().into_owned());
        let mut daemon = Daemon::start(Start {
            name: "GreenMail",
            program: OsStr::new("java"),
            args,
            log: self.dir.path().join("greenmail.log"),
            end_with: "KILL",
            remove: None,
        });
        let (smtp, imap, imaps) = (self.smtp, self.imap, self.imaps);
        daemon.wait_until_ready(|| {
            // GreenMail listens before its users are set up.
            let last_user = self.users.last().unwrap();
            greets(smtp, "220")
                && greets(imap, "* OK")
                && TcpStream::connect(("127.0.0.1", imaps)).is_ok()
                && can_login(imap, last_user)
        });
        self.daemon = Some(daemon);
    }

    /// Sends a mail by SMTP, in one transaction for all recipients.
    pub fn send(&self, from: &str, recipients: &[&str], mail: &[u8]) {
        SmtpClient::connect(self.smtp).send(from, recipients, mail);
    }

    pub fn client(&self, user: &str) -> ImapClient {
        ImapClient::login(self.imap, user, PASSWORD)
    }

    /// The SHA-256 fingerprint of the certificate on its TLS port.
    pub fn fingerprint(&self) -> String {
        certs::shown_by(self.imaps)
    }

    /// The options of `mailbox add` for this server without TLS.
    pub fn options(&self) -> Vec<String> {
        ["--host", "127.0.0.1", "--tls", "none", "--port", &self.imap.to_string()].map(str::to_owned).to_vec()
    }
}

fn jar() -> PathBuf {
    let jar = std::env::var_os("MAILFERRY_GREENMAIL_JAR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join(".parts/greenmail-standalone.jar"), PathBuf::from);
    assert!(jar.is_file() && find_program("java", &[]).is_some(), "GreenMail is missing: run `make parts`");
    jar
}

/// Whether a server's greeting begins with this text.
pub fn greets(port: u16, beginning: &str) -> bool {
    let Ok(stream) = TcpStream::connect(("127.0.0.1", port)) else {
        return false;
    };
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut greeting = String::new();
    BufReader::new(stream).read_line(&mut greeting).is_ok() && greeting.starts_with(beginning)
}

fn can_login(port: u16, user: &str) -> bool {
    let Ok(stream) = TcpStream::connect(("127.0.0.1", port)) else {
        return false;
    };
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut stream = BufReader::new(stream);
    let login = format!("A LOGIN \"{user}\" \"{PASSWORD}\"\r\n");
    let (mut greeting, mut answer) = (String::new(), String::new());
    stream.read_line(&mut greeting).is_ok()
        && stream.get_mut().write_all(login.as_bytes()).is_ok()
        && stream.read_line(&mut answer).is_ok()
        && answer.starts_with("A OK")
}
