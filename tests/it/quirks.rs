//! What real servers do, and what it must not lead to.

use crate::support::{
    facts::{JOBB, JOBB_INBOX, text},
    mail::mail,
    mailferry::Mailferry,
    scripted::Scripted,
};

/// A server with mails of these subjects that plays these dialogues, one a connection, and a mailbox at it.
fn with_mails(subjects: &[&str], dialogues: &[&str]) -> (Scripted, Mailferry) {
    let server = Scripted::with_messages(dialogues, subjects.iter().map(|subject| mail(subject, JOBB)).collect());
    let mailferry = Mailferry::new();
    mailferry.add_inbox(JOBB_INBOX);
    mailferry.add_mailbox(JOBB, JOBB_INBOX, &server.options("none"), &["--start", "all"]);
    (server, mailferry)
}

fn at(dialogues: &[&str]) -> (Scripted, Mailferry) {
    with_mails(&["one", "two"], dialogues)
}

/// What the ledger says of this UID.
fn state(mailferry: &Mailferry, uid: u32) -> String {
    let ledger = mailferry.ledger();
    let line = ledger.iter().find(|line| line["uid"] == uid).expect("a line for this UID");
    text(line, "state").to_owned()
}

#[test]
fn a_mail_that_the_server_refuses_does_not_keep_the_others_and_is_put_aside() {
    let (server, mailferry) = {
        let poison = ["INCLUDE: poison-refused.imap"; 6];
        with_mails(&["one", "two", "three"], &[&poison[..], &["S: * OK ready\nORDINARY"]].concat())
    };
    assert_eq!(mailferry.poll_ok(), 2, "the others come at once");
    assert_eq!(mailferry.subjects(), ["one", "three"]);
    for _ in 2..=4 {
        assert_eq!(state(&mailferry, 2), "pending");
        mailferry.poll();
    }
    let line = mailferry.poll().remove(0);
    assert_eq!((&line["quarantined"], state(&mailferry, 2).as_str()), (&1.into(), "quarantined"), "{line}");
    assert_eq!(mailferry.poll_ok(), 0, "and then all is well");
    assert_eq!(mailferry.subjects(), ["one", "three"], "a mail that did not come is no message");
    mailferry.ok(&["ledger", "retry", "--mailbox", JOBB, "--uid", "2"]);
    assert_eq!(state(&mailferry, 2), "pending");
    assert_eq!(mailferry.poll_ok(), 1, "a person may ask again");
    assert_eq!(mailferry.subjects(), ["one", "three", "two"]);
    server.finish();
}

#[test]
fn a_mail_that_breaks_the_connection_does_not_keep_the_others_and_is_put_aside() {
    let (server, mailferry) = with_mails(&["one", "two", "three"], &["INCLUDE: poison-cut.imap"]);
    assert_eq!(mailferry.poll_error()["step"], "fetch");
    assert_eq!(state(&mailferry, 1), "pending");
    assert_eq!(mailferry.poll_error()["step"], "fetch");
    assert_eq!(mailferry.subjects(), ["three", "two"], "the suspect is asked for last");
    for _ in 3..=5 {
        assert_eq!(state(&mailferry, 1), "pending");
        mailferry.poll_error();
    }
    assert_eq!(state(&mailferry, 1), "quarantined");
    assert_eq!(mailferry.poll_ok(), 0, "and then all is well");
    server.finish();
}

#[test]
fn lines_that_nobody_can_read_are_passed_over() {
    let (server, mailferry) = at(&["INCLUDE: noise.imap"]);
    assert_eq!(mailferry.poll_ok(), 2);
    assert_eq!(mailferry.poll_ok(), 0);
    server.finish();
}

#[test]
fn a_search_that_nobody_can_read_is_an_error_and_not_an_empty_mailbox() {
    let (server, mailferry) = at(&["INCLUDE: search-garbage.imap", "S: * OK ready\nORDINARY"]);
    assert_eq!(mailferry.poll_error()["step"], "search");
    assert_eq!(mailferry.poll_ok(), 2);
    server.sessions();
}

#[test]
fn exchanges_substitute_for_a_mail_is_never_a_message() {
    let substitute = "Retrieval using the IMAP4 protocol failed for the following message: 2";
    let (server, mailferry) = with_mails(&["one", substitute], &["S: * OK ready\nORDINARY"]);
    assert_eq!(mailferry.poll_ok(), 1);
    assert_eq!((mailferry.subjects(), state(&mailferry, 2)), (vec!["one".to_owned()], "pending".to_owned()));
    for _ in 2..=5 {
        mailferry.poll();
    }
    assert_eq!(state(&mailferry, 2), "quarantined");
    server.finish();
}

#[test]
fn a_copy_that_the_server_will_not_change_keeps_no_mail_from_coming_in() {
    let messages = vec![mail("one", JOBB), mail("two", JOBB)];
    let server = Scripted::with_messages(&["INCLUDE: store-refused.imap"], messages);
    let mut mailferry = Mailferry::new();
    mailferry.env("MAILFERRY__LIMITS__BATCH_MESSAGES", "1");
    mailferry.add_inbox(JOBB_INBOX);
    let more = ["--start", "all", "--after-import", "seen"];
    mailferry.add_mailbox(JOBB, JOBB_INBOX, &server.options("none"), &more);
    for imported in [2, 0] {
        let line = mailferry.poll().remove(0);
        assert_eq!((&line["imported"], &line["effects_pending"]), (&imported.into(), &2.into()), "{line}");
        assert_eq!(line["error"]["step"], "settle", "{line}");
        assert!(line["error"]["retry"].is_string(), "{line}");
    }
    server.finish();
}

/// A mail of 3 MB and a small one, at a server that plays this dialogue.
fn with_a_large_mail(dialogue: &str, more: &[&str]) -> (Scripted, Mailferry) {
    let mut large = mail("large", JOBB);
    large.extend(b"0123456789\r\n".repeat(250_000));
    let server = Scripted::with_messages(&[dialogue], vec![large, mail("two", JOBB)]);
    let mailferry = Mailferry::new();
    mailferry.add_inbox(JOBB_INBOX);
    let more = [&["--start", "all"], more].concat();
    mailferry.add_mailbox(JOBB, JOBB_INBOX, &server.options("none"), &more);
    (server, mailferry)
}

#[test]
fn a_large_mail_comes_in_chunks() {
    let (server, mailferry) = with_a_large_mail("S: * OK ready\nORDINARY", &[]);
    assert_eq!(mailferry.poll_ok(), 2);
    let messages = mailferry.messages();
    let large = messages.iter().find(|message| message["subject"] == "large").unwrap();
    assert!(mailferry.raw(large).ends_with(&b"0123456789\r\n".repeat(250_000)));
    server.finish();
}

#[test]
fn a_large_mail_that_the_server_refuses_keeps_no_other_waiting() {
    let (server, mailferry) = with_a_large_mail("INCLUDE: large-refused.imap", &[]);
    mailferry.poll();
    assert_eq!(mailferry.subjects(), ["two"]);
    assert_eq!(state(&mailferry, 1), "pending");
    server.finish();
}

#[test]
fn a_large_mail_that_breaks_off_is_never_taken_for_whole() {
    let (server, mailferry) = with_a_large_mail("INCLUDE: large-ends-early.imap", &["--after-import", "delete"]);
    mailferry.poll();
    assert_eq!(mailferry.subjects(), ["two"], "nothing of it is a message");
    assert_eq!(state(&mailferry, 1), "pending");
    for session in server.sessions() {
        assert!(!session.lines.iter().any(|line| line.contains("STORE 1")), "its copy stays: {:#?}", session.lines);
    }
}
