//! The effect on the customer's copy after the import, seen in the Maildir.

use super::{deliver, mailbox};
use crate::support::{
    dovecot::Dovecot,
    facts::JOBB,
    mail::mail,
    mailferry::{Database, Mailferry, databases},
};

/// Polls a folder with one mail from before the start and two new ones, with this effect. Only the new ones are imported and
/// get the effect, because without `--start` a mailbox starts now.
fn imported(database: Database, extra: &str, after_import: &str) -> (Dovecot, Mailferry) {
    let server = Dovecot::start_with(&[JOBB], extra, |certs| &certs.good);
    server.create_folder(JOBB, "Klart");
    let last_year = std::time::SystemTime::now() - std::time::Duration::from_secs(400 * 86_400);
    server.deliver_at(JOBB, "INBOX", "old", &mail("old", JOBB), last_year);
    server.client(JOBB).examine("INBOX");
    let mailferry = mailbox(&server, database, &["--after-import", after_import]);
    deliver(&server, &["one", "two"]);
    let line = mailferry.poll().remove(0);
    assert!(line["error"].is_null(), "{line}");
    assert_eq!(
        (&line["imported"], &line["effects_done"], &line["effects_pending"]),
        (&2.into(), &2.into(), &0.into()),
        "{line}"
    );
    assert_eq!(mailferry.poll_ok(), 0);
    assert_eq!(mailferry.subjects(), ["one", "two"]);
    (server, mailferry)
}

/// The flags and keywords of a mail in INBOX.
fn flags_and_keywords(server: &Dovecot, name: &str) -> String {
    let messages = server.messages(JOBB, "INBOX");
    let message = messages.iter().find(|message| message.name == name).expect(name);
    format!("{}{}", message.flags, message.keywords.join(" "))
}

#[test]
fn seen_marks_only_imported_mail_as_seen() {
    let (server, _mailferry) = imported(Database::Sqlite, "", "seen");
    assert_eq!(
        [flags_and_keywords(&server, "old"), flags_and_keywords(&server, "one"), flags_and_keywords(&server, "two")],
        ["", "S", "S"]
    );
}

#[test]
fn keyword_marks_only_imported_mail_with_the_keyword() {
    let (server, _mailferry) = imported(Database::Sqlite, "", "keyword:Hamtad");
    assert_eq!(
        [flags_and_keywords(&server, "old"), flags_and_keywords(&server, "one"), flags_and_keywords(&server, "two")],
        ["", "Hamtad", "Hamtad"]
    );
}

#[test]
fn move_uses_the_move_command_if_the_server_supports_it() {
    let (server, _mailferry) = imported(Database::Sqlite, "", "move:Klart");
    assert_eq!(server.names(JOBB, "INBOX"), ["old"]);
    assert_eq!(server.messages(JOBB, "Klart").len(), 2);
    let commands = server.commands_sent(JOBB);
    assert!(commands.iter().any(|command| command.starts_with("UID MOVE ")), "{commands:?}");
    assert!(!commands.iter().any(|command| command.contains("COPY")), "{commands:?}");
}

#[test]
fn without_the_move_command_the_mail_is_copied_and_then_expunged() {
    let without_move = "protocol imap {\n  imap_capability = IMAP4rev1 SASL-IR ID NAMESPACE UIDPLUS LITERAL+\n}";
    let (server, _mailferry) = imported(Database::Sqlite, without_move, "move:Klart");
    assert_eq!(server.names(JOBB, "INBOX"), ["old"]);
    assert_eq!(server.messages(JOBB, "Klart").len(), 2);
    let commands = server.commands_sent(JOBB);
    let place = |beginning: &str| commands.iter().position(|command| command.starts_with(beginning));
    assert!(place("UID COPY ").expect("a COPY") < place("UID EXPUNGE ").expect("a UID EXPUNGE"), "{commands:?}");
}

#[test]
fn delete_removes_only_imported_mail() {
    for database in databases() {
        let (server, mailferry) = imported(database, "", "delete");
        assert_eq!(server.names(JOBB, "INBOX"), ["old"], "{database:?}");
        // The customer has marked this mail as deleted, and has not expunged it yet.
        server.deliver_with_flags(JOBB, "INBOX", "marked", &mail("marked", JOBB), "T");
        assert_eq!(server.client(JOBB).examine("INBOX").search("DELETED"), [4]);
        mailferry.ok(&["mailbox", "set", JOBB, "--after-import", "leave"]);
        assert_eq!(mailferry.poll_ok(), 1);
        mailferry.ok(&["mailbox", "set", JOBB, "--after-import", "delete"]);
        deliver(&server, &["three"]);
        assert_eq!(mailferry.poll_ok(), 1);
        assert_eq!(server.names(JOBB, "INBOX"), ["marked", "old"], "{database:?}");
        let commands = server.commands_sent(JOBB);
        let dangerous = |command: &&String| command.as_str() == "EXPUNGE" || command.as_str() == "CLOSE";
        assert_eq!(commands.iter().find(dangerous), None);
    }
}

#[test]
fn delete_is_refused_if_the_server_can_only_expunge_everything() {
    let without_uidplus = "protocol imap {\n  imap_capability = IMAP4rev1 SASL-IR ID NAMESPACE LITERAL+\n}";
    let server = Dovecot::start_with(&[JOBB], without_uidplus, |certs| &certs.good);
    let mailferry = mailbox(&server, Database::Sqlite, &["--start", "all", "--after-import", "delete"]);
    deliver(&server, &["one"]);
    let output = mailferry.run(&["--json", "poll"]);
    assert_eq!(server.names(JOBB, "INBOX"), ["one"]);
    let commands = server.commands_sent(JOBB);
    assert!(!commands.iter().any(|command| command.contains("EXPUNGE")), "{commands:?}");
    let check = mailferry.run(&["mailbox", "check", JOBB]);
    let said = format!("{}{}", output.all(), check.all());
    assert!(said.contains("UIDPLUS"), "the output must name the missing capability:\n{said}");
}

/// The configuration that gives every folder a second name, which begins with `Annat/` (`alias_for`).
const ALIAS: &str =
    "namespace other {\n  prefix = Annat/\n  separator = /\n  alias_for =\n  list = no\n  hidden = yes\n}\n";

#[test]
fn mail_is_not_moved_into_the_same_folder_under_another_name() {
    let server = Dovecot::start_with(&[JOBB], ALIAS, |certs| &certs.good);
    server.create_folder(JOBB, "Support");
    server.deliver(JOBB, "Support", "one", &mail("one", JOBB));
    let mailferry = mailbox(
        &server,
        Database::Sqlite,
        &["--folder", "Support", "--start", "all", "--after-import", "move:Annat/Support"],
    );
    let checked = mailferry.run(&["mailbox", "check", JOBB]);
    assert!(checked.text().contains("Annat/Support is the polled folder Support"), "{}", checked.all());
    for _ in 0..3 {
        let line = mailferry.poll().remove(0);
        assert_eq!(line["error"]["step"], "settle", "{line}");
    }
    assert_eq!(mailferry.subjects(), ["one"]);
    assert_eq!(server.names(JOBB, "Support"), ["one"], "it was not moved");
    let named = mailferry.run(&["mailbox", "set", JOBB, "--after-import", "move:INBOX.Support"]);
    assert!(named.code != 0 && named.all().contains("choose another"), "{}", named.all());
}
