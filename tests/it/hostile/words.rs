//! Servers with hostile texts, and user input that could inject commands.

use super::{CANARY, DEADLINE, GRACE, MAX_MEMORY, with_short_deadlines};
use crate::support::{
    facts::{JOBB, JOBB_INBOX, text},
    mail::mail,
    mailferry::Mailferry,
    measured,
    scripted::Scripted,
};

const ORDINARY: &str = "S: * OK ready\nORDINARY";

/// Starts a server with one mail and these dialogues, and adds a mailbox on it.
fn mailbox_at(dialogues: &[&str]) -> (Scripted, Mailferry) {
    let server = Scripted::with_messages(dialogues, vec![mail("one", JOBB)]);
    let mailferry = with_short_deadlines(server.port, "none", &[]);
    (server, mailferry)
}

#[test]
fn a_referral_is_not_followed() {
    let (server, mailferry) = mailbox_at(&["INCLUDE: greeting-referral.imap"]);
    assert_eq!((mailferry.poll_ok(), mailferry.poll_ok()), (1, 0));
    server.finish();
}

#[test]
fn no_credential_is_sent_without_a_valid_greeting() {
    for name in ["greeting-tagged", "greeting-of-another-kind"] {
        let (server, mailferry) = mailbox_at(&[&format!("INCLUDE: {name}.imap")]);
        assert_eq!(mailferry.poll_error()["step"], "greeting", "{name}");
        for session in server.sessions() {
            assert!(!session.has_credentials(CANARY), "{name}: {:#?}", session.lines);
        }
    }
}

#[test]
fn a_servers_text_cannot_control_the_terminal() {
    let (server, mailferry) = mailbox_at(&["INCLUDE: alert-with-controls.imap"]);
    let said = mailferry.run(&["poll"]).all();
    assert!(said.contains("pay") && !said.contains("\u{1b}["), "{said:?}");
    let shown = mailferry.ok(&["mailbox", "show", JOBB]).all();
    assert!(!shown.contains("\u{1b}["), "{shown:?}");
    let error = mailferry.poll_error();
    assert!(!text(&error, "message").contains(char::is_control), "{error}");
    server.finish();
}

#[test]
fn a_response_to_another_command_is_not_accepted() {
    let (server, mailferry) = mailbox_at(&["INCLUDE: tag-of-another.imap", ORDINARY]);
    assert_eq!(mailferry.poll_error()["step"], "search");
    assert_eq!(mailferry.poll_ok(), 1);
    server.sessions();
}

#[test]
fn an_endless_folder_list_ends_the_check() {
    let (server, mailferry) = mailbox_at(&["INCLUDE: list-without-an-end.imap"]);
    let checked = measured::run(&mailferry, &["mailbox", "check", JOBB], DEADLINE + GRACE);
    assert_eq!(checked.output.code, 1, "{}", checked.output.all());
    assert!(checked.peak <= MAX_MEMORY, "the poll used {} MB", checked.peak >> 20);
    assert_eq!(mailferry.poll_ok(), 1, "a poll does not list folders");
    server.finish();
}

#[test]
fn literals_of_impossible_sizes_are_rejected() {
    for size in ["4294967296", "99999999999", "99999999999999999999", "-1"] {
        let announced = format!("S: * 1 FETCH (UID 1 BODY[] {{{size}}}");
        let dialogue = format!("{ORDINARY}\n\nWHEN: TAG UID FETCH *BODY.PEEK[]*\n{announced}\nS: )\nS: TAG OK done");
        let (server, mailferry) = mailbox_at(&[&dialogue, ORDINARY]);
        assert_eq!(mailferry.poll_error()["step"], "fetch", "{size}");
        assert_eq!(mailferry.messages().len(), 0, "{size}");
        assert_eq!(mailferry.poll_ok(), 1, "{size}");
        server.sessions();
    }
}

#[test]
fn no_text_of_a_user_or_server_becomes_a_command() {
    let server = Scripted::start(&[ORDINARY]);
    let mailferry = Mailferry::new();
    mailferry.add_inbox(JOBB_INBOX);
    let options = server.options("none");
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let break_out = "a\r\nF9 DELETE INBOX";
    for (option, text) in [
        ("--username", break_out),
        ("--folder", break_out),
        ("--after-import", "move:a\r\nF9 DELETE INBOX"),
        ("--after-import", "keyword:a)\r\nF9 DELETE INBOX"),
    ] {
        let add = ["mailbox", "add", JOBB, "--inbox", JOBB_INBOX, "--password-stdin", "--start", "all", option, text];
        if mailferry.run_with_input(&[&add[..], &options].concat(), "secret\n").code == 0 {
            mailferry.poll_error();
            mailferry.ok(&["mailbox", "remove", JOBB]);
        }
    }
    let add = ["mailbox", "add", JOBB, "--inbox", JOBB_INBOX, "--password-stdin"];
    if mailferry.run_with_input(&[&add[..], &options].concat(), &format!("{break_out}\n")).code == 0 {
        mailferry.poll();
    }
    for session in server.sessions() {
        assert!(!String::from_utf8_lossy(&session.received).contains("F9 DELETE"), "{:#?}", session.lines);
    }
}
