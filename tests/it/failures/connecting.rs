//! Servers that cannot be reached, refuse the login, or do not have the folder.

use super::{fails_at, mailbox};
use crate::support::{
    dovecot::Dovecot,
    facts::{JOBB, JOBB_INBOX},
    mail::mail,
    mailferry::Mailferry,
    ports::free_port,
};

fn options_for(host: &str, port: u16) -> Vec<String> {
    ["--host", host, "--port", &port.to_string(), "--tls", "none"].map(str::to_owned).to_vec()
}

#[test]
fn a_wrong_password_is_reported() {
    let server = Dovecot::start(&[JOBB]);
    let mailferry = mailbox(&server.tls_options(), &[]);
    fails_at(&mailferry, "login", &["password", "login", "authentication"]);
    let check = mailferry.run(&["mailbox", "check", JOBB]);
    assert_eq!(check.code, 1, "{}", check.all());
}

#[test]
fn the_poll_succeeds_after_the_password_is_corrected() {
    let server = Dovecot::start(&[JOBB]);
    server.deliver(JOBB, "INBOX", "one", &mail("one", JOBB));
    let mailferry = mailbox(&server.tls_options(), &[]);
    fails_at(&mailferry, "login", &["password", "login", "authentication"]);
    mailferry.ok_with_input(&["mailbox", "set", JOBB, "--password-stdin"], "secret\n");
    assert_eq!(mailferry.poll_ok(), 1);
}

#[test]
fn an_unknown_host_is_reported() {
    let mailferry = mailbox(&options_for("imap.nowhere.invalid", 143), &[]);
    fails_at(&mailferry, "dns", &["imap.nowhere.invalid"]);
    assert_eq!(mailferry.run(&["mailbox", "check", JOBB]).code, 1);
}

#[test]
fn a_closed_port_is_reported() {
    let port = free_port();
    let mailferry = mailbox(&options_for("127.0.0.1", port), &[]);
    fails_at(&mailferry, "tcp", &["refused"]);
}

#[test]
fn a_missing_folder_is_reported() {
    let server = Dovecot::start(&[JOBB]);
    let mailferry = Mailferry::new();
    mailferry.add_inbox(JOBB_INBOX);
    mailferry.add_mailbox(JOBB, JOBB_INBOX, &server.tls_options(), &["--folder", "Saknas"]);
    fails_at(&mailferry, "select", &["Saknas"]);
    server.create_folder(JOBB, "Saknas");
    server.deliver(JOBB, "Saknas", "one", &mail("one", JOBB));
    assert_eq!(mailferry.poll_ok(), 1, "the poll succeeds once the folder exists");
}

#[test]
fn a_loopback_address_is_refused_unless_allowed() {
    let server = Dovecot::start(&[JOBB]);
    let mut mailferry = mailbox(&server.tls_options(), &[]);
    mailferry.unset("MAILFERRY__EGRESS__ALLOW");
    let error = fails_at(&mailferry, "dns", &["egress"]);
    assert!(error["message"].as_str().unwrap().contains("egress.allow"), "the error must name the setting: {error}");
    let shown = mailferry.json(&["mailbox", "show", JOBB]).remove(0);
    assert_eq!(shown["who_must_act"], "operator", "{shown}");
}

#[test]
fn a_failing_mailbox_does_not_block_the_others() {
    let server = Dovecot::start(&[JOBB, "ansokan@lillestad.se"]);
    server.deliver("ansokan@lillestad.se", "INBOX", "one", &mail("one", JOBB));
    let mailferry = mailbox(&options_for("127.0.0.1", free_port()), &[]);
    mailferry.add_mailbox("ansokan@lillestad.se", JOBB_INBOX, &server.tls_options(), &["--start", "all"]);
    let lines = mailferry.poll();
    assert_eq!(lines.iter().filter(|line| line["error"].is_null()).count(), 1, "{lines:?}");
    assert_eq!(mailferry.subjects(), ["one"]);
}
