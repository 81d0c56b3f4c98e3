//! Reads HTTP/1.1 requests, independently of the code under test.

use std::io::{BufRead, Read as _};

#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The number of the connection that it arrived on, from 1.
    pub connection: usize,
    pub method: String,
    /// The path with its query.
    pub target: String,
    pub headers: Vec<(String, String)>,
    /// Empty if the receiver closed the connection before the body.
    pub body: Vec<u8>,
}

impl Request {
    /// The value of a header; the case of the name does not matter.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    pub(super) fn has_word(&self, name: &str, word: &str) -> bool {
        self.header(name).is_some_and(|value| value.to_ascii_lowercase().contains(word))
    }
}

/// Reads the head of a request. `None` if the client disconnects before its end.
pub(super) fn head(stream: &mut impl BufRead) -> Option<Request> {
    let first = line(stream)?;
    let mut words = first.split(' ').map(str::to_owned);
    let mut request = Request { method: words.next()?, target: words.next()?, ..Request::default() };
    loop {
        let header = line(stream)?;
        if header.is_empty() {
            return Some(request);
        }
        let (name, value) = header.split_once(':')?;
        request.headers.push((name.to_owned(), value.trim().to_owned()));
    }
}

/// Reads the body of a request. `None` if the client disconnects before its end.
pub(super) fn body(stream: &mut impl BufRead, request: &Request) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    if !request.has_word("transfer-encoding", "chunked") {
        let length = request.header("content-length").map_or(Some(0), |length| length.parse().ok())?;
        stream.take(length).read_to_end(&mut body).ok()?;
        return (body.len() as u64 == length).then_some(body);
    }
    loop {
        let size = line(stream)?;
        let size = usize::from_str_radix(size.split(';').next()?.trim(), 16).ok()?;
        let start = body.len();
        body.resize(start + size, 0);
        stream.read_exact(&mut body[start..]).ok()?;
        if line(stream)?.is_empty() && size == 0 {
            return Some(body);
        }
    }
}

fn line(stream: &mut impl BufRead) -> Option<String> {
    let mut line = Vec::new();
    stream.read_until(b'\n', &mut line).ok()?;
    line.ends_with(b"\n").then(|| String::from_utf8_lossy(&line).trim_end().to_owned())
}
