//! What real servers do, and what it must not lead to.

use crate::support::{
    facts::{JOBB, JOBB_INBOX},
    mail::mail,
    mailferry::Mailferry,
    scripted::Scripted,
};

/// A server with two mails that plays these dialogues, one a connection, and a mailbox at it.
fn at(dialogues: &[&str]) -> (Scripted, Mailferry) {
    let server = Scripted::with_messages(dialogues, vec![mail("one", JOBB), mail("two", JOBB)]);
    let mailferry = Mailferry::new();
    mailferry.add_inbox(JOBB_INBOX);
    mailferry.add_mailbox(JOBB, JOBB_INBOX, &server.options("none"), &["--start", "all"]);
    (server, mailferry)
}

#[test]
fn lines_that_nobody_can_read_are_passed_over() {
    let (server, mailferry) = at(&["INCLUDE: noise.imap"]);
    assert_eq!(mailferry.poll_ok(), 2);
    assert_eq!(mailferry.poll_ok(), 0);
    server.finish();
}

#[test]
fn a_search_that_nobody_can_read_is_an_error_and_not_an_empty_mailbox() {
    let (server, mailferry) = at(&["INCLUDE: search-garbage.imap", "S: * OK ready\nORDINARY"]);
    assert_eq!(mailferry.poll_error()["step"], "search");
    assert_eq!(mailferry.poll_ok(), 2);
    server.sessions();
}
