//! User names and passwords on the wire, for each kind of server.

use crate::support::{
    facts::{JOBB, JOBB_INBOX},
    mail::mail,
    mailferry::Mailferry,
    scripted::Scripted,
};

/// Checks that a login with this password to a server with these capabilities sends `wanted`: lines of the test dialogue.
fn assert_login_bytes(capabilities: &str, password: &str, wanted: &str) {
    let dialogue = format!(
        "S: * OK [CAPABILITY IMAP4rev1 {capabilities}] ready\nC: {wanted}\nS: TAG OK [CAPABILITY IMAP4rev1] in\nORDINARY"
    );
    let server = Scripted::with_messages(&[&dialogue], vec![mail("one", JOBB)]);
    let mailferry = Mailferry::new();
    mailferry.add_inbox(JOBB_INBOX);
    let options = server.options("none");
    mailferry.add_mailbox_with_password(JOBB, JOBB_INBOX, &options, &["--start", "all"], password);
    assert_eq!(mailferry.poll_ok(), 1, "{capabilities} {password}");
    server.finish();
}

#[test]
fn login_sends_ascii_credentials_as_quoted_strings() {
    assert_login_bytes("", "secret", "TAG LOGIN \"jobb@lillestad.se\" \"secret\"");
    assert_login_bytes("", "a \"b\" \\c{3}", "TAG LOGIN \"jobb@lillestad.se\" \"a \\\"b\\\" \\\\c{3}\"");
}

#[test]
fn login_sends_other_credentials_as_literals_and_waits_if_required() {
    assert_login_bytes("", "lösenord", "TAG LOGIN \"jobb@lillestad.se\" {9}*lösenord");
    assert_login_bytes("LITERAL+", "lösenord", "TAG LOGIN \"jobb@lillestad.se\" {9+}*lösenord");
}

#[test]
fn authenticate_plain_is_preferred_to_login_with_an_initial_response_if_offered() {
    assert_login_bytes("AUTH=PLAIN SASL-IR", "secret", "TAG AUTHENTICATE PLAIN AGpvYmJAbGlsbGVzdGFkLnNlAHNlY3JldA==");
    assert_login_bytes(
        "AUTH=PLAIN LOGINDISABLED",
        "secret",
        "TAG AUTHENTICATE PLAIN\nS: + \nC: AGpvYmJAbGlsbGVzdGFkLnNlAHNlY3JldA==",
    );
}

#[test]
fn login_is_tried_if_authenticate_plain_is_offered_but_not_implemented() {
    let login = "TAG AUTHENTICATE *\nS: TAG BAD unknown\nC: TAG LOGIN \"jobb@lillestad.se\" \"secret\"";
    assert_login_bytes("AUTH=PLAIN SASL-IR", "secret", login);
}
