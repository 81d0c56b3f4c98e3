//! An attacker between us and the server strips STARTTLS or injects text. No credentials may be sent.

use super::{CANARY, fails_at, mailbox};
use crate::support::{certs::Certs, scripted::Scripted};

/// Polls with `--tls starttls` against this dialogue, and checks that the client has sent no credentials.
fn assert_no_credentials_sent(dialogue: &str, words: &[&str]) {
    let dir = tempfile::TempDir::new().unwrap();
    let certs = Certs::make(dir.path());
    let server = Scripted::with_tls(&[dialogue], &certs.good, false);
    let ca_file = certs.ca_file.to_string_lossy().into_owned();
    let mailferry = mailbox(&server.options("starttls"), &["--ca-file", &ca_file]);
    fails_at(&mailferry, "starttls", words);
    let check = mailferry.run(&["mailbox", "check", super::JOBB]);
    assert_eq!(check.code, 1, "{}", check.all());
    let sessions = server.sessions();
    assert!(sessions.len() >= 3, "two polls and a check have connected");
    for session in sessions {
        assert!(!session.has_credentials(CANARY), "{:#?}", session.lines);
    }
}

#[test]
fn starttls_missing_from_the_capabilities_ends_the_login() {
    assert_no_credentials_sent("INCLUDE: starttls-stripped.imap", &["STARTTLS"]);
}

#[test]
fn a_no_to_starttls_ends_the_login() {
    assert_no_credentials_sent("INCLUDE: starttls-refused.imap", &["STARTTLS"]);
}

#[test]
fn preauth_before_starttls_ends_the_login() {
    assert_no_credentials_sent("INCLUDE: starttls-preauth.imap", &["PREAUTH"]);
}

#[test]
fn plain_bytes_after_starttls_end_the_login() {
    assert_no_credentials_sent("INCLUDE: starttls-injection.imap", &["STARTTLS", "unencrypted", "before TLS"]);
}

#[test]
fn capabilities_from_before_tls_are_forgotten() {
    let dir = tempfile::TempDir::new().unwrap();
    let certs = Certs::make(dir.path());
    let server = Scripted::with_tls(&["INCLUDE: starttls-capabilities.imap"], &certs.good, false);
    let ca_file = certs.ca_file.to_string_lossy().into_owned();
    let mailferry = mailbox(&server.options("starttls"), &["--ca-file", &ca_file]);
    assert_eq!(mailferry.poll_ok(), 0, "LOGINDISABLED from before TLS is ignored");
    let sessions = server.finish();
    assert!(sessions[0].has_credentials(CANARY));
}
