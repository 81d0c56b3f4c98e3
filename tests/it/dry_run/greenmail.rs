//! Against GreenMail, whose restart is a new UIDVALIDITY.

use super::{comes_true, dry_run};
use crate::support::{
    facts::{ANSOKAN, JOBB, JOBB_INBOX, text},
    greenmail::GreenMail,
    mail::mail,
    mailferry::{Database, Mailferry, databases},
};

fn mailbox(server: &GreenMail, database: Database) -> Mailferry {
    let mailferry = Mailferry::on(database);
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
fn another_uidvalidity_is_told_and_what_is_here_is_recognised() {
    for database in databases() {
        let mut server = GreenMail::start(&[JOBB]);
        let mailferry = mailbox(&server, database);
        send(&server, &["one", "two", "three"]);
        assert_eq!(comes_true(&mailferry).count("would_import"), 3);
        send(&server, &["late"]);
        assert_eq!(comes_true(&mailferry).count("would_import"), 1);

        server.restart();
        send(&server, &["four", "three", "two", "five"]);
        let told = comes_true(&mailferry);
        assert_eq!((told.count("would_import"), told.count("duplicates")), (2, 2), "{database:?}");
        let note = text(&told.folders[0], "note");
        assert!(note.contains("renumbered its mail") && note.contains("recognised by its content"), "{note}");
        assert_eq!(text(told.mail("three"), "verdict"), "duplicate");
    }
}

#[test]
fn mail_that_another_mailbox_has_brought_is_told_as_here() {
    let server = GreenMail::start(&[JOBB, ANSOKAN]);
    let mailferry = mailbox(&server, Database::Sqlite);
    mailferry.add_mailbox(ANSOKAN, JOBB_INBOX, &server.options(), &["--start", "all"]);
    server.send("anna@example.se", &[JOBB, ANSOKAN], &mail("to both", &format!("{JOBB}, {ANSOKAN}")));
    send(&server, &["to one"]);
    mailferry.ok(&["poll", ANSOKAN]);
    let told = dry_run(&mailferry);
    assert_eq!((told.count("would_import"), told.count("duplicates")), (1, 1), "{}", told.total);
    let line = mailferry.json(&["poll", JOBB]).remove(0);
    assert_eq!((&line["imported"], &line["skipped"]), (&1.into(), &1.into()), "{line}");
}
