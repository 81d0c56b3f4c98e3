//! Each way in which a sink can misbehave.

use tempfile::TempDir;

use super::{FROM, TO, begun};
use crate::support::{
    certs::Certs,
    mail::mail,
    sink::{Act, Personality, Sink, Step, say},
    smtp_client::SmtpClient,
};

#[test]
fn it_refuses_at_each_step() {
    let hello = Sink::start(Personality::smtp().at(Step::Hello, say("550 5.7.1 no")));
    SmtpClient::connect(hello.port).say("EHLO x", "550 5.7.1");
    let dir = TempDir::new().unwrap();
    let certs = Certs::make(dir.path());
    let tls = Sink::start(Personality::smtp().starttls(&certs.good).at(Step::StartTls, say("454 4.7.0 not now")));
    SmtpClient::connect(tls.port).say("STARTTLS", "454");
    let login = Sink::start(Personality::smtp().login("a", "b").at(Step::Auth, say("454 4.7.0 not now")));
    assert!(SmtpClient::connect(login.port).login("a", "b").starts_with("454"));
    let sender = Sink::start(Personality::smtp().at(Step::Mail, say("451 4.1.8 no")));
    SmtpClient::connect(sender.port).say("MAIL FROM:<>", "451");
    let recipient = Sink::start(Personality::smtp().at(Step::RcptOf(TO.to_owned()), say("550 5.1.1 no")));
    let mut client = SmtpClient::connect(recipient.port);
    client.begin(FROM, &["other@mail.kundo.se"]);
    client.say(&format!("RCPT TO:<{TO}>"), "550");
    let data = Sink::start(Personality::smtp().at(Step::Data, say("554 5.3.0 no")));
    begun(data.port).say("DATA", "554");
    let chunk = Sink::start(Personality::smtp().at(Step::Chunk, say("452 4.3.1 no")));
    let mut client = begun(chunk.port);
    client.write(b"BDAT 3\r\nabc");
    assert!(client.answer().starts_with("452"));
    let quit = Sink::start(Personality::smtp().at(Step::Quit, Act::Close));
    let mut client = SmtpClient::connect(quit.port);
    client.write(b"QUIT\r\n");
    assert!(client.has_ended());

    let answer = Sink::start(Personality::smtp().at(Step::Answer, say("552 5.2.2-full\n552 5.2.2 really")));
    let refused = begun(answer.port).data(&mail("hej", TO));
    assert!(refused.starts_with("552"), "{refused}");
    let transaction = &answer.transactions()[0];
    assert!(!transaction.is_taken(), "{transaction:?}");
}

#[test]
fn it_takes_a_mail_only_the_third_time() {
    let later = say("451 4.7.1 Greylisted");
    let sink = Sink::start(Personality::smtp().first(2, Step::Rcpt, later));
    let mut client = SmtpClient::connect(sink.port);
    client.say(&format!("MAIL FROM:<{FROM}>"), "250");
    for code in ["451", "451", "250"] {
        client.say(&format!("RCPT TO:<{TO}>"), code);
    }
}

#[test]
fn it_cuts_before_during_and_after_the_mail() {
    let told_off =
        Sink::start(Personality::smtp().at(Step::Greeting, Act::SayAndClose("421 4.3.2 closing".to_owned())));
    let mut client = SmtpClient::connect_silently(told_off.port);
    assert!(client.answer().starts_with("421") && client.has_ended());

    let cut = Sink::start(Personality::smtp().at(Step::Body(0), Act::Close));
    let mut client = begun(cut.port);
    client.say("DATA", "354");
    client.write(b"Subject: hej\r\n");
    assert!(client.has_ended() && cut.transactions().is_empty());

    let closing = Act::SayAndClose("421 4.3.2 closing".to_owned());
    let interrupted = Sink::start(Personality::smtp().at(Step::Body(20), closing));
    let mut client = begun(interrupted.port);
    client.say("DATA", "354");
    client.write(&b"Subject: hej\r\n".repeat(2));
    assert!(client.answer().starts_with("421") && client.has_ended());
    assert!(interrupted.transactions().is_empty());

    let chatty = Sink::start(Personality::smtp().first(1, Step::Body(10), say("250 2.0.0 too early")));
    let mut client = begun(chatty.port);
    client.write(b"BDAT 10\r\n0123456789");
    assert_eq!([client.answer(), client.answer()], ["250 2.0.0 too early", "250 2.0.0 more"]);

    let lost = Sink::start(Personality::smtp().at(Step::Answer, Act::Close));
    let mut client = begun(lost.port);
    client.say("DATA", "354");
    client.write(b"Subject: hej\r\n\r\n.\r\n");
    assert!(client.has_ended());
    let transaction = &lost.wait_for(1)[0];
    assert!(transaction.answers.is_empty() && transaction.is_taken());
    assert_eq!(transaction.bytes, b"Subject: hej\r\n\r\n");
}

