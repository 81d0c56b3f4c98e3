//! `mailferry serve`, on a port of its own.

use std::{
    fs::{self, File},
    io::{Read as _, Write as _},
    net::TcpStream,
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
};

use super::Mailferry;
use crate::support::{ports::free_port, wait};

pub struct Serve {
    child: Child,
    pub port: u16,
    log: PathBuf,
}

impl Serve {
    pub(super) fn start(mailferry: &Mailferry) -> Self {
        let port = free_port();
        let log = mailferry.dir().join(format!("serve-{port}.log"));
        let output = File::create(&log).unwrap();
        let mut command = mailferry.command(&["serve"]);
        command.env("MAILFERRY__HTTP__LISTEN", format!("127.0.0.1:{port}"));
        command.stdin(Stdio::null()).stdout(output.try_clone().unwrap()).stderr(output);
        let child = command.spawn().unwrap();
        let mut serve = Self { child, port, log };
        let ready = wait::within(Duration::from_secs(60), || {
            let has_ended = serve.child.try_wait().unwrap().is_some();
            (has_ended || serve.get("/readyz") == Some(200)).then_some(!has_ended)
        });
        assert!(ready == Some(true), "mailferry serve is not ready:\n{}", serve.output());
        serve
    }

    /// The status of a page, or nothing while nobody listens.
    pub fn get(&self, path: &str) -> Option<u16> {
        self.answer(path)?.split(' ').nth(1)?.parse().ok()
    }

    /// A whole answer, headers included, or nothing while nobody listens.
    pub fn answer(&self, path: &str) -> Option<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).ok()?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).ok()?;
        Some(String::from_utf8_lossy(&answer).into_owned())
    }

    /// A form sent as our own page sends it; a whole answer.
    pub fn post_form(&self, path: &str, body: &str) -> Option<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(30))).ok()?;
        let (port, length) = (self.port, body.len());
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost:{port}\r\nOrigin: http://localhost:{port}\r\nAccept-Language: en\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).ok()?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).ok()?;
        Some(String::from_utf8_lossy(&answer).into_owned())
    }

    pub fn output(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn kill9(&mut self) {
        super::end(&mut self.child);
    }

    /// The polite signal; `wait` tells how it ended.
    pub fn sigterm(&self) {
        let sent = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    pub fn wait(&mut self) -> ExitStatus {
        let ended = wait::within(Duration::from_secs(60), || self.child.try_wait().unwrap());
        ended.unwrap_or_else(|| panic!("mailferry serve does not end:\n{}", self.output()))
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        super::end(&mut self.child);
    }
}
