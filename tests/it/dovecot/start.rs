//! Which of the existing mails are imported at the first poll of a folder.

use std::time::{Duration, SystemTime};

use jiff::{Timestamp, tz::TimeZone};
use serde_json::Value;

use super::{deliver, mailbox};
use crate::support::{
    dovecot::Dovecot,
    facts::{JOBB, text, with},
    mail::mail,
    mailferry::{Database, Mailferry, databases},
};

fn days_ago(days: u64) -> SystemTime {
    SystemTime::now() - Duration::from_secs(days * 86_400)
}

/// The date in the format of `--start`.
fn date(moment: SystemTime) -> String {
    Timestamp::try_from(moment).unwrap().to_zoned_datetime(TimeZone::UTC).date().to_string()
}

/// A server with five mails: three that are 400 days old and two that are 100 days old, in the order of their UIDs.
fn server_with_old_mail() -> Dovecot {
    let server = Dovecot::start(&[JOBB]);
    for (name, days) in [("old1", 400), ("old2", 400), ("old3", 400), ("recent1", 100), ("recent2", 100)] {
        server.deliver_at(JOBB, "INBOX", name, &mail(name, JOBB), days_ago(days));
        server.client(JOBB).examine("INBOX");
    }
    server
}

fn historic(mailferry: &Mailferry, subject: &str) -> Value {
    with(&mailferry.messages(), "subject", subject)[0]["historic"].clone()
}

/// The number of skipped UIDs in the ledger, and the number of rows that hold them.
fn skipped(mailferry: &Mailferry) -> (u64, usize) {
    let ledger = mailferry.ledger();
    let rows = with(&ledger, "state", "skipped");
    let count = |row: &&Value| {
        assert!(text(row, "reason").contains("before start"), "{row}");
        assert!(row["message"].is_null(), "{row}");
        let first = row["uid"].as_u64().unwrap();
        row["uid_last"].as_u64().unwrap_or(first) - first + 1
    };
    (rows.iter().map(count).sum(), rows.len())
}

#[test]
fn start_now_skips_existing_mail_and_imports_new_mail() {
    for database in databases() {
        let server = server_with_old_mail();
        let mailferry = mailbox(&server, database, &[]);
        let line = mailferry.poll().remove(0);
        assert_eq!((&line["imported"], &line["skipped"]), (&0.into(), &5.into()), "{line}");
        assert_eq!(skipped(&mailferry), (5, 1), "one range, not a row for each mail");

        deliver(&server, &["new"]);
        // The customer moves an old mail into the folder: it appears now, so it is new.
        server.deliver_at(JOBB, "INBOX", "dragged", &mail("dragged", JOBB), days_ago(800));
        assert_eq!(mailferry.poll_ok(), 2, "{database:?}");
        assert_eq!(mailferry.subjects(), ["dragged", "new"]);
        assert_eq!([historic(&mailferry, "dragged"), historic(&mailferry, "new")], [false, false]);
        assert_eq!(skipped(&mailferry), (5, 1));
    }
}

#[test]
fn start_now_imports_mail_that_arrived_before_the_first_poll() {
    let server = server_with_old_mail();
    let mailferry = mailbox(&server, Database::Sqlite, &["--start", "now"]);
    deliver(&server, &["new"]);
    assert_eq!(mailferry.poll_ok(), 1);
    assert_eq!(skipped(&mailferry).0, 5);
    assert_eq!(historic(&mailferry, "new"), false);
}

#[test]
fn start_all_imports_everything_and_marks_it_as_historic() {
    let server = server_with_old_mail();
    let mailferry = mailbox(&server, Database::Sqlite, &["--start", "all"]);
    assert_eq!(mailferry.poll_ok(), 5);
    assert_eq!(historic(&mailferry, "old1"), true);
    deliver(&server, &["new"]);
    server.deliver_at(JOBB, "INBOX", "dragged", &mail("dragged", JOBB), days_ago(800));
    assert_eq!(mailferry.poll_ok(), 2);
    assert_eq!([historic(&mailferry, "dragged"), historic(&mailferry, "new")], [false, false]);
    assert_eq!(skipped(&mailferry), (0, 0));
}

#[test]
fn a_start_date_imports_only_later_mail() {
    let server = server_with_old_mail();
    let mailferry = mailbox(&server, Database::Sqlite, &["--start", &date(days_ago(200))]);
    assert_eq!(mailferry.poll_ok(), 2);
    assert_eq!(mailferry.subjects(), ["recent1", "recent2"]);
    assert_eq!(historic(&mailferry, "recent1"), true);
    assert_eq!(skipped(&mailferry), (3, 1));
    server.deliver_at(JOBB, "INBOX", "dragged", &mail("dragged", JOBB), days_ago(800));
    assert_eq!(mailferry.poll_ok(), 1, "the start date applies to the first poll only");
    assert_eq!(historic(&mailferry, "dragged"), false);
}

#[test]
fn many_old_mails_with_new_mails_between_them_are_stored_as_few_ranges() {
    let server = Dovecot::start(&[JOBB]);
    for number in 0..60 {
        let days = if number == 30 { 10 } else { 400 };
        let name = format!("{number:03}");
        server.deliver_at(JOBB, "INBOX", &name, &mail(&name, JOBB), days_ago(days));
    }
    let mailferry = mailbox(&server, Database::Sqlite, &["--start", &date(days_ago(200))]);
    assert_eq!(mailferry.poll_ok(), 1);
    let (count, rows) = skipped(&mailferry);
    assert_eq!(count, 59);
    assert!(rows <= 3, "{rows} rows");
}

#[test]
fn a_changed_start_is_evaluated_again_and_imports_only_wanted_mail() {
    for database in databases() {
        let server = Dovecot::start(&[JOBB]);
        for (name, days) in [("a4", 4), ("b14", 14), ("c90", 90), ("d4", 4)] {
            server.deliver_at(JOBB, "INBOX", name, &mail(name, JOBB), days_ago(days));
            server.client(JOBB).examine("INBOX");
        }
        let mailferry = mailbox(&server, database, &["--start", &date(days_ago(30))]);
        assert_eq!(mailferry.poll_ok(), 3, "{database:?}");
        // A later start: imported mail stays imported, skipped mail stays skipped.
        mailferry.ok(&["mailbox", "set", JOBB, "--start", &date(days_ago(10))]);
        assert_eq!(mailferry.poll_ok(), 0, "{database:?}");
        assert_eq!(skipped(&mailferry), (1, 1), "{database:?}");
        // An earlier start: the skipped mail is imported, and nothing else.
        mailferry.ok(&["mailbox", "set", JOBB, "--start", "all"]);
        assert_eq!(mailferry.poll_ok(), 1, "{database:?}");
        assert_eq!(mailferry.subjects(), ["a4", "b14", "c90", "d4"]);
        assert_eq!(skipped(&mailferry), (0, 0), "{database:?}");
    }
}
