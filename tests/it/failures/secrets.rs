//! No password appears in anything that is printed, logged or stored unencrypted.

use std::fs;

use super::{CANARY, mailbox};
use crate::support::{
    dovecot::Dovecot,
    facts::JOBB,
    mail::mail,
    mailferry::{Mailferry, Output},
    scripted::Scripted,
};

fn base64(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    bytes.chunks(3).fold(String::new(), |mut text, chunk| {
        let number = (0..3).fold(0, |number, at| number << 8 | u32::from(chunk.get(at).copied().unwrap_or(0)));
        for at in 0..4 {
            let digit = alphabet[(number >> (18 - 6 * at) & 63) as usize] as char;
            write!(text, "{}", if at <= chunk.len() { digit } else { '=' }).unwrap();
        }
        text
    })
}

/// The password as it is, as AUTHENTICATE PLAIN sends it, and in base64.
fn encodings() -> [String; 3] {
    let plain = base64(format!("\0{JOBB}\0{CANARY}").as_bytes());
    [CANARY.to_owned(), plain, base64(CANARY.as_bytes()).trim_end_matches('=').to_owned()]
}

fn assert_no_password(output: &Output) {
    for spelling in encodings() {
        assert!(!output.all().contains(&spelling), "{spelling} in:\n{}", output.all());
    }
}

fn assert_no_password_in_trace_log(mailferry: &mut Mailferry) {
    mailferry.env("RUST_LOG", "trace");
    for args in [&["poll"][..], &["--json", "poll"], &["mailbox", "check", JOBB], &["mailbox", "show", JOBB]] {
        assert_no_password(&mailferry.run(args));
        assert_no_password(&mailferry.run(&[&["--log-format", "json"], args].concat()));
    }
    assert_no_password(&mailferry.run(&["--json", "mailbox", "list"]));
    assert_no_password(
        &mailferry.run_with_input(&["mailbox", "set", JOBB, "--password-stdin"], &format!("{CANARY}\n")),
    );
}

#[test]
fn the_password_is_not_in_a_trace_log_of_a_failed_login() {
    let server = Dovecot::start(&[JOBB]);
    assert_no_password_in_trace_log(&mut mailbox(&server.tls_options(), &[]));
}

#[test]
fn the_password_is_not_in_a_trace_log_of_a_successful_login() {
    let server = Scripted::with_messages(&["S: * OK ready\nORDINARY"], vec![mail("one", JOBB)]);
    assert_no_password_in_trace_log(&mut mailbox(&server.options("none"), &[]));
    assert!(server.finish()[0].has_credentials(CANARY), "the password was used");
}

#[test]
fn the_password_is_not_in_a_trace_log_if_the_server_repeats_it() {
    let server = Scripted::start(&[&format!(
        "S: * OK ready\nWHEN: TAG LOGIN *\nS: TAG NO no such user with {CANARY}\n\nORDINARY"
    )]);
    assert_no_password_in_trace_log(&mut mailbox(&server.options("none"), &[]));
}

#[test]
fn the_password_is_not_in_plain_text_in_any_file_of_the_installation() {
    let server = Scripted::with_messages(&["S: * OK ready\nORDINARY"], vec![mail("one", JOBB)]);
    let mailferry = mailbox(&server.options("none"), &[]);
    assert_eq!(mailferry.poll_ok(), 1);
    let files: Vec<_> = fs::read_dir(mailferry.dir()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(files.iter().any(|file| file.ends_with("mailferry.db")), "{files:?}");
    for file in files.iter().filter(|file| file.is_file()) {
        let bytes = fs::read(file).unwrap();
        for spelling in encodings() {
            let found = bytes.windows(spelling.len()).any(|window| window == spelling.as_bytes());
            assert!(!found, "{spelling} in {}", file.display());
        }
    }
}
