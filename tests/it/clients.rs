//! Clients and organisations that try to harm each other: incomplete requests, answers that are not read, and mails that are
//! expensive to parse.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::support::{
    facts::text,
    greenmail::GreenMail,
    mailferry::{Mailferry, Serve, databases},
    wait,
};

fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream
}

/// A connection from another address of this machine.
fn connect_from(from: [u8; 4], port: u16) -> TcpStream {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let stream = runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::from((from, 0))).unwrap();
        socket.connect(SocketAddr::from(([127, 0, 0, 1], port))).await.unwrap()
    });
    let stream = stream.into_std().unwrap();
    stream.set_nonblocking(false).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream
}

fn request(port: u16, path: &str, token: &str, more: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\nAuthorization: Bearer {token}\r\n{more}\r\n")
}

/// Sends a request. Returns the status, and how long the answer took.
fn send_request(mut stream: TcpStream, request: &str) -> (u16, Duration) {
    let begun = Instant::now();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let took = begun.elapsed();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    (answer.split(' ').nth(1).unwrap_or_else(|| panic!("no answer: {answer:?}")).parse().unwrap(), took)
}

const CLOSE: &str = "Connection: close\r\n";

#[test]
fn a_thousand_incomplete_requests_do_not_block_other_clients() {
    let mailferry = Mailferry::new();
    let serve = mailferry.serve();
    let half = |n: usize| {
        let mut stream = connect(serve.port);
        // Half of the headers, half of the body, or nothing.
        let _ = stream.write_all(match n % 3 {
            0 => b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow".as_slice(),
            1 => {
                b"POST /login HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: same-origin\r\nContent-Length: 9\r\n\r\nn"
                    .as_slice()
            }
            _ => b"".as_slice(),
        });
        stream
    };
    let halves: Vec<TcpStream> = (0..1000).map(half).collect();
    let own = |path: &str| send_request(connect(serve.port), &request(serve.port, path, "", CLOSE));
    let others =
        |path: &str| send_request(connect_from([127, 0, 0, 2], serve.port), &request(serve.port, path, "", CLOSE));
    for ask in [&own as &dyn Fn(&str) -> (u16, Duration), &others] {
        for path in ["/healthz", "/readyz", "/metrics", "/login"] {
            // A busy machine can delay a request: take the best of a few tries.
            let tries: Vec<(u16, Duration)> = (0..3).map(|_| ask(path)).collect();
            assert!(tries.iter().all(|(status, _)| *status == 200), "{path} {tries:?}");
            let took = tries.iter().map(|(_, took)| *took).min().unwrap();
            assert!(took < Duration::from_millis(500), "{path} took {took:?}");
        }
    }
    drop(halves);
}

