//! The whole path of a mail, from SMTP at the customer's server to the inbox. GreenMail does not preserve bytes exactly, so
//! the stored bytes are compared with those that it serves to another client.

mod after_import;
mod restart;
mod routing;
mod serving;

use crate::support::{
    facts::{JOBB, JOBB_INBOX, text},
    greenmail::GreenMail,
    mail::mail,
    mailferry::{Database, Mailferry, databases},
};

/// An installation with JOBB on this server, added with these options. Without `--start`, it imports all mail.
fn mailbox(server: &GreenMail, database: Database, more: &[&str]) -> Mailferry {
    let mailferry = Mailferry::with_database(database);
    mailferry.add_inbox(JOBB_INBOX);
    let start: &[&str] = if more.contains(&"--start") { &[] } else { &["--start", "all"] };
    mailferry.add_mailbox(JOBB, JOBB_INBOX, &server.options(), &[start, more].concat());
    mailferry
}

fn send(server: &GreenMail, subjects: &[&str]) {
    for subject in subjects {
        server.send("anna@example.se", &[JOBB], &mail(subject, JOBB));
    }
}

#[test]
fn mail_is_imported_once_and_the_customers_copy_is_unchanged() {
    for database in databases() {
        let server = GreenMail::start(&[JOBB]);
        let mailferry = mailbox(&server, database, &[]);
        send(&server, &["one", "two", "three"]);

        assert_eq!(mailferry.poll_ok(), 3, "{database:?}");
        assert_eq!(mailferry.subjects(), ["one", "three", "two"]);
        assert_eq!(mailferry.poll_ok(), 0, "a second poll finds nothing new");
        assert_eq!(mailferry.subjects().len(), 3);

        let mut customer = server.client(JOBB);
        customer.examine("INBOX");
        assert_eq!(customer.search("ALL"), [1, 2, 3]);
        assert_eq!(customer.search("UNSEEN"), [1, 2, 3]);
        for message in mailferry.messages() {
            assert_eq!(text(&message, "inbox"), JOBB_INBOX);
            let uid = u32::try_from(message["uid"].as_u64().unwrap()).unwrap();
            assert_eq!(mailferry.raw(&message), customer.fetch(uid), "the bytes that another client receives");
        }
    }
}

#[test]
fn mail_that_arrives_between_two_polls_is_imported_by_the_second() {
    let server = GreenMail::start(&[JOBB]);
    let mailferry = mailbox(&server, Database::Sqlite, &[]);
    send(&server, &["one"]);
    assert_eq!(mailferry.poll_ok(), 1);
    send(&server, &["two"]);
    assert_eq!(mailferry.poll_ok(), 1);
    assert_eq!(mailferry.subjects(), ["one", "two"]);
}

#[test]
fn mail_that_another_client_has_marked_as_read_is_still_imported() {
    let server = GreenMail::start(&[JOBB]);
    let mailferry = mailbox(&server, Database::Sqlite, &[]);
    send(&server, &["read on a telephone"]);
    server.client(JOBB).select("INBOX").command("UID STORE 1 +FLAGS (\\Seen)");
    assert_eq!(mailferry.poll_ok(), 1);
}

#[test]
fn a_mailbox_with_start_now_imports_mail_that_arrives_immediately_after_it_was_added() {
    let server = GreenMail::start(&[JOBB]);
    let mailferry = Mailferry::new();
    mailferry.add_inbox(JOBB_INBOX);
    mailferry.add_mailbox(JOBB, JOBB_INBOX, &server.options(), &[]);
    send(&server, &["in the same second"]);
    assert_eq!(mailferry.poll_ok(), 1, "INTERNALDATE has whole seconds; the time of adding has milliseconds");
}

#[test]
fn a_pinned_certificate_is_accepted() {
    let server = GreenMail::start(&[JOBB]);
    let mailferry = Mailferry::new();
    mailferry.add_inbox(JOBB_INBOX);
    send(&server, &["one"]);
    let port = server.imaps.to_string();
    let options = ["--host", "127.0.0.1", "--port", &port].map(str::to_owned);
    let pin = server.fingerprint();
    mailferry.add_mailbox(JOBB, JOBB_INBOX, &options, &["--start", "all", "--pin-sha256", &pin]);
    assert_eq!(mailferry.poll_ok(), 1);
}
