//! The path of a mail with Dovecot, which offers TLS, folders with Unicode names, real keywords, and a log of all commands.

mod after_import;
mod folders;
mod read_only;
mod start;
mod tls;

use crate::support::{
    dovecot::Dovecot,
    facts::{JOBB, JOBB_INBOX, text, with},
    mail::mail,
    mailferry::{Database, Mailferry},
};

/// An installation that polls this server over TLS, with these options of `mailbox add`.
fn mailbox(server: &Dovecot, database: Database, more: &[&str]) -> Mailferry {
    let mailferry = Mailferry::with_database(database);
    mailferry.add_inbox(JOBB_INBOX);
    mailferry.add_mailbox(JOBB, JOBB_INBOX, &server.tls_options(), more);
    mailferry
}

/// Delivers a mail to JOBB's INBOX for each subject, which is also the name of its file. The mails are delivered one after
/// another, so that their UIDs are in this order.
fn deliver(server: &Dovecot, subjects: &[&str]) {
    for subject in subjects {
        server.deliver(JOBB, "INBOX", subject, &mail(subject, JOBB));
        server.client(JOBB).examine("INBOX");
    }
}

#[test]
fn identical_mails_in_one_folder_become_two_messages() {
    let server = Dovecot::start(&[JOBB]);
    let mailferry = mailbox(&server, Database::Sqlite, &["--start", "all"]);
    server.deliver(JOBB, "INBOX", "a", &mail("twice", JOBB));
    server.deliver(JOBB, "INBOX", "b", &mail("twice", JOBB));
    assert_eq!(mailferry.poll_ok(), 2);
    let messages = mailferry.messages();
    assert_eq!(mailferry.subjects(), ["twice", "twice"]);
    assert_ne!(messages[0]["uid"], messages[1]["uid"]);
    assert_ne!(messages[0]["id"], messages[1]["id"]);
    assert_eq!(messages[0]["sha256"], messages[1]["sha256"]);
}

#[test]
fn a_mail_that_is_too_large_is_quarantined_and_the_others_are_imported() {
    let server = Dovecot::start(&[JOBB]);
    let mailferry = mailbox(&server, Database::Sqlite, &["--start", "all", "--max-size", "10KB"]);
    let large = [mail("large", JOBB), vec![b'x'; 20_000], b"\r\n".to_vec()].concat();
    server.deliver(JOBB, "INBOX", "large", &large);
    deliver(&server, &["small"]);
    let line = mailferry.poll().remove(0);
    assert_eq!((&line["imported"], &line["quarantined"]), (&1.into(), &1.into()), "{line}");
    assert_eq!(mailferry.subjects(), ["small"]);
    let ledger = mailferry.ledger();
    let quarantined = with(&ledger, "state", "quarantined");
    assert_eq!(quarantined.len(), 1, "{ledger:?}");
    let reason = text(quarantined[0], "reason");
    assert!(!reason.is_empty(), "{ledger:?}");
    assert_eq!(mailferry.poll()[0]["quarantined"], 0, "later polls do not quarantine it again");
}
