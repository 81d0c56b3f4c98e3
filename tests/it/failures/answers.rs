//! A server that disconnects or answers NO causes an error, never "no new mail", and the next poll continues.

use super::{CANARY, fails_at, mailbox};
use crate::support::{mail::mail, mailferry::Mailferry, scripted::Scripted};

const ORDINARY: &str = "S: * OK ready\nORDINARY";

/// Two polls meet this dialogue and must fail at this step; the third meets an ordinary server and must succeed.
fn fails_then_recovers(dialogue: &str, step: &str, words: &[&str]) {
    let messages = vec![mail("one", super::JOBB), mail("two", super::JOBB)];
    let server = Scripted::with_messages(&[dialogue, dialogue, ORDINARY], messages);
    let mailferry = mailbox(&server.options("none"), &[]);
    fails_at(&mailferry, step, words);
    assert_recovers(&mailferry);
    server.sessions();
}

fn assert_recovers(mailferry: &Mailferry) {
    mailferry.poll_ok();
    assert_eq!(mailferry.subjects(), ["one", "two"], "no mail lost or imported twice");
    assert_eq!(mailferry.poll_ok(), 0);
}

#[test]
fn a_no_to_search_is_a_failure_and_not_an_empty_folder() {
    fails_then_recovers("INCLUDE: search-no.imap", "search", &["search"]);
}

#[test]
fn a_no_to_fetch_loses_no_mail() {
    fails_then_recovers("INCLUDE: fetch-no.imap", "fetch", &["fetch"]);
}

#[test]
fn a_no_to_fetch_after_one_of_two_mails_keeps_the_first() {
    let messages = vec![mail("one", super::JOBB), mail("two", super::JOBB)];
    let server = Scripted::with_messages(&["INCLUDE: fetch-no-after-one.imap", ORDINARY], messages);
    let mailferry = mailbox(&server.options("none"), &[]);
    assert_eq!(mailferry.poll_ok(), 1, "received mail is imported");
    assert_eq!(mailferry.subjects(), ["two"]);
    assert_recovers(&mailferry);
    server.sessions();
}

#[test]
fn a_bye_during_a_fetch_loses_no_mail() {
    fails_then_recovers("INCLUDE: fetch-bye.imap", "fetch", &["fetch", "BYE"]);
}

#[test]
fn a_connection_that_ends_within_a_mail_loses_no_mail() {
    fails_then_recovers("INCLUDE: fetch-cut.imap", "fetch", &["fetch", "connection", "ended", "closed"]);
}

#[test]
fn a_bye_instead_of_a_greeting_is_reported() {
    fails_then_recovers("S: * BYE too many connections\nCUT", "greeting", &["too many connections", "BYE"]);
}

#[test]
fn a_bye_after_the_login_is_reported() {
    let dialogue = "S: * OK ready\nORDINARY\nWHEN: TAG EXAMINE *\nS: * BYE closing for the night\nCUT";
    fails_then_recovers(dialogue, "select", &["select", "BYE", "closing"]);
}

#[test]
fn a_mail_that_search_lists_and_fetch_omits_is_requested_again() {
    let messages = vec![mail("one", super::JOBB), mail("two", super::JOBB)];
    let server = Scripted::with_messages(&["INCLUDE: fetch-omits-one.imap", ORDINARY], messages);
    let mailferry = mailbox(&server.options("none"), &[]);
    let first = mailferry.poll().remove(0);
    assert_eq!(first["imported"], 1, "{first}");
    assert_eq!(mailferry.subjects(), ["two"]);
    assert_recovers(&mailferry);
    server.sessions();
}

#[test]
fn logindisabled_is_honoured() {
    let server = Scripted::start(&["INCLUDE: logindisabled.imap"]);
    let mailferry = mailbox(&server.options("none"), &[]);
    fails_at(&mailferry, "login", &["LOGINDISABLED", "password login", "login"]);
    for session in server.sessions() {
        assert!(!session.has_credentials(CANARY), "{:#?}", session.lines);
    }
}
