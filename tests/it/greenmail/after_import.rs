//! The effect on the customer's copy after the import, one test for each choice.

use serde_json::Value;

use super::{mailbox, send};
use crate::support::{
    facts::JOBB,
    greenmail::GreenMail,
    mailferry::{Database, Mailferry},
};

/// A server and an installation that has imported two mails with this choice, and the line of the poll.
fn imported(after_import: &str) -> (GreenMail, Mailferry, Value) {
    let server = GreenMail::start(&[JOBB]);
    server.client(JOBB).create("Klart");
    let mailferry = mailbox(&server, Database::Sqlite, &["--after-import", after_import]);
    send(&server, &["one", "two"]);
    let line = mailferry.poll().remove(0);
    assert!(line["error"].is_null(), "{line}");
    assert_eq!(line["imported"], 2, "{line}");
    (server, mailferry, line)
}

fn assert_all_effects_done(line: &Value) {
    assert_eq!((&line["effects_done"], &line["effects_pending"]), (&2.into(), &0.into()), "{line}");
}

/// Checks that the effect on the copies makes no mail arrive a second time, and that none is lost.
fn assert_next_poll_finds_nothing(mailferry: &Mailferry) {
    assert_eq!(mailferry.poll_ok(), 0);
    assert_eq!(mailferry.subjects(), ["one", "two"]);
}

#[test]
fn leave_changes_nothing() {
    let (server, mailferry, line) = imported("leave");
    assert_eq!((&line["effects_done"], &line["effects_pending"]), (&0.into(), &0.into()), "{line}");
    let mut customer = server.client(JOBB);
    customer.examine("INBOX");
    assert!(customer.flags(1).is_empty() && customer.flags(2).is_empty());
    assert_next_poll_finds_nothing(&mailferry);
}

#[test]
fn seen_marks_the_copy_as_read() {
    let (server, mailferry, line) = imported("seen");
    assert_all_effects_done(&line);
    let mut customer = server.client(JOBB);
    customer.examine("INBOX");
    assert_eq!(customer.flags(1), ["\\Seen"]);
    assert_eq!(customer.flags(2), ["\\Seen"]);
    assert_next_poll_finds_nothing(&mailferry);
}

#[test]
fn keyword_gives_the_copy_a_keyword() {
    let (server, mailferry, line) = imported("keyword:Hamtad");
    assert_all_effects_done(&line);
    let mut customer = server.client(JOBB);
    customer.examine("INBOX");
    let flags = customer.flags(1);
    assert_eq!(flags.len(), 1, "{flags:?}");
    assert!(flags[0].eq_ignore_ascii_case("Hamtad"), "{flags:?}");
    assert_next_poll_finds_nothing(&mailferry);
}

#[test]
fn move_moves_the_copy_into_another_folder() {
    let (server, mailferry, line) = imported("move:Klart");
    assert_all_effects_done(&line);
    let mut customer = server.client(JOBB);
    assert!(customer.examine("INBOX").search("ALL").is_empty());
    assert_eq!(customer.examine("Klart").search("ALL").len(), 2);
    assert_next_poll_finds_nothing(&mailferry);
}

#[test]
fn delete_removes_the_copy() {
    let (server, mailferry, line) = imported("delete");
    assert_all_effects_done(&line);
    assert!(server.client(JOBB).examine("INBOX").search("ALL").is_empty());
    assert_next_poll_finds_nothing(&mailferry);
}

#[test]
fn a_changed_after_import_choice_applies_to_later_mail() {
    let (server, mailferry, _) = imported("leave");
    mailferry.ok(&["mailbox", "set", JOBB, "--after-import", "seen"]);
    send(&server, &["three"]);
    assert_eq!(mailferry.poll_ok(), 1);
    let mut customer = server.client(JOBB);
    customer.examine("INBOX");
    assert!(customer.flags(1).is_empty(), "mail imported before the change keeps its copy");
    assert_eq!(customer.flags(3), ["\\Seen"]);
}
