//! The API over HTTP: adding a mailbox, reading its mail, and the isolation of two organisations from each other.

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

/// Waits until the API returns `count` items after the cursor `after`, and returns them.
fn pulled(serve: &Serve, token: &str, after: &str, count: usize) -> Vec<Value> {
    let path = if after.is_empty() { PULL.to_owned() } else { format!("{PULL}?after={after}") };
    let items = || serve.api("GET", &path, token, None).1["items"].as_array().cloned().unwrap_or_default();
    wait::within(std::time::Duration::from_secs(60), || Some(items()).filter(|items| items.len() == count))
        .unwrap_or_else(|| panic!("{count} messages: {:?}", items()))
}

#[test]
fn a_client_that_follows_the_cursor_receives_every_message_once() {
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
    assert_eq!(serve.api_raw(&first[0]["id"], &token), customer.fetch(1), "the bytes that another client receives");
    let ack = format!("/messages/{}/ack", first[0]["id"]);
    assert_eq!((serve.api("POST", &ack, &token, None).0, serve.api("POST", &ack, &token, None).0), (204, 204));
    let left = serve.api("GET", &format!("{PULL}?unacknowledged=true"), &token, None).1;
    assert_eq!(left["items"].as_array().unwrap().len(), 1, "{left}");
    // The cursor stays valid after a restart.
    let cursor = text(&first[1], "cursor").to_owned();
    serve.sigterm();
    serve.wait();
    let serve = mailferry.serve();
    assert_eq!(pulled(&serve, &token, &cursor, 0).len(), 0);
    server.send("anna@example.se", &[JOBB], &mail("three", JOBB));
    serve.api("POST", "/mailboxes/jobb@lillestad.se/poll", &token, None);
    assert_eq!(text(&pulled(&serve, &token, &cursor, 1)[0], "subject"), "three");
    let answer = serve.api("GET", "/mailboxes/jobb@lillestad.se", &token, None).1.to_string();
    assert!(!answer.contains("secret"), "{answer}");
}

