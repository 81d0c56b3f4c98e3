//! The API from outside: a mailbox made by it, its mail pulled, and two organisations that know nothing of each other.

use serde_json::{Value, json};

use crate::support::{
    facts::{JOBB, JOBB_INBOX, text},
    greenmail::GreenMail,
    mail::mail,
    mailferry::{Mailferry, Serve},
    wait,
};

const PULL: &str = "/inboxes/jobb.lillestad.se@mail.kundo.se/messages";

fn token(mailferry: &Mailferry, name: &str, organisation: &[&str]) -> String {
    let args = ["token", "create", "--name", name, "--scope", "write"];
    text(&mailferry.json(&[&args, organisation].concat())[0], "token").to_owned()
}

/// The items behind this cursor, once there are so many.
fn pulled(serve: &Serve, token: &str, after: &str, count: usize) -> Vec<Value> {
    let path = if after.is_empty() { PULL.to_owned() } else { format!("{PULL}?after={after}") };
    let items = || serve.api("GET", &path, token, None).1["items"].as_array().cloned().unwrap_or_default();
    wait::within(std::time::Duration::from_secs(60), || Some(items()).filter(|items| items.len() == count))
        .unwrap_or_else(|| panic!("{count} messages: {:?}", items()))
}

#[test]
fn mail_is_pulled_by_the_cursor_none_missed_and_none_twice() {
    let server = GreenMail::start(&[JOBB]);
    for subject in ["one", "two"] {
        server.send("anna@example.se", &[JOBB], &mail(subject, JOBB));
    }
    let mailferry = Mailferry::new();
    let token = token(&mailferry, "import", &[]);
    assert!(token.starts_with("mf_"));
    let mut serve = mailferry.serve();
    let inbox = json!({ "address": JOBB_INBOX });
    assert_eq!(serve.api("POST", "/inboxes", &token, Some(&inbox)).0, 201);
    let mailbox = json!({
        "address": JOBB, "inbox": JOBB_INBOX, "host": "127.0.0.1", "port": server.imap, "tls": "none",
        "password": "secret", "start": "all",
    });
    let (status, made) = serve.api("POST", "/mailboxes", &token, Some(&mailbox));
    assert_eq!(status, 201, "{made}");
    let first = pulled(&serve, &token, "", 2);
    assert_eq!((text(&first[0], "subject"), text(&first[1], "subject")), ("one", "two"));
    let mut customer = server.client(JOBB);
    customer.examine("INBOX");
    assert_eq!(serve.api_raw(&first[0]["id"], &token), customer.fetch(1), "the bytes that another client gets");
    let ack = format!("/messages/{}/ack", first[0]["id"]);
    assert_eq!((serve.api("POST", &ack, &token, None).0, serve.api("POST", &ack, &token, None).0), (204, 204));
    let left = serve.api("GET", &format!("{PULL}?unacknowledged=true"), &token, None).1;
    assert_eq!(left["items"].as_array().unwrap().len(), 1, "{left}");
    // The cursor holds over a restart.
    let cursor = text(&first[1], "cursor").to_owned();
    serve.sigterm();
    serve.wait();
    let serve = mailferry.serve();
    assert_eq!(pulled(&serve, &token, &cursor, 0).len(), 0);
    server.send("anna@example.se", &[JOBB], &mail("three", JOBB));
    serve.api("POST", "/mailboxes/jobb@lillestad.se/poll", &token, None);
    assert_eq!(text(&pulled(&serve, &token, &cursor, 1)[0], "subject"), "three");
    let told = serve.api("GET", "/mailboxes/jobb@lillestad.se", &token, None).1.to_string();
    assert!(!told.contains("secret"), "{told}");
}

#[test]
fn a_token_of_another_organisation_finds_nothing_and_a_revoked_one_opens_nothing() {
    let mailferry = Mailferry::new();
    mailferry.add_inbox(JOBB_INBOX);
    let (ours, theirs) = (token(&mailferry, "ours", &[]), token(&mailferry, "theirs", &["--organisation", "other"]));
    let serve = mailferry.serve();
    assert_eq!(serve.api("GET", PULL, &ours, None).0, 200);
    assert_eq!(serve.api("GET", PULL, &theirs, None).0, 404);
    assert_eq!(serve.api("GET", "/inboxes", &theirs, None).1["items"], json!([]));
    mailferry.ok(&["token", "revoke", "ours"]);
    assert_eq!(serve.api("GET", PULL, &ours, None).0, 401);
    let lines = mailferry.json(&["token", "list"]);
    assert!(lines.len() == 1 && lines[0].get("token").is_none(), "{lines:?}");
    assert_eq!(text(&serve.api("GET", "/openapi.json", "", None).1, "openapi"), "3.1.0");
}
