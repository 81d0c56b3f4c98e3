//! With "leave", no command is sent that could change the customer's copy.

use super::{deliver, mailbox};
use crate::support::{dovecot::Dovecot, facts::JOBB, mailferry::Database};

/// All commands of a client that only reads. FETCH is examined more closely.
const READ_ONLY_COMMANDS: [&str; 11] = [
    "CAPABILITY",
    "ID ",
    "LOGIN ",
    "AUTHENTICATE ",
    "NAMESPACE",
    "LIST ",
    "EXAMINE ",
    "STATUS ",
    "UID SEARCH ",
    "NOOP",
    "LOGOUT",
];

fn is_read_only(command: &str) -> bool {
    let command = command.to_ascii_uppercase();
    if command.starts_with("UID FETCH ") {
        // BODY[...] and RFC822 set \Seen, BODY.PEEK[...] and RFC822.SIZE do not.
        let rest = command.replace("BODY.PEEK[", "").replace("RFC822.SIZE", "");
        return !rest.contains("BODY[") && !rest.contains("RFC822");
    }
    READ_ONLY_COMMANDS.iter().any(|allowed| command.starts_with(allowed))
}

#[test]
fn leave_sends_no_command_that_changes_the_mailbox() {
    let server = Dovecot::start(&[JOBB]);
    let mailferry = mailbox(&server, Database::Sqlite, &["--start", "all"]);
    deliver(&server, &["one", "two"]);
    // The log also contains the test's own sessions, which end here.
    let before = server.commands_sent(JOBB).len();
    mailferry.ok(&["mailbox", "check", JOBB]);
    assert_eq!(mailferry.poll_ok(), 2);
    assert_eq!(mailferry.poll_ok(), 0);
    mailferry.ok(&["mailbox", "check", JOBB]);

    let commands = server.commands_sent(JOBB).split_off(before);
    assert!(
        commands.iter().any(|command| command.starts_with("UID FETCH ")),
        "the command log is incomplete: {commands:?}"
    );
    let changing: Vec<&String> = commands.iter().filter(|command| !is_read_only(command)).collect();
    assert!(changing.is_empty(), "{changing:?}");
    assert_eq!(server.untouched(JOBB, "INBOX"), ["one", "two"], "even \\Recent is unchanged");
}

#[test]
fn a_check_changes_nothing_with_any_after_import_choice() {
    let server = Dovecot::start(&[JOBB]);
    server.create_folder(JOBB, "Klart");
    let mailferry = mailbox(&server, Database::Sqlite, &["--start", "all"]);
    deliver(&server, &["one"]);
    let before = server.commands_sent(JOBB).len();
    for choice in ["seen", "keyword:Hamtad", "move:Klart", "delete"] {
        mailferry.ok(&["mailbox", "set", JOBB, "--after-import", choice]);
        let check = mailferry.ok(&["mailbox", "check", JOBB]).text();
        assert!(check.contains("INBOX"), "{check}");
    }
    let commands = server.commands_sent(JOBB).split_off(before);
    assert!(commands.iter().all(|command| is_read_only(command)), "{commands:?}");
    assert_eq!(server.untouched(JOBB, "INBOX"), ["one"]);
}
