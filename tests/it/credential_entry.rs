//! Tenants that try to use each other's accounts and the customer's links, with a real mail server.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{
    facts::{ANSOKAN, ANSOKAN_INBOX, JOBB, JOBB_INBOX, text},
    greenmail::GreenMail,
    mail::mail,
    mailferry::{Mailferry, Serve},
    wait,
};

fn token(mailferry: &Mailferry, name: &str, organisation: &str) -> String {
    let args = ["token", "create", "--name", name, "--scope", "write", "--organisation", organisation];
    text(&mailferry.json(&args)[0], "token").to_owned()
}

/// Waits until this mailbox was polled, and returns it.
fn wait_until_polled(serve: &Serve, token: &str, address: &str) -> Value {
    let one = || serve.api("GET", &format!("/mailboxes/{address}"), token, None).1;
    let done = |one: &Value| !one["status"]["last_attempt_at"].is_null();
    wait::within(Duration::from_secs(60), || Some(one()).filter(done)).unwrap_or_else(|| panic!("{}", one()))
}

#[test]
fn login_attempts_of_one_organisation_are_limited_and_do_not_block_others() {
    let server = GreenMail::start(&[JOBB]);
    server.send("anna@example.se", &[JOBB], &mail("one", JOBB));
    let mut mailferry = Mailferry::new();
    mailferry.env("MAILFERRY__EGRESS__PORTS", &format!("[{}]", server.imap));
    let (theirs, ours) = (token(&mailferry, "api", "other"), token(&mailferry, "api", "default"));
    let serve = mailferry.serve();
    for (token, inbox) in [(&theirs, ANSOKAN_INBOX), (&ours, JOBB_INBOX)] {
        assert_eq!(serve.api("POST", "/inboxes", token, Some(&json!({ "address": inbox }))).0, 201);
    }
    // The attempts use the same account through many mailboxes, host names and spellings of its login name.
    let spelled = [("127.0.0.1", JOBB), ("localhost", "JOBB@lillestad.se"), ("LOCALHOST", "Jobb@Lillestad.SE")];
    let guess = |n: usize| {
        let (host, username) = spelled[n % spelled.len()];
        json!({
            "address": format!("guess{n}@lillestad.se"), "inbox": ANSOKAN_INBOX, "host": host, "port": server.imap, "tls": "none",
            "username": username, "password": format!("guess{n}"),
        })
    };
    let mut tried = 0;
    while serve.api("POST", "/mailboxes", &theirs, Some(&guess(tried))).0 == 201 {
        wait_until_polled(&serve, &theirs, &format!("guess{tried}@lillestad.se"));
        tried += 1;
        assert!(tried <= 8, "each password was tried");
    }
    assert_eq!(tried, 8);
    let right = |address: &str, inbox: &str| {
        json!({
            "address": address, "inbox": inbox, "host": "127.0.0.1", "port": server.imap, "tls": "none", "username": JOBB,
            "password": "secret", "start": "all",
        })
    };
    let (status, answer) = serve.api("POST", "/mailboxes", &theirs, Some(&right(ANSOKAN, ANSOKAN_INBOX)));
    assert_eq!(
        (status, text(&answer, "detail").contains("Wait")),
        (409, true),
        "the ninth password is refused even if it is right: {answer}"
    );
    // The guesses of the other organisation do not lock out the holder of the right password, and mail arrives.
    let (status, answer) = serve.api("POST", "/mailboxes", &ours, Some(&right(JOBB, JOBB_INBOX)));
    assert_eq!(status, 201, "{answer}");
    let path = format!("/inboxes/{JOBB_INBOX}/messages");
    let pulled = || serve.api("GET", &path, &ours, None).1["items"].as_array().cloned().unwrap_or_default();
    wait::within(Duration::from_secs(60), || (pulled().len() == 1).then_some(())).expect("the mail is imported");
    // Folder lists and changes to the mailbox do not lock out that holder either.
    for _ in 0..3 {
        assert_eq!(serve.api("GET", &format!("/mailboxes/{JOBB}/folders"), &ours, None).0, 200);
        assert_eq!(serve.api("GET", "/mailboxes/guess0@lillestad.se/folders", &theirs, None).0, 409);
    }
}

/// Submits a form as a page of Mailferry does, with `Sec-Fetch-Site: same-origin`.
fn post(port: u16, path: &str, form: &[(&str, &str)]) -> String {
    let body = url_encoded(form);
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost:{port}\r\nSec-Fetch-Site: same-origin\r\nAccept-Language: en\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

fn url_encoded(form: &[(&str, &str)]) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    let pair = |(key, value): &(&str, &str)| format!("{key}={}", value.bytes().map(byte).collect::<String>());
    form.iter().map(pair).collect::<Vec<_>>().join("&")
}

#[test]
fn one_of_two_concurrent_uses_of_a_connect_link_stores_the_password() {
    let server = GreenMail::start(&[JOBB]);
    let mailferry = Mailferry::new();
    let token = token(&mailferry, "api", "default");
    mailferry.add_inbox(JOBB_INBOX);
    mailferry.add_mailbox_with_password(JOBB, JOBB_INBOX, &server.options(), &[], "wrong");
    mailferry.ok(&["mailbox", "pause", JOBB]);
    let serve = mailferry.serve();
    let shown = format!("127.0.0.1:{} none {JOBB}", server.imap);
    for round in 0..3 {
        let made = serve.api("POST", &format!("/mailboxes/{JOBB}/connect-links"), &token, None).1;
        let path = format!("/customer/{}", text(&made, "url").rsplit('/').next().unwrap());
        let wrong = post(serve.port, &path, &[("server", &shown), ("password", "wrong")]);
        assert!(wrong.contains("The link is still valid"), "{wrong}");
        let answers: Vec<String> = std::thread::scope(|scope| {
            let one = || post(serve.port, &path, &[("server", &shown), ("password", "secret")]);
            let all: Vec<_> = (0..6).map(|_| scope.spawn(one)).collect();
            all.into_iter().map(|one| one.join().unwrap()).collect()
        });
        let (done, others): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.contains("is connected"));
        assert_eq!(done.len(), 1, "round {round}: {answers:#?}");
        let is_refused = |answer: &&String| answer.contains("right now") || answer.contains("no longer valid");
        assert!(others.iter().all(is_refused), "round {round}: {answers:#?}");
    }
    let lines = serve.api("GET", "/audit?limit=200", &token, None).1;
    let lines = lines["items"].as_array().unwrap();
    let given = lines.iter().filter(|line| line["who"] == "connect link").count();
    assert_eq!(given, 3, "one password for each link: {lines:?}");
}
