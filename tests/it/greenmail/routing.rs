//! Routing: the inboxes that a mail reaches, and that it reaches each of them once.

use crate::support::{
    facts::{ANSOKAN, ANSOKAN_INBOX, JOBB, JOBB_INBOX, text, with},
    greenmail::GreenMail,
    mail::mail,
    mailferry::{Mailferry, databases},
};

const BOTH_RECIPIENTS: [&str; 2] = [JOBB, ANSOKAN];

#[test]
fn a_mail_in_two_mailboxes_of_one_inbox_is_imported_once() {
    for database in databases() {
        let server = GreenMail::start(&BOTH_RECIPIENTS);
        let mailferry = Mailferry::with_database(database);
        mailferry.add_inbox(JOBB_INBOX);
        for address in BOTH_RECIPIENTS {
            mailferry.add_mailbox(address, JOBB_INBOX, &server.options(), &["--start", "all"]);
        }
        let to_both = format!("{JOBB}, {ANSOKAN}");
        server.send("anna@example.se", &BOTH_RECIPIENTS, &mail("to both", &to_both));
        server.send("anna@example.se", &[JOBB], &mail("to one", JOBB));
        mailferry.poll_ok();
        assert_eq!(mailferry.subjects(), ["to both", "to one"], "{database:?}");

        let ledger = mailferry.ledger();
        let duplicates = with(&ledger, "state", "duplicate");
        assert_eq!((ledger.len(), duplicates.len()), (3, 1), "{ledger:?}");
        let messages = mailferry.messages();
        let original = with(&messages, "subject", "to both")[0];
        assert_eq!(duplicates[0]["message"], original["id"], "the ledger names the existing message");
        assert_ne!(text(duplicates[0], "mailbox"), text(original, "mailbox"));

        assert_eq!(mailferry.poll_ok(), 0);
        assert_eq!(mailferry.subjects().len(), 2);
    }
}

#[test]
fn a_mail_to_several_recipients_reaches_each_of_their_inboxes_once() {
    let server = GreenMail::start(&BOTH_RECIPIENTS);
    let mailferry = Mailferry::new();
    for (address, inbox) in [(JOBB, JOBB_INBOX), (ANSOKAN, ANSOKAN_INBOX)] {
        mailferry.add_inbox(inbox);
        mailferry.ok(&["route", "add", "--inbox", inbox, "--recipient", address]);
        mailferry.add_mailbox(address, inbox, &server.options(), &["--start", "all"]);
    }
    let to_both = format!("{JOBB}, Ansökan <{ANSOKAN}>");
    server.send("anna@example.se", &BOTH_RECIPIENTS, &mail("to both", &to_both));
    // Both mailboxes hold the mail, and the recipients in either copy route it to both inboxes.
    mailferry.poll_ok();
    for inbox in [JOBB_INBOX, ANSOKAN_INBOX] {
        let there = mailferry.json(&["message", "list", "--inbox", inbox]);
        assert_eq!(there.len(), 1, "{inbox}: {there:?}");
        assert!(!text(&there[0], "why").is_empty(), "{there:?}");
    }
}

#[test]
fn a_route_applies_only_to_mail_of_its_recipient() {
    let server = GreenMail::start(&[JOBB]);
    let mailferry = Mailferry::new();
    mailferry.add_inbox(JOBB_INBOX);
    mailferry.add_inbox(ANSOKAN_INBOX);
    mailferry.add_mailbox(JOBB, JOBB_INBOX, &server.options(), &["--start", "all"]);
    mailferry.ok(&["route", "add", "--inbox", ANSOKAN_INBOX, "--recipient", ANSOKAN]);
    server.send("anna@example.se", &[JOBB], &mail("plain", JOBB));
    server.send("anna@example.se", &[JOBB], &mail("routed", "ANSOKAN+2026@Lillestad.SE"));
    server.send("anna@example.se", &[JOBB], &mail("hidden", "undisclosed-recipients:;"));
    assert_eq!(mailferry.poll_ok(), 3);

    let subjects = |inbox: &str| -> Vec<String> {
        let messages = mailferry.json(&["message", "list", "--inbox", inbox]);
        let mut subjects: Vec<String> = messages.iter().map(|message| text(message, "subject").to_owned()).collect();
        subjects.sort();
        subjects
    };
    assert_eq!(subjects(ANSOKAN_INBOX), ["routed"], "plus-address and case make no difference");
    assert_eq!(subjects(JOBB_INBOX), ["hidden", "plain"]);
}

#[test]
fn delivered_to_takes_precedence_over_to() {
    let server = GreenMail::start(&[JOBB]);
    let mailferry = Mailferry::new();
    mailferry.add_inbox(JOBB_INBOX);
    mailferry.add_inbox(ANSOKAN_INBOX);
    mailferry.add_mailbox(JOBB, JOBB_INBOX, &server.options(), &["--start", "all"]);
    mailferry.ok(&["route", "add", "--inbox", ANSOKAN_INBOX, "--recipient", ANSOKAN]);
    let forwarded =
        [format!("Delivered-To: {ANSOKAN}\r\n").into_bytes(), mail("forwarded", "list@example.org")].concat();
    server.send("anna@example.se", &[JOBB], &forwarded);
    assert_eq!(mailferry.poll_ok(), 1);
    let there = mailferry.json(&["message", "list", "--inbox", ANSOKAN_INBOX]);
    assert_eq!(there.len(), 1);
    assert_eq!(text(&there[0], "why"), format!("Delivered-To: {ANSOKAN}"));
}

#[test]
fn a_removed_route_has_no_effect() {
    let mailferry = Mailferry::new();
    mailferry.add_inbox(ANSOKAN_INBOX);
    let route = ["--inbox", ANSOKAN_INBOX, "--recipient", ANSOKAN];
    mailferry.ok(&[&["route", "add"], &route[..]].concat());
    assert_eq!(mailferry.json(&["route", "list"]).len(), 1);
    mailferry.ok(&[&["route", "remove"], &route[..]].concat());
    assert!(mailferry.json(&["route", "list"]).is_empty());
}
