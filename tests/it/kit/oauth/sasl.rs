//! Logins with a bearer token, independent of the code under test.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::TcpStream,
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// The server's answers to an attempt to log in.
#[derive(Debug)]
pub struct Attempt {
    /// The server's reason for refusing a token, decoded.
    pub challenge: Option<String>,
    /// The tagged line of the server, without the tag.
    pub end: String,
}

pub fn xoauth2(port: u16, user: &str, token: &str) -> Attempt {
    attempt(port, "XOAUTH2", &format!("user={user}\x01auth=Bearer {token}\x01\x01"), "")
}

pub fn oauthbearer(port: u16, user: &str, token: &str) -> Attempt {
    let response = format!("n,a={user},\x01host=localhost\x01port={port}\x01auth=Bearer {token}\x01\x01");
    attempt(port, "OAUTHBEARER", &response, "\x01")
}

/// Tries to log in. A challenge is answered with `acknowledgement`, after which the server sends its tagged line.
fn attempt(port: u16, mechanism: &str, response: &str, acknowledgement: &str) -> Attempt {
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let mut lines = BufReader::new(&stream).lines().map(|line| line.expect("a line of the server"));
    let greeting = lines.next().unwrap();
    assert!(greeting.starts_with("* OK"), "{greeting}");
    let say = |line: String| (&stream).write_all(format!("{line}\r\n").as_bytes()).unwrap();
    say(format!("A AUTHENTICATE {mechanism} {}", STANDARD.encode(response)));
    let mut challenge = None;
    for line in lines {
        if let Some(encoded) = line.strip_prefix("+ ") {
            challenge = Some(String::from_utf8(STANDARD.decode(encoded).unwrap()).unwrap());
            say(STANDARD.encode(acknowledgement));
        }
        if let Some(end) = line.strip_prefix("A ") {
            return Attempt { challenge, end: end.to_owned() };
        }
    }
    panic!("the server disconnected after {challenge:?}");
}
