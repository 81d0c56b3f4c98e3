//! An HTTP client: a program with a token, or a browser with cookies. It follows no redirects.

use std::collections::BTreeMap;

use serde_json::Value;

use super::installation::PASSWORD;
use crate::support::{mailferry::Serve, urlencoded};

pub struct Visitor<'a> {
    serve: &'a Serve,
    headers: BTreeMap<String, String>,
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    headers: Vec<(String, String)>,
    pub body: String,
}

/// The headers that are part of the contract. The value of an ETag is not part of it, only its presence.
const SHOWN: [&str; 10] = [
    "allow",
    "cache-control",
    "content-disposition",
    "content-security-policy",
    "content-type",
    "hx-redirect",
    "location",
    "retry-after",
    "set-cookie",
    "www-authenticate",
];

impl Answer {
    fn parse(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let headers = head.lines().skip(1).filter_map(|line| line.split_once(": "));
        let headers = headers.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
        Self { status, headers, body: String::from_utf8_lossy(&bytes[end + 4..]).into_owned() }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }

    /// Whether the body has this content type.
    fn is(&self, media: &str) -> bool {
        self.header("content-type").is_some_and(|value| value.contains(media))
    }

    /// Status and headers, one line each. The Content-Security-Policy is shown for documents only.
    pub fn head(&self) -> String {
        let mut lines = vec![self.status.to_string()];
        let is_document = self.status != 303 && !self.is("json");
        let is_shown = |name: &str| SHOWN.contains(&name) && (is_document || name != "content-security-policy");
        let mut shown: Vec<_> = self.headers.iter().filter(|(name, _)| is_shown(name)).collect();
        shown.sort();
        lines.extend(shown.into_iter().map(|(name, value)| format!("{name}: {value}")));
        lines.extend(self.header("etag").map(|_| "etag: ETAG".to_owned()));
        lines.join("\n")
    }

    /// The whole answer, with JSON and HTML broken into lines.
    pub fn shown(&self) -> String {
        let body = match () {
            () if self.is("json") => format!("{:#}", self.json()),
            () if self.is("html") => self.body.replace("><", ">\n<"),
            () => self.body.replace("\r\n", "\n"),
        };
        format!("{}\n\n{body}", self.head())
    }
}

impl<'a> Visitor<'a> {
    pub fn with_token(serve: &'a Serve, token: &str) -> Self {
        Self::with(serve, &[("authorization", &format!("Bearer {token}")), ("content-type", "application/json")])
    }

    /// A browser in which nobody is signed in.
    pub fn guest(serve: &'a Serve, language: &str) -> Self {
        let form = "application/x-www-form-urlencoded";
        Self::with(serve, &[("accept-language", language), ("sec-fetch-site", "same-origin"), ("content-type", form)])
    }

    /// A browser in which this person is signed in.
    pub fn person(serve: &'a Serve, name: &str, language: &str) -> Self {
        let mut guest = Self::guest(serve, language);
        let answer = guest.post("/login", &[("name", name), ("password", PASSWORD)]);
        assert_eq!(answer.status, 303, "{name} is signed in: {answer:?}");
        let cookies = answer
            .headers
            .iter()
            .filter(|(name, _)| name == "set-cookie")
            .filter_map(|(_, value)| value.split_once(';'));
        let cookies: Vec<&str> = cookies.map(|(cookie, _)| cookie).collect();
        guest.headers.insert("cookie".to_owned(), cookies.join("; "));
        guest
    }

    fn with(serve: &'a Serve, headers: &[(&str, &str)]) -> Self {
        let headers = headers.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        Self { serve, headers }
    }

    pub fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], "")
    }

    /// Sends a form.
    pub fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let encoded =
            |(name, value): &(&str, &str)| format!("{}={}", urlencoded::encode(name), urlencoded::encode(value));
        self.ask("POST", path, &[], &fields.iter().map(encoded).collect::<Vec<_>>().join("&"))
    }

    /// Sends a request. The headers in `more` replace those of the same name that this visitor always sends.
    pub fn ask(&self, method: &str, path: &str, more: &[(&str, &str)], body: &str) -> Answer {
        let mut headers = self.headers.clone();
        headers.insert("host".to_owned(), format!("localhost:{}", self.serve.port));
        headers.insert("content-length".to_owned(), body.len().to_string());
        headers.extend(more.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())));
        let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let request = format!("{method} {path} HTTP/1.0\r\n{headers}\r\n{body}");
        Answer::parse(&self.serve.exchange(request.as_bytes()).expect("an answer"))
    }
}
