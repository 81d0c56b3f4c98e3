//! The three ways to connect: implicit TLS, STARTTLS, and a connection without TLS if that was chosen.

use super::deliver;
use crate::support::{
    dovecot::Dovecot,
    facts::{JOBB, JOBB_INBOX},
    mailferry::{Mailferry, databases},
};

fn imports(options: impl Fn(&Dovecot) -> Vec<String>) {
    let server = Dovecot::start(&[JOBB]);
    let mailferry = Mailferry::new();
    mailferry.add_inbox(JOBB_INBOX);
    mailferry.add_mailbox(JOBB, JOBB_INBOX, &options(&server), &["--start", "all"]);
    deliver(&server, &["one"]);
    assert_eq!(mailferry.poll_ok(), 1);
    let check = mailferry.ok(&["mailbox", "check", JOBB]).text();
    assert!(check.contains("INBOX"), "the check lists folders:\n{check}");
}

#[test]
fn implicit_tls_works_with_the_customers_certificate_authority() {
    imports(Dovecot::tls_options);
}

#[test]
fn starttls_works() {
    imports(Dovecot::starttls_options);
}

#[test]
fn a_connection_without_tls_works_if_it_was_chosen() {
    imports(Dovecot::plain_options);
}

#[test]
fn mail_arrives_once_on_both_databases() {
    for database in databases() {
        let server = Dovecot::start(&[JOBB]);
        let mailferry = super::mailbox(&server, database, &["--start", "all"]);
        deliver(&server, &["one", "two"]);
        assert_eq!(mailferry.poll_ok(), 2, "{database:?}");
        assert_eq!(mailferry.poll_ok(), 0);
        deliver(&server, &["three"]);
        assert_eq!(mailferry.poll_ok(), 1);
        assert_eq!(mailferry.subjects(), ["one", "three", "two"]);
    }
}
