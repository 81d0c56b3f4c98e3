//! Logins, refusals, slow servers, and commands that are never sent (reference rows D1 to D20).

use super::{ORDINARY, assert_both_imported, mailbox_at, with_options};
use crate::support::facts::text;

#[test]
fn a_login_without_a_usable_session_is_a_failure_of_the_mailbox() {
    let (server, mailferry) = mailbox_at(&["INCLUDE: not-connected.imap", ORDINARY]);
    let error = mailferry.poll_error();
    assert_eq!((text(&error, "step"), text(&error, "blame")), ("select", "mailbox"), "{error}");
    assert!(text(&error, "message").contains("password"), "the error must explain its meaning: {error}");
    assert_eq!(mailferry.poll_ok(), 2);
    server.finish();
}

#[test]
fn a_server_that_asks_for_a_pause_is_not_contacted_until_it_ends() {
    let (server, mailferry) = mailbox_at(&["INCLUDE: throttled.imap"]);
    let error = mailferry.poll_error();
    assert_eq!((text(&error, "step"), text(&error, "blame")), ("select", "host"), "{error}");
    mailferry.poll_error();
    assert_eq!(server.finish().len(), 1, "the second poll does not even connect");
}

#[test]
fn a_throttled_command_is_retried_and_not_a_refusal() {
    assert_both_imported("INCLUDE: throttled-and-done.imap");
}

#[test]
fn the_response_code_of_a_refused_login_decides_who_must_act() {
    for (code, blame) in [
        ("UNAVAILABLE", "host"),
        ("INUSE", "host"),
        ("LIMIT", "host"),
        ("SERVERBUG", "host"),
        ("TEMPFAIL", "host"),
        ("AUTHENTICATIONFAILED", "mailbox"),
        ("AUTHORIZATIONFAILED", "mailbox"),
        ("EXPIRED", "mailbox"),
        ("CONTACTADMIN", "mailbox"),
    ] {
        let refused = format!("{ORDINARY}\n\nWHEN: TAG LOGIN *\nS: TAG NO [{code}] not now");
        let (server, mailferry) = mailbox_at(&[&refused, ORDINARY]);
        let error = mailferry.poll_error();
        assert_eq!((text(&error, "step"), text(&error, "blame")), ("login", blame), "{code}: {error}");
        assert_eq!(mailferry.poll_ok(), 2, "{code}");
        server.finish();
    }
}

#[test]
fn mail_received_before_a_bye_is_imported() {
    let (server, mailferry) = mailbox_at(&["INCLUDE: session-invalidated.imap", ORDINARY]);
    assert_eq!(mailferry.poll_error()["step"], "fetch");
    assert_eq!(mailferry.subjects(), ["one"]);
    assert_eq!(mailferry.poll_ok(), 1, "the next poll continues after it");
    assert_eq!(mailferry.subjects(), ["one", "two"]);
    server.finish();
}

#[test]
fn nothing_is_read_after_a_bye() {
    let (server, mailferry) = mailbox_at(&["INCLUDE: bye-again-and-again.imap", ORDINARY]);
    let error = mailferry.poll_error();
    assert_eq!(text(&error, "step"), "search");
    assert!(text(&error, "message").contains("BYE"), "{error}");
    assert_eq!(mailferry.poll_ok(), 2);
    server.finish();
}

#[test]
fn a_greeting_that_takes_too_long_costs_one_poll() {
    for dialogue in ["INCLUDE: greeting-drips.imap", "DELAY 3000"] {
        let (server, mut mailferry) = mailbox_at(&[dialogue, ORDINARY]);
        mailferry.env("MAILFERRY__DEADLINES__GREETING", "1s");
        assert_eq!(mailferry.poll_error()["step"], "greeting", "{dialogue}");
        mailferry.unset("MAILFERRY__DEADLINES__GREETING");
        assert_eq!(mailferry.poll_ok(), 2, "{dialogue}");
        server.finish();
    }
}

