//! Postfix, seen by a client that is not under test.

use crate::support::{
    mail::mail,
    postfix::{PASSWORD, Postfix, USER},
    smtp_client::SmtpClient,
};

const ADDRESS: &str = "jobb.lillestad.se@mail.kundo.se";
const OTHER: &str = "info.storstad.se@inbox.example";

#[test]
fn it_delivers_to_long_addresses_of_its_own_without_changing_the_mail() {
    let server = Postfix::start(&[ADDRESS, OTHER]);
    let one = [&mail("hej", ADDRESS)[..], b".\r\n..\r\nsp\xe5r \r\n"].concat();
    SmtpClient::connect(server.smtp).send("anna@example.se", &[ADDRESS], &one);
    let delivered = server.wait_for(ADDRESS, 1);
    assert!(delivered[0].starts_with(b"Return-Path: <anna@example.se>\r\n"));
    let received = delivered[0].windows(9).position(|word| word == b"Received:").unwrap();
    assert!(delivered[0].ends_with(&one) && delivered[0].len() - one.len() - received < 300);

    let mut client = SmtpClient::connect(server.smtp);
    let greeting = client.say("EHLO localhost", "250");
    for word in ["PIPELINING", "SIZE", "8BITMIME", "SMTPUTF8", "CHUNKING", "ENHANCEDSTATUSCODES"] {
        assert!(greeting.contains(word), "{greeting}");
    }
    assert!(!greeting.contains("AUTH"), "{greeting}");
    client.begin("", &[OTHER, ADDRESS]);
    let two = mail("without a Message-ID", OTHER).repeat(2);
    let answer = client.bdat(&[&two[..100], &two[100..]]);
    assert!(answer.starts_with("250 2.0.0"), "{answer}");
    assert!(server.wait_for(OTHER, 1)[0].ends_with(&two));
    assert!(server.wait_for(ADDRESS, 2)[1].ends_with(&two), "oldest first");
    assert_eq!(server.delivered(OTHER).len(), 1);

    client.say("MAIL FROM:<anna@example.se>", "250");
    client.say("RCPT TO:<nobody@mail.kundo.se>", "550 5.1.1");
    client.say("RCPT TO:<anna@example.se>", "554 5.7.1");
}

#[test]
fn it_requires_tls_and_a_login_where_a_relay_does() {
    let server = Postfix::start(&[ADDRESS]);
    let mut client = SmtpClient::connect(server.submission);
    client.say("EHLO localhost", "250");
    client.say("MAIL FROM:<anna@example.se>", "530 5.7.0");
    let greeting = client.starttls(&server.certs.ca_file);
    assert!(greeting.contains("AUTH PLAIN LOGIN"), "{greeting}");
    client.say("MAIL FROM:<anna@example.se>", "250");
    client.say(&format!("RCPT TO:<{ADDRESS}>"), "554 5.7.1");
    client.say("RSET", "250");
    let refused = client.login(USER, "wrong");
    assert!(refused.starts_with("535 5.7.8"), "{refused}");
    let accepted = client.login(USER, PASSWORD);
    assert!(accepted.starts_with("235"), "{accepted}");
    client.begin("anna@example.se", &[ADDRESS]);
    assert!(client.data(&mail("hej", ADDRESS)).starts_with("250"));

    let mut client = SmtpClient::connect_tls(server.smtps, &server.certs.ca_file);
    client.say("EHLO localhost", "250");
    assert!(client.login(USER, PASSWORD).starts_with("235"));
    client.begin("anna@example.se", &[ADDRESS]);
    assert!(client.data(&mail("igen", ADDRESS)).starts_with("250"));
    server.wait_for(ADDRESS, 2);
}

#[test]
fn it_refuses_what_it_is_told_to() {
    let lines = "message_size_limit = 10000\nsmtpd_discard_ehlo_keywords = chunking, 8bitmime\n";
    let server = Postfix::start_with(&[ADDRESS, OTHER], lines);
    let mut client = SmtpClient::connect(server.smtp);
    let greeting = client.say("EHLO localhost", "250");
    assert!(greeting.contains("SIZE 10000"), "{greeting}");
    assert!(!greeting.contains("CHUNKING") && !greeting.contains("8BITMIME"), "{greeting}");
    client.say("MAIL FROM:<anna@example.se> SIZE=20000", "552 5.3.4");
    // Without RSET, Postfix would remember this SIZE and check it again for the next mail, which announces no size.
    client.say("RSET", "250");

    let to = |address: &str| format!("RCPT TO:<{address}>");
    client.say("MAIL FROM:<anna@example.se>", "250");
    server.refuse(ADDRESS, "452 4.2.2 Mailbox full");
    client.say(&to(ADDRESS), "452 4.2.2");
    client.say(&to(OTHER), "250");
    server.refuse(ADDRESS, "554 5.7.1 Go away");
    client.say(&to(ADDRESS), "554 5.7.1");
    server.accept(ADDRESS);
    client.say(&to(ADDRESS), "250");
    client.say("RSET", "250");

    client.say("MAIL FROM:<anna@example.se>", "250");
    server.greylist(ADDRESS);
    client.say(&to(ADDRESS), "451 4.7.1");
    client.say(&to(ADDRESS), "250");
}
