//! The dry run with GreenMail, which gives every folder a new UIDVALIDITY when it restarts.

use super::{check_poll_matches_dry_run, dry_run};
use crate::support::{
    facts::{ANSOKAN, JOBB, JOBB_INBOX, text},
    greenmail::GreenMail,
    mail::mail,
    mailferry::{Database, Mailferry, databases},
};

fn mailbox(server: &GreenMail, database: Database) -> Mailferry {
    let mailferry = Mailferry::with_database(database);
    mailferry.add_inbox(JOBB_INBOX);
    mailferry.add_mailbox(JOBB, JOBB_INBOX, &server.options(), &["--start", "all"]);
    mailferry
}

fn send(server: &GreenMail, subjects: &[&str]) {
    for subject in subjects {
        server.send("anna@example.se", &[JOBB], &mail(subject, JOBB));
    }
}

#[test]
fn another_uidvalidity_is_reported_and_duplicates_are_recognised() {
    for database in databases() {
        let mut server = GreenMail::start(&[JOBB]);
        let mailferry = mailbox(&server, database);
        send(&server, &["one", "two", "three"]);
        assert_eq!(check_poll_matches_dry_run(&mailferry).count("would_import"), 3);
        send(&server, &["late"]);
        assert_eq!(check_poll_matches_dry_run(&mailferry).count("would_import"), 1);

        server.restart();
        send(&server, &["four", "three", "two", "five"]);
        let report = check_poll_matches_dry_run(&mailferry);
        assert_eq!((report.count("would_import"), report.count("duplicates")), (2, 2), "{database:?}");
        let note = text(&report.folders[0], "note");
        assert!(note.contains("renumbered its mail") && note.contains("recognised by its content"), "{note}");
        assert_eq!(text(report.mail("three"), "verdict"), "duplicate");
    }
}

#[test]
fn mail_that_another_mailbox_has_imported_is_reported_as_a_duplicate() {
    let server = GreenMail::start(&[JOBB, ANSOKAN]);
    let mailferry = mailbox(&server, Database::Sqlite);
    mailferry.add_mailbox(ANSOKAN, JOBB_INBOX, &server.options(), &["--start", "all"]);
    server.send("anna@example.se", &[JOBB, ANSOKAN], &mail("to both", &format!("{JOBB}, {ANSOKAN}")));
    send(&server, &["to one"]);
    mailferry.ok(&["poll", ANSOKAN]);
    let report = dry_run(&mailferry);
    assert_eq!((report.count("would_import"), report.count("duplicates")), (1, 1), "{}", report.total);
    let line = mailferry.json(&["poll", JOBB]).remove(0);
    assert_eq!((&line["imported"], &line["skipped"]), (&1.into(), &1.into()), "{line}");
}
