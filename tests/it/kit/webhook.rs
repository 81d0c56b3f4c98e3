//! The HTTP receivers, seen by curl.

use std::{process::Command, thread};

use tempfile::TempDir;

use crate::support::{
    certs::Certs,
    mail::mail,
    rails::RailsIngress,
    webhook::{Reply, Webhook},
};

/// The last status that curl got (0 without an answer), and its exit code.
fn curl(url: &str, options: &[&str]) -> (u16, i32) {
    let output = Command::new("curl")
        .args(["-q", "--noproxy", "*", "--silent", "--output", "/dev/null", "--write-out", "%{http_code}"])
        .args(options)
        .args(["--", url])
        .output()
        .unwrap();
    let statuses = String::from_utf8_lossy(&output.stdout);
    (statuses[statuses.len() - 3..].parse().unwrap(), output.status.code().unwrap())
}

#[test]
fn it_records_requests_and_answers_in_order() {
    let webhook = Webhook::start();
    webhook.next([Reply::status(429).header("Retry-After", "120").body("later"), Reply::redirect(307, "/elsewhere")]);
    let url = webhook.url("/hook?inbox=1");
    let send = |body: &str| curl(&url, &["--data-binary", body, "--header", "Webhook-Id: msg_1"]).0;
    assert_eq!([send("one"), send("two"), send("three")], [429, 307, 204]);
    webhook.always(Reply::status(410));
    assert_eq!([send("four"), send("five")], [410, 410]);
    let requests = webhook.wait_for(5);
    let bodies: Vec<&[u8]> = requests.iter().map(|request| &request.body[..]).collect();
    assert_eq!(bodies, [&b"one"[..], b"two", b"three", b"four", b"five"]);
    assert_eq!((requests[0].method.as_str(), requests[0].target.as_str()), ("POST", "/hook?inbox=1"));
    assert_eq!(requests[0].header("webhook-id"), Some("msg_1"));
    assert_eq!((webhook.connections(), webhook.sent()), (5, 5));

    // Two requests on one connection, and a body without a length.
    let (one, two) = (webhook.url("/one"), webhook.url("/two"));
    curl(&one, &["--header", "Transfer-Encoding: chunked", "--data-binary", "chunks", &two]);
    let requests = webhook.wait_for(7);
    assert_eq!((&requests[6].body[..], requests[5].connection), (&b"chunks"[..], requests[6].connection));
}

#[test]
fn it_speaks_tls() {
    let dir = TempDir::new().unwrap();
    let certs = Certs::make(dir.path());
    let webhook = Webhook::start_tls(&certs.good);
    let ca_file = certs.ca_file.to_string_lossy();
    assert_eq!(curl(&webhook.url("/"), &["--cacert", &ca_file, "--data-binary", "x"]), (204, 0));
    assert_eq!(curl(&webhook.url("/"), &["--data-binary", "x"]), (0, 60), "an unknown authority");
    assert_eq!(webhook.requests().len(), 1);
}

#[test]
fn it_closes_waits_and_floods() {
    const GIGABYTE: u64 = 1 << 30;
    const NO_ANSWER: i32 = 52;
    let webhook = Webhook::start();
    webhook.next([Reply::close_before_body(), Reply::close_after_body(), Reply::zeros(GIGABYTE)]);
    let url = webhook.url("/");
    let before = curl(&url, &["--data-binary", "x"]);
    // Because the body is not read, the connection may end with a reset (56).
    assert!(before.0 == 0 && [NO_ANSWER, 56].contains(&before.1), "{before:?}");
    assert_eq!(curl(&url, &["--data-binary", "x"]), (0, NO_ANSWER));
    // 63: more than --max-filesize.
    assert_eq!(curl(&url, &["--max-filesize", "1000000"]).1, 63);
    assert!(webhook.sent() < GIGABYTE);
    let bodies: Vec<Vec<u8>> = webhook.wait_for(3).into_iter().map(|request| request.body).collect();
    assert_eq!(bodies, [&b""[..], b"x", b""]);

    webhook.next([Reply::status(200).when_released()]);
    let late = thread::spawn(move || curl(&url, &[]));
    webhook.wait_for(4);
    assert!(!late.is_finished());
    webhook.release(1);
    assert_eq!(late.join().unwrap(), (200, 0));
}

#[test]
fn rails_stores_each_mail_once() {
    let rails = RailsIngress::start("hemligt");
    let (dir, one) = (TempDir::new().unwrap(), mail("hej", "jobb@lillestad.se"));
    let file = dir.path().join("mail");
    std::fs::write(&file, &one).unwrap();
    let (data, login) = (format!("@{}", file.display()), "actionmailbox:hemligt");
    let send = |login: &str, content_type: &str| {
        let header = format!("Content-Type: {content_type}");
        curl(&rails.url(), &["--user", login, "--header", &header, "--data-binary", &data]).0
    };
    assert_eq!(send("actionmailbox:wrong", "message/rfc822"), 401);
    assert_eq!(send(login, "application/json"), 415);
    assert!(rails.emails().is_empty());
    assert_eq!([send(login, "message/rfc822"), send(login, "Message/RFC822; charset=x")], [204, 204]);
    let emails = rails.emails();
    assert_eq!((emails.len(), emails[0].message_id.as_str(), &emails[0].raw), (1, "hej@example.se", &one));
    assert_eq!(curl(&rails.webhook.url("/other"), &["--data-binary", "x"]).0, 404);
    std::fs::write(&file, "Subject: no id\r\n\r\n").unwrap();
    assert_eq!(send(login, "message/rfc822"), 204);
    let second = &rails.emails()[1];
    assert_eq!(second.message_id, format!("{}@localhost.mail", second.checksum));
}