#[test]
fn tokens_of_other_organisations_and_revoked_tokens_give_no_access() {
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

#[test]
fn the_api_can_do_everything_that_the_setup_pages_do() {
    let server = GreenMail::start(&[JOBB]);
    for subject in ["one", "two"] {
        server.send("anna@example.se", &[JOBB], &mail(subject, JOBB));
    }
    let mailferry = Mailferry::new();
    let (all, ours) = (token(&mailferry, "import", &[]), token(&mailferry, "ours", &["--organisation", "default"]));
    mailferry.add_inbox(JOBB_INBOX);
    mailferry.add_mailbox(JOBB, JOBB_INBOX, &server.options(), &["--start", "all"]);
    mailferry.ok(&["mailbox", "pause", JOBB]);
    let serve = mailferry.serve();
    let of = |what: &str| format!("/mailboxes/{JOBB}/{what}");
    let ask = |method: &str, what: &str, token: &str, wanted: u16| {
        let (status, answer) = serve.api(method, &of(what), token, None);
        assert_eq!(status, wanted, "{what}: {answer}");
        answer
    };

    let folders = ask("GET", "folders", &ours, 200);
    assert_eq!(
        (&folders["items"][0]["name"], &folders["items"][0]["messages"]),
        (&json!("INBOX"), &json!(2)),
        "{folders}"
    );
    let effects = ask("GET", "effects", &ours, 200)["items"].as_array().unwrap().clone();
    let names: Vec<&str> = effects.iter().map(|effect| text(effect, "effect")).collect();
    assert_eq!(names, ["leave", "seen", "keyword", "move", "delete"]);
    assert_eq!((&effects[0]["possible"], &effects[0]["certain"]), (&json!(true), &json!(true)));
    let gone = ask("GET", "effects?folder=Nowhere", &ours, 409);
    assert!(text(&gone, "detail").starts_with("A folder could not be opened."), "{gone}");

    // The result is the same as on the command line, and nothing is imported.
    let run = ask("POST", "dry-run", &ours, 200);
    let by_command = mailferry.json(&["mailbox", "dry-run", JOBB]);
    let (folder, totals) = (&by_command[0], &by_command[1]);
    for count in ["found", "would_import", "known", "before_start", "duplicates", "undecided", "not_looked_at"] {
        assert_eq!(
            (&run["totals"][count], &run["folders"][0]["counts"][count]),
            (&totals[count], &folder[count]),
            "{count}"
        );
    }
    assert_eq!((&run["totals"]["would_import"], &run["partial"]), (&json!(2), &json!(false)));
    assert_eq!(run["folders"][0]["shown"], folder["shown"]);
    let target = json!({ "inbox": JOBB_INBOX, "why": run["folders"][0]["shown"][0]["inboxes"][0]["why"] });
    assert_eq!(run["targets"], json!([{ "target": target, "mails": 2 }]), "{run}");
    assert!(mailferry.messages().is_empty());

    // Only a token for all organisations sees the address of the server: other checks have no line about DNS.
    let steps = |token: &str| {
        let answer = ask("POST", "check", token, 200);
        assert_eq!((&answer["ok"], &answer["complete"]), (&json!(true), &json!(true)), "{answer}");
        answer["lines"].as_array().unwrap().clone()
    };
    let (seen_by_all, seen_by_ours) = (steps(&all), steps(&ours));
    assert!(seen_by_all[0]["step"] == "dns" && text(&seen_by_all[0], "detail").contains("127.0.0.1"));
    let is_answer = |line: &Value| line["step"] == "tcp" && line["detail"] == "The server responds.";
    assert!(is_answer(&seen_by_ours[0]) && seen_by_ours.len() == seen_by_all.len() - 1, "{seen_by_ours:?}");
    assert_eq!(seen_by_ours[1..], seen_by_all[2..]);
}

#[test]
fn a_refused_password_is_reported_and_the_customer_replaces_it_through_a_connect_link() {
    let server = GreenMail::start(&[JOBB]);
    let mailferry = Mailferry::new();
    let token = token(&mailferry, "import", &["--organisation", "default"]);
    mailferry.add_inbox(JOBB_INBOX);
    mailferry.add_mailbox_with_password(JOBB, JOBB_INBOX, &server.options(), &["--start", "all"], "wrong");
    mailferry.ok(&["mailbox", "pause", JOBB]);
    let serve = mailferry.serve();
    let of = |what: &str| format!("/mailboxes/{JOBB}/{what}");
    let (status, answer) = serve.api("GET", &of("folders"), &token, None);
    assert_eq!(status, 409, "{answer}");
    let detail = text(&answer, "detail");
    assert!(detail.starts_with("The server did not accept the login.") && !detail.contains("wrong"), "{detail}");
    let checked = serve.api("POST", &of("check"), &token, None).1;
    let failed = checked["lines"].as_array().unwrap().iter().find(|line| line["ok"] == false).unwrap();
    assert_eq!((&failed["step"], &checked["ok"]), (&json!("login"), &json!(false)), "{checked}");

    let (status, link) = serve.api("POST", &of("connect-links"), &token, None);
    assert_eq!(status, 201, "{link}");
    let path = format!("/customer/{}", text(&link, "url").rsplit('/').next().unwrap());
    let page = serve.answer(&path).unwrap();
    assert!(page.contains(JOBB) && page.contains("token import"), "{page}");
    let form = format!("server=127.0.0.1%3A{}+none+{}&password=secret", server.imap, JOBB.replace('@', "%40"));
    let done = serve.post_form(&path, &form).unwrap();
    assert!(done.starts_with("HTTP/1.1 200"), "{done}");
    assert_eq!(serve.api("GET", &of("folders"), &token, None).0, 200);
    assert_eq!(serve.api("POST", &of("check"), &token, None).1["ok"], true);
    assert!(!serve.answer(&path).unwrap().contains("name=\"password\""), "the link works once");
}

#[test]
fn a_test_mail_is_started_and_followed_to_its_inbox() {
    let server = GreenMail::start(&[JOBB]);
    let mailferry = Mailferry::new();
    let token = token(&mailferry, "import", &["--organisation", "default"]);
    mailferry.add_inbox(JOBB_INBOX);
    mailferry.add_mailbox(JOBB, JOBB_INBOX, &server.options(), &["--start", "all"]);
    let serve = mailferry.serve();
    let path = format!("/mailboxes/{JOBB}/tests");
    let (status, test) = serve.api("POST", &path, &token, None);
    assert_eq!(status, 201, "{test}");
    assert!(test["sent_at"].is_null(), "no SMTP server is configured: {test}");
    let code = text(&test, "code");
    server.send("anna@example.se", &[JOBB], &mail(&format!("Test {code}"), JOBB));
    let trail = || serve.api("GET", &format!("{path}/{}", test["id"]), &token, None).1;
    let over = wait::within(std::time::Duration::from_secs(60), || Some(trail()).filter(|trail| trail["over"] == true))
        .unwrap_or_else(|| panic!("the test mail arrives: {}", trail()));
    let message = &over["message"];
    assert_eq!(
        (text(message, "inbox"), text(message, "mailbox"), text(message, "folder")),
        (JOBB_INBOX, JOBB, "INBOX")
    );
    assert_eq!(
        (&message["uid"], &over["elsewhere"], &over["error"]),
        (&json!(1), &json!(false), &Value::Null),
        "{over}"
    );
}
