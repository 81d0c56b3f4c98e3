//! Certificates that must not be trusted, and pinning for the self-signed kind that many customers have.

use super::{fails_at, mailbox};
use crate::support::{
    certs::{Certs, Identity},
    dovecot::Dovecot,
    facts::{JOBB, JOBB_INBOX},
    mail::mail,
    mailferry::Mailferry,
};

fn server_with(choose: impl Fn(&Certs) -> &Identity) -> Dovecot {
    Dovecot::start_with(&[JOBB], "", choose)
}

#[test]
fn an_expired_certificate_is_refused() {
    let server = server_with(|certs| &certs.expired);
    fails_at(&mailbox(&server.tls_options(), &[]), "tls", &["expired"]);
    fails_at(&mailbox(&server.starttls_options(), &[]), "tls", &["expired"]);
}

#[test]
fn a_certificate_for_another_name_is_refused() {
    let server = server_with(|certs| &certs.foreign);
    fails_at(&mailbox(&server.tls_options(), &[]), "tls", &["name", "imap.example.org"]);
}

#[test]
fn a_certificate_of_an_unknown_authority_is_refused() {
    let server = server_with(|certs| &certs.good);
    let mut options = server.tls_options();
    let ca_file = options.iter().position(|option| option == "--ca-file").unwrap();
    options.drain(ca_file..ca_file + 2);
    fails_at(&mailbox(&options, &[]), "tls", &["unknown", "not trusted", "issuer"]);
}

#[test]
fn a_self_signed_authority_certificate_is_accepted_by_its_pin() {
    let server = server_with(|certs| &certs.self_signed_ca);
    server.deliver(JOBB, "INBOX", "one", &mail("one", JOBB));
    let fingerprint = &server.certs.self_signed_ca.fingerprint;
    let mailferry = Mailferry::new();
    mailferry.add_inbox(JOBB_INBOX);
    // Without a pin the certificate is not trusted, even if the customer has sent it as "our CA file".
    let mut options = server.tls_options();
    let ca_file = options.iter().position(|option| option == "--ca-file").unwrap();
    options[ca_file + 1] = server.certs.self_signed_ca.cert_file.to_string_lossy().into_owned();
    mailferry.add_mailbox(JOBB, JOBB_INBOX, &options, &["--start", "all"]);
    fails_at(&mailferry, "tls", &["self-signed", "certificate"]);

    let check = mailferry.run(&["mailbox", "check", JOBB]);
    assert_eq!(check.code, 1);
    let said = check.all();
    assert!(said.contains("--pin-sha256"), "the output must name the solution:\n{said}");
    let digits: String = said.to_lowercase().replace(':', "");
    assert!(digits.contains(fingerprint.as_str()), "the output must contain the fingerprint {fingerprint}:\n{said}");

    mailferry.ok(&["mailbox", "set", JOBB, "--pin-sha256", fingerprint]);
    assert_eq!(mailferry.poll_ok(), 1);
}

#[test]
fn a_pin_accepts_no_other_certificate() {
    let server = server_with(|certs| &certs.good);
    let other = &server.certs.self_signed_ca.fingerprint;
    let mut options = server.tls_options();
    let ca_file = options.iter().position(|option| option == "--ca-file").unwrap();
    options.drain(ca_file..ca_file + 2);
    fails_at(&mailbox(&options, &["--pin-sha256", other]), "tls", &["pin", "fingerprint"]);
}

#[test]
fn a_pin_may_contain_colons_and_capitals() {
    let server = server_with(|certs| &certs.self_signed_ca);
    let fingerprint = server.certs.self_signed_ca.fingerprint.to_uppercase();
    let pairs: Vec<&str> = (0..32).map(|at| &fingerprint[2 * at..2 * at + 2]).collect();
    let mut options = server.tls_options();
    let ca_file = options.iter().position(|option| option == "--ca-file").unwrap();
    options.drain(ca_file..ca_file + 2);
    let mailferry = Mailferry::new();
    mailferry.add_inbox(JOBB_INBOX);
    mailferry.add_mailbox(JOBB, JOBB_INBOX, &options, &["--pin-sha256", &pairs.join(":")]);
    assert_eq!(mailferry.poll_ok(), 0);
}