#[test]
fn a_slow_connection_is_not_a_failure() {
    assert_both_imported("INCLUDE: slow-but-steady.imap");
}

#[test]
fn a_missing_folder_does_not_block_others() {
    let more = ["--start", "all", "--folder", "Saknas", "--folder", "INBOX"];
    let (server, mailferry) = with_options(&["one", "two"], &["INCLUDE: folder-nonexistent.imap"], &more);
    let line = mailferry.poll().remove(0);
    assert_eq!((&line["imported"], &line["error"]["step"]), (&2.into(), &"select".into()), "{line}");
    assert_eq!(line["error"]["blame"], "folder", "{line}");
    assert!(text(&line["error"], "message").contains("Saknas"), "{line}");
    server.finish();
}

#[test]
fn the_client_sends_its_name() {
    let (server, mailferry) = mailbox_at(&["INCLUDE: unsafe-login.imap"]);
    assert_eq!((mailferry.poll_ok(), mailferry.poll_ok()), (2, 0));
    server.finish();
}

#[test]
fn optional_commands_may_fail() {
    assert_both_imported("INCLUDE: optional-commands-fail.imap");
}

#[test]
fn capabilities_sent_after_the_login_are_used() {
    let more = ["--start", "all", "--after-import", "delete"];
    let (server, mailferry) = with_options(&["one", "two"], &["INCLUDE: uidplus-after-login.imap"], &more);
    let line = mailferry.poll().remove(0);
    assert_eq!((&line["imported"], &line["effects_pending"]), (&2.into(), &0.into()), "{line}");
    let sessions = server.finish();
    let said = sessions[0].commands();
    assert!(said.contains(&"UID EXPUNGE 1:2"), "{said:?}");
}

#[test]
fn offered_but_unneeded_extensions_are_not_used() {
    let needed = ["CAPABILITY", "LOGIN", "ID", "EXAMINE", "UID SEARCH", "UID FETCH", "LOGOUT"];
    let sessions = assert_both_imported("INCLUDE: much-on-offer.imap");
    assert_eq!(sessions.len(), 2, "one connection for each poll");
    for session in &sessions {
        for command in session.commands() {
            assert!(needed.iter().any(|verb| command.starts_with(verb)), "{command}");
            assert!(!command.contains("RETURN") && !command.contains("CONDSTORE"), "{command}");
        }
        assert!(session.commands().iter().any(|line| line.starts_with("EXAMINE ")), "the folder is opened again");
        assert_eq!(session.commands().last(), Some(&"LOGOUT"), "the session ends with LOGOUT");
    }
}

#[test]
fn a_user_name_with_a_backslash_is_sent_correctly() {
    let login = r#"C: TAG LOGIN "kommun\\anna\\jobb" *"#;
    let dialogue = format!("S: * OK [CAPABILITY IMAP4rev1] ready\n{login}\nS: TAG OK in\nORDINARY");
    let more = ["--start", "all", "--username", r"kommun\anna\jobb"];
    let (server, mailferry) = with_options(&["one", "two"], &[&dialogue], &more);
    assert_eq!(mailferry.poll_ok(), 2);
    server.finish();
}

#[test]
fn any_kind_of_bye_at_logout_is_accepted() {
    for end in ["CUT", "S: TAG NO what for", "S: TAG BAD", "S: * BYE\nCUT", "S: TAG OK bye\nS: * BYE bye"] {
        assert_both_imported(&format!("{ORDINARY}\n\nWHEN: TAG LOGOUT\n{end}"));
    }
    assert_both_imported("INCLUDE: bye-at-logout-again-and-again.imap");
}

/// One refused login counts once; trying another mechanism each time would lock the account in half the time (D20).
#[test]
fn a_refused_plain_login_counts_once() {
    let (server, mailferry) = mailbox_at(&["INCLUDE: plain-refused.imap"]);
    assert_eq!(mailferry.poll_error()["step"], "login");
    server.sessions();
}
