//! `mailferry serve`, on its own port.

use std::{
    fs::{self, File},
    io::{Read as _, Write as _},
    net::TcpStream,
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
};

use serde_json::Value;

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

    /// The status of a page; `None` while the port is closed.
    pub fn get(&self, path: &str) -> Option<u16> {
        self.answer(path)?.split(' ').nth(1)?.parse().ok()
    }

    /// A whole answer, headers included; `None` while the port is closed.
    pub fn answer(&self, path: &str) -> Option<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).ok()?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).ok()?;
        Some(String::from_utf8_lossy(&answer).into_owned())
    }

    /// Sends a request to the API with this token; returns the status and the JSON, null if there is none.
    pub fn api(&self, method: &str, path: &str, token: &str, body: Option<&Value>) -> (u16, Value) {
        let body = body.map(Value::to_string).unwrap_or_default();
        let request = format!(
            "{method} /api/v1{path} HTTP/1.1\r\nHost: localhost:{}\r\nAuthorization: Bearer {token}\r\nIf-Match: *\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.port,
            body.len()
        );
        let answer = self.exchange(request.as_bytes()).expect("an answer");
        let head = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
        let status = String::from_utf8_lossy(&answer[..head]).split(' ').nth(1).unwrap().parse().unwrap();
        (status, serde_json::from_slice(&answer[head + 4..]).unwrap_or(Value::Null))
    }

    /// The bytes of a message, from the API.
    pub fn api_raw(&self, id: &Value, token: &str) -> Vec<u8> {
        let request = format!(
            "GET /api/v1/messages/{id}/raw HTTP/1.0\r\nHost: localhost:{}\r\nAuthorization: Bearer {token}\r\n\r\n",
            self.port
        );
        let answer = self.exchange(request.as_bytes()).expect("an answer");
        let head = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
        answer[head + 4..].to_vec()
    }

    /// Sends a whole request; returns the whole answer.
    pub fn exchange(&self, request: &[u8]) -> Option<Vec<u8>> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(30))).ok()?;
        stream.write_all(request).ok()?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).ok()?;
        Some(answer)
    }

    /// Submits a form as our own page does; returns the whole answer.
    pub fn post_form(&self, path: &str, body: &str) -> Option<String> {
        let (port, length) = (self.port, body.len());
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost:{port}\r\nOrigin: http://localhost:{port}\r\nAccept-Language: en\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        );
        self.exchange(request.as_bytes()).map(|answer| String::from_utf8_lossy(&answer).into_owned())
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

    /// Sends SIGTERM; `wait` returns how the process ended.
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
