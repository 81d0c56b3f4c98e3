//! The progress of the import through a backlog that one poll cannot finish.

use serde_json::{Value, json};

use super::mailbox_on;
use crate::support::{
    facts::JOBB,
    faulty::Faulty,
    mail::mail,
    mailferry::{Database, Mailferry, databases},
};

/// An installation with JOBB on this server, where a poll imports at most `mails` mails.
fn in_parts_of(mails: u32, server: &Faulty, database: Database) -> Mailferry {
    let mut mailferry = mailbox_on(database, server, &[]);
    mailferry.env("MAILFERRY__LIMITS__POLL_MESSAGES", &mails.to_string());
    mailferry
}

fn backlog(mailferry: &Mailferry) -> Value {
    mailferry.json(&["mailbox", "show", JOBB]).remove(0)["backlog"].take()
}

/// Asserts that `done` of `total` mails are imported, and that the time for the rest is known.
fn assert_progress(mailferry: &Mailferry, done: u32, total: u32) {
    let mut backlog = backlog(mailferry);
    let minutes = backlog["minutes_left"].take();
    assert_eq!(backlog, json!({ "done": done, "total": total, "minutes_left": null }));
    assert!(minutes.is_number(), "{minutes}");
    let words = format!("{done} of {total} imported, about ");
    for command in [&["mailbox", "show", JOBB][..], &["mailbox", "list"]] {
        let said = mailferry.ok(command).text();
        assert!(said.contains(&words), "{command:?}: {said}");
    }
}

#[test]
fn a_backlog_shows_its_progress_until_it_is_imported() {
    for database in databases() {
        let server = Faulty::with("ordinary", 120);
        let mailferry = in_parts_of(60, &server, database);
        assert_eq!(backlog(&mailferry), Value::Null, "{database:?}: not listed yet");
        assert_eq!(mailferry.poll_ok(), 60);
        assert_progress(&mailferry, 60, 120);
        for number in 0..30 {
            server.account().inbox().append(mail(&format!("later {number}"), JOBB));
        }
        assert_eq!(mailferry.poll_ok(), 60);
        assert_progress(&mailferry, 120, 150);
        assert_eq!(mailferry.poll_ok(), 30);
        assert_eq!(backlog(&mailferry), Value::Null, "{database:?}: all are imported");
    }
}

#[test]
fn a_mail_that_the_server_does_not_return_does_not_keep_a_backlog_open() {
    let server = Faulty::with("ordinary", 70);
    server.account().faults.hidden_from_fetch.extend([5]);
    let mailferry = in_parts_of(60, &server, Database::Sqlite);
    mailferry.poll();
    assert_ne!(backlog(&mailferry), Value::Null);
    mailferry.poll();
    let shown = mailferry.json(&["mailbox", "show", JOBB]).remove(0);
    assert_eq!((&shown["pending"], &shown["backlog"]), (&1.into(), &Value::Null), "{shown}");
}

#[test]
fn few_mails_are_no_backlog() {
    let server = Faulty::with("ordinary", 49);
    let mailferry = in_parts_of(10, &server, Database::Sqlite);
    assert_eq!(mailferry.poll_ok(), 10);
    assert_eq!(backlog(&mailferry), Value::Null);
}

#[test]
fn the_mails_of_a_folder_that_is_listed_in_parts_are_all_counted() {
    let server = Faulty::with("ordinary", 10_500);
    let mailferry = in_parts_of(60, &server, Database::Sqlite);
    assert_eq!(mailferry.poll_ok(), 60);
    assert_progress(&mailferry, 60, 10_500);
    // The imported mails are still in the folder.
    assert_eq!(mailferry.poll_ok(), 60);
    assert_progress(&mailferry, 120, 10_500);
}
