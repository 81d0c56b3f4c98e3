//! After a restart, GreenMail looks like a restored or migrated server: a new UIDVALIDITY, and UIDs from 1 again.

use super::{mailbox, send};
use crate::support::{
    facts::{JOBB, with},
    greenmail::GreenMail,
    mailferry::{Database, databases},
};

#[test]
fn a_new_uidvalidity_neither_loses_nor_doubles_mail() {
    for database in databases() {
        let mut server = GreenMail::start(&[JOBB]);
        let mailferry = mailbox(&server, database, &[]);
        send(&server, &["one", "two", "three"]);
        assert_eq!(mailferry.poll_ok(), 3);

        server.restart();
        // UID 1 is another mail now, and "two" and "three" have changed places.
        send(&server, &["four", "three", "two", "five"]);
        assert_eq!(mailferry.poll_ok(), 2, "{database:?}");
        assert_eq!(mailferry.subjects(), ["five", "four", "one", "three", "two"]);
        assert_eq!(mailferry.poll_ok(), 0);

        let ledger = mailferry.ledger();
        assert_eq!(with(&ledger, "state", "imported").len(), 5, "{ledger:?}");
        assert_eq!(with(&ledger, "state", "duplicate").len(), 2, "{ledger:?}");
        let mut validities: Vec<&serde_json::Value> = ledger.iter().map(|row| &row["uidvalidity"]).collect();
        validities.dedup();
        assert_eq!(validities.len(), 2, "both epochs stay in the ledger: {ledger:?}");
    }
}

#[test]
fn a_mailbox_that_starts_now_skips_nothing_after_a_restart() {
    let mut server = GreenMail::start(&[JOBB]);
    let mailferry = mailbox(&server, Database::Sqlite, &["--start", "now"]);
    send(&server, &["one"]);
    assert_eq!(mailferry.poll_ok(), 1);
    server.restart();
    send(&server, &["two", "one", "three"]);
    assert_eq!(mailferry.poll_ok(), 2, "this is not the first poll of the folder");
    assert_eq!(mailferry.subjects(), ["one", "three", "two"]);
}

#[test]
fn delete_uses_no_uid_of_an_old_uidvalidity() {
    let mut server = GreenMail::start(&[JOBB]);
    let mailferry = mailbox(&server, Database::Sqlite, &["--after-import", "delete"]);
    send(&server, &["one", "two"]);
    assert_eq!(mailferry.poll_ok(), 2);
    server.restart();
    send(&server, &["three", "four"]);
    assert_eq!(mailferry.poll_ok(), 2);
    assert_eq!(mailferry.subjects(), ["four", "one", "three", "two"]);
    assert!(server.client(JOBB).examine("INBOX").search("ALL").is_empty());
}

#[test]
fn a_server_that_is_down_is_a_failure_and_no_mail_is_lost() {
    let mut server = GreenMail::start(&[JOBB]);
    let mailferry = mailbox(&server, Database::Sqlite, &[]);
    send(&server, &["one"]);
    assert_eq!(mailferry.poll_ok(), 1);
    server.stop();
    let error = mailferry.poll_error();
    assert_eq!(error["step"], "tcp", "{error}");
    server.restart();
    send(&server, &["two"]);
    assert_eq!(mailferry.poll_ok(), 1, "a manual poll ignores the back-off");
}
