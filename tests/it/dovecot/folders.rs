//! Folders other than INBOX, with names that IMAP writes in modified UTF-7.

use super::{deliver, mailbox};
use crate::support::{
    dovecot::Dovecot,
    facts::{JOBB, text, with},
    mail::mail,
    mailferry::Database,
};

const FOLDER: &str = "Ärenden/Inkommet";

#[test]
fn a_folder_with_umlauts_is_polled_beside_inbox() {
    let server = Dovecot::start(&[JOBB]);
    server.create_folder(JOBB, FOLDER);
    let more = ["--start", "all", "--folder", "INBOX", "--folder", FOLDER];
    let mailferry = mailbox(&server, Database::Sqlite, &more);
    deliver(&server, &["in the inbox"]);
    server.deliver(JOBB, FOLDER, "a", &mail("in the folder", JOBB));
    assert_eq!(mailferry.poll_ok(), 2);
    let messages = mailferry.messages();
    assert_eq!(text(with(&messages, "subject", "in the folder")[0], "folder"), FOLDER);
    assert_eq!(text(with(&messages, "subject", "in the inbox")[0], "folder"), "INBOX");
    assert_eq!(mailferry.poll_ok(), 0);
}

#[test]
fn mail_is_moved_into_a_folder_with_umlauts() {
    let server = Dovecot::start(&[JOBB]);
    server.create_folder(JOBB, "Hämtat & klart");
    let mailferry = mailbox(&server, Database::Sqlite, &["--start", "all", "--after-import", "move:Hämtat & klart"]);
    deliver(&server, &["one"]);
    assert_eq!(mailferry.poll_ok(), 1);
    assert!(server.messages(JOBB, "INBOX").is_empty());
    assert_eq!(server.messages(JOBB, "Hämtat & klart").len(), 1);
}

#[test]
fn an_emptied_folder_is_not_a_failure() {
    let server = Dovecot::start(&[JOBB]);
    let mailferry = mailbox(&server, Database::Sqlite, &["--start", "all"]);
    assert_eq!(mailferry.poll_ok(), 0, "an empty folder is not an error");
    deliver(&server, &["one"]);
    assert_eq!(mailferry.poll_ok(), 1);
    server.client(JOBB).select("INBOX").command("UID STORE 1 +FLAGS (\\Deleted)");
    server.client(JOBB).select("INBOX").command("UID EXPUNGE 1");
    assert_eq!(mailferry.poll_ok(), 0);
    assert_eq!(mailferry.subjects(), ["one"], "imported mail stays when the customer deletes the copy");
}
