//! Dovecot as a target by LMTP, seen by a client that is not under test.

use crate::support::{
    dovecot::lmtp::{Lmtp, Quota},
    mail::mail,
    smtp_client::SmtpClient,
};

const USER: &str = "jobb@lillestad.se";
const OTHER: &str = "ansokan@lillestad.se";

/// Greets and names the recipients.
fn begin(mut client: SmtpClient, recipients: &[&str]) -> SmtpClient {
    client.say("LHLO localhost", "250");
    client.begin("anna@example.se", recipients);
    client
}

#[test]
fn it_delivers_by_tcp_and_by_its_socket_without_changing_the_mail() {
    let server = Lmtp::start(&[USER, OTHER]);
    let one = [&mail("hej", USER)[..], b".\r\n..\r\nsp\xe5r \r\n"].concat();
    let mut client = begin(SmtpClient::connect(server.port), &[USER, OTHER]);
    let answer = client.data(&one);
    assert!(answer.starts_with(&format!("250 2.0.0 <{USER}>")), "{answer}");
    let answer = client.answer();
    assert!(answer.starts_with(&format!("250 2.0.0 <{OTHER}>")), "{answer}");
    client.say("MAIL FROM:<anna@example.se>", "250");
    client.say("RCPT TO:<nobody@lillestad.se>", "550 5.1.1");
    for user in [USER, OTHER] {
        let stored = server.dovecot.messages(user, "INBOX");
        assert_eq!(stored.len(), 1);
        assert!(stored[0].bytes.starts_with(b"Return-Path: <anna@example.se>\r\n") && stored[0].bytes.ends_with(&one));
    }

    let two = mail("igen", OTHER);
    let answer = begin(SmtpClient::connect_unix(&server.socket), &[OTHER]).bdat(&[&two[..10], &two[10..]]);
    assert!(answer.starts_with("250 2.0.0"), "{answer}");
    // The file names that Dovecot chooses do not sort by time.
    let stored = server.dovecot.messages(OTHER, "INBOX");
    assert!(stored.len() == 2 && stored.iter().any(|stored| stored.bytes.ends_with(&two)), "{stored:?}");
}

#[test]
fn it_refuses_a_mail_beyond_the_quota() {
    let large = mail("large", USER).repeat(40);
    for (quota, code) in [(Quota::Kilobytes(4), "552 5.2.2"), (Quota::KilobytesForNow(4), "452 4.2.2")] {
        let server = Lmtp::with_quota(&[USER], quota);
        let mut client = begin(SmtpClient::connect(server.port), &[USER]);
        assert!(client.data(&mail("small", USER)).starts_with("250"));
        client.begin("anna@example.se", &[USER]);
        let answer = client.data(&large);
        assert!(answer.starts_with(code), "{quota:?}: {answer}");
        assert_eq!(server.dovecot.messages(USER, "INBOX").len(), 1);
    }
}
