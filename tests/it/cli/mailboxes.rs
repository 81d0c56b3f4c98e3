//! Inboxes and mailboxes: adding, showing, changing, removing. Nothing here connects to anything.

use serde_json::{Value, json};

use crate::support::{
    facts::{ANSOKAN_INBOX, JOBB, JOBB_INBOX, text},
    mail::mail,
    mailferry::Mailferry,
    scripted::Scripted,
};

fn with_a_mailbox(more: &[&str]) -> Mailferry {
    let mailferry = Mailferry::new();
    mailferry.add_inbox(JOBB_INBOX);
    let options = ["--host", "imap.lillestad.example"].map(str::to_owned);
    mailferry.add_mailbox(JOBB, JOBB_INBOX, &options, more);
    mailferry
}

fn the_mailbox(mailferry: &Mailferry) -> Value {
    let mailboxes = mailferry.json(&["mailbox", "list"]);
    assert_eq!(mailboxes.len(), 1, "{mailboxes:?}");
    mailboxes[0].clone()
}

#[test]
fn the_address_of_an_inbox_can_be_derived() {
    let mailferry = Mailferry::new();
    mailferry.ok(&["inbox", "add", "--for", JOBB, "--domain", "mail.kundo.se", "--name", "Jobb"]);
    let inboxes = mailferry.json(&["inbox", "list"]);
    assert_eq!(inboxes.len(), 1);
    assert_eq!(text(&inboxes[0], "address"), JOBB_INBOX);
    assert_eq!(text(&inboxes[0], "name"), "Jobb");
    assert!(mailferry.ok(&["inbox", "show", JOBB_INBOX]).text().contains("Jobb"));
}

#[test]
fn addresses_are_case_insensitive() {
    let mailferry = with_a_mailbox(&[]);
    assert_eq!(mailferry.run(&["inbox", "add", &JOBB_INBOX.to_uppercase()]).code, 1);
    mailferry.ok(&["mailbox", "show", "Jobb@Lillestad.SE"]);
}

#[test]
fn a_new_mailbox_has_the_documented_defaults() {
    let mailbox = the_mailbox(&with_a_mailbox(&[]));
    let expected = json!({
        "address": JOBB, "inbox": JOBB_INBOX, "host": "imap.lillestad.example", "port": 993, "tls": "implicit",
        "username": JOBB, "folders": ["INBOX"], "after_import": "leave", "paused": false,
    });
    for (key, value) in expected.as_object().unwrap() {
        assert_eq!(&mailbox[key], value, "{key} in {mailbox}");
    }
    for key in ["start", "interval", "max_size", "state"] {
        assert!(!mailbox[key].is_null(), "{key} in {mailbox}");
    }
}

#[test]
fn options_are_stored_and_can_be_changed() {
    let mailferry =
        with_a_mailbox(&["--tls", "starttls", "--username", "lillestad\\jobb", "--folder", "Ärenden/Inkommet"]);
    let mailbox = the_mailbox(&mailferry);
    assert_eq!(text(&mailbox, "tls"), "starttls");
    assert_eq!(text(&mailbox, "username"), "lillestad\\jobb");
    assert_eq!(mailbox["folders"], json!(["Ärenden/Inkommet"]));

    mailferry.add_inbox(ANSOKAN_INBOX);
    let change = ["--inbox", ANSOKAN_INBOX, "--host", "mail.example.org", "--port", "1993", "--tls", "implicit"];
    let more = ["--folder", "INBOX", "--folder", "Skräp", "--after-import", "move:Klart"];
    mailferry.ok(&[&["mailbox", "set", JOBB], &change[..], &more[..]].concat());
    let mailbox = the_mailbox(&mailferry);
    assert_eq!(text(&mailbox, "inbox"), ANSOKAN_INBOX);
    assert_eq!(text(&mailbox, "host"), "mail.example.org");
    assert_eq!(mailbox["port"], 1993);
    assert_eq!(mailbox["folders"], json!(["INBOX", "Skräp"]));
    assert_eq!(text(&mailbox, "after_import"), "move:Klart");
    assert_eq!(text(&mailbox, "username"), "lillestad\\jobb", "options that were not given keep their values");
}

#[test]
fn a_mailbox_can_be_paused_and_resumed() {
    let mailferry = with_a_mailbox(&[]);
    mailferry.ok(&["mailbox", "pause", JOBB]);
    assert_eq!(the_mailbox(&mailferry)["paused"], true);
    mailferry.ok(&["mailbox", "resume", JOBB]);
    assert_eq!(the_mailbox(&mailferry)["paused"], false);
}

#[test]
fn the_password_can_come_from_a_file() {
    let server = Scripted::start(&["S: * OK ready\nORDINARY"]);
    let mailferry = Mailferry::new();
    mailferry.add_inbox(JOBB_INBOX);
    let file = mailferry.dir().join("password");
    std::fs::write(&file, "from-a-file \n").unwrap();
    let options = server.options("none");
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let password = ["--password-file", file.to_str().unwrap()];
    mailferry.ok(&[&["mailbox", "add", JOBB, "--inbox", JOBB_INBOX], &options[..], &password].concat());
    assert_eq!(mailferry.poll_ok(), 0);
    let sent = String::from_utf8_lossy(&server.finish()[0].received).into_owned();
    assert!(sent.contains("from-a-file \""), "only the line end is not part of it: {sent}");
}

#[test]
fn messages_remain_when_their_mailbox_is_removed() {
    let server = Scripted::with_messages(&["S: * OK ready\nORDINARY"], vec![mail("one", JOBB)]);
    let mailferry = Mailferry::new();
    mailferry.add_inbox(JOBB_INBOX);
    mailferry.add_mailbox(JOBB, JOBB_INBOX, &server.options("none"), &["--start", "all"]);
    assert_eq!(mailferry.poll_ok(), 1);
    mailferry.ok(&["mailbox", "remove", JOBB]);
    assert!(mailferry.json(&["mailbox", "list"]).is_empty());
    let messages = mailferry.messages();
    assert_eq!(mailferry.raw(&messages[0]), mail("one", JOBB));
    assert_eq!(text(&messages[0], "mailbox"), JOBB);
}

#[test]
fn no_mailbox_is_polled_more_often_than_the_operator_allows() {
    let mut mailferry = Mailferry::new();
    mailferry.unset("MAILFERRY__SCHEDULE__LEAST_INTERVAL");
    mailferry.add_inbox(JOBB_INBOX);
    let options = ["--host", "127.0.0.1", "--tls", "none"].map(str::to_owned);
    mailferry.add_mailbox(JOBB, JOBB_INBOX, &options, &["--interval", "10s"]);
    for (interval, said) in
        [("9999ms", "at least 10s"), ("1s", "at least 10s"), ("1ns", "millisecond"), ("0s", "longer than zero")]
    {
        let refused = mailferry.run(&["mailbox", "set", JOBB, "--interval", interval]);
        assert_eq!(refused.code, 2, "{}", refused.all());
        assert!(refused.stderr.contains(said), "{interval}: {}", refused.stderr);
    }
    let interval = |mailferry: &Mailferry| mailferry.json(&["mailbox", "show", JOBB])[0]["interval"].clone();
    mailferry.env("MAILFERRY__SCHEDULE__LEAST_INTERVAL", "2s");
    mailferry.ok(&["mailbox", "set", JOBB, "--interval", "2s"]);
    assert_eq!(interval(&mailferry), "2s", "the operator may configure less");
    mailferry.env("MAILFERRY__SCHEDULE__LEAST_INTERVAL", "30s");
    assert_eq!(interval(&mailferry), "30s", "a shorter stored interval is raised");
}
