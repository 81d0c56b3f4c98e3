//! The scripted SMTP and LMTP server, seen by a client that is not under test.

mod misbehaviours;

use std::time::Duration;

use tempfile::TempDir;

use crate::support::{
    black_hole::BlackHole,
    certs::{self, Certs},
    corpus,
    mail::mail,
    sha256,
    sink::{Personality, Sink, Step, say},
    smtp_client::SmtpClient,
    wait,
};

const LIMIT: Duration = Duration::from_secs(60);
const FROM: &str = "anna@example.se";
const TO: &str = "jobb.lillestad.se@mail.kundo.se";

/// Greets and names the sender and one recipient.
fn begun(port: u16) -> SmtpClient {
    let mut client = SmtpClient::connect(port);
    client.say("EHLO localhost", "250");
    client.begin(FROM, &[TO]);
    client
}

#[test]
fn it_records_the_exact_bytes_of_data_and_of_bdat() {
    let sink = Sink::start(Personality::smtp());
    let mut client = SmtpClient::connect(sink.port);
    client.say("EHLO client.example", "250");
    let mut expected = Vec::new();
    for sample in corpus::generated() {
        client.say(&format!("MAIL FROM:<{FROM}> SIZE={} BODY=8BITMIME", sample.bytes.len()), "250");
        client.say(&format!("RCPT TO:<{TO}>"), "250");
        let (first, last) = sample.bytes.split_at(sample.bytes.len() / 3);
        assert!(client.bdat(&[first, last]).starts_with("250"));
        expected.push((sample.name.clone(), true, sha256::hex(&sample.bytes)));
        // A mail sent by DATA always ends in CRLF.
        let mut whole = sample.bytes;
        if !whole.is_empty() && !whole.ends_with(b"\r\n") {
            whole.extend(b"\r\n");
        }
        client.begin(FROM, &[TO]);
        assert!(client.data(&whole).starts_with("250"));
        expected.push((sample.name, false, sha256::hex(&whole)));
    }
    let transactions = sink.wait_for(expected.len());
    for ((name, chunked, sha256), transaction) in expected.iter().zip(&transactions) {
        assert_eq!((transaction.chunked, &sha256::hex(&transaction.bytes)), (*chunked, sha256), "{name}");
        assert!(transaction.is_taken());
    }
    let first = &transactions[0];
    assert_eq!((first.connection, first.hello.as_str(), first.tls), (1, "client.example", false));
    assert_eq!((first.sender.as_str(), &first.recipients[..]), (FROM, &[TO.to_owned()][..]));
    assert_eq!(first.parameters, ["SIZE=0", "BODY=8BITMIME"]);
    assert_eq!(sink.connections(), 1);
    assert_eq!(sink.commands()[0], (1, "EHLO client.example".to_owned()));
}

#[test]
fn it_speaks_tls_and_asks_for_a_login() {
    let dir = TempDir::new().unwrap();
    let certs = Certs::make(dir.path());
    let sink = Sink::start(Personality::smtp().starttls(&certs.good).login("kundo", "s3cret"));
    let mut client = SmtpClient::connect(sink.port);
    let before = client.say("EHLO localhost", "250");
    assert!(before.contains("STARTTLS") && !before.contains("AUTH"), "{before}");
    let within = client.starttls(&certs.ca_file);
    assert!(within.contains("AUTH PLAIN LOGIN") && !within.contains("STARTTLS"), "{within}");
    client.say(&format!("MAIL FROM:<{FROM}>"), "530 5.7.0");
    assert!(client.login("kundo", "wrong").starts_with("535 5.7.8"));
    assert!(client.login("kundo", "s3cret").starts_with("235"));
    client.begin(FROM, &[TO]);
    client.data(&mail("hej", TO));
    let transaction = &sink.transactions()[0];
    assert_eq!((transaction.tls, transaction.login.as_deref()), (true, Some("kundo")));

    sink.set_personality(Personality::smtp().implicit_tls(&certs.good).login("kundo", "s3cret"));
    let mut client = SmtpClient::connect_tls(sink.port, &certs.ca_file);
    client.say("EHLO localhost", "250");
    client.say("AUTH LOGIN", "334 VXNlcm5hbWU6");
    client.say("a3VuZG8=", "334 UGFzc3dvcmQ6");
    client.say("czNjcmV0", "235");
    client.begin(FROM, &[TO]);
    client.data(&mail("hej", TO));
    assert!(sink.transactions()[1].tls);
    sink.set_personality(Personality::smtp().implicit_tls(&certs.expired));
    assert_eq!(certs::shown_by(sink.port), certs.expired.fingerprint);
}

#[test]
fn lmtp_answers_each_recipient_by_itself() {
    let full = format!("552 5.2.2 <{TO}> full");
    let sink = Sink::start(Personality::lmtp().at(Step::AnswerFor(TO.to_owned()), say(&full)));
    let mut client = SmtpClient::connect(sink.port);
    client.say("LHLO localhost", "250");
    client.begin(FROM, &[TO, "other@mail.kundo.se", "third@mail.kundo.se"]);
    let answers = [client.data(&mail("hej", TO)), client.answer(), client.answer()];
    assert_eq!(answers[0], full);
    assert!(answers[1].ends_with("<other@mail.kundo.se>") && answers[2].starts_with("250"), "{answers:?}");
    assert_eq!(sink.transactions()[0].answers, answers);
}

#[test]
fn it_comes_back_on_its_port() {
    let sink = Sink::start(Personality::smtp().offering(&["8BITMIME"]));
    let port = sink.port;
    assert_eq!(SmtpClient::connect(port).say("EHLO x", "250"), "250-localhost\n250 8BITMIME");
    drop(sink);
    // A process that another test is just starting may hold the listener open for a moment.
    wait::until("the end", LIMIT, || std::net::TcpStream::connect(("127.0.0.1", port)).err());
    let sink = Sink::start_at(port, Personality::smtp().offering(&[]));
    assert_eq!(SmtpClient::connect(port).say("EHLO x", "250"), "250 localhost");
    drop(sink);
}

#[test]
fn a_black_hole_accepts_and_says_nothing() {
    let hole = BlackHole::start();
    let client = std::net::TcpStream::connect(("127.0.0.1", hole.port)).unwrap();
    let connected = || Some(()).filter(|()| hole.connections() == 1);
    wait::until("the connection", LIMIT, connected);
    client.set_nonblocking(true).unwrap();
    let answer = std::io::Read::read(&mut &client, &mut [0]);
    assert_eq!(answer.unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}
