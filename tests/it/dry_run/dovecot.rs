//! The dry run with Dovecot, whose Maildir shows every change, and whose log shows every command.

use std::time::{Duration, SystemTime};

use jiff::{Timestamp, tz::TimeZone};
use serde_json::json;

use super::{check_poll_matches_dry_run, dry_run, stored_state, subjects_in};
use crate::support::{
    changing::is_changing,
    dovecot::Dovecot,
    facts::{ANSOKAN, ANSOKAN_INBOX, JOBB, JOBB_INBOX},
    mail::mail,
    mailferry::{Database, Mailferry, databases},
};

fn days_ago(days: u64) -> SystemTime {
    SystemTime::now() - Duration::from_secs(days * 86_400)
}

fn date(days: u64) -> String {
    Timestamp::try_from(days_ago(days)).unwrap().to_zoned_datetime(TimeZone::UTC).date().to_string()
}

/// Mails of different ages: two are too large, one is automatic, and one is routed to another inbox.
fn server() -> Dovecot {
    let server = Dovecot::start(&[JOBB]);
    let large = |subject: &str| [mail(subject, JOBB), b"0123456789\r\n".repeat(2000)].concat();
    let with = |field: &str, subject: &str| [format!("{field}\r\n").into_bytes(), mail(subject, JOBB)].concat();
    for (name, bytes, days) in [
        ("old", mail("old", JOBB), 400),
        ("oldlarge", large("oldlarge"), 400),
        ("routed", with(&format!("Delivered-To: {ANSOKAN}"), "routed"), 100),
        ("machine", with("Auto-Submitted: auto-replied", "machine"), 100),
        ("large", large("large"), 10),
        ("plain", mail("plain", JOBB), 10),
    ] {
        server.deliver_at(JOBB, "INBOX", name, &bytes, days_ago(days));
        server.client(JOBB).examine("INBOX"); // so that UIDs follow the order
    }
    server
}

fn mailbox(server: &Dovecot, database: Database, more: &[&str]) -> Mailferry {
    let mailferry = Mailferry::with_database(database);
    mailferry.add_inbox(JOBB_INBOX);
    mailferry.add_inbox(ANSOKAN_INBOX);
    mailferry.ok(&["route", "add", "--inbox", ANSOKAN_INBOX, "--recipient", ANSOKAN]);
    mailferry.add_mailbox(JOBB, JOBB_INBOX, &server.tls_options(), &[&["--max-size", "10KB"], more].concat());
    mailferry
}

#[test]
fn nothing_is_imported_and_nothing_is_changed() {
    for database in databases() {
        let server = server();
        let mailferry = mailbox(&server, database, &["--start", "all", "--after-import", "delete"]);
        mailferry.ok(&["mailbox", "pause", JOBB]);
        let (copies, new, sent) =
            (server.messages(JOBB, "INBOX"), server.untouched(JOBB, "INBOX"), server.commands_sent(JOBB).len());
        let before = stored_state(&mailferry);

        let report = dry_run(&mailferry);
        assert_eq!(stored_state(&mailferry), before, "{database:?}");
        assert_eq!((server.messages(JOBB, "INBOX"), server.untouched(JOBB, "INBOX")), (copies, new));
        let commands = server.commands_sent(JOBB).split_off(sent);
        assert!(commands.iter().any(|command| command.starts_with("EXAMINE")), "{commands:?}");
        assert_eq!(commands.last().map(String::as_str), Some("LOGOUT"), "{commands:?}");
        for command in &commands {
            assert!(!is_changing(command) && !command.starts_with("SELECT"), "{command}");
            assert!(!command.contains("BODY.PEEK[]") && !command.contains(" BODY["), "{command}");
        }

        let to = |inbox: &str, why: &str| json!([{"inbox": inbox, "why": why}]);
        assert_eq!(report.mail("routed")["inboxes"], to(ANSOKAN_INBOX, &format!("Delivered-To: {ANSOKAN}")));
        assert_eq!(report.mail("plain")["inboxes"], to(JOBB_INBOX, &format!("mailbox: {JOBB}")));
        assert_eq!(report.mail("machine")["automatic"], "Auto-Submitted: auto-replied");
        assert_eq!(
            (&report.mail("large")["verdict"], &report.mail("large")["inboxes"]),
            (&json!("too-large"), &json!([]))
        );
        assert_eq!(report.folders[0]["shown"][0]["subject"], "plain", "the newest first");
        let words = mailferry.ok(&["mailbox", "dry-run", JOBB]).text();
        for wanted in [
            "INBOX: 4 of 6 mails would be imported (1 of them automatic), 2 too large",
            &format!("would go to {ANSOKAN_INBOX} because of Delivered-To: {ANSOKAN}"),
            "Nothing was imported, and nothing changed.",
        ] {
            assert!(words.contains(wanted), "{wanted}: {words}");
        }

        mailferry.ok(&["mailbox", "resume", JOBB]);
        mailferry.ok(&["mailbox", "set", JOBB, "--after-import", "leave"]);
        check_poll_matches_dry_run(&mailferry);
        assert_eq!(subjects_in(&mailferry, ANSOKAN_INBOX), ["routed"]);
    }
}