#[test]
fn it_is_slow_until_it_is_released() {
    let sink = Sink::start(Personality::smtp().offering(&[]).at(Step::Hello, Act::Drip));
    let mut client = SmtpClient::connect(sink.port);
    client.write(b"EHLO x\r\n");
    sink.wait_until_blocked();
    sink.release(1);
    assert_eq!(client.bytes(100), b"2");
    sink.release(2);
    assert_eq!([client.bytes(1), client.bytes(1)].concat(), b"50");
    sink.release(" localhost\r\n".len());
    assert_eq!(client.answer(), " localhost");

    sink.set_personality(Personality::smtp().at(Step::Answer, Act::Wait).at(Step::Body(4), Act::Wait));
    let mut client = begun(sink.port);
    client.say("DATA", "354");
    client.write(b"hej\r\n.\r\n");
    sink.wait_until_blocked();
    assert!(sink.transactions().is_empty(), "it does not read on");
    sink.release(1);
    assert!(sink.wait_for(1)[0].answers.is_empty());
    sink.release(1);
    assert!(client.answer().starts_with("250"));
    assert_eq!(sink.transactions()[0].answers.len(), 1);
}

#[test]
fn it_says_what_no_server_should() {
    let endless = Sink::start(Personality::smtp().at(Step::Greeting, Act::Flood(b"x".to_vec())));
    let mut client = SmtpClient::connect_silently(endless.port);
    assert_eq!(client.bytes(1000).iter().filter(|byte| **byte == b'x').count(), 1000);
    drop(client);

    let mixed = Sink::start(Personality::smtp().at(Step::Mail, Act::Bytes(b"250-one\r\n550 two\r\n".to_vec())));
    assert_eq!(SmtpClient::connect(mixed.port).say("MAIL FROM:<>", "250"), "250-one\n550 two");
}

#[test]
fn it_injects_before_tls_and_sends_garbage_for_it() {
    let dir = TempDir::new().unwrap();
    let certs = Certs::make(dir.path());
    let injected = Act::Bytes(b"220 go\r\n250 injected\r\n".to_vec());
    let sink = Sink::start(Personality::smtp().starttls(&certs.good).at(Step::StartTls, injected));
    // This client discards bytes that it received before the handshake.
    assert!(SmtpClient::connect(sink.port).starttls(&certs.ca_file).starts_with("250-localhost"));

    let garbage = Sink::start(Personality::smtp().garbage_for_tls());
    let mut client = SmtpClient::connect(garbage.port);
    client.say("STARTTLS", "220");
    assert!(client.answer().starts_with("500") && client.has_ended());
}

#[test]
fn a_lenient_one_takes_smuggled_mail() {
    for end in ["hej\n.\r\n", "hej\n.\n", "hej\r\n.\n"] {
        let envelope = "MAIL FROM:<x@example.se>\r\nRCPT TO:<y@mail.kundo.se>\r\nDATA\r\n";
        let smuggled = format!("Subject: one\r\n\r\n{end}{envelope}Subject: two\r\n").into_bytes();
        for (personality, mails) in [(Personality::smtp(), 1), (Personality::smtp().lenient(), 2)] {
            let sink = Sink::start(personality);
            let mut client = begun(sink.port);
            client.say("DATA", "354");
            client.write(&[&smuggled[..], b".\r\n"].concat());
            client.answer();
            let transactions = sink.wait_for(mails);
            assert_eq!(transactions[0].bytes.ends_with(b"two\r\n"), mails == 1, "{end:?}");
            assert_eq!(sink.transactions().len(), mails);
        }
    }
}