#[test]
fn requests_for_unknown_hosts_are_rejected() {
    let mut mailferry = Mailferry::new();
    mailferry.env("MAILFERRY__HTTP__HOSTS", "mailferry.test,proxied.test:8443");
    let serve = mailferry.serve();
    let port = serve.port;
    let ask = |head: String| send_request(connect(port), &format!("{head}Connection: close\r\n\r\n")).0;
    let get = |path: &str, host: &str| ask(format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n"));
    for (host, status) in [
        (format!("localhost:{port}"), 200),
        (format!("LocalHost.:{port}"), 200),
        (format!("127.0.0.1:{port}"), 200),
        (format!("[::1]:{port}"), 200),
        ("mailferry.test".to_owned(), 200),
        ("MAILFERRY.TEST.:1".to_owned(), 200),
        ("proxied.test:8443".to_owned(), 200),
        ("proxied.test:8444".to_owned(), 421),
        (format!("localhost:{}", port ^ 1), 421),
        (format!("[::2]:{port}"), 421),
        ("evil.example".to_owned(), 421),
        (format!("evil.example:{port}"), 421),
        (format!("localhost.evil.example:{port}"), 421),
        (String::new(), 400),
        ("a b".to_owned(), 400),
    ] {
        for path in ["/metrics", "/login", "/api/v1/openapi.json"] {
            assert_eq!(get(path, &host), status, "{path} {host:?}");
        }
        assert_eq!(get("/healthz", &host), 200, "{host:?}");
    }
    let own = format!("localhost:{port}");
    for head in [
        "GET /metrics HTTP/1.1\r\n".to_owned(),
        "GET /metrics HTTP/1.0\r\n".to_owned(),
        format!("GET /metrics HTTP/1.1\r\nHost: {own}\r\nHost: {own}\r\n"),
        format!("GET /metrics HTTP/1.1\r\nHost: {own}\r\nHost: evil.example\r\n"),
        format!("GET http://evil.example/metrics HTTP/1.1\r\nHost: {own}\r\n"),
    ] {
        assert_eq!(ask(head.clone()), 400, "{head}");
    }
    for head in [
        "GET http://evil.example/metrics HTTP/1.1\r\nHost: evil.example\r\n".to_owned(),
        format!("GET /metrics HTTP/1.1\r\nHost: {own}\r\nX-Forwarded-Host: evil.example\r\n"),
        format!(
            "POST /login HTTP/1.1\r\nHost: evil.example:{port}\r\nSec-Fetch-Site: same-origin\r\nContent-Length: 0\r\n"
        ),
    ] {
        assert_eq!(ask(head.clone()), 421, "{head}");
    }
    assert_eq!(ask(format!("GET http://{own}/metrics HTTP/1.1\r\nHost: {own}\r\n")), 200);
}

#[test]
fn nul_is_rejected_with_both_databases() {
    for database in databases() {
        let mailferry = Mailferry::with_database(database);
        let token =
            text(&mailferry.json(&["token", "create", "--name", "all", "--scope", "write"])[0], "token").to_owned();
        let serve = mailferry.serve();
        for path in [
            "/search?q=%00",
            "/inboxes/a%00@b.se",
            "/routes?after=%00",
            "/tokens/%00",
            "/users/%00",
            "/organisations?after=%00",
        ] {
            let (status, said) = serve.api("GET", path, &token, None);
            assert_eq!(status, 400, "{database:?} {path} {said}");
            assert!(text(&said, "detail").contains("U+0000"), "{database:?} {path} {said}");
        }
        for (path, body) in [
            ("/inboxes", json!({"address": "a@b.se", "name": "a\0b"})),
            ("/organisations", json!({"name": "a\0"})),
            ("/tokens", json!({"name": "\0", "scope": "read"})),
            ("/routes", json!({"recipient": "a@b.se\0", "inbox": "a@b.se"})),
            ("/mailboxes", json!({"address": "a@b.se", "inbox": "a@b.se", "host": "h\0", "password": "p\0"})),
        ] {
            let (status, said) = serve.api("POST", path, &token, Some(&body));
            assert_eq!(status, 400, "{database:?} {path} {said}");
        }
        for path in [
            "/login?next=%00",
            "/%00",
            "/sso/callback?state=%00&code=%00",
            "/oauth/callback?state=%00",
            "/customer/%00",
        ] {
            assert_eq!(serve.get(path), Some(400), "{database:?} {path}");
        }
        for body in ["name=%00&password=x", "name=a%00b&password=%00", "name=\0&password=x"] {
            let head = format!(
                "POST /login HTTP/1.1\r\nHost: localhost:{}\r\nSec-Fetch-Site: same-origin\r\nConnection: close\r\n\
                 Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
                serve.port,
                body.len()
            );
            assert_eq!(send_request(connect(serve.port), &head).0, 400, "{database:?} {body:?}");
        }
        let log = serve.output();
        assert!(!log.contains("ERROR"), "{database:?} {log}");
    }
}

/// Two organisations with a mailbox each, and their tokens.
struct TwoOrganisations {
    serve: Serve,
    /// The token of our organisation.
    ours: String,
    /// The token of the other organisation.
    theirs: String,
    large: Value,
    small: Value,
    _mailferry: Mailferry,
    _server: GreenMail,
}

const OURS: &str = "ours@lillestad.se";
const THEIRS: &str = "theirs@lillestad.se";

impl TwoOrganisations {
    /// An installation in which our organisation has this large mail, and the other one a small mail.
    fn with(large: &[u8]) -> Self {
        let server = GreenMail::start(&[OURS, THEIRS]);
        server.send("anna@example.se", &[OURS], large);
        server.send("anna@example.se", &[THEIRS], b"Subject: small\r\n\r\nHej!\r\n");
        let mailferry = Mailferry::new();
        let mut tokens = Vec::new();
        for (address, organisation) in [(OURS, "ours"), (THEIRS, "theirs")] {
            let inbox = format!("in.{address}");
            mailferry.ok(&["inbox", "add", &inbox, "--organisation", organisation]);
            mailferry.add_mailbox(address, &inbox, &server.options(), &["--start", "all"]);
            let args = ["token", "create", "--name", organisation, "--scope", "write", "--organisation", organisation];
            tokens.push(text(&mailferry.json(&args)[0], "token").to_owned());
        }
        assert_eq!(mailferry.poll_ok(), 2);
        let serve = mailferry.serve();
        let message = |address: &str, token: &str| {
            let (_, page) = serve.api("GET", &format!("/inboxes/in.{address}/messages"), token, None);
            page["items"][0]["id"].clone()
        };
        let (large, small) = (message(OURS, &tokens[0]), message(THEIRS, &tokens[1]));
        let [ours, theirs] = tokens.try_into().unwrap();
        Self { serve, ours, theirs, large, small, _mailferry: mailferry, _server: server }
    }

    /// Sends this number of requests for a part of the large mail, and does not read the answers.
    fn send_unread_requests(&self, what: &str, count: usize) -> Vec<TcpStream> {
        let path = format!("/api/v1/messages/{}/{what}", self.large);
        let ask = |_| {
            let mut stream = connect(self.serve.port);
            stream.write_all(request(self.serve.port, &path, &self.ours, "").as_bytes()).unwrap();
            stream
        };
        (0..count).map(ask).collect()
    }

    fn read_as_other_organisation(&self) -> Duration {
        let path = format!("/api/v1/messages/{}/parsed", self.small);
        let (status, took) =
            send_request(connect(self.serve.port), &request(self.serve.port, &path, &self.theirs, CLOSE));
        assert_eq!(status, 200);
        took
    }
}

#[test]
fn unread_responses_of_one_organisation_are_limited_and_do_not_block_others() {
    // HTML that is six times as long in JSON, and a large attachment.
    let html = "AQEB\r\n".repeat(1 << 18);
    let file = "AAAA".repeat(18).into_bytes();
    let mut large = format!(
        "Subject: large\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{html}\r\n--b\r\nContent-Type: a/b\r\nContent-Disposition: attachment; \
         filename=a\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    )
    .into_bytes();
    for _ in 0..(12 << 20) / 74 {
        large.extend_from_slice(&file);
        large.extend_from_slice(b"\r\n");
    }
    large.extend_from_slice(b"--b--\r\n");
    let two = TwoOrganisations::with(&large);
    let mut held = Vec::new();
    for (what, count) in [("attachments/0", 60), ("raw", 70), ("parsed", 70)] {
        held.extend(two.send_unread_requests(what, count));
        for _ in 0..3 {
            let took = two.read_as_other_organisation();
            assert!(took < Duration::from_secs(2), "beside {what} the request took {took:?}");
        }
    }
    let count = held.len();
    drop(held);
    // The memory is free again once the clients have disconnected.
    let again = wait::within(Duration::from_secs(60), || {
        let path = format!("/api/v1/messages/{}/attachments/0", two.large);
        let mut stream = connect(two.serve.port);
        stream.write_all(request(two.serve.port, &path, &two.ours, CLOSE).as_bytes()).unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        (answer.len() > 8 << 20).then_some(())
    });
    assert!(again.is_some(), "clients that read their responses are served again");
    let status = fs::read_to_string(format!("/proc/{}/status", two.serve.id())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap().trim().trim_end_matches(" kB");
    let peak: u64 = peak.parse().unwrap();
    println!("peak {} MB with {} answers that nobody took", peak >> 10, count);
    assert!(peak < 300 << 10, "{} MB", peak >> 10);
}