#[test]
fn a_poll_does_what_the_dry_run_reported_for_every_start() {
    let server = server();
    let counts = |report: &super::DryRunReport| {
        ["would_import", "too_big", "before_start", "automatic"].map(|key| report.count(key))
    };
    for (start, wanted) in [
        ("all".to_owned(), [4, 2, 0, 1]),
        ("now".to_owned(), [0, 0, 6, 0]),
        (date(200), [3, 1, 2, 1]),
        (date(50), [1, 1, 4, 0]),
    ] {
        let mailferry = mailbox(&server, Database::Sqlite, &["--start", &start]);
        assert_eq!(counts(&check_poll_matches_dry_run(&mailferry)), wanted, "{start}");
    }
}

#[test]
fn an_earlier_start_imports_what_was_reported_and_no_duplicates() {
    for database in databases() {
        let server = server();
        let mailferry = mailbox(&server, database, &["--start", &date(50)]);
        check_poll_matches_dry_run(&mailferry);
        for (start, would_import, before_start) in [(date(200), 2, 2), (date(300), 0, 2), ("all".to_owned(), 1, 0)] {
            mailferry.ok(&["mailbox", "set", JOBB, "--start", &start]);
            let before = stored_state(&mailferry);
            let report = dry_run(&mailferry);
            assert_eq!(stored_state(&mailferry), before, "{database:?}");
            assert_eq!(
                (report.count("would_import"), report.count("before_start")),
                (would_import, before_start),
                "{start}: {}",
                report.total
            );
            check_poll_matches_dry_run(&mailferry);
        }
    }
}

#[test]
fn mail_in_two_folders_is_reported_once_and_a_missing_folder_does_not_block_others() {
    let server = Dovecot::start(&[JOBB]);
    server.create_folder(JOBB, "Kopior");
    server.deliver(JOBB, "INBOX", "a", &mail("one", JOBB));
    server.deliver(JOBB, "Kopior", "b", &mail("one", JOBB));
    server.deliver(JOBB, "Kopior", "c", &mail("two", JOBB));
    let folders = ["--start", "all", "--folder", "Saknas", "--folder", "INBOX", "--folder", "Kopior"];
    let mailferry = mailbox(&server, Database::Sqlite, &folders);
    let report = super::dry_run_with_a_problem(&mailferry);
    let problem = &report.folders[0]["problem"];
    assert_eq!((&problem["step"], &problem["blame"]), (&json!("select"), &json!("folder")), "{problem}");
    assert_eq!((report.count("would_import"), report.count("duplicates")), (2, 1), "{}", report.total);
    assert_eq!(report.folders[2]["shown"][1]["verdict"], "duplicate");
    let line = mailferry.poll().remove(0);
    assert_eq!((&line["imported"], &line["skipped"]), (&json!(2), &json!(1)), "{line}");
}
