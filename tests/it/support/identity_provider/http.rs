//! A minimal HTTP/1.1 server: one request and its answer per connection.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
};

use crate::support::urlencoded::{Parameters, decode};

pub struct Request {
    pub method: String,
    pub path: String,
    /// The parameters of the query and the form, and the header `authorization`.
    pub parameters: Parameters,
}

/// `None` if the client disconnects before the request is complete.
pub fn read(stream: &TcpStream) -> Option<Request> {
    let mut stream = BufReader::new(stream);
    let mut line = || {
        let mut line = String::new();
        stream.read_line(&mut line).ok()?;
        line.ends_with('\n').then(|| line.trim_end().to_owned())
    };
    let first = line()?;
    let mut words = first.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = BTreeMap::new();
    loop {
        let header = line()?;
        let Some((name, value)) = header.split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;

    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let mut parameters = decode(query);
    parameters.extend(decode(&String::from_utf8_lossy(&body)));
    parameters.extend(headers.remove_entry("authorization"));
    Some(Request { method, path: path.to_owned(), parameters })
}

pub struct Answer {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

impl Answer {
    pub fn json(status: u16, body: String) -> Self {
        let headers = vec![("Content-Type", "application/json".to_owned()), ("Cache-Control", "no-store".to_owned())];
        Self { status, headers, body }
    }

    pub fn text(status: u16, body: &str) -> Self {
        Self { status, headers: vec![("Content-Type", "text/plain".to_owned())], body: body.to_owned() }
    }

    pub fn redirect(status: u16, url: String) -> Self {
        Self { status, headers: vec![("Location", url)], body: String::new() }
    }

    /// Sends the answer, announcing the length of the whole body but sending only this number of its bytes.
    pub fn send(&self, mut stream: &TcpStream, bytes: usize) -> std::io::Result<()> {
        let length = ("Content-Length", self.body.len().to_string());
        stream.write_all(head(self.status, self.headers.iter().chain([&length])).as_bytes())?;
        stream.write_all(&self.body.as_bytes()[..bytes])
    }
}

pub fn head<'a>(status: u16, headers: impl IntoIterator<Item = &'a (&'static str, String)>) -> String {
    let headers: String = headers.into_iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    format!("HTTP/1.1 {status} -\r\n{headers}Connection: close\r\n\r\n")
}
