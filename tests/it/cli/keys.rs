//! The key that seals the passwords, and its file.

use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf};

use crate::support::{
    facts::{JOBB, JOBB_INBOX},
    mailferry::Mailferry,
    scripted::{Scripted, Session},
};

fn with_a_password(server: &Scripted) -> Mailferry {
    let mailferry = Mailferry::new();
    mailferry.add_inbox(JOBB_INBOX);
    mailferry.add_mailbox(JOBB, JOBB_INBOX, &server.options("none"), &[]);
    mailferry
}

fn server() -> Scripted {
    Scripted::start(&["S: * OK ready\nORDINARY"])
}

fn assert_login_count(sessions: &[Session], count: usize) {
    assert_eq!(sessions.iter().filter(|session| session.has_credentials("secret")).count(), count);
}

/// The key file that was created beside the database.
fn key_file(mailferry: &Mailferry) -> PathBuf {
    mailferry.dir().join("mailferry.key")
}

#[test]
fn the_key_file_is_created_readable_only_by_its_owner() {
    let server = server();
    let mailferry = with_a_password(&server);
    let mode = fs::metadata(key_file(&mailferry)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(mailferry.poll_ok(), 0);
    assert_login_count(&server.finish(), 1);
}

#[test]
fn a_key_file_that_others_can_read_is_refused() {
    let server = server();
    let mailferry = with_a_password(&server);
    for mode in [0o644, 0o604] {
        fs::set_permissions(key_file(&mailferry), fs::Permissions::from_mode(mode)).unwrap();
        for command in ["poll", "check"] {
            let output = mailferry.run(&[command]);
            assert_ne!(output.code, 0, "{command} with {mode:o}:\n{}", output.all());
            assert!(output.all().contains("mailferry.key"), "the output must name the file:\n{}", output.all());
        }
    }
    fs::set_permissions(key_file(&mailferry), fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(mailferry.poll_ok(), 0);
    assert_login_count(&server.sessions(), 1);
}

#[test]
fn a_password_cannot_be_used_without_its_key() {
    let server = server();
    let mailferry = with_a_password(&server);
    fs::remove_file(key_file(&mailferry)).unwrap();
    assert_ne!(mailferry.run(&["poll"]).code, 0);
    assert_login_count(&server.sessions(), 0);
}

#[test]
fn after_a_rotation_the_passwords_can_still_be_read() {
    let server = server();
    let mailferry = with_a_password(&server);
    let before = fs::read(key_file(&mailferry)).unwrap();
    mailferry.ok(&["key", "rotate"]);
    assert_ne!(fs::read(key_file(&mailferry)).unwrap(), before);
    assert_eq!(mailferry.poll_ok(), 0);
    assert_login_count(&server.finish(), 1);
}

#[test]
fn the_key_file_can_be_in_another_place() {
    let server = server();
    let mut mailferry = Mailferry::new();
    let elsewhere = mailferry.dir().join("elsewhere.key");
    mailferry.env("MAILFERRY__VAULT__KEY_FILE", elsewhere.to_str().unwrap());
    mailferry.ok(&["key", "generate"]);
    assert!(elsewhere.exists());
    mailferry.add_inbox(JOBB_INBOX);
    mailferry.add_mailbox(JOBB, JOBB_INBOX, &server.options("none"), &[]);
    assert!(!key_file(&mailferry).exists());
    assert_eq!(mailferry.poll_ok(), 0);
    // A second `generate` must not overwrite the key that everything is sealed with.
    assert_ne!(mailferry.run(&["key", "generate"]).code, 0);
    assert_eq!(mailferry.poll_ok(), 0);
    assert_login_count(&server.finish(), 2);
}
